//! Disks: what goes with a host, what stays, and what stands apart.

use std::sync::Arc;

use cloud_local::{Config, Fault, FaultKind, Local, Operation};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, DataDisk, ErrorKind, GiB, HostSpec, Image, MachineTypeName, ResizeDisk,
    ResourceKind, ScaledClock, StopMode, VolumeSpec,
};

use crate::common::{minute, spec};

fn instant() -> Local {
    Config::instant().build().expect("valid settings")
}

fn with_disk(name: &str, disk: DataDisk) -> HostSpec {
    spec(name).data_disk(disk)
}

#[tokio::test]
async fn a_data_disk_goes_with_its_host() {
    let local = instant();
    let host = local.create_host(&with_disk("web", DataDisk::new(GiB(10)))).await.unwrap().into_host();
    let volumes = local.volumes().unwrap().list_volumes().await.unwrap();
    assert_eq!((volumes.len(), volumes[0].name.as_str(), volumes[0].host.as_ref()), (1, "web-data", Some(&host.id)));
    local.delete_host(&host.id).await.unwrap();
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());
}

#[tokio::test]
async fn a_kept_disk_comes_back_to_the_next_host_of_its_name() {
    let local = instant();
    let wish = with_disk("db", DataDisk::new(GiB(10)).keep());
    let first = local.create_host(&wish).await.unwrap().into_host();
    let disk = local.volumes().unwrap().list_volumes().await.unwrap().remove(0);
    local.delete_host(&first.id).await.unwrap();
    assert_eq!(local.inspect().kept_disks, 1);
    let second = local.another_process().create_host(&wish).await.unwrap().into_host();
    let again = local.volumes().unwrap().get_volume(&disk.id).await.unwrap();
    assert_eq!(again.host, Some(second.id));
}

#[tokio::test]
async fn a_kept_disk_is_never_replaced_by_one_of_another_size() {
    let local = instant();
    let first = local.create_host(&with_disk("db", DataDisk::new(GiB(10)).keep())).await.unwrap().into_host();
    local.delete_host(&first.id).await.unwrap();
    let larger = with_disk("db", DataDisk::new(GiB(20)).keep());
    assert_eq!(local.create_host(&larger).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(local.inspect().kept_disks, 1);
}

#[tokio::test]
async fn a_create_that_is_refused_drops_the_disk_it_made_and_no_kept_one() {
    let local = instant();
    let token = cloud_types::CreateToken::random();
    let wish = with_disk("db", DataDisk::new(GiB(10)).keep()).create_token(token);
    local.inject(Fault::new(FaultKind::NoCapacity, Operation::CreateHost));
    assert_eq!(local.create_host(&wish).await.unwrap_err().kind(), ErrorKind::NoCapacity);
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());

    let host = local.create_host(&wish).await.unwrap().into_host();
    local.delete_host(&host.id).await.unwrap();
    local.inject(Fault::new(FaultKind::NoCapacity, Operation::CreateHost));
    assert_eq!(local.create_host(&wish).await.unwrap_err().kind(), ErrorKind::NoCapacity);
    assert_eq!(local.inspect().kept_disks, 1);
}

#[tokio::test]
async fn a_sweep_spares_kept_disks_and_leaves_nothing_else() {
    let local = instant();
    local.create_host(&with_disk("db", DataDisk::new(GiB(10)).keep())).await.unwrap();
    local.create_host(&with_disk("web", DataDisk::new(GiB(10)))).await.unwrap();
    let report = local.sweep_before(jiff::Timestamp::MAX).await.unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    let left = local.inspect();
    assert_eq!((left.kept_disks, left.counts), (1, [(ResourceKind::Volume, 1)].into()));
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_attached_grown_and_detached() {
    let clock = Arc::new(ScaledClock::new(1.0));
    let local = Config::default().clock(clock).build().unwrap();
    let host = local.create_and_wait(&spec("web"), minute()).await.unwrap();
    let volumes = local.volumes().unwrap();
    let wish = VolumeSpec::new("logs".parse().unwrap(), "local-a".parse().unwrap(), GiB(10));
    let volume = volumes.create_volume(&wish).await.unwrap();
    volumes.attach_volume(&volume.id, &host.id).await.unwrap();
    assert_eq!(volumes.delete_volume(&volume.id).await.unwrap_err().kind(), ErrorKind::Conflict);
    volumes.grow_volume(&volume.id, GiB(20)).await.unwrap();
    assert_eq!(volumes.grow_volume(&volume.id, GiB(5)).await.unwrap_err().field(), Some("size"));
    let seen = volumes.get_volume(&volume.id).await.unwrap();
    assert_eq!((seen.size, seen.host), (GiB(20), Some(host.id.clone())));
    volumes.detach_volume(&volume.id).await.unwrap();
    volumes.delete_volume(&volume.id).await.unwrap();
    local.delete_and_wait(&host.id, minute()).await.unwrap();
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());
}

#[tokio::test]
async fn a_snapshot_of_a_grown_disk_needs_a_machine_that_holds_it() {
    let local = instant();
    let host = local.create_host(&spec("web")).await.unwrap().into_host();
    local.stop_host(&host.id, StopMode::Hard).await.unwrap();
    let large = MachineTypeName::new("large").unwrap();
    local.resize().unwrap().resize_host(&host.id, &large, ResizeDisk::GrowForever).await.unwrap();
    let snapshot = local.snapshots().unwrap().create_snapshot(&host.id, &"golden".parse().unwrap()).await.unwrap();
    assert_eq!(snapshot.disk_size, Some(GiB(80)));
    let mut wish = spec("copy");
    wish.image = Image::Snapshot(snapshot.id);
    assert_eq!(local.create_host(&wish).await.unwrap_err().field(), Some("image"));
    let wish = wish.boot_disk_size(GiB(80));
    assert!(matches!(local.create_host(&wish).await.unwrap(), Created::New(_)));
}
