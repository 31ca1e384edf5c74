//! A host in a folder: the script runs for real under `sh`, with the programs that would change a machine replaced by
//! ones that write down how they were called and act on a table of disks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use cloud_bootstrap::{Bootstrap, Format};
use cloud_types::{BootResult, BootSignal};

pub(crate) struct Host {
    pub(crate) root: PathBuf,
}

impl Host {
    /// A host with its root's disk, systemd and a Debian's packages.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("cloud-bootstrap-{}-{number}", std::process::id()));
        let host = Self { root };
        for folder in ["bin", "dev", "etc/ssh", "proc", "home/deploy"] {
            fs::create_dir_all(host.path(folder)).unwrap();
        }
        host.write("proc/swaps", "Filename Type Size Used Priority\n");
        host.write("installed", "curl\nbtrfs-progs\npodman\n");
        host.write("disks", "/dev/vda partitions - -\n");
        for program in FAKES.split("\n--- ").skip(1) {
            let (name, body) = program.split_once('\n').unwrap_or((program, ""));
            host.program(name, body);
        }
        host
    }

    /// Puts a program into the host's path; it is written down when it is called.
    pub(crate) fn program(&self, name: &str, body: &str) {
        let file = self.path("bin").join(name);
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"{name} $*\" >>\"$CLOUD_BOOT_ROOT/calls\"\n{body}\n");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The disks, a line each: device, what is on it, label, UUID.
    pub(crate) fn disks(self, more: &str) -> Self {
        self.write("disks", &format!("/dev/vda partitions - -\n{more}"));
        self
    }

    /// Boots with this user data and tells how it ended, as the host does.
    pub(crate) fn boot(&self, bootstrap: &Bootstrap) -> BootResult {
        self.boot_in(bootstrap, usize::MAX)
    }

    /// As [`boot`](Self::boot), with user data of at most so many bytes.
    pub(crate) fn boot_in(&self, bootstrap: &Bootstrap, limit: usize) -> BootResult {
        let script = self.path("script");
        fs::write(&script, bootstrap.render(Format::Script, limit).unwrap().expose()).unwrap();
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .arg(&script)
            .env("CLOUD_BOOT_ROOT", &self.root)
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let line = self.read(&BootSignal::PATH[1..]);
        let signal = BootSignal::parse(&line).unwrap_or_else(|| panic!("{line:?} is no signal; {}", self.log()));
        assert_eq!(signal.id, bootstrap.boot_id());
        assert_eq!(output.status.success(), signal.result == BootResult::Ready, "the exit status tells it too");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "nothing goes past the log");
        signal.result
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn log(&self) -> String {
        self.read("var/log/cloud-boot.log")
    }

    /// How often a program was called with arguments that begin so.
    pub(crate) fn calls(&self, start: &str) -> usize {
        self.read("calls").lines().filter(|line| line.starts_with(start)).count()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Whether a program is on this machine; prints that a test is skipped where it is not.
pub(crate) fn has(program: &str) -> bool {
    let found =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|dir| Path::new(&dir).join(program).exists());
    if !found {
        eprintln!("skipped: {program} is not on this machine");
    }
    found
}

/// What a boot that failed says: its step and detail.
pub(crate) fn failure(result: BootResult) -> (String, String) {
    match result {
        BootResult::Failed { step, detail } => (step, detail),
        BootResult::Ready => panic!("the boot should have failed"),
    }
}

/// The programs, each after a line with its name. Those for disks read and write the table `disks`.
const FAKES: &str = r#"
--- sleep
--- udevadm
--- chown
--- mount
--- mountpoint
[ -e "$CLOUD_BOOT_ROOT/mounted" ]
--- mkswap
--- swapon
--- chattr
--- fallocate
: >"$3"
--- journalctl
echo "panic: no such table"
--- systemctl
case $1 in
is-active) cat "$CLOUD_BOOT_ROOT/active" 2>/dev/null || echo active ;;
esac
--- findmnt
echo /dev/vda1
--- stat
cat "$CLOUD_BOOT_ROOT/file-system" 2>/dev/null || echo ext2/ext3
--- lsblk
case "$*" in
*--inverse*) printf '/dev/vda1 part\n/dev/vda disk\n' ;;
*--nodeps*) while read -r device rest; do echo "$device disk 0 1073741824"; done <"$CLOUD_BOOT_ROOT/disks" ;;
*) for device; do :; done
   echo "${device#/dev/}"
   ! grep -q "^$device partitions" "$CLOUD_BOOT_ROOT/disks" || echo "${device#/dev/}1" ;;
esac
--- blkid
for last; do :; done
case "$*" in
*--match-token*) awk -v label="${4#LABEL=}" '$3 == label { print $1 }' "$CLOUD_BOOT_ROOT/disks" ;;
*--match-tag*) awk -v device="$last" '$1 == device { print $4 }' "$CLOUD_BOOT_ROOT/disks" ;;
*) type=$(awk -v device="$last" '$1 == device { print $2 }' "$CLOUD_BOOT_ROOT/disks")
   case $type in
   empty) exit 2 ;;
   *) echo "TYPE=$type" ;;
   esac ;;
esac
--- wipefs
--- mkfs.btrfs
for last; do :; done
grep -q "^$last empty" "$CLOUD_BOOT_ROOT/disks" || { echo "it holds something" >"$CLOUD_BOOT_ROOT/destroyed"; exit 1; }
sed -i "s|^$last empty.*|$last btrfs $3 1234-abcd|" "$CLOUD_BOOT_ROOT/disks"
--- dpkg-query
for last; do :; done
grep -qx "$last" "$CLOUD_BOOT_ROOT/installed" && echo installed
--- apt-get
for last; do :; done
[ "$last" = update ] || echo "$last" >>"$CLOUD_BOOT_ROOT/installed"
--- getent
case "$1 $2" in
'passwd deploy') echo "deploy:x:1000:1000::/home/deploy:/bin/bash" ;;
*) exit 2 ;;
esac
--- id
exit 1
--- useradd
--- usermod
--- groupadd"#;
