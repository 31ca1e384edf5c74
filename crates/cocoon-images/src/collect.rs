//! Removing images, and what nobody uses.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cloud_types::{Error, Result};
use serde::Serialize;

use crate::catalogue::{Catalogue, listing};
use crate::digest::Digest;
use crate::lease::Lease;
use crate::record::ImageRecord;
use crate::store::{Images, Users};
use crate::system::{FileLock, blocking, crash, io_error};

/// A file that nobody uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Unused {
    /// The file.
    pub path: PathBuf,
    /// Bytes that it takes up on disk.
    pub bytes: u64,
}

/// An image that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deleted {
    /// Its names, none of which is there any more.
    pub names: Vec<String>,
    /// Its id.
    pub id: Digest,
    /// What was removed.
    pub removed: Vec<Unused>,
    /// Blobs of it that stay, since a VM or another image needs them.
    pub kept: Vec<Digest>,
}

impl Images {
    /// What [`collect`](Self::collect) would remove now.
    ///
    /// # Errors
    /// As [`collect`](Self::collect).
    pub async fn unused(&self) -> Result<Vec<Unused>> {
        if !self.begun() {
            return Ok(Vec::new());
        }
        self.exclusive(|catalogue, users| Survey::of(catalogue, users)?.all(catalogue)).await
    }

    /// Removes images that have no name any more, blobs that no image and no VM needs, and downloads that broke off. Safe
    /// beside commands that run: what they need is leased, and what they write is locked. Answers what was removed.
    ///
    /// # Errors
    /// `Conflict` where the store's lock is not free within its patience; else what the file system says.
    pub async fn collect(&self) -> Result<Vec<Unused>> {
        if !self.begun() {
            return Ok(Vec::new());
        }
        self.exclusive(|catalogue, users| {
            let unused = Survey::of(catalogue, users)?.all(catalogue)?;
            remove(&unused)?;
            Ok(unused)
        })
        .await
    }

    /// Deletes the image that `text` means, by one of its names or the beginning of its id; see [`find`](Self::find). A name
    /// takes away that name alone, and the image with its last one.
    ///
    /// VMs keep what they lie on.
    ///
    /// # Errors
    /// `NotFound` without such an image; `InvalidRequest` on field `image` where several are meant.
    pub async fn delete(&self, text: &str) -> Result<Deleted> {
        let found = self.find(text).await?;
        let by_id = found.id.hex().starts_with(&text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase());
        self.exclusive(move |catalogue, users| {
            let all = catalogue.names()?.into_iter().filter(|name| name.image == found.id);
            let (gone, left): (Vec<String>, Vec<String>) =
                all.map(|name| name.name).partition(|name| by_id || *name == found.name);
            // The names go first: what a crash leaves then is an image without one, which is found as unused.
            for name in &gone {
                remove_file(&catalogue.name_path(name))?;
                crash::point("delete: name removed");
            }
            let image = catalogue.image(&found.id)?.filter(|_| left.is_empty());
            let Some(image) = image else {
                return Ok(Deleted { names: gone, id: found.id, removed: Vec::new(), kept: Vec::new() });
            };
            remove_file(&catalogue.image_path(&image.id))?;
            crash::point("delete: record removed");
            let survey = Survey::of(catalogue, users)?;
            let kept = image.kept().filter(|blob| survey.used.contains(blob)).collect();
            let removed = survey.blobs(catalogue, Some(&image.kept().collect()))?;
            remove(&removed)?;
            Ok(Deleted { names: gone, id: found.id, removed, kept })
        })
        .await
    }

    /// Removes those of these blobs that nobody needs.
    pub(crate) async fn release(&self, blobs: HashSet<Digest>) -> Result<()> {
        if blobs.is_empty() {
            return Ok(());
        }
        self.exclusive(move |catalogue, users| remove(&Survey::of(catalogue, users)?.blobs(catalogue, Some(&blobs))?))
            .await
    }

    /// Whether anything was ever pulled here; to look makes nothing.
    fn begun(&self) -> bool {
        self.catalogue.0.lock().exists()
    }

    /// Looks and removes while nobody can come to need what was unused.
    async fn exclusive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalogue, &Users) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.prepare().await?;
        let alone = FileLock::exclusive(&self.catalogue.0.lock(), self.patience, "collecting images").await?;
        let (catalogue, users) = (self.catalogue.clone(), self.users.clone());
        blocking(move || {
            let _alone = alone;
            work(&catalogue, &users)
        })
        .await
    }
}

/// What is needed, and by whom it is not.
struct Survey {
    used: HashSet<Digest>,
    dead_leases: Vec<PathBuf>,
    nameless: Vec<ImageRecord>,
}

