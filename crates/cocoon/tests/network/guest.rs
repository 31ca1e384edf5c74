//! A small Linux that does what its console tells it: Debian's cloud kernel, and busybox as all else.
//!
//! The kernel's package is fetched once by `apt-get`; without that they say so and pass.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::support::text;
use crate::world::World;

/// A VM that runs, by its console.
pub(crate) struct Guest {
    console: UnixStream,
}

impl Guest {
    /// Makes a VM and starts it; `None`, with a word, where there is no kernel for it.
    pub(crate) fn start(world: &World, name: &str, network: &str, further: &[&str]) -> Option<Self> {
        let (kernel, initrd) = system()?;
        let disk = world.here.disk();
        let words = ["create", "--name", name, "--cpu", "1", "--memory", "128M", "--network", network];
        let files =
            ["--kernel", path(kernel), "--initrd", path(initrd), "--append", "console=ttyS0 quiet", path(&disk)];
        world.here.succeed(&[&words[..], further, &files].concat());
        Some(Self::restart(world, name))
    }

    /// Starts a VM that there is, and waits until its console obeys.
    pub(crate) fn restart(world: &World, name: &str) -> Self {
        world.here.succeed(&["start", name]);
        let socket = world.here.inspect(name)["console_socket"].as_str().unwrap().to_owned();
        let console = UnixStream::connect(socket).unwrap();
        console.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut guest = Self { console };
        guest.heard_until("ready to obey");
        guest
    }

    /// Lets the guest's shell do this; answers what it printed, where it succeeded.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &str) -> Result<String, String> {
        self.console.write_all(format!("{command}\n").as_bytes()).unwrap();
        let heard = self.heard_until(">>end");
        let (said, code) = heard.rsplit_once("<<").unwrap();
        let said = said.replace('\r', "").trim().to_owned();
        if code.starts_with("0>>") { Ok(said) } else { Err(said) }
    }

    /// What the guest fetches from there, or `None`.
    #[track_caller]
    pub(crate) fn fetch(&mut self, address: &str) -> Option<String> {
        let fetched = self.run(&format!("timeout 2 wget -q -O - {address} 2>&1"));
        fetched.inspect_err(|error| eprintln!("{address}: {error}")).ok()
    }

    #[track_caller]
    fn heard_until(&mut self, end: &str) -> String {
        let (mut heard, mut part) = (Vec::new(), [0; 4096]);
        let deadline = Instant::now() + Duration::from_secs(120);
        while !text(&heard).contains(end) {
            assert!(Instant::now() < deadline, "no {end:?}, but {}", text(&heard));
            match self.console.read(&mut part) {
                Ok(0) => panic!("the console has ended: {}", text(&heard)),
                Ok(length) => heard.extend_from_slice(&part[..length]),
                // Nothing came in that time.
                Err(_) => {}
            }
        }
        text(&heard)
    }
}

/// The kernel and the initial file system, made once.
fn system() -> Option<&'static (PathBuf, PathBuf)> {
    static SYSTEM: OnceLock<Option<(PathBuf, PathBuf)>> = OnceLock::new();
    SYSTEM.get_or_init(make).as_ref()
}

fn make() -> Option<(PathBuf, PathBuf)> {
    let kernel = crate::kernel::package()?;
    let modules = fs::read_dir(kernel.join("lib/modules")).unwrap().next().unwrap().unwrap().path();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("network-guest-{}", std::process::id()));
    let root = folder.join("root");
    for directory in ["bin", "dev", "etc", "lib", "proc", "sys", "tmp", "www"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    let mut order = String::new();
    for module in MODULES {
        let found = find(&modules, &format!("{module}.ko"));
        let Some(found) = found else { continue };
        fs::copy(found, root.join(format!("lib/{module}.ko"))).unwrap();
        order.push_str(&format!("insmod /lib/{module}.ko 2> /dev/null\n"));
    }
    executable(&root.join("init"), &INIT.replace("INSMOD", &order.repeat(2)));
    executable(&root.join("etc/lease"), LEASE);
    let initrd = folder.join("initrd");
    let pack = format!("cd {} && find . | busybox cpio -o -H newc > {}", path(&root), path(&initrd));
    assert!(Command::new("sh").args(["-c", &pack]).stderr(Stdio::null()).status().unwrap().success());
    let image = fs::read_dir(kernel.join("boot")).unwrap().map(|entry| entry.unwrap().path());
    let image = { image }.find(|path| path.to_string_lossy().contains("vmlinuz")).unwrap();
    Some((image, initrd))
}

/// What the card needs. Which of them needs which changes between kernels, so that they are tried twice.
const MODULES: [&str; 8] = [
    "virtio",
    "virtio_ring",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
];

/// Takes an address, serves its host name, and obeys.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
INSMOD
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -s /etc/lease -q -n -t 20 -T 1 -x hostname:somebody
hostname > /www/index.html
httpd -p '[::]:80' -h /www
stty -echo < /dev/ttyS0
echo 'ready to' obey
while read -r line; do
    eval \"$line\"
    echo \"<<$?>>end\"
done < /dev/ttyS0
";

/// What is done with a lease.
const LEASE: &str = "#!/bin/busybox sh
[ \"$1\" = bound ] || exit 0
ip addr add \"$ip/$mask\" dev eth0
ip route add default via \"$router\"
echo \"nameserver $dns\" > /etc/resolv.conf
[ -z \"$hostname\" ] || hostname \"$hostname\"
";

fn executable(file: &Path, content: &str) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A file of this name below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => find(&path, name),
            false => (path.file_name()? == name).then_some(path),
        }
    })
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
