//! Files of this box that disks begin as: what one is, and whether it may be used.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};

use crate::kind::{DiskFormat, DiskKind};
use crate::partition::Firmware;
use crate::system::{blocking, io_error};

/// A file that a disk may begin as.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageFile {
    /// Its file, without links in the path.
    pub file: PathBuf,
    /// How it is to be read.
    pub format: DiskFormat,
    /// The size of a disk that begins as this image, in bytes.
    pub size: u64,
    /// Who boots such a disk.
    pub firmware: Firmware,
}

impl ImageFile {
    /// Looks at a file, on a thread that may block.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn find(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        blocking(move || Self::open(&path)).await
    }

    /// Looks at a file.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where it is missing, no file, or a qcow2 that leads to other files: the guest
    /// would read those of this box through it.
    pub fn open(path: &Path) -> Result<Self> {
        let doing = |error| io_error(format_args!("opening the image {}", path.display()), error);
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
        let kind = DiskKind::of(&File::open(&file).map_err(doing)?, LARGEST);
        let kind = match kind {
            Err(error) if error.field().is_some() => return refused(format!("it {}", error.message())),
            kind => kind?,
        };
        Ok(Self { file, format: kind.format, size: kind.size, firmware: kind.firmware })
    }
}

/// What QEMU takes.
const LARGEST: u64 = 64 << 40;
