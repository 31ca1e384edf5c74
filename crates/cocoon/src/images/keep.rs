//! Keeping as an image what was made on this box: the disk of a host, as a snapshot of it.

use std::fs::File;
use std::path::PathBuf;

use cloud_types::{GiB, Name, Owner, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::kind::DiskKind;
use super::layer::copy;
use super::lease::Lease;
use super::part::Part;
use super::pull::{boot, disk};
use super::record::{Boot, ImageKernel, ImageRecord, NameRecord, Verified};
use super::store::Images;
use crate::blocking::blocking;
use crate::error;
use crate::state::{Version, VmId};

/// Whose snapshot an image is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotNote {
    pub(crate) id: VmId,
    pub(crate) owner: Owner,
    /// Unique among the owner's.
    pub(crate) name: Name,
    /// The host that it was taken of.
    pub(crate) host: String,
    pub(crate) ssh_user: String,
    /// The disk's size.
    pub(crate) size: GiB,
}

/// What is to be kept: files that nobody changes meanwhile.
#[derive(Debug)]
pub(crate) struct Made {
    /// What the image is called.
    pub(crate) name: String,
    pub(crate) note: SnapshotNote,
    /// A disk that lies on no other.
    pub(crate) disk: PathBuf,
    /// The kernel that the VM boots, its initial file system, and its command line.
    pub(crate) kernel: Option<(PathBuf, Option<PathBuf>, String)>,
}

/// A snapshot that is here.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) note: SnapshotNote,
    pub(crate) taken_at: Timestamp,
    pub(crate) name: String,
    pub(crate) image: ImageRecord,
}

impl Images {
    /// Keeps a disk under a name. Answers whether that was free; one that is taken stays as it is.
    pub(crate) async fn keep(&self, made: Made) -> Result<bool> {
        self.prepare().await?;
        let lease = Lease::new(&self.catalogue.0, self.patience).await?;
        let mut files = vec![made.disk];
        let kernel = made.kernel.map(|(kernel, initrd, command_line)| {
            files.push(kernel);
            let has_initrd = initrd.is_some();
            files.extend(initrd);
            (has_initrd, command_line)
        });
        let parts = self.catalogue.0.parts();
        let read = blocking(move || {
            let mut taken = files.iter().map(|file| take(&parts, file)).collect::<Result<Vec<_>>>()?;
            let kind = DiskKind::of(&taken[0].reader()?, u64::MAX)?;
            Ok::<_, cloud_types::Error>((taken, kind))
        });
        let (mut taken, kind) = read.await?;
        let digests: Vec<Digest> = taken.iter().map(Part::digest).collect();
        lease.protect(digests.iter().copied()).await?;
        let targets: Vec<PathBuf> = digests.iter().map(|digest| self.blob(digest)).collect();
        let published = blocking(move || {
            taken.iter_mut().zip(&targets).try_for_each(|(part, target)| part.publish(target)).map(|()| taken)
        });
        let _taken = published.await?;
        let image = ImageRecord {
            version: Version,
            id: identity(&digests, kernel.as_ref().map_or("", |(_, command_line)| command_line)),
            disk: disk(digests[0], &kind),
            boot: match kernel {
                Some((has_initrd, command_line)) => Boot::Kernel(ImageKernel {
                    kernel: digests[1],
                    initrd: has_initrd.then(|| digests[2]),
                    command_line,
                }),
                None => boot(kind.firmware),
            },
            layers: Vec::new(),
            made: false,
            created_at: Timestamp::now(),
        };
        let name = NameRecord {
            version: Version,
            name: made.name,
            image: image.id,
            verified: Verified::Nothing,
            pulled_at: image.created_at,
            snapshot: Some(made.note),
        };
        self.write(move |catalogue| {
            catalogue.write_image(&image)?;
            catalogue.claim_name(&name)
        })
        .await
    }

    /// All snapshots, whoever's.
    pub(crate) async fn snapshots(&self) -> Result<Vec<Kept>> {
        let catalogue = self.catalogue.clone();
        blocking(move || {
            let mut kept = Vec::new();
            for NameRecord { name, image, pulled_at, snapshot, .. } in catalogue.names()? {
                let Some(note) = snapshot else { continue };
                // One without an image is being deleted.
                kept.extend(catalogue.image(&image)?.map(|image| Kept { note, taken_at: pulled_at, name, image }));
            }
            Ok(kept)
        })
        .await
    }
}

/// An image of one file is known by that one; with a kernel it is another than without.
fn identity(digests: &[Digest], command_line: &str) -> Digest {
    match digests {
        [disk] => *disk,
        several => Digest::of(format!("{several:?} {command_line}").as_bytes()),
    }
}

/// Copies a file on its way into the store.
fn take(parts: &std::path::Path, file: &std::path::Path) -> Result<Part> {
    let mut reader = File::open(file).map_err(|error| error::io(format_args!("opening {}", file.display()), error))?;
    let mut part = Part::temporary(parts, u64::MAX)?;
    copy(&mut reader, &mut part)?;
    Ok(part)
}
