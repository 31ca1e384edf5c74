//! What images are made of: disks, tars, and the layers of a small system. The tests of the crate `cocoon` use it too.
#![allow(dead_code, reason = "each test program uses a part")]

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// A raw disk with a partition for UEFI, of so many sectors, the last of which holds `mark`.
pub(crate) fn disk(sectors: usize, mark: u8) -> Vec<u8> {
    let mut disk: Vec<u8> = (0..sectors * 512).map(|at| (at / 512 % 251) as u8).collect();
    disk[440..512].fill(0);
    disk[450] = 0xef;
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    *disk.last_mut().unwrap() = mark;
    disk
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// An entry of a tar: path, kind, link, content.
pub(crate) type Entry<'a> = (&'a str, u8, &'a str, &'a [u8]);

/// A tar, as tools write it.
pub(crate) fn tar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, kind, link, content) in entries {
        let mut block = [0; 512];
        block[..path.len()].copy_from_slice(path.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = *kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&block);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// The files of a small system, with two kernels.
pub(crate) const SYSTEM: &[Entry<'_>] = &[
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

/// Holds a disk against `e2fsck`, where it is installed.
#[track_caller]
pub(crate) fn assert_sound(disk: &Path) {
    let program = ["/usr/sbin/e2fsck", "/sbin/e2fsck"].into_iter().find(|path| Path::new(path).exists());
    let Some(program) = program else {
        eprintln!("skipped: e2fsck is not installed (e2fsprogs)");
        return;
    };
    let output = Command::new(program).args(["-f", "-n"]).arg(disk).output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&words));
}
