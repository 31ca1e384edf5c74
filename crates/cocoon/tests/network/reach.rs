//! Who reaches whom: real guests on networks, this box, and the world beyond it.

use std::collections::HashSet;
use std::fs;

use crate::guest::Guest;
use crate::support::{kill, text, wait_until};
use crate::world::{BOX, WORLD, WORLD_IPV6, World};

const STAND_IN: &str = env!("CARGO_BIN_EXE_cloud-hypervisor-stand-in");

/// Tells a guest's way out.
const GATEWAY: &str = "ip route | grep default | cut -d' ' -f3";

#[test]
fn guests_reach_their_network_and_the_world_and_nobody_else_reaches_them() {
    let Some(world) = World::new() else { return };
    world.serve_on("world", "[::]:80", "index.html", "the world");
    let Some(mut one) = Guest::start(&world, "one", "front", &["--publish", "8080:80"]) else { return };
    let mut two = Guest::start(&world, "two", "front", &["--publish", "0.0.0.0:8081:80"]).expect("there is a kernel");
    let (ipv4, ipv6) = (world.address("two", "ipv4"), world.address("two", "ipv6"));

    // What was recorded is what they have, and their names are what they were given.
    assert!(two.run("ip addr show eth0").unwrap().contains(&format!("inet {ipv4}/24")));
    // An address is used once no neighbour has claimed to have it too.
    let has_ipv6 = "for try in 1 2 3 4 5 6 7 8 9; do ip addr show eth0 | grep 'inet6 fd' | grep -v tentative && break; sleep 1; done";
    let said = two.run(has_ipv6).unwrap();
    assert!(said.contains(&format!("inet6 {ipv6}/64")), "{said}, not {ipv6}");
    one.run(has_ipv6).unwrap();
    let (gateway, resolved) = (one.run(GATEWAY).unwrap(), [&ipv4, &ipv6]);
    let said = one.run(&format!("nslookup two {gateway}")).unwrap();
    assert!(resolved.iter().all(|address| said.contains(address.as_str())), "{said}");
    for address in [&ipv4, &format!("[{ipv6}]")] {
        assert_eq!(one.fetch(&format!("http://{address}/")).as_deref(), Some("two"), "{address}");
    }

    // The world is reached, though it knows no way back to them.
    for address in [WORLD, &format!("[{WORLD_IPV6}]")] {
        assert_eq!(one.fetch(&format!("http://{address}/")).as_deref(), Some("the world"), "{address}");
    }

    // Published ports lead to them: from the box's loopback, and where it was asked for from everywhere.
    assert_eq!(world.fetch("box", "http://127.0.0.1:8080/").as_deref(), Some("one\n"));
    assert_eq!(world.fetch("world", &format!("http://{BOX}:8080/")), None);
    for (side, address) in [("box", "127.0.0.1"), ("box", BOX), ("world", BOX)] {
        let fetched = world.fetch(side, &format!("http://{address}:8081/"));
        assert_eq!(fetched.as_deref(), Some("two\n"), "{side} {address}");
    }
    assert_eq!(one.fetch(&format!("http://{BOX}:8081/")).as_deref(), Some("two"));

    // Nobody comes in another way, though he knew it.
    for (route, via, address) in [("10.64.0.0/10", BOX, ipv4.clone()), ("fd00::/8", "2001:db8::1", format!("[{ipv6}]"))]
    {
        assert!(world.run("world", &["ip", "route", "add", route, "via", via]).status.success());
        assert_eq!(world.fetch("world", &format!("http://{address}/")), None, "{address}");
    }

    // Another network neither reaches nor is reached.
    world.here.succeed(&["stop", "--force", "two"]);
    let mut three = Guest::start(&world, "three", "back", &[]).expect("there is a kernel");
    three.run(has_ipv6).unwrap();
    assert_eq!(three.fetch(&format!("http://{WORLD}/")).as_deref(), Some("the world"));
    for (guest, other) in [(&mut three, "one"), (&mut one, "three")] {
        for address in [world.address(other, "ipv4"), format!("[{}]", world.address(other, "ipv6"))] {
            assert_eq!(guest.fetch(&format!("http://{address}/")), None, "{other} at {address}");
        }
    }

    // What is this box's own loopback is nobody else's.
    world.serve_on("box", "127.0.0.1:7070", "page", "mine");
    one.run("echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo").unwrap();
    one.run(&format!("ip route add 127.0.0.0/8 via {gateway}")).unwrap();
    assert_eq!(one.fetch("http://127.0.0.1:7070/page"), None);
    let table = format!("cocoon-{}", world.interfaces().into_iter().find(|name| name.starts_with("cn")).unwrap());
    assert!(world.run("box", &["nft", "flush", "chain", "inet", &table, "first"]).status.success());
    assert_eq!(one.fetch("http://127.0.0.1:7070/page").as_deref(), Some("mine"), "it is the rule that keeps it out");

    // Who takes another's address is heard by nobody.
    assert!(one.fetch(&format!("http://{WORLD}/")).is_some());
    let own = world.address("one", "ipv4");
    let stolen =
        format!("ip addr add {ipv4}/24 dev eth0; ip addr del {own}/24 dev eth0; ip route add default via {gateway}");
    one.run(&format!("{stolen}; true")).unwrap();
    assert_eq!(one.fetch(&format!("http://{WORLD}/")), None);

    world.here.succeed(&["rm", "--force", "one", "two", "three"]);
    world.assert_empty();
}

