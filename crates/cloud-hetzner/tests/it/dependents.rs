//! Keys, firewalls and data disks: what a create makes besides its host, whom it belongs to, and when it goes.

use std::time::Duration;

use cloud_types::{
    CloudProvider, CloudProviderExt, DataDisk, ErrorKind, GiB, HostId, HostSpec, HostState, Image, InboundPort,
    ListHosts, Machine, Name, Region, SnapshotId, StopMode, Wait,
};

use crate::common;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop";

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("fsn1").unwrap());
    HostSpec::new(name, region, Machine::named("cx22").unwrap(), Image::ubuntu("24.04"))
}

fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(600))
}

#[tokio::test]
async fn a_detached_data_disk_of_a_living_host_survives_the_delete_of_another() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    provider.create_and_wait(&spec("db").data_disk(DataDisk::new(GiB(10))), wait()).await.unwrap();
    let volumes = provider.volumes().unwrap();
    let disk = volumes.list_volumes().await.unwrap().remove(0);
    volumes.detach_volume(&disk.id).await.unwrap();
    provider.delete_host(&HostId::new("999999")).await.unwrap();
    volumes.get_volume(&disk.id).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_a_dropped_create_left_takes_the_mark_of_the_next() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let disks = || async { provider.volumes().unwrap().list_volumes().await.unwrap() };
    for milliseconds in 1..400 {
        let wish = spec("db").data_disk(DataDisk::new(GiB(10)));
        let _ = tokio::time::timeout(Duration::from_millis(milliseconds), provider.create_host(&wish)).await;
        if !disks().await.is_empty() {
            break;
        }
    }
    assert!(provider.list_hosts(&ListHosts::mine()).await.unwrap().hosts.is_empty(), "it was dropped too late");
    let kept = spec("db").data_disk(DataDisk::new(GiB(10)).keep());
    let host = provider.create_and_wait(&kept, wait()).await.unwrap();
    provider.delete_host(&host.id).await.unwrap();
    assert_eq!(disks().await.len(), 1);
}

#[tokio::test]
async fn racing_creates_with_a_data_disk_end_with_one_host_and_one_disk() {
    let sim = common::sim().await;
    let wish = spec("db").data_disk(DataDisk::new(GiB(10)));
    let processes: Vec<_> = (0..4).map(|_| common::provider(&sim, "mine")).collect();
    let created = futures::future::join_all(processes.iter().map(|process| process.create_host(&wish))).await;
    let ids: Vec<HostId> = created.into_iter().map(|created| created.unwrap().into_host().id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(processes[0].volumes().unwrap().list_volumes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_host_whose_data_disk_was_moved_to_another_is_deleted_without_it() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let host = provider.create_and_wait(&spec("a").data_disk(DataDisk::new(GiB(10))), wait()).await.unwrap();
    let other = provider.create_and_wait(&spec("b"), wait()).await.unwrap();
    let volumes = provider.volumes().unwrap();
    let disk = volumes.list_volumes().await.unwrap().remove(0);
    volumes.detach_volume(&disk.id).await.unwrap();
    volumes.attach_volume(&disk.id, &other.id).await.unwrap();
    let started = provider.clock().monotonic();
    provider.delete_host(&host.id).await.unwrap();
    assert!(provider.clock().monotonic() - started < Duration::from_secs(30));
    assert_eq!(volumes.get_volume(&disk.id).await.unwrap().host, Some(other.id));
}

#[tokio::test]
async fn a_kept_disk_is_attached_again_right_after_the_delete_of_its_host() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let wish = spec("db").data_disk(DataDisk::new(GiB(10)).keep());
    let first = provider.create_and_wait(&wish, wait()).await.unwrap();
    provider.delete_host(&first.id).await.unwrap();
    let second = provider.create_host(&wish).await.unwrap().into_host();
    assert_ne!(first.id, second.id);
    assert_eq!(provider.volumes().unwrap().list_volumes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_the_caller_keeps_is_listed_and_outlives_the_host_that_brought_it() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let host = provider.create_and_wait(&spec("web").ssh_key(KEY.parse().unwrap()), wait()).await.unwrap();
    let keys = provider.ssh_keys().unwrap();
    let kept = keys.create_ssh_key(&Name::new("laptop").unwrap(), &KEY.parse().unwrap()).await.unwrap();
    assert_eq!(kept.name, "laptop");
    provider.delete_host(&host.id).await.unwrap();
    assert_eq!(keys.list_ssh_keys().await.unwrap(), [kept]);
}

#[tokio::test]
async fn a_host_that_cannot_be_made_leaves_nothing_behind() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let mut wish = spec("db").ssh_key(KEY.parse().unwrap()).inbound(InboundPort::tcp(22).unwrap());
    wish.image = Image::Snapshot(SnapshotId::new("999999"));
    let error = provider.create_host(&wish).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert!(provider.sweep().unwrap().list_resources().await.unwrap().is_empty());
}

#[tokio::test]
async fn waiting_for_a_host_that_is_there_and_stopped_says_so_at_once() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    let host = provider.create_and_wait(&spec("a"), wait()).await.unwrap();
    provider.stop_host(&host.id, StopMode::Hard).await.unwrap();
    provider.wait_for_state(&host.id, HostState::Stopped, wait()).await.unwrap();
    let started = provider.clock().monotonic();
    let error = provider.create_and_wait(&spec("a"), wait()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(provider.clock().monotonic() - started < Duration::from_secs(60));
}
