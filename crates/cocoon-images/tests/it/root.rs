//! Images that are root file systems in layers, and the disks that are made of them: held against e2fsprogs' own reading.

use std::path::{Path, PathBuf};
use std::process::Command;

use cloud_types::ErrorKind;
use cocoon_images::{Boot, Images};

use super::content::{Entry, SYSTEM, assert_sound, gzip, tar};
use super::published::{blob, publish};
use super::server::Server;
use super::store::{Store, quick};

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

#[tokio::test]
async fn the_same_layers_make_the_same_disk_and_are_pulled_once() {
    let (server, store, other) = (Server::start().await, Store::new(), Store::new());
    let (system, one, two) =
        (gzip(&tar(SYSTEM)), tar(&[("etc/one", b'0', "", b"1")]), tar(&[("etc/two", b'0', "", b"2")]));
    let first = publish(&server, "os", &[(&system, None), (&one, None)]);
    let pulled = store.get(&first).await.unwrap();
    assert!(store.get(&first).await.unwrap().already);
    assert_eq!(other.get(&first).await.unwrap().image.disk, pulled.image.disk);
    let asked = server.asked(&blob("os", &system)).len();
    publish(&server, "os", &[(&system, None), (&two, None)]);
    let second = store.get(&first).await.unwrap();
    assert_ne!(second.image.disk.blob, pulled.image.disk.blob);
    assert_eq!(server.asked(&blob("os", &system)).len(), asked, "the layer that both have");
    store.collect().await.unwrap();
    assert_eq!(server.asked(&blob("os", &system)).len(), asked);
    store.delete(&first).await.unwrap();
    store.collect().await.unwrap();
    store.assert_empty();
}

#[tokio::test]
async fn a_layer_packed_by_zstd_is_read_and_a_bomb_in_it_refused() {
    let mut limits = quick();
    limits.unpacked = 160 << 20;
    let (server, store) = (Server::start().await, Store::with(limits));
    let zstd = |content: &[u8]| ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest);
    let system = zstd(&tar(SYSTEM));
    let pulled = store.get(&publish(&server, "os", &[(&system, None)])).await.unwrap();
    assert!(matches!(pulled.image.boot, Boot::Kernel(_)));
    store.delete(&pulled.image.name).await.unwrap();
    // A block of one byte, again and again: 4 bytes that are 128 KiB each.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    (0..8000).for_each(|_| bomb.extend_from_slice(&[2, 0, 0x10, 0]));
    let mut header = tar(&[("etc/zeros", b'0', "", b"")])[..512].to_vec();
    header[124..135].copy_from_slice(b"07777777777");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    bomb.splice(0..0, zstd(&header));
    let error = store.get(&publish(&server, "os", &[(&system, None), (&bomb, None)])).await.unwrap_err();
    assert!(error.field() == Some("image") && error.message().contains("more than is taken"), "{error}");
    store.collect().await.unwrap();
    store.assert_empty();
}

#[tokio::test]
async fn what_cannot_be_a_root_file_system_is_refused_with_the_reason_and_leaves_nothing() {
    let mut limits = quick();
    limits.unpacked = 200 << 20;
    let (server, store) = (Server::start().await, Store::with(limits));
    let kernel: Entry<'_> = ("boot/vmlinuz", b'0', "", b"a kernel");
    let deep = format!("{}x", "d/".repeat(40));
    let cases: &[(Vec<Entry<'_>>, &str)] = &[
        (vec![("usr/bin/sh", b'0', "", b"x")], "lacks a kernel"),
        (vec![("boot/vmlinuz", b'2', "/boot/missing", b"")], "lacks a kernel"),
        (vec![kernel, ("a", b'1', "missing", b"")], "no file in it"),
        (vec![kernel, ("a", b'0', "", b"x"), ("a/b", b'0', "", b"x")], "no directory"),
        (vec![kernel, ("a", b'2', "b", b""), ("b", b'2', "a", b""), ("a/x", b'0', "", b"x")], "no directory"),
        (vec![kernel, ("a", b'S', "", b"x")], "not read"),
        (vec![kernel, ("a", b'2', "../../etc", b"")], "leads out of it"),
        (vec![kernel, ("../a", b'0', "", b"x")], "leads out of it"),
        (vec![kernel, ("boot/cmdline", b'0', "", b"quiet\ninit=/bin/sh")], "several lines"),
        (vec![kernel, (&deep, b'0', "", b"x"), ("boot/cmdline", b'0', "", &[0xff; 8])], "no text"),
    ];
    for (entries, word) in cases {
        let error = store.get(&publish(&server, "os", &[(&tar(entries), None)])).await.unwrap_err();
        assert!(error.field() == Some("image") && error.message().contains(word), "{word}: {error}");
        assert!(store.list().await.unwrap().is_empty());
        store.collect().await.unwrap();
        store.assert_empty();
    }
    let mut cut = tar(SYSTEM);
    cut.truncate(700);
    let error = store.get(&publish(&server, "os", &[(&cut, None)])).await.unwrap_err();
    assert!(error.message().contains("broken"), "{error}");
    let mut limits = quick();
    limits.disk = 1 << 20;
    let small = Store::with(limits);
    let error = small.get(&publish(&server, "os", &[(&tar(&[kernel]), None)])).await.unwrap_err();
    assert!(error.message().contains("would be a disk of"), "{error}");
    small.collect().await.unwrap();
    small.assert_empty();
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_begun_is_removed() {
    let (server, mut store) = (Server::start().await, Store::new());
    std::fs::create_dir(&store.root).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=48m", "cocoon-test"]).arg(&store.root);
    if !mount.output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no right to mount a tmpfs");
        return;
    }
    let _mounted = Mounted(store.root.clone());
    store.images = Images::new(&store.root).limits(quick());
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(30 << 20).collect();
    let image =
        publish(&server, "os", &[(&tar(&[("boot/vmlinuz-1", b'0', "", b"k"), ("noise", b'0', "", &noise)]), None)]);
    let error = store.get(&image).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExceeded, "{error}");
    let left = store.files();
    assert!(left.iter().all(|path| !path.starts_with(store.root.join("parts"))), "{left:?}");
    store.collect().await.unwrap();
    store.assert_empty();
}

/// Unmounted when it is dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
