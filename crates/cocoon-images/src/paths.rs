//! Where everything of the images is on disk.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// The paths below the images' directory.
#[derive(Debug, Clone)]
pub(crate) struct Paths(PathBuf);

impl Paths {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self(root)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// Held beside others by who takes a lease; alone by who removes blobs.
    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs/sha256")
    }

    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    pub(crate) fn parts(&self) -> PathBuf {
        self.0.join("parts")
    }

    pub(crate) fn layers(&self) -> PathBuf {
        self.0.join("layers")
    }

    pub(crate) fn records(&self) -> PathBuf {
        self.0.join("records")
    }

    pub(crate) fn names(&self) -> PathBuf {
        self.0.join("names")
    }

    pub(crate) fn leases(&self) -> PathBuf {
        self.0.join("leases")
    }

    /// Makes the directories that are missing, for this user alone.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        for directory in [self.blobs(), self.parts(), self.layers(), self.records(), self.names(), self.leases()] {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        File::options().append(true).create(true).open(self.lock()).map(drop)
    }
}
