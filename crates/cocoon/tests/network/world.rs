//! A box with an installation, and a world beyond it: two network namespaces and a cable between them.

use std::fs;
use std::process::{Command, Output, Stdio};

use crate::support::{Installation, kill, text};

/// The box's addresses on the cable.
pub(crate) const BOX: &str = "192.0.2.1";
/// The world's addresses on the cable. The world knows no way to addresses behind the box.
pub(crate) const WORLD: &str = "192.0.2.2";
pub(crate) const WORLD_IPV6: &str = "2001:db8::2";

/// Programs, and Debian's packages of them.
const TOOLS: [(&str, &str); 4] =
    [("ip", "iproute2"), ("nft", "nftables"), ("dnsmasq", "dnsmasq-base"), ("busybox", "busybox-static")];

/// Both namespaces; all that runs in them ends with the test.
pub(crate) struct World {
    name: String,
    pub(crate) here: Installation,
}

impl World {
    /// `None`, with a word, where this box has not got what networks need.
    pub(crate) fn new() -> Option<Self> {
        if !is_root() {
            eprintln!("skipped: networks need root");
            return None;
        }
        for (program, package) in TOOLS {
            let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
            if !folders.iter().any(|folder| fs::exists(format!("{folder}/{program}")).unwrap()) {
                eprintln!("skipped: {program} is not installed (Debian's {package} has it)");
                return None;
            }
        }
        let name = format!("cocoon-{:08x}", fastrand::u32(..));
        let here = Installation::new()?.in_namespace(&format!("{name}-box"));
        let world = Self { name, here };
        let (inner, outer) = (world.namespace("box"), world.namespace("world"));
        for namespace in [&inner, &outer] {
            let made = Command::new("ip").args(["netns", "add", namespace]).output().unwrap();
            if !made.status.success() {
                eprintln!("skipped: no network namespaces here: {}", text(&made.stderr));
                return None;
            }
            ip(&["-n", namespace, "link", "set", "lo", "up"]);
        }
        ip(&["-n", &inner, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", &outer]);
        for (namespace, ipv4, ipv6) in [(&inner, BOX, "2001:db8::1"), (&outer, WORLD, WORLD_IPV6)] {
            ip(&["-n", namespace, "address", "add", &format!("{ipv4}/24"), "dev", "cable"]);
            ip(&["-n", namespace, "address", "add", &format!("{ipv6}/64"), "dev", "cable", "nodad"]);
            ip(&["-n", namespace, "link", "set", "cable", "up"]);
        }
        ip(&["-n", &inner, "route", "add", "default", "via", WORLD]);
        ip(&["-n", &inner, "-6", "route", "add", "default", "via", WORLD_IPV6]);
        Some(world)
    }

    /// Another installation on the same box.
    pub(crate) fn installation(&self) -> Option<Installation> {
        Some(Installation::new()?.in_namespace(&self.namespace("box")))
    }

    fn namespace(&self, side: &str) -> String {
        format!("{}-{side}", self.name)
    }

    /// A command on the box or in the world.
    pub(crate) fn command(&self, side: &str, words: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(side)]).args(words).stdin(Stdio::null());
        command
    }

    /// What a command on the box or in the world prints, whether it succeeds or not.
    pub(crate) fn run(&self, side: &str, words: &[&str]) -> Output {
        self.command(side, words).output().unwrap()
    }

    /// What is fetched from there, or `None`. (The own time limit of Debian's static busybox ends it by a fault.)
    pub(crate) fn fetch(&self, side: &str, address: &str) -> Option<String> {
        let output = self.run(side, &["timeout", "2", "busybox", "wget", "-q", "-O", "-", address]);
        output.status.success().then(|| text(&output.stdout))
    }

    /// A web server on one side that has one page.
    pub(crate) fn serve_on(&self, side: &str, address: &str, page: &str, content: &str) {
        let folder = self.here.root().with_file_name(format!("www-{side}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(page), content).unwrap();
        let started = self.run(side, &["busybox", "httpd", "-p", address, "-h", folder.to_str().unwrap()]);
        assert!(started.status.success(), "{}", text(&started.stderr));
    }

    /// The interfaces of the box, but for those that it had before.
    pub(crate) fn interfaces(&self) -> Vec<String> {
        let links = text(&self.run("box", &["ip", "-brief", "link"]).stdout);
        let names = links.lines().filter_map(|line| line.split([' ', '@']).next());
        names.filter(|name| !["lo", "cable"].contains(name)).map(str::to_owned).collect()
    }

    /// The tables of rules on the box.
    pub(crate) fn tables(&self) -> Vec<String> {
        text(&self.run("box", &["nft", "list", "tables"]).stdout).lines().map(str::to_owned).collect()
    }

    /// The processes of the box named so.
    pub(crate) fn processes(&self, name: &str) -> Vec<u32> {
        let list = text(&Command::new("ip").args(["netns", "pids", &self.namespace("box")]).output().unwrap().stdout);
        let named = |process: &u32| {
            let link = fs::read_link(format!("/proc/{process}/exe"));
            link.is_ok_and(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)))
        };
        list.lines().filter_map(|line| line.parse().ok()).filter(named).collect()
    }

    /// That nothing of any network is left in the kernel.
    #[track_caller]
    pub(crate) fn assert_kernel_is_clean(&self) {
        assert_eq!(self.interfaces(), Vec::<String>::new());
        assert_eq!(self.tables(), Vec::<String>::new());
        crate::support::wait_until("dnsmasq's end", || self.processes("dnsmasq").is_empty());
    }

    /// That nothing is left, neither in the kernel nor on disk.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        self.assert_kernel_is_clean();
        let tree = self.here.tree();
        let nothing = ["log", "networks", "run", "staging", "staging.lock", "vms"];
        assert!(tree.iter().all(|path| nothing.iter().any(|name| path.as_os_str() == *name)), "{tree:?}");
        assert_eq!(self.here.hypervisors(), Vec::<u32>::new());
    }

    /// Creates a VM with the test guest on a network.
    #[track_caller]
    pub(crate) fn create(&self, name: &str, network: &str, further: &[&str]) {
        let mut arguments = self.here.create_arguments(name);
        arguments.extend(["--network", network].iter().chain(further).map(|&word| word.to_owned()));
        self.here.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// What is recorded of a VM's place in its network.
    #[track_caller]
    pub(crate) fn address(&self, name: &str, key: &str) -> String {
        self.here.inspect(name)["hardware"]["connection"][key].as_str().unwrap().to_owned()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for side in ["box", "world"] {
            let namespace = self.namespace(side);
            let processes = Command::new("ip").args(["netns", "pids", &namespace]).output().unwrap();
            text(&processes.stdout).lines().filter_map(|line| line.parse().ok()).for_each(kill);
            let _ = Command::new("ip").args(["netns", "delete", &namespace]).output();
        }
    }
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[track_caller]
fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {}", text(&output.stderr));
}