impl Survey {
    fn of(catalogue: &Catalogue, users: &Users) -> Result<Self> {
        // Leases first: who gives one up has written down by then what he needs, and that is read afterwards.
        let leases = Lease::survey(&catalogue.0).map_err(|error| listing(&catalogue.0.leases(), error))?;
        let (mut used, dead_leases) = leases;
        // Whatever a VM's file is called like is kept, wherever it is said to be.
        let files = users.0()?.into_iter();
        used.extend(files.filter_map(|file| Digest::parse(file.file_name()?.to_str()?).ok()));
        let named: HashSet<Digest> = catalogue.names()?.into_iter().map(|name| name.image).collect();
        let (live, nameless): (Vec<_>, Vec<_>) =
            catalogue.images()?.into_iter().partition(|image| named.contains(&image.id));
        used.extend(live.iter().flat_map(ImageRecord::kept));
        Ok(Self { used, dead_leases, nameless })
    }

    /// All that is unused, in the order in which it is to be removed: nothing is named that is gone.
    fn all(&self, catalogue: &Catalogue) -> Result<Vec<Unused>> {
        let mut paths = self.dead_leases.clone();
        paths.extend(self.nameless.iter().map(|image| catalogue.image_path(&image.id)));
        let mut unused = paths.into_iter().map(Unused::of).collect::<Result<Vec<_>>>()?;
        unused.extend(self.blobs(catalogue, None)?);
        for directory in [catalogue.0.names(), catalogue.0.records(), catalogue.0.layers()] {
            // Whoever writes a record holds the lock that we hold now.
            let halves = files(&directory)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "new"));
            unused.extend(halves.map(Unused::of).collect::<Result<Vec<_>>>()?);
        }
        unused.extend(self.parts(catalogue)?);
        Ok(unused)
    }

    /// Blobs that nobody needs, `among` these, and the records of layers that are not whole without them.
    fn blobs(&self, catalogue: &Catalogue, among: Option<&HashSet<Digest>>) -> Result<Vec<Unused>> {
        let (mut unused, mut gone) = (Vec::new(), HashSet::new());
        for path in files(&catalogue.0.blobs())? {
            let digest = path.file_name().and_then(|name| Digest::parse(name.to_str()?).ok());
            let free =
                digest.filter(|blob| !self.used.contains(blob) && among.is_none_or(|among| among.contains(blob)));
            if let Some(digest) = free {
                gone.insert(digest);
                unused.push(Unused::of(path)?);
            }
        }
        for path in files(&catalogue.0.layers())? {
            let Some(digest) = path.file_stem().and_then(|name| Digest::parse(name.to_str()?).ok()) else { continue };
            let Some(layer) = catalogue.layer(&digest)? else { continue };
            let broken = |blob: &Digest| gone.contains(blob) || !catalogue.0.blob(blob).exists();
            let whole = layer.root && !broken(&digest);
            let empty = layer.files.is_empty() && !whole && among.is_none_or(|among| among.contains(&digest));
            if empty || layer.files.iter().any(|file| broken(&file.blob)) {
                // Before its blobs: a record tells that they are there.
                unused.insert(0, Unused::of(path)?);
            }
        }
        Ok(unused)
    }

    /// Files on their way in that nobody writes any more, whatever their age.
    fn parts(&self, catalogue: &Catalogue) -> Result<Vec<Unused>> {
        let mut unused = Vec::new();
        for path in files(&catalogue.0.parts())? {
            // A note of a download is its part's.
            let part = path.with_extension("");
            let free = match FileLock::try_exclusive(&part) {
                Ok(lock) => lock.is_some(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => true,
                Err(error) => return Err(io_error(format_args!("locking {}", part.display()), error)),
            };
            if free {
                unused.push(Unused::of(path)?);
            }
        }
        unused.sort();
        Ok(unused)
    }
}

impl Unused {
    fn of(path: PathBuf) -> Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let bytes = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            metadata => {
                metadata.map_err(|error| io_error(format_args!("looking at {}", path.display()), error))?.blocks() * 512
            }
        };
        Ok(Self { path, bytes })
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(|error| listing(directory, error))?;
    entries.map(|entry| Ok::<_, Error>(entry.map_err(|error| listing(directory, error))?.path())).collect()
}

fn remove(unused: &[Unused]) -> Result<()> {
    unused.iter().try_for_each(|unused| {
        crash::point("collect: about to remove");
        remove_file(&unused.path)
    })
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error(format_args!("removing {}", path.display()), error))
        }
        _ => Ok(()),
    }
}