#[test]
fn a_vm_keeps_its_address_and_its_network_repairs_itself() {
    let Some(world) = World::new() else { return };
    let Some(mut guest) = Guest::start(&world, "web-1", "front", &["--publish", "8080:80"]) else { return };
    let before = (world.address("web-1", "ipv4"), world.address("web-1", "ipv6"));

    assert_eq!(world.fetch("box", "http://127.0.0.1:8080/").as_deref(), Some("web-1\n"));

    // All that an administrator may do to it is mended by the next start, while the VM runs.
    assert!(world.run("box", &["nft", "flush", "ruleset"]).status.success());
    assert_eq!(world.fetch("box", "http://127.0.0.1:8080/"), None);
    kill(world.processes("dnsmasq")[0]);
    let bridge = world.interfaces().into_iter().find(|name| name.starts_with("cn")).unwrap();
    assert!(world.run("box", &["ip", "link", "delete", &bridge]).status.success());
    assert_eq!(world.here.succeed(&["start", "web-1"]), "web-1: runs already\n");
    assert_eq!(world.fetch("box", "http://127.0.0.1:8080/").as_deref(), Some("web-1\n"));
    assert_eq!(world.processes("dnsmasq").len(), 1);
    guest.run("udhcpc -i eth0 -s /bin/true -q -n -t 5 -T 1").unwrap();

    world.here.succeed(&["stop", "--force", "web-1"]);
    world.assert_kernel_is_clean();
    drop(guest);
    let mut guest = Guest::restart(&world, "web-1");
    assert_eq!((world.address("web-1", "ipv4"), world.address("web-1", "ipv6")), before);
    assert!(guest.run("ip addr show eth0").unwrap().contains(&before.0));
    world.here.succeed(&["rm", "--force", "web-1"]);
    world.assert_empty();
}

#[test]
fn a_vm_on_a_network_lives_from_create_to_rm_and_leaves_nothing() {
    let Some(world) = World::new() else { return };
    world.create("web-1", "front", &[]);
    world.create("web-2", "front", &[]);
    let listed = world.here.succeed(&["network", "ls"]);
    assert!(listed.contains("front") && listed.contains("web-1, web-2"), "{listed}");
    world.assert_kernel_is_clean();
    let said = world.here.run(&["start", "web-1"]);
    assert!(text(&said.stderr).contains("net.ipv4.ip_forward was turned on, for this whole box"));
    assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (2, 3, 1));
    assert_eq!(text(&world.here.run(&["start", "web-2"]).stderr), "");
    assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (3, 5, 1));
    assert!(world.here.succeed(&["ps"]).contains(&world.address("web-2", "ipv4")));
    world.here.succeed(&["stop", "--force", "web-1"]);
    assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (2, 3, 1));
    world.here.succeed(&["rm", "--force", "web-2"]);
    world.assert_kernel_is_clean();
    world.here.succeed(&["clone", "web-1", "web-3"]);
    assert_ne!(world.address("web-1", "ipv4"), world.address("web-3", "ipv4"));
    world.here.succeed(&["rm", "web-1", "web-3"]);
    world.assert_empty();
    assert_eq!(world.here.succeed(&["network", "ls"]).lines().count(), 1);
}

