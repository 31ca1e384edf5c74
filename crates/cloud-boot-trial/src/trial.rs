//! What all scenarios share: the image, the bundle, and the folder that everything is written to.

use std::fs;
use std::path::PathBuf;

use cloud_bootstrap::Sha256;

use crate::image::{Image, empty_disk};
use crate::{Result, bundle};

/// The folder goes with this value, unless it is to be kept.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) image: Image,
    pub(crate) bundle: Vec<u8>,
    folder: PathBuf,
    keep: bool,
}

impl Trial {
    pub(crate) fn new(image: Image, keep: bool) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("cloud-boot-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut trial = Self { image, bundle: Vec::new(), folder, keep };
        trial.bundle = bundle::make(&trial.folder)?;
        Ok(trial)
    }

    /// The bundle's checksum.
    pub(crate) fn bundle_sum(&self) -> Sha256 {
        Sha256::of(&self.bundle)
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new data disk, with nothing on it.
    pub(crate) fn data_disk(&self, name: &str) -> Result<PathBuf> {
        let disk = self.path(name);
        empty_disk(&disk, DATA_BYTES)?;
        Ok(disk)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("boot: disks and consoles are in {}", self.folder.display());
        } else if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("boot: {} stays: {error}", self.folder.display());
        }
    }
}

const DATA_BYTES: u64 = 1 << 30;
