//! What is written down of images: what one is, what it is called, and what a layer held.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::keep::SnapshotNote;
use crate::kind::DiskFormat;
use crate::system::Version;

/// What an image is: `records/HEX.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImageRecord {
    pub(crate) version: Version,
    pub(crate) id: Digest,
    pub(crate) disk: ImageDisk,
    pub(crate) boot: Boot,
    /// The layers it came in, none where it came as one file.
    pub(crate) layers: Vec<Digest>,
    /// Whether the disk was made of the layers, which are blobs themselves then: other images have some of them too.
    #[serde(default)]
    pub(crate) made: bool,
    pub(crate) created_at: Timestamp,
}

impl ImageRecord {
    /// The blobs that a VM of it needs.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = Digest> + '_ {
        let kernel = match &self.boot {
            Boot::Kernel(kernel) => Some(kernel),
            _ => None,
        };
        let of_kernel = kernel.into_iter().flat_map(|kernel| [Some(kernel.kernel), kernel.initrd]).flatten();
        std::iter::once(self.disk.blob).chain(of_kernel)
    }

    /// The blobs that stay for as long as the image does.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Digest> + '_ {
        self.blobs().chain(self.layers.iter().copied().filter(|_| self.made))
    }
}

/// The disk that a VM's system disk begins as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageDisk {
    /// Its content.
    pub blob: Digest,
    /// How it is to be read.
    pub format: DiskFormat,
    /// Bytes of the disk as a VM sees it.
    pub size: u64,
    /// Bytes of the file.
    pub stored: u64,
}

/// How an image is booted, as its own content tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Boot {
    /// By UEFI firmware: the disk has an EFI system partition.
    Uefi,
    /// By a PC's old firmware: the disk has partitions, and none of them is for UEFI.
    Bios,
    /// By a kernel that came with it.
    Kernel(ImageKernel),
    /// Nothing on it boots: it wants a kernel from elsewhere.
    Nothing,
}

impl fmt::Display for Boot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uefi => "UEFI",
            Self::Bios => "BIOS",
            Self::Kernel(_) => "kernel",
            Self::Nothing => "nothing",
        })
    }
}

/// A kernel that came with an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageKernel {
    /// The kernel.
    pub kernel: Digest,
    /// Its initial file system.
    pub initrd: Option<Digest>,
    /// Its command line.
    pub command_line: String,
}

/// What an image is called, and how it got here: `names/HASH.json`. A pull of the same name replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NameRecord {
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) image: Digest,
    pub(crate) verified: Verified,
    pub(crate) pulled_at: Timestamp,
    /// Whose snapshot it is, where it is one and was not pulled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<SnapshotNote>,
}

/// What says that an image is the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verified {
    /// The digest that the caller gave.
    Given {
        /// The digest.
        digest: Digest,
    },
    /// A file of checksums beside the image.
    ChecksumFile {
        /// Where it is.
        url: String,
        /// What it says of the image.
        checksum: String,
    },
    /// The registry's manifest, which names each layer by its digest.
    Manifest {
        /// The manifest's digest.
        digest: Digest,
    },
    /// Nothing: it is what the server sent, or what the file held.
    Nothing,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given { .. } => f.write_str("digest given"),
            Self::ChecksumFile { url, .. } => f.write_str(url.rsplit('/').next().unwrap_or(url)),
            Self::Manifest { .. } => f.write_str("manifest"),
            Self::Nothing => f.write_str("NOTHING"),
        }
    }
}

/// The files that were taken from a layer, so that it need not be pulled again: `layers/HEX.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    pub(crate) version: Version,
    pub(crate) files: Vec<LayerFile>,
    /// Whether it may be one of a root file system.
    #[serde(default)]
    pub(crate) root: bool,
    /// Why it may not be one of an image that has a disk.
    #[serde(default)]
    pub(crate) objection: Option<String>,
}

/// A file of a layer that a VM can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerFile {
    pub(crate) path: String,
    pub(crate) blob: Digest,
}