#[test]
fn many_commands_on_one_network_at_once_leave_it_as_one_after_the_other_would() {
    let Some(world) = World::new() else { return };
    let names = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"];
    let all = |work: &(dyn Fn(&str) + Sync)| {
        std::thread::scope(|scope| names.iter().for_each(|name| drop(scope.spawn(|| work(name)))));
    };
    all(&|name| world.create(name, "front", &[]));
    let addresses: HashSet<String> = names.iter().map(|name| world.address(name, "ipv4")).collect();
    assert_eq!(addresses.len(), names.len());
    for _ in 0..2 {
        all(&|name| drop(world.here.succeed(&["start", name])));
        assert_eq!((world.interfaces().len(), world.processes("dnsmasq").len()), (names.len() + 1, 1));
        all(&|name| drop(world.here.succeed(&["stop", "--force", name])));
        world.assert_kernel_is_clean();
    }
    all(&|name| drop(world.here.succeed(&["rm", name])));
    world.assert_empty();
}

#[test]
fn a_vm_that_ended_by_itself_keeps_neither_its_network_nor_its_port() {
    let Some(world) = World::new() else { return };
    world.create("web-1", "front", &["--publish", "8080:80"]);
    world.create("web-2", "front", &["--publish", "8080:80"]);
    world.create("web-3", "front", &[]);
    for (number, next) in ["web-2", "web-3"].into_iter().enumerate() {
        world.here.succeed(&["start", "web-1"]);
        kill(world.here.hypervisors()[0]);
        wait_until("its end", || world.here.hypervisors().is_empty());
        world.here.succeed(&["start", next]);
        assert_eq!(world.interfaces().len(), 2 + number, "only a port that is needed is looked for");
        world.here.succeed(&["stop", "--force", next]);
        world.assert_kernel_is_clean();
    }
    world.here.succeed(&["rm", "web-1", "web-2", "web-3"]);
    world.assert_empty();
}

#[test]
fn two_installations_have_networks_of_their_own_though_they_are_named_alike() {
    let Some(mut world) = World::new() else { return };
    let other = world.installation().expect("there is one already");
    world.create("web-1", "front", &["--publish", "8080:80"]);
    world.here.succeed(&["start", "web-1"]);
    let here = std::mem::replace(&mut world.here, other);
    world.create("web-1", "front", &["--publish", "8080:80"]);
    assert!(world.here.fail(&["start", "web-1"]).contains("is published by another VM"));
    world.here.succeed(&["rm", "web-1"]);
    world.create("web-1", "front", &[]);
    world.here.succeed(&["start", "web-1"]);
    assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (4, 6, 2));

    // What the one has lost is nothing to the other, nor is what it uses.
    kill(here.hypervisors()[0]);
    wait_until("its end", || here.hypervisors().is_empty());
    assert_eq!(world.here.succeed(&["gc"]), "");
    let dry = here.succeed(&["gc", "--dry-run"]);
    assert_eq!(dry.lines().count(), 2, "{dry}");
    assert_eq!(here.succeed(&["gc"]), dry.replace("would remove", "removed"));
    assert_eq!((world.interfaces().len(), world.tables().len(), world.processes("dnsmasq").len()), (2, 3, 1));
    world.here.succeed(&["rm", "--force", "web-1"]);
    world.assert_empty();
}

