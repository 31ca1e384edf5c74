//! Changes that do not wait for others: hosts that are deleted while they boot, addresses that move, volumes that are
//! attached beside each other, types that are only noted.

use cloud_world::{
    ActionStatus, AddressVersion, HostRequest, HostState, Labels, Rules, Settings, VolumeRequest, World, WorldError,
};
use jiff::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}

fn world_with_host() -> (World, u64) {
    let rules = Rules { attaching_locks_hosts: false, unique_keys: false, ..Rules::default() };
    let mut world = World::new(Settings { rules, ..Settings::small(1) });
    let host = world.create_host(HostRequest::new("a", "small", 1, "north"), NOW).expect("an empty world").host;
    (world, host)
}

#[test]
fn an_interrupted_boot_comes_to_nothing() {
    let (mut world, host) = world_with_host();
    assert!(matches!(world.delete_host(host, NOW), Err(WorldError::Locked { .. })));
    world.timings.delete = std::time::Duration::from_secs(600);
    world.interrupt_host(host, NOW).unwrap();
    world.delete_host(host, NOW).unwrap();
    world.advance(later(5));
    assert_eq!(world.host(host).unwrap().state, HostState::Deleting, "the boot does not bring it back");
    world.advance(later(15));
    assert!(world.counts().is_empty());
}

#[test]
fn a_moved_address_takes_the_place_of_the_fresh_one() {
    let (mut world, host) = world_with_host();
    world.advance(later(1));
    let fresh = world.host(host).unwrap().ipv4.unwrap();
    let own = world.create_address("own", AddressVersion::V4, "north", None, later(1)).unwrap();
    let far = world.create_address("far", AddressVersion::V4, "south", None, later(1)).unwrap();
    assert!(matches!(world.move_address(far, host, later(1)), Err(WorldError::Invalid { .. })));
    world.move_address(own, host, later(1)).unwrap();
    assert_eq!(world.host(host).unwrap().ipv4, Some(own));
    assert!(world.addresses.find(fresh).is_err(), "the fresh one is gone");
    world.take_address(host, AddressVersion::V4, later(1)).unwrap();
    assert_eq!((world.host(host).unwrap().ipv4, world.addresses.find(own).unwrap().host), (None, None));
    let other = world.give_fresh_address(host, AddressVersion::V4, later(1)).unwrap();
    assert_eq!(world.host(host).unwrap().ipv4, Some(other));
    let twice = world.give_fresh_address(host, AddressVersion::V4, later(1));
    assert!(matches!(twice, Err(WorldError::InUse { .. })));
}

#[test]
fn volumes_are_attached_beside_each_other_where_the_rules_say_so() {
    let (mut world, host) = world_with_host();
    world.advance(later(1));
    let mut attached = Vec::new();
    for name in ["a", "b"] {
        let request = VolumeRequest {
            name: name.to_owned(),
            size_gb: 10,
            region: "north".to_owned(),
            host: None,
            format: None,
            labels: Labels::new(),
        };
        attached.push(world.create_volume(request, later(1)).unwrap().0);
    }
    world.advance(later(2));
    for volume in &attached {
        world.attach_volume(*volume, host, later(2)).unwrap();
    }
    let stopped = world.stop_host(host, later(2)).unwrap();
    world.advance(later(3));
    assert_eq!(world.host(host).unwrap().volumes, attached);
    assert_eq!(world.actions[&stopped].status, ActionStatus::Success);
}

#[test]
fn a_host_that_is_off_is_given_another_type_at_once_and_without_room() {
    let (mut world, host) = world_with_host();
    world.advance(later(1));
    assert!(matches!(world.retype_host(host, "large", later(1)), Err(WorldError::WrongState { .. })));
    world.stop_host(host, later(1)).unwrap();
    world.drain_region("north", later(60));
    world.retype_host(host, "large", later(2)).unwrap();
    assert_eq!(world.host(host).unwrap().machine, "large");
    assert!(matches!(world.retype_host(host, "small-arm", later(2)), Err(WorldError::Invalid { .. })));
}

#[test]
fn one_public_key_has_several_names_where_the_rules_say_so() {
    let (mut world, _) = world_with_host();
    for name in ["a", "b"] {
        world.create_ssh_key(name, "ssh-ed25519 AAAA", "aa:bb", Labels::new(), NOW).unwrap();
    }
    world.rules.unique_keys = true;
    let third = world.create_ssh_key("c", "ssh-ed25519 AAAA", "aa:bb", Labels::new(), NOW);
    assert_eq!(third, Err(WorldError::KeyTaken));
}
