//! Images that are root file systems in layers, and the disks that are made of them: held against e2fsprogs' own reading.

use std::path::Path;
use std::process::Command;

use cocoon::Boot;

use super::registries::publish;
use super::server::Server;
use super::store::{Entry, Store, gzip, tar};

const SYSTEM: &[Entry<'_>] = &[
    ("bin", b'2', "usr/bin", b""),
    ("usr/bin/", b'5', "", b""),
    ("usr/bin/sh", b'0', "", b"a shell"),
    ("usr/bin/dash", b'1', "usr/bin/sh", b""),
    ("boot/vmlinuz-6.1.0-9", b'0', "", b"an old kernel"),
    ("boot/vmlinuz-6.1.0-18", b'0', "", b"a kernel"),
    ("boot/initrd.img-6.1.0-18", b'0', "", b"an initial file system"),
    ("etc/motd", b'0', "", b"hello\n"),
    ("etc/old", b'0', "", b"old"),
    ("dev/console", b'3', "", b""),
];

/// `None`, with a word, where e2fsprogs is missing.
fn debugfs(disk: &Path, command: &str) -> Option<String> {
    let program = ["/usr/sbin/debugfs", "/sbin/debugfs"].into_iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        eprintln!("skipped: debugfs is not installed (e2fsprogs)");
        return None;
    };
    let output = Command::new(program).args(["-R", command]).arg(disk).output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Holds a disk against `e2fsck`, where it is installed.
#[track_caller]
fn assert_sound(disk: &Path) {
    let program = ["/usr/sbin/e2fsck", "/sbin/e2fsck"].into_iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        eprintln!("skipped: e2fsck is not installed (e2fsprogs)");
        return;
    };
    let output = Command::new(program).args(["-f", "-n"]).arg(disk).output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&words));
}

#[tokio::test]
async fn layers_become_a_disk_and_the_newest_kernel() {
    let (server, store) = (Server::start().await, Store::new());
    let change: &[Entry<'_>] = &[
        ("etc/.wh.old", b'0', "", b""),
        ("etc/motd", b'0', "", b"hello, world\n"),
        ("bin/new", b'0', "", b"through a link"),
        ("etc/long", b'2', "/usr/share/a/target/that/does/not/fit/into/an/inode/of/its/own/link", b""),
    ];
    let (system, change) = (gzip(&tar(SYSTEM)), tar(change));
    let image = publish(&server, "os", &[(&system, None), (&change, None)]);
    let pulled = store.get(&image).await.unwrap();
    let Boot::Kernel(kernel) = &pulled.image.boot else { panic!("{:?}", pulled.image.boot) };
    assert_eq!(std::fs::read(store.blob(&kernel.kernel)).unwrap(), b"a kernel");
    assert_eq!(std::fs::read(store.blob(&kernel.initrd.unwrap())).unwrap(), b"an initial file system");
    assert!(kernel.command_line.contains("root=/dev/vda"), "{}", kernel.command_line);
    let disk = store.blob(&pulled.image.disk.blob);
    assert_sound(&disk);
    let Some(motd) = debugfs(&disk, "cat /etc/motd") else { return };
    assert_eq!(motd, "hello, world\n");
    assert_eq!(debugfs(&disk, "cat /usr/bin/new").unwrap(), "through a link");
    assert!(!debugfs(&disk, "ls -p /etc").unwrap().contains("/old/"));
    assert!(debugfs(&disk, "stat /usr/bin/dash").unwrap().contains("Links: 2"));
    assert!(debugfs(&disk, "stat /dev/console").unwrap().contains("character special"));
}