#[test]
fn a_vm_on_cloud_hypervisor_gets_the_default_network() {
    let Some(world) = World::new() else { return };
    let mut arguments = world.here.create_arguments("web-1");
    arguments.extend(["--hypervisor", STAND_IN, "--publish", "8080:80"].map(str::to_owned));
    let mut command = world.here.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let created = command.env("COCOON_ACCELERATION", "kvm").output().unwrap();
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert_eq!(world.address("web-1", "network"), "default");
    let start = ["start", "web-1", "--hypervisor", STAND_IN, "--acceleration", "kvm"];
    world.here.succeed(&start);
    let line = fs::read(format!("/proc/{}/cmdline", world.here.inspect("web-1")["process"])).unwrap();
    let mac = world.here.inspect("web-1")["hardware"]["mac"].as_str().unwrap().to_owned();
    let net = format!("--net\0tap={},mac={mac},id=net0\0", world.address("web-1", "tap"));
    assert!(text(&line).contains(&net), "{}", text(&line));
    assert_eq!((world.interfaces().len(), world.tables().len()), (2, 3));
    world.here.succeed(&["rm", "--force", "web-1"]);
    world.assert_empty();
}

#[test]
fn a_firewall_that_may_keep_vms_from_others_is_named() {
    let Some(world) = World::new() else { return };
    let rules = "table inet strict { chain in { type filter hook input priority 0; policy drop; }; }";
    assert!(world.run("box", &["nft", rules]).status.success());
    world.create("web-1", "front", &[]);
    let said = text(&world.here.run(&["start", "web-1"]).stderr);
    assert!(said.contains("chain inet strict in"), "{said}");
    world.here.succeed(&["rm", "--force", "web-1"]);
}

#[test]
fn a_port_that_somebody_has_is_not_taken_from_him() {
    let Some(world) = World::new() else { return };
    world.create("web-1", "front", &["--publish", "8080:80"]);
    world.create("web-2", "back", &["--publish", "0.0.0.0:8080:80"]);
    world.here.succeed(&["start", "web-1"]);
    let complaint = world.here.fail(&["start", "web-2"]);
    assert!(complaint.contains("0.0.0.0:8080 is published by another VM"), "{complaint}");
    world.here.succeed(&["stop", "--force", "web-1"]);
    world.assert_kernel_is_clean();

    assert!(world.run("box", &["busybox", "httpd", "-p", "127.0.0.1:8080", "-h", "/tmp"]).status.success());
    let complaint = world.here.fail(&["start", "web-1"]);
    assert!(complaint.contains("127.0.0.1:8080 of this box cannot be published"), "{complaint}");
    assert_eq!(world.here.inspect("web-1")["ending"], "failed_to_start");
    world.assert_kernel_is_clean();
    world.here.succeed(&["rm", "web-1", "web-2"]);
    world.assert_empty();
}

#[test]
fn a_range_that_this_box_reaches_elsewhere_is_not_taken() {
    let Some(world) = World::new() else { return };
    let all = ["10.64.0.0/10", "172.16.0.0/12", "192.168.0.0/17", "192.168.128.0/18", "192.168.192.0/19"];
    for range in all {
        assert!(world.run("box", &["ip", "route", "add", range, "via", WORLD]).status.success());
    }
    world.create("web-1", "front", &[]);
    assert!(world.address("web-1", "ipv4").starts_with("192.168.2"), "{}", world.address("web-1", "ipv4"));
    world.create("web-2", "back", &[]);
    assert_ne!(world.address("web-1", "ipv4"), world.address("web-2", "ipv4"));

    let range = format!(
        "{}/24",
        world
            .here
            .succeed(&["network", "ls"])
            .split_whitespace()
            .find(|word| word.starts_with("192.168."))
            .unwrap()
            .trim_end_matches("/24")
    );
    assert!(world.run("box", &["ip", "route", "add", &range, "via", WORLD]).status.success());
    let complaint = world.here.fail(&["start", "web-2"]);
    assert!(complaint.contains("have become those of cable"), "{complaint}");
    world.here.succeed(&["rm", "web-1", "web-2"]);
    world.assert_empty();
}

#[test]
fn without_root_a_network_is_refused_with_what_to_do() {
    let Some(world) = World::new() else { return };
    let arguments = world.here.create_arguments("web-1");
    let mut words = vec!["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", env!("CARGO_BIN_EXE_cocoon")];
    words.extend(arguments.iter().map(String::as_str));
    words.extend(["--network", "front"]);
    let root = world.here.root();
    let refused = world.command("box", &words).env("COCOON_ROOT_DIR", &root).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("--network user"), "{}", text(&refused.stderr));
    assert!(!fs::exists(root.join("vms/web-1")).unwrap());
}
