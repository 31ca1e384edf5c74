//! A host's life, seen from outside.

use cloud_world::{
    ActionError, ActionStatus, Command, HostRequest, HostState, ImageKind, Kind, Labels, Lag, Settings, VolumeRequest,
    World, WorldError,
};
use jiff::{SignedDuration, Timestamp};

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("a moment")
}

fn later(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

fn request(name: &str) -> HostRequest {
    HostRequest::new(name, "small", 1, "north")
}

fn world() -> World {
    World::new(Settings::small(1))
}

#[test]
fn a_host_is_made_then_booted_and_locked_meanwhile() {
    let mut world = world();
    let created = world.create_host(request("web-1"), start()).unwrap();
    let host = world.host(created.host).unwrap();
    assert_eq!(host.state, HostState::Initializing);
    assert!(host.ipv4.is_some() && host.ipv6.is_some());
    assert!(matches!(world.delete_host(created.host, start()), Err(WorldError::Locked { kind: Kind::Host, .. })));
    let made = world.actions[&created.action].ends;
    world.advance(made);
    assert_eq!(world.host(created.host).unwrap().state, HostState::Starting);
    world.advance(later(1));
    assert_eq!(world.host(created.host).unwrap().state, HostState::Running);
    assert!(!world.host(created.host).unwrap().is_locked());
}

#[test]
fn progress_grows_with_time_and_is_whole_only_at_the_end() {
    let mut world = world();
    let created = world.create_host(request("web-1"), start()).unwrap();
    let action = world.action(created.action).unwrap().clone();
    let middle = start() + action.ends.duration_since(start()) / 2;
    assert_eq!(action.progress(start()), 0);
    assert!((45..=55).contains(&action.progress(middle)));
    assert_eq!(action.finished(), None);
    world.advance(action.ends);
    let action = world.action(created.action).unwrap();
    assert_eq!((action.progress(action.ends), action.status), (100, ActionStatus::Success));
}

#[test]
fn deleting_a_host_leaves_its_volume_and_nothing_else() {
    let mut world = world();
    let host = world.create_host(request("web-1"), start()).unwrap().host;
    let volume = VolumeRequest {
        name: "data".to_owned(),
        size_gb: 10,
        region: "north".to_owned(),
        host: Some(host),
        format: None,
        labels: Labels::new(),
    };
    let (volume, _, _) = world.create_volume(volume, later(1)).unwrap();
    world.advance(later(2));
    assert_eq!(world.host(host).unwrap().volumes, [volume]);
    world.create_image(host, ImageKind::Backup, None, String::new(), Labels::new(), later(2)).unwrap();
    world.delete_host(host, later(9)).unwrap();
    assert_eq!(world.volumes.find(volume).unwrap().host, None);
    assert_eq!(world.counts().into_iter().collect::<Vec<_>>(), [(Kind::Volume, 1)]);
}

#[test]
fn a_shut_down_host_is_off_only_some_time_after_the_signal() {
    let mut world = world();
    let host = world.create_host(request("web-1"), start()).unwrap().host;
    let signal = world.shutdown_host(host, later(1)).unwrap();
    let sent = world.action(signal).unwrap().ends;
    world.advance(sent);
    assert_eq!(world.action(signal).unwrap().status, ActionStatus::Success);
    assert_eq!(world.host(host).unwrap().state, HostState::Stopping);
    world.advance(later(2));
    assert_eq!(world.host(host).unwrap().state, HostState::Off);
}

#[test]
fn a_resize_needs_the_host_off_and_moves_capacity() {
    let mut settings = Settings::small(1);
    let stock = [("small".to_owned(), 1), ("large".to_owned(), 1)];
    settings.catalog.stock.insert("north-a".to_owned(), stock.into());
    let mut world = World::new(settings);
    let host = world.create_host(request("web-1"), start()).unwrap().host;
    let resize = |world: &mut World, minute| world.resize_host(host, "large", 80, HostState::Off, later(minute));
    assert!(matches!(resize(&mut world, 1), Err(WorldError::WrongState { .. })));
    world.stop_host(host, later(1)).unwrap();
    resize(&mut world, 2).unwrap();
    world.advance(later(9));
    let moved = world.host(host).unwrap();
    assert_eq!((moved.machine.as_str(), moved.boot_disk_gb), ("large", 80));
    assert_eq!(world.catalog.stock["north-a"]["small"], 1);
    assert_eq!(world.catalog.stock["north-a"]["large"], 0);
}

#[test]
fn names_quotas_and_capacity_are_kept() {
    let mut settings = Settings::small(1);
    settings.quotas.insert(Kind::Host, 2);
    let mut world = World::new(settings);
    world.create_host(request("a"), start()).unwrap();
    assert_eq!(world.create_host(request("a"), start()), Err(WorldError::NameTaken { kind: Kind::Host }));
    world.drain_region("north", later(5));
    assert!(matches!(world.create_host(request("b"), later(1)), Err(WorldError::NoCapacity { .. })));
    world.create_host(request("b"), later(6)).unwrap();
    assert_eq!(world.create_host(request("c"), later(6)), Err(WorldError::QuotaFull { kind: Kind::Host }));
    assert_eq!(world.counts()[&Kind::Address], 4);
}

#[test]
fn a_doomed_creation_ends_in_a_failed_host() {
    let mut world = world();
    let error = ActionError { code: "no_luck".to_owned(), message: "no luck".to_owned() };
    world.fail_next(Command::CreateHost, error.clone());
    let created = world.create_host(request("a"), start()).unwrap();
    assert_eq!(world.action(created.action).unwrap().error, None);
    world.advance(later(1));
    assert_eq!(world.action(created.action).unwrap().error, Some(error));
    assert_eq!(world.host(created.host).unwrap().state, HostState::Failed);
}

#[test]
fn lagging_readers_miss_fresh_hosts_and_still_list_deleted_ones() {
    let mut settings = Settings::small(3);
    settings.lag =
        Lag { create: std::time::Duration::from_secs(10), delete: std::time::Duration::from_secs(10), chance: 1.0 };
    let mut world = World::new(settings);
    let host = world.create_host(request("a"), start()).unwrap().host;
    assert!(world.hosts.seen(host, start()).is_none());
    assert_eq!(world.hosts.listed(start()).count(), 0);
    assert!(world.hosts.seen(host, later(1)).is_some());
    world.delete_host(host, later(1)).unwrap();
    assert!(world.hosts.seen(host, later(1)).is_none());
    assert_eq!(world.hosts.listed(later(1)).count(), 1);
    assert_eq!(world.hosts.listed(later(2)).count(), 0);
}

#[test]
fn the_same_seed_and_calls_give_the_same_world() {
    let run = |seed| {
        let mut world = World::new(Settings::small(seed));
        for number in 0..20 {
            world.create_host(request(&format!("h{number}")), start()).unwrap();
        }
        world.advance(later(1));
        serde_json::to_string(&world).unwrap()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn user_data_shows_only_as_length_and_hash() {
    let mut world = world();
    let mut request = request("a");
    request.user_data = Some(cloud_world::Secret::new("marker-secret"));
    world.create_host(request, start()).unwrap();
    assert!(!serde_json::to_string(&world).unwrap().contains("marker-secret"));
    assert!(!format!("{world:?}").contains("marker-secret"));
}
