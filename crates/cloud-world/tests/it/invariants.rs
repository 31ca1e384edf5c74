//! Whatever is done in whatever order: what the tables say about each other agrees.

use std::collections::BTreeSet;

use cloud_world::{Command, HostRequest, HostState, ImageKind, Kind, Labels, Settings, VolumeRequest, World};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// One call; the numbers choose among what exists.
#[derive(Debug, Clone)]
enum Step {
    Create(u8),
    Delete(usize),
    Stop(usize),
    Start(usize),
    Resize(usize),
    Snapshot(usize),
    Rename(usize, u8),
    Volume(u8, usize),
    Detach(usize),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let some = 0..8_usize;
    prop_oneof![
        any::<u8>().prop_map(|name| Step::Create(name % 6)),
        some.clone().prop_map(Step::Delete),
        some.clone().prop_map(Step::Stop),
        some.clone().prop_map(Step::Start),
        some.clone().prop_map(Step::Resize),
        some.clone().prop_map(Step::Snapshot),
        (some.clone(), any::<u8>()).prop_map(|(at, name)| Step::Rename(at, name % 6)),
        (any::<u8>(), some.clone()).prop_map(|(name, at)| Step::Volume(name % 4, at)),
        some.prop_map(Step::Detach),
        any::<u8>().prop_map(Step::Wait),
    ]
}

/// Does a step; a refusal is as good an outcome as a success.
fn take(world: &mut World, step: &Step, now: &mut Timestamp) {
    let hosts: Vec<u64> = world.hosts.iter().map(|host| host.id).collect();
    let volumes: Vec<u64> = world.volumes.iter().map(|volume| volume.id).collect();
    let host = |at: usize| hosts.get(at).copied().unwrap_or(0);
    let at = *now;
    match step {
        Step::Create(name) => {
            let request = HostRequest::new(format!("h{name}"), "small", 1, "north");
            world.create_host(request, at).ok();
        }
        Step::Delete(one) => drop(world.delete_host(host(*one), at)),
        Step::Stop(one) => drop(world.stop_host(host(*one), at)),
        Step::Start(one) => drop(world.start_host(host(*one), at)),
        Step::Resize(one) => {
            drop(world.resize_host(host(*one), "medium", 40, HostState::Off, at));
        }
        Step::Snapshot(one) => {
            let kind = ImageKind::Backup;
            let text = String::new();
            drop(world.create_image(host(*one), kind, None, text, Labels::new(), at));
        }
        Step::Rename(one, name) => drop(world.rename_host(host(*one), &format!("h{name}"))),
        Step::Volume(name, one) => {
            let request = VolumeRequest {
                name: format!("v{name}"),
                size_gb: 10,
                region: "north".to_owned(),
                host: hosts.get(*one).copied(),
                format: None,
                labels: Labels::new(),
            };
            drop(world.create_volume(request, at));
        }
        Step::Detach(one) => {
            let volume = volumes.get(*one).copied().unwrap_or(0);
            drop(world.detach_volume(volume, at));
        }
        Step::Wait(seconds) => {
            *now += SignedDuration::from_secs((*seconds).into());
            world.advance(*now);
        }
    }
}

fn check(world: &World) {
    let mut names = BTreeSet::new();
    let mut ips = BTreeSet::new();
    for host in world.hosts.iter() {
        assert!(names.insert(host.name.clone()), "{} twice", host.name);
        assert_eq!(world.hosts.named(&host.name).count(), 1);
        for address in [host.ipv4, host.ipv6].into_iter().flatten() {
            assert_eq!(world.addresses.find(address).expect("what a host names").host, Some(host.id));
        }
        for volume in &host.volumes {
            assert_eq!(world.volumes.find(*volume).expect("what a host names").host, Some(host.id));
        }
        for action in &host.busy {
            assert_eq!(world.action(*action).expect("what a host names").finished(), None);
        }
    }
    for address in world.addresses.iter() {
        assert!(ips.insert(address.ip), "{} twice", address.ip);
        assert!(world.host(address.host.expect("an owner")).is_ok(), "an address is left behind");
    }
    for volume in world.volumes.iter() {
        if let Some(host) = volume.host {
            assert!(world.host(host).expect("what a host names").volumes.contains(&volume.id));
        }
    }
    for image in world.images.iter() {
        if let Some(host) = image.bound_to {
            assert!(world.host(host).is_ok(), "a backup is left behind");
        }
    }
}

proptest! {
    #[test]
    fn tables_agree_after_any_calls(steps in proptest::collection::vec(step(), 1..60)) {
        let mut settings = Settings::small(1);
        let stock = [("small".to_owned(), 4), ("medium".to_owned(), 2)];
        settings.catalog.stock.insert("north-a".to_owned(), stock.clone().into());
        settings.catalog.stock.insert("north-b".to_owned(), [("small".to_owned(), 0)].into());
        let mut world = World::new(settings);
        let mut now = Timestamp::UNIX_EPOCH;
        for step in &steps {
            take(&mut world, step, &mut now);
            check(&world);
        }
        now += SignedDuration::from_hours(1);
        world.advance(now);
        check(&world);
        prop_assert!(world.hosts.iter().all(|host| !host.is_locked()));
        let hosts: Vec<u64> = world.hosts.iter().map(|host| host.id).collect();
        for host in hosts {
            world.delete_host(host, now).unwrap();
        }
        let left: Vec<Kind> = world.counts().into_keys().collect();
        prop_assert!(left.iter().all(|kind| *kind == Kind::Volume), "{left:?}");
        prop_assert_eq!(world.catalog.stock["north-a"]["small"], 4);
        prop_assert_eq!(world.catalog.stock["north-a"]["medium"], 2);
    }
}

#[test]
fn a_failed_resize_gives_the_room_back() {
    let mut settings = Settings::small(1);
    let stock = [("small".to_owned(), 1), ("medium".to_owned(), 1)];
    settings.catalog.stock.insert("north-a".to_owned(), stock.into());
    let mut world = World::new(settings);
    let mut now = Timestamp::UNIX_EPOCH;
    let request = HostRequest::new("a", "small", 1, "north");
    let host = world.create_host(request, now).unwrap().host;
    now += SignedDuration::from_hours(1);
    world.stop_host(host, now).unwrap();
    now += SignedDuration::from_hours(1);
    let error = cloud_world::ActionError { code: "no_luck".to_owned(), message: "no luck".to_owned() };
    world.fail_next(Command::ResizeHost, error);
    world.resize_host(host, "medium", 40, HostState::Running, now).unwrap();
    now += SignedDuration::from_hours(1);
    world.advance(now);
    assert_eq!(world.host(host).unwrap().state, HostState::Off);
    assert_eq!(world.host(host).unwrap().machine, "small");
    assert_eq!(world.catalog.stock["north-a"]["medium"], 1);
}
