//! What a file is that is to be a disk: its format, its size, and who boots it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use cloud_types::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::partition::{self, Firmware};
use crate::qcow2::{HEAD, Qcow2};
use crate::system::io_error;

/// How a disk's file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiskFormat {
    /// Byte for byte.
    Raw,
    /// QEMU's format, which grows with what is written.
    Qcow2,
}

impl DiskFormat {
    /// Its name in QEMU's words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// What a disk's file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DiskKind {
    pub(crate) format: DiskFormat,
    /// Bytes of the disk.
    pub(crate) size: u64,
    /// Bytes of the file.
    pub(crate) stored: u64,
    pub(crate) firmware: Firmware,
}

impl DiskKind {
    /// Looks at a file, of which only the first bytes are read. The disk may have at most `most` bytes.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` for what is no disk, leads to other files, or is absurd.
    pub(crate) fn of(file: &File, most: u64) -> Result<Self> {
        let failed = |error| io_error("looking at an image", error);
        let stored = file.metadata().map_err(failed)?.len();
        let mut head = Vec::new();
        // At the beginning, wherever the file was read last.
        ReadAt { file, at: 0 }.take(HEAD as u64).read_to_end(&mut head).map_err(failed)?;
        if Qcow2::begins(&head) {
            let header = Qcow2::read(&head, stored, most).map_err(refused)?;
            let read = header.beginning(partition::TABLES, |at, buffer| file.read_exact_at(buffer, at));
            let firmware = match read {
                Ok(Some(disk)) => partition::firmware(&disk),
                // Kept in a way that is not read here; what is published as a qcow2 is for UEFI with few exceptions.
                Ok(None) => Firmware::Uefi,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(refused("leads to clusters that are not within the file"));
                }
                Err(error) => return Err(failed(error)),
            };
            return Ok(Self { format: DiskFormat::Qcow2, size: header.size, stored, firmware });
        }
        if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(refused(what));
        }
        if stored == 0 || stored > most {
            return Err(refused("is empty, or larger than is taken"));
        }
        if !stored.is_multiple_of(512) {
            return Err(refused("is neither a qcow2 nor whole sectors, as a raw disk is"));
        }
        Ok(Self { format: DiskFormat::Raw, size: stored, stored, firmware: partition::firmware(&head) })
    }
}

fn refused(reason: &str) -> Error {
    Error::invalid("image", reason.to_owned())
}

/// What others files begin with, and what to do about them.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"KDMV", "is a VMDK: convert it with `qemu-img convert -O qcow2`"),
    (b"# Disk DescriptorFile", "is a VMDK that leads to other files: convert it with `qemu-img convert -O qcow2`"),
    (b"vhdxfile", "is a VHDX: convert it with `qemu-img convert -O qcow2`"),
    (b"conectix", "is a VHD: convert it with `qemu-img convert -O qcow2`"),
    (b"\xfd7zXZ\0", "is compressed by xz: unpack it with `xz -d`"),
    (b"BZh", "is compressed by bzip2: unpack it with `bzip2 -d`"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd twice: unpack it with `zstd -d`"),
    (b"PK\x03\x04", "is a ZIP: unpack it"),
    (b"<!DOCTYPE", "is a web page: give the address of the image itself"),
    (b"<!doctype", "is a web page: give the address of the image itself"),
    (b"<html", "is a web page: give the address of the image itself"),
];

struct ReadAt<'a> {
    file: &'a File,
    at: u64,
}

impl Read for ReadAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(buffer, self.at)?;
        self.at += got as u64;
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(content: &[u8]) -> Result<DiskKind> {
        let path = std::env::temp_dir().join(format!("cocoon-kind-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, content).unwrap();
        let kind = DiskKind::of(&File::open(&path).unwrap(), 1 << 40);
        std::fs::remove_file(path).unwrap();
        kind
    }

    #[test]
    fn a_raw_disk_is_whole_sectors() {
        assert_eq!(judged(&[1; 1024]).unwrap().size, 1024);
        for wrong in [&[][..], &[1; 1000]] {
            assert_eq!(judged(wrong).unwrap_err().field(), Some("image"));
        }
    }

    #[test]
    fn what_is_another_kind_of_file_is_named() {
        for (magic, what) in FOREIGN {
            assert_eq!(judged(&[magic, &[0; 512][..]].concat()).unwrap_err().message(), *what);
        }
    }
}
