//! Disks that are made with their hosts, snapshots of volumes, deletions that take time.

use cloud_world::{
    ActionError, ActionStatus, Command, DiskRequest, HostRequest, HostState, Kind, Labels, Rules, Settings,
    VolumeRequest, World, WorldError,
};
use jiff::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn disk(name: &str, boot: bool, auto_delete: bool) -> DiskRequest {
    DiskRequest { name: name.to_owned(), size_gb: 20, boot, auto_delete, image: Some(1), labels: Labels::new() }
}

fn world_with_host() -> (World, u64) {
    let mut world = World::new(Settings::small(1));
    let host = world.create_host(HostRequest::new("a", "small", 1, "north"), NOW).expect("an empty world").host;
    (world, host)
}

#[test]
fn a_disk_goes_with_its_host_only_where_that_was_asked_for() {
    let (mut world, host) = world_with_host();
    let boot = world.create_disk(disk("boot", true, true), host, NOW).unwrap();
    let data = world.create_disk(disk("data", false, false), host, NOW).unwrap();
    assert_eq!(world.host(host).unwrap().volumes, [boot, data]);
    world.delete_host(host, later(1)).unwrap();
    world.advance(later(2));
    assert!(world.volumes.find(boot).is_err());
    assert_eq!(world.volumes.find(data).unwrap().host, None);
}

#[test]
fn a_failed_creation_takes_the_host_and_its_disks_where_the_rules_say_so() {
    let rules = Rules { failed_hosts_vanish: true, ..Rules::default() };
    let mut world = World::new(Settings { rules, ..Settings::small(1) });
    let error = ActionError { code: "broken".to_owned(), message: String::new() };
    world.fail_next(Command::CreateHost, error);
    let made = world.create_host(HostRequest::new("a", "small", 1, "north"), NOW).unwrap();
    world.create_disk(disk("boot", true, true), made.host, NOW).unwrap();
    world.advance(later(1));
    assert_eq!(world.action(made.action).unwrap().status, ActionStatus::Error);
    assert!(world.counts().is_empty(), "{:?}", world.counts());
}

#[test]
fn a_suspended_host_runs_again_after_a_start() {
    let (mut world, host) = world_with_host();
    assert!(matches!(world.suspend_host(host, NOW), Err(WorldError::Locked { .. })));
    world.suspend_host(host, later(1)).unwrap();
    world.advance(later(2));
    assert_eq!(world.host(host).unwrap().state, HostState::Suspended);
    world.start_host(host, later(2)).unwrap();
    world.advance(later(3));
    assert!(world.host(host).unwrap().state.is_running());
}

#[test]
fn a_deletion_that_takes_time_leaves_the_thing_until_its_end() {
    let mut world = World::new(Settings::small(1));
    let request = VolumeRequest {
        name: "v".to_owned(),
        size_gb: 10,
        region: "north".to_owned(),
        host: None,
        format: None,
        labels: Labels::new(),
    };
    let (volume, ..) = world.create_volume(request, NOW).unwrap();
    world.begin_delete_volume(volume, later(1)).unwrap();
    assert!(world.volumes.find(volume).is_ok());
    assert!(matches!(world.begin_delete_volume(volume, later(1)), Err(WorldError::Locked { .. })));
    world.advance(later(2));
    assert!(world.volumes.find(volume).is_err());
}

#[test]
fn a_snapshot_of_a_volume_locks_nothing_and_outlives_it() {
    let (mut world, host) = world_with_host();
    let boot = world.create_disk(disk("boot", true, true), host, NOW).unwrap();
    let (image, _) = world.snapshot_volume(boot, "s", String::new(), Labels::new(), later(1)).unwrap();
    world.delete_host(host, later(1)).unwrap();
    world.advance(later(5));
    let image = world.images.find(image).unwrap();
    assert_eq!((image.disk_gb, image.os.as_str()), (20, "ubuntu"));
    assert_eq!(world.counts().get(&Kind::Volume), None);
}

#[test]
fn a_drained_zone_leaves_the_others_of_its_region() {
    let mut world = World::new(Settings::small(1));
    world.drain_region("north-a", later(5));
    let zone = |zone: Option<&str>| HostRequest {
        zone: zone.map(str::to_owned),
        ..HostRequest::new(format!("h-{zone:?}"), "small", 1, "north")
    };
    let refused = world.create_host(zone(Some("north-a")), NOW);
    assert!(matches!(refused, Err(WorldError::NoCapacity { .. })), "{refused:?}");
    let made = world.create_host(zone(None), NOW).unwrap().host;
    assert_eq!(world.host(made).unwrap().zone, "north-b");
    assert!(world.create_host(zone(Some("north-a")), later(6)).is_ok());
}
