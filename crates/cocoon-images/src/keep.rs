//! Keeping as an image what was made on this box: the disk of a host, as a snapshot of it.

use std::fs::File;
use std::path::PathBuf;

use cloud_types::{GiB, Name, Owner, Result, SnapshotId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::kernel::DirectKernel;
use crate::kind::DiskKind;
use crate::layer::copy;
use crate::lease::Lease;
use crate::part::Part;
use crate::pull::{boot, disk};
use crate::record::{Boot, ImageKernel, ImageRecord, NameRecord, Verified};
use crate::store::{Images, StoredImage};
use crate::system::{Version, blocking, io_error};

/// Whose snapshot an image is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotNote {
    /// What tells it from all others.
    pub id: SnapshotId,
    /// Whose it is.
    pub owner: Owner,
    /// Its name, unique among the owner's.
    pub name: Name,
    /// The host that it was taken of, as its provider knows it.
    pub host: String,
    /// The user that it lets in by SSH.
    pub ssh_user: String,
    /// The disk's size.
    pub size: GiB,
}

/// What is to be kept: files that nobody changes meanwhile.
#[derive(Debug)]
pub struct NewSnapshot {
    /// What the image is called.
    pub name: String,
    /// Whose it is.
    pub note: SnapshotNote,
    /// A disk that lies on no other.
    pub disk: PathBuf,
    /// The kernel that the VM boots, where it boots one.
    pub kernel: Option<DirectKernel>,
}

/// A snapshot that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// Whose it is.
    pub note: SnapshotNote,
    /// The image; it was taken when that was stored.
    pub image: StoredImage,
}

impl Images {
    /// Keeps a disk under a name, as a copy. Answers whether the name was free; one that is taken stays as it is.
    ///
    /// # Errors
    /// What the file system says; `Conflict` where the store's lock is not free in time.
    pub async fn keep(&self, made: NewSnapshot) -> Result<bool> {
        self.prepare().await?;
        let lease = Lease::new(&self.catalogue.0, self.patience).await?;
        let mut files = vec![made.disk];
        let kernel = made.kernel.map(|DirectKernel { kernel, initrd, command_line }| {
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
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn snapshots(&self) -> Result<Vec<StoredSnapshot>> {
        let catalogue = self.catalogue.clone();
        blocking(move || {
            let mut found = Vec::new();
            for mut name in catalogue.names()? {
                let Some(note) = name.snapshot.take() else { continue };
                // One without an image is being deleted.
                let image = catalogue.image(&name.image)?.map(|image| StoredImage::new(name, &image));
                found.extend(image.map(|image| StoredSnapshot { note, image }));
            }
            Ok(found)
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
    let mut reader = File::open(file).map_err(|error| io_error(format_args!("opening {}", file.display()), error))?;
    let mut part = Part::temporary(parts, u64::MAX)?;
    copy(&mut reader, &mut part)?;
    Ok(part)
}
