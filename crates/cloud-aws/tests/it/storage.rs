//! Volumes, snapshots and images as EC2 has them, against the simulator: what the suite knows nothing of.

use std::time::Duration;

use cloud_aws::Aws;
use cloud_sim::aws::Sim;
use cloud_sim::{Fault, FaultRule, When};
use cloud_types::{
    Architecture, CloudProvider, CloudProviderExt, CostKind, DataDisk, DiskClass, ErrorKind, GiB, HostRuntime,
    HostSpec, Image, ListHosts, Machine, Name, OfferingFilter, Pricing, Region, Requirements, Snapshot, Volume,
    VolumeSpec, Wait, Zone,
};
use cloud_world::Kind;
use futures::TryStreamExt;

use crate::simulated;

#[tokio::test]
async fn a_second_change_of_a_volume_says_that_the_first_goes_on() {
    let (_sim, aws) = started().await;
    let (volumes, volume) =
        (aws.volumes().unwrap(), aws.volumes().unwrap().create_volume(&disk("busy")).await.unwrap());
    volumes.grow_volume(&volume.id, GiB(2)).await.unwrap();
    let refused = volumes.grow_volume(&volume.id, GiB(3)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.message().contains("has not ended yet"), "{refused}");
    // The size that it has is no change.
    volumes.grow_volume(&volume.id, GiB(2)).await.unwrap();
}

#[tokio::test]
async fn a_fifth_change_of_a_volume_in_a_day_says_so() {
    let (_sim, aws) = started().await;
    let (volumes, volume) =
        (aws.volumes().unwrap(), aws.volumes().unwrap().create_volume(&disk("grown")).await.unwrap());
    for size in 2..=5 {
        volumes.grow_volume(&volume.id, GiB(size)).await.unwrap();
        aws.clock().sleep(Duration::from_secs(90)).await;
    }
    let refused = volumes.grow_volume(&volume.id, GiB(6)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.message().contains("four changes in 24 hours"), "{refused}");
    assert_eq!(volumes.get_volume(&volume.id).await.unwrap().size, GiB(5));
}

#[tokio::test]
async fn a_lost_answer_to_a_change_is_no_second_change() {
    let (sim, aws) = started().await;
    let (volumes, volume) =
        (aws.volumes().unwrap(), aws.volumes().unwrap().create_volume(&disk("lost")).await.unwrap());
    sim.inject(once(Fault::AnswerLost, "ModifyVolume"));
    volumes.grow_volume(&volume.id, GiB(2)).await.unwrap();
    assert_eq!(volumes.get_volume(&volume.id).await.unwrap().size, GiB(2));
}

#[tokio::test]
async fn lost_answers_to_attaching_and_detaching_are_seen_through() {
    let (sim, aws) = started().await;
    let host = running(&aws, &spec("web")).await;
    let volumes = aws.volumes().unwrap();
    let volume = volumes.create_volume(&disk("data").zone(zone())).await.unwrap();
    sim.inject(once(Fault::AnswerLost, "AttachVolume"));
    volumes.attach_volume(&volume.id, &host.id).await.unwrap();
    let attached = volumes.get_volume(&volume.id).await.unwrap();
    assert_eq!(attached.host, Some(host.id));
    assert!(attached.device.unwrap().starts_with("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol"));
    sim.inject(once(Fault::AnswerLost, "DetachVolume"));
    volumes.detach_volume(&volume.id).await.unwrap();
    assert_eq!(volumes.get_volume(&volume.id).await.unwrap().host, None);
}

#[tokio::test]
async fn a_volume_of_another_zone_is_not_attached() {
    let (_sim, aws) = started().await;
    let host = running(&aws, &spec("web")).await;
    let elsewhere = disk("far").zone(Zone::new("eu-west-1b").unwrap());
    let volume = aws.volumes().unwrap().create_volume(&elsewhere).await.unwrap();
    let refused = aws.volumes().unwrap().attach_volume(&volume.id, &host.id).await.unwrap_err();
    assert_eq!((refused.kind(), refused.field()), (ErrorKind::InvalidRequest, Some("host")));
}

