//! Images that disks begin as: what a file is, and whether it may be used.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};

use crate::error;
use crate::state::DiskFormat;

/// An image that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its file, without links in the path.
    pub(crate) file: PathBuf,
    pub(crate) format: DiskFormat,
    /// The size of a disk that begins as this image, in bytes.
    pub(crate) size: u64,
}

impl Image {
    /// Looks at a file.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where it is missing, no file, or a qcow2 that leads to other files: the guest
    /// would read those of this box through it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let doing = |error| error::io(format_args!("opening the image {}", path.display()), error);
        let refused = |reason: String| Err(Error::invalid("image", format!("{}: {reason}", path.display())));
        let file = match path.canonicalize() {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return refused("there is no such file".to_owned());
            }
            Err(error) => return Err(doing(error)),
        };
        let metadata = file.metadata().map_err(doing)?;
        if !metadata.is_file() {
            let kind = if metadata.file_type().is_block_device() { "a block device" } else { "no file" };
            return refused(format!("it is {kind}; an image is a raw or qcow2 file"));
        }
        let mut head = Vec::new();
        File::open(&file).map_err(doing)?.take(HEAD).read_to_end(&mut head).map_err(doing)?;
        match Qcow2::read(&head) {
            None => Ok(Self { file, format: DiskFormat::Raw, size: metadata.len() }),
            Some(Ok(header)) => Ok(Self { file, format: DiskFormat::Qcow2, size: header.size }),
            Some(Err(reason)) => refused(reason.to_owned()),
        }
    }
}

/// What is read of a file to tell what it is.
const HEAD: u64 = 104;

/// The header of a qcow2: <https://www.qemu.org/docs/master/interop/qcow2.html>.
struct Qcow2 {
    size: u64,
}

impl Qcow2 {
    /// Reads a file's beginning; `None` where it is no qcow2.
    fn read(head: &[u8]) -> Option<Result<Self, &'static str>> {
        head.starts_with(b"QFI\xfb").then(|| Self::judge(head))
    }

    fn judge(head: &[u8]) -> Result<Self, &'static str> {
        let cut = "its header is cut off";
        let short = |at: usize| Ok(u32::from_be_bytes(*head[at..].first_chunk().ok_or(cut)?));
        let long = |at: usize| Ok(u64::from_be_bytes(*head[at..].first_chunk().ok_or(cut)?));
        if head.len() < 72 {
            return Err(cut);
        }
        let version = short(4)?;
        if !(2..=3).contains(&version) {
            return Err("it is a qcow2 of a version other than 2 and 3");
        }
        if long(8)? != 0 {
            return Err("it has a backing file: flatten it with `qemu-img convert -O qcow2`");
        }
        if !(9..=21).contains(&short(20)?) {
            return Err("its clusters have an absurd size");
        }
        let size = long(24)?;
        if size == 0 || size > LARGEST {
            return Err("its size is 0 or over 64 TiB");
        }
        if short(32)? != 0 {
            return Err("it is encrypted");
        }
        if version == 3 {
            if head.len() < 104 {
                return Err(cut);
            }
            let incompatible = long(72)?;
            if incompatible & EXTERNAL_DATA != 0 {
                return Err("its data is in another file: flatten it with `qemu-img convert -O qcow2`");
            }
            if incompatible & CORRUPT != 0 {
                return Err("it is marked as corrupt: `qemu-img check -r all` may mend it");
            }
        }
        Ok(Self { size })
    }
}

const LARGEST: u64 = 64 << 40;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a sound qcow2 of 1 GiB, with one field set to another value.
    fn header(at: usize, field: &[u8]) -> Vec<u8> {
        let mut head = vec![0; 104];
        head[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
        head[20..24].copy_from_slice(&16_u32.to_be_bytes());
        head[24..32].copy_from_slice(&(1_u64 << 30).to_be_bytes());
        head[at..at + field.len()].copy_from_slice(field);
        head
    }

    fn judged(head: &[u8]) -> Result<u64, &'static str> {
        Qcow2::read(head).expect("it begins like a qcow2").map(|header| header.size)
    }

    #[test]
    fn the_size_of_a_sound_qcow2_is_read() {
        assert_eq!(judged(&header(0, b"QFI\xfb")), Ok(1 << 30));
        assert!(Qcow2::read(b"\x7fELF").is_none());
    }

    #[test]
    fn a_qcow2_that_leads_elsewhere_or_is_absurd_is_refused_with_the_reason() {
        for (at, field, word) in [
            (8, 512_u64.to_be_bytes().to_vec(), "backing"),
            (72, EXTERNAL_DATA.to_be_bytes().to_vec(), "another file"),
            (72, CORRUPT.to_be_bytes().to_vec(), "corrupt"),
            (4, 9_u32.to_be_bytes().to_vec(), "version"),
            (20, 40_u32.to_be_bytes().to_vec(), "clusters"),
            (24, u64::MAX.to_be_bytes().to_vec(), "size"),
            (32, 1_u32.to_be_bytes().to_vec(), "encrypted"),
        ] {
            let reason = judged(&header(at, &field)).unwrap_err();
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_header_that_is_cut_anywhere_is_refused_and_never_panics() {
        let whole = header(0, b"QFI\xfb");
        for length in 4..whole.len() {
            judged(&whole[..length]).unwrap_err();
        }
    }
}
