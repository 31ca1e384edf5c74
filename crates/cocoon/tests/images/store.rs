//! A store of images in a directory of its own, and what images are made of.

use std::io::Write;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud_types::Error;
use cocoon::{ImageLimits, Images, Pull, Pulled};

/// Removed when it is dropped.
pub(crate) struct Store {
    pub(crate) root: PathBuf,
    pub(crate) images: Images,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self::with(quick())
    }

    pub(crate) fn with(limits: ImageLimits) -> Self {
        let root = std::env::temp_dir().join(format!("cocoon-images-{:016x}", fastrand::u64(..)));
        Self { images: Images::new(&root).limits(limits), root }
    }

    pub(crate) async fn get(&self, image: &str) -> Result<Pulled, Error> {
        self.images.pull(&Pull::new(image)).await
    }

    /// All files but the lock, which is there for good.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.root, &mut found);
        found.retain(|path| path.file_name().unwrap() != "lock");
        found
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.files(), Vec::<PathBuf>::new());
    }
}

impl Deref for Store {
    type Target = Images;

    fn deref(&self) -> &Images {
        &self.images
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => walk(&path, found),
            path => found.push(path),
        }
    }
}

/// Limits with which no test waits.
pub(crate) fn quick() -> ImageLimits {
    let mut limits = ImageLimits::default();
    limits.pause = Duration::ZERO;
    limits.deadline = Duration::from_secs(60);
    limits.silence = Duration::from_secs(20);
    limits
}

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