#[tokio::test]
async fn a_volume_name_is_taken_in_all_regions() {
    let (_sim, aws) = started().await;
    aws.volumes().unwrap().create_volume(&disk("one")).await.unwrap();
    let there = VolumeSpec::new(name("one"), Region::new("us-east-1").unwrap(), GiB(1));
    let refused = aws.volumes().unwrap().create_volume(&there).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn two_that_race_for_a_volume_name_end_with_one() {
    let (sim, aws) = started().await;
    let other = simulated::provider(&sim, "mine");
    let wish = disk("raced");
    let both =
        futures::join!(aws.volumes().unwrap().create_volume(&wish), other.volumes().unwrap().create_volume(&wish));
    assert_eq!(both.0.unwrap().id, both.1.unwrap().id);
    assert_eq!(sim.world().counts().get(&Kind::Volume), Some(&1));
}

#[tokio::test]
async fn a_fast_volume_is_found_again_and_a_plain_one_of_its_name_is_another() {
    let (_sim, aws) = started().await;
    let volumes = aws.volumes().unwrap();
    let fast = disk("fast").class(DiskClass::Performance);
    let made = volumes.create_volume(&fast).await.unwrap();
    assert_eq!(volumes.create_volume(&fast).await.unwrap().id, made.id);
    let refused = volumes.create_volume(&disk("fast")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn a_snapshot_is_of_the_boot_disk_alone_and_leaves_nothing() {
    let (sim, aws) = started().await;
    let host = running(&aws, &spec("web").data_disk(DataDisk::new(GiB(1)))).await;
    let taken = snapshot(&aws, &host).await;
    // The image, and one snapshot of the two disks.
    assert_eq!(sim.world().counts().get(&Kind::Image), Some(&2));
    aws.snapshots().unwrap().delete_snapshot(&taken.id).await.unwrap();
    assert_eq!(sim.world().counts().get(&Kind::Image), None);
}

#[tokio::test]
async fn a_delete_of_a_snapshot_that_stopped_halfway_is_finished_by_a_repeat_or_a_sweep() {
    let (sim, aws) = started().await;
    let host = running(&aws, &spec("web")).await;
    for by_sweep in [false, true] {
        let taken = snapshot(&aws, &host).await;
        sim.inject(FaultRule { count: None, ..once(Fault::Status(503, When::Before), "DeleteSnapshot") });
        aws.snapshots().unwrap().delete_snapshot(&taken.id).await.unwrap_err();
        sim.clear_faults();
        assert_eq!(sim.world().counts().get(&Kind::Image), Some(&1), "the disk's snapshot is left");
        let sweep = aws.sweep().unwrap();
        let left = sweep.list_resources().await.unwrap();
        let left: Vec<_> = left.iter().filter(|one| one.name == "copy").collect();
        assert_eq!(left.len(), 1, "the sweep knows of it");
        match by_sweep {
            true => sweep.delete_resource(left[0]).await.unwrap(),
            false => aws.snapshots().unwrap().delete_snapshot(&taken.id).await.unwrap(),
        }
        assert_eq!(sim.world().counts().get(&Kind::Image), None);
    }
}

#[tokio::test]
async fn a_restored_host_logs_in_as_the_original() {
    let (_sim, aws) = started().await;
    let mut original = spec("original");
    original.image = Image::debian("12");
    let original = running(&aws, &original).await;
    assert_eq!(original.ssh_user, "admin");
    let taken = snapshot(&aws, &original).await;
    let mut restored = spec("restored");
    restored.image = Image::Snapshot(taken.id.clone());
    assert_eq!(running(&aws, &restored).await.ssh_user, "admin");
    let mut far = restored.name(name("far"));
    far.region = Region::new("us-east-1").unwrap();
    far.zone = None;
    let refused = aws.create_host(&far).await.unwrap_err();
    assert_eq!((refused.kind(), refused.field()), (ErrorKind::InvalidRequest, Some("image")));
}

#[tokio::test]
async fn an_image_named_by_a_parameter_is_the_newest_of_its_region_and_architecture() {
    let (_sim, aws) = started().await;
    let images = aws.catalog().unwrap().images().await.unwrap();
    let debian = |architecture: Architecture| {
        let wanted = images.iter().find(|image| image.description == "Debian 12" && image.architecture == architecture);
        wanted.unwrap().id.clone()
    };
    assert_eq!(images.len(), 8, "{images:?}");
    let mut by_parameter = spec("parameter");
    by_parameter.image = Image::Id(debian(Architecture::X86_64));
    let mut by_name = spec("name");
    by_name.image = Image::debian("12");
    let (one, other) = (running(&aws, &by_parameter).await, running(&aws, &by_name).await);
    assert!(one.image.is_some() && one.image == other.image, "{:?} {:?}", one.image, other.image);
    let mut unfit = spec("unfit");
    unfit.image = Image::Id(debian(Architecture::Arm64).replace("ssm:", "resolve:ssm:"));
    let refused = aws.create_host(&unfit).await.unwrap_err();
    assert_eq!((refused.kind(), refused.field()), (ErrorKind::InvalidRequest, Some("image")));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_refused_whatever_it_is_called() {
    let (_sim, aws) = started().await;
    let names = ["ami-0123456789abcdef0", "ssm:/no/such/parameter", "ubuntu", "resolve:ssm:", "eu-west-1/ami-0ab"];
    for image in
        names.map(|id| Image::Id(id.to_owned())).into_iter().chain([Image::ubuntu("19.99"), Image::ubuntu("*")])
    {
        let mut spec = spec("none");
        spec.image = image;
        let refused = aws.create_host(&spec).await.unwrap_err();
        assert_eq!((refused.kind(), refused.field()), (ErrorKind::InvalidRequest, Some("image")), "{}", spec.image);
    }
}

#[tokio::test]
async fn the_cheapest_with_a_gpu_is_found_and_a_spot_host_costs_less() {
    let (_sim, aws) = started().await;
    let region = Region::new("eu-west-1").unwrap();
    let offerings = aws.catalog().unwrap().offerings(&OfferingFilter::all().region(region.clone())).await.unwrap();
    let gpu = offerings.iter().find_map(|offering| offering.machine_type.gpu.clone()).unwrap();
    let cheapest = aws.cheapest_offering(&region, &Requirements::new().gpu(gpu.model, 1)).await.unwrap();
    assert!(cheapest.machine_type.gpu.is_some_and(|gpu| gpu.memory.is_some()));
    let of = async |pricing: Pricing| {
        let estimate = aws.catalog().unwrap().estimate(&spec("web").pricing(pricing)).await.unwrap();
        let machine = estimate.items().iter().find(|item| item.kind == CostKind::Machine).unwrap().clone();
        machine.rate.hourly().amount
    };
    assert!(of(Pricing::Spot).await < of(Pricing::OnDemand).await);
}

#[tokio::test]
async fn a_delete_of_a_host_that_is_gone_spares_the_disks_of_those_that_live() {
    let (_sim, aws) = started().await;
    let lives = running(&aws, &spec("lives").data_disk(DataDisk::new(GiB(1)))).await;
    let gone = running(&aws, &spec("gone")).await;
    let disk = only_disk(&aws).await;
    aws.volumes().unwrap().detach_volume(&disk.id).await.unwrap();
    for _ in 0..2 {
        aws.delete_host(&gone.id).await.unwrap();
        aws.clock().sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(aws.volumes().unwrap().get_volume(&disk.id).await.unwrap().host, None, "{}", lives.id);
    // Once its own host is gone too, nobody wants it any more.
    for _ in 0..2 {
        aws.delete_host(&lives.id).await.unwrap();
        aws.clock().sleep(Duration::from_secs(60)).await;
    }
    let missing = aws.volumes().unwrap().get_volume(&disk.id).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_kept_disk_stays_kept_until_its_next_host_has_it() {
    let (sim, aws) = started().await;
    let first = running(&aws, &spec("web").data_disk(DataDisk::new(GiB(1)).keep())).await;
    let disk = only_disk(&aws).await;
    aws.delete_host(&first.id).await.unwrap();
    aws.clock().sleep(Duration::from_secs(60)).await;
    let second = spec("web").data_disk(DataDisk::new(GiB(1)));
    sim.inject(FaultRule { count: None, ..once(Fault::Status(503, When::Before), "AttachVolume") });
    aws.create_host(&second).await.unwrap_err();
    sim.clear_faults();
    let hosts: Vec<HostRuntime> = aws.hosts(ListHosts::mine()).try_collect().await.unwrap();
    for host in hosts.iter().chain([&first]) {
        aws.delete_host(&host.id).await.unwrap();
        aws.clock().sleep(Duration::from_secs(60)).await;
    }
    assert_eq!(only_disk(&aws).await.id, disk.id, "the second host never had it");
    // Once a host has had it, it goes as that host's spec says.
    let host = running(&aws, &second).await;
    assert_eq!(only_disk(&aws).await.host, Some(host.id.clone()));
    aws.delete_host(&host.id).await.unwrap();
    aws.clock().sleep(Duration::from_secs(30)).await;
    assert!(aws.volumes().unwrap().list_volumes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_host_that_has_its_data_disk_gets_no_second_one() {
    let (_sim, aws) = started().await;
    let wish = spec("web").data_disk(DataDisk::new(GiB(1)).keep());
    let first = running(&aws, &wish).await;
    let old = only_disk(&aws).await;
    aws.volumes().unwrap().detach_volume(&old.id).await.unwrap();
    let other = running(&aws, &spec("other")).await;
    aws.volumes().unwrap().attach_volume(&old.id, &other.id).await.unwrap();
    aws.delete_host(&first.id).await.unwrap();
    aws.clock().sleep(Duration::from_secs(60)).await;
    // The old disk is another host's: the second host has one of its own.
    let second = running(&aws, &wish).await;
    aws.volumes().unwrap().detach_volume(&old.id).await.unwrap();
    aws.clock().sleep(Duration::from_secs(30)).await;
    assert_eq!(aws.create_host(&wish).await.unwrap().host().id, second.id);
    assert_eq!(aws.volumes().unwrap().get_volume(&old.id).await.unwrap().host, None);
}

async fn started() -> (Sim, Aws) {
    let sim = simulated::sim().await;
    let aws = simulated::provider(&sim, "mine");
    (sim, aws)
}

/// The one volume that is no system's.
async fn only_disk(aws: &Aws) -> Volume {
    let mut disks = aws.volumes().expect("the ability").list_volumes().await.expect("a list");
    assert_eq!(disks.len(), 1, "{disks:?}");
    disks.remove(0)
}

fn once(fault: Fault, action: &str) -> FaultRule {
    FaultRule { fault, method: None, path: Some(action.to_owned()), skip: 0, count: Some(1), chance: 1.0 }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn zone() -> Zone {
    Zone::new("eu-west-1a").expect("a zone")
}

fn spec(text: &str) -> HostSpec {
    let machine = Machine::named("t3.small").expect("a machine type");
    let region = Region::new("eu-west-1").expect("a region");
    HostSpec::new(name(text), region, machine, Image::ubuntu("24.04")).zone(zone())
}

fn disk(text: &str) -> VolumeSpec {
    VolumeSpec::new(name(text), Region::new("eu-west-1").expect("a region"), GiB(1))
}

async fn running(aws: &Aws, spec: &HostSpec) -> HostRuntime {
    aws.create_and_wait(spec, Wait::within(Duration::from_secs(600))).await.expect("a host runs")
}

async fn snapshot(aws: &Aws, host: &HostRuntime) -> Snapshot {
    let taken = aws.snapshots().expect("the ability").create_snapshot(&host.id, &name("copy")).await;
    let taken = taken.expect("a snapshot is taken");
    aws.wait_for_snapshot(&taken.id, Duration::from_secs(900)).await.expect("a snapshot becomes available")
}
