//! The store of images: its one entry, and finding what is in it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::digest::Digest;
use crate::lease::Lease;
use crate::limits::ImageLimits;
use crate::paths::Paths;
use crate::progress::{PullProgress, Reporter};
use crate::record::{Boot, ImageDisk, ImageRecord, NameRecord, Verified};
use crate::source::Source;
use crate::system::{FileLock, blocking, io_error};

/// The images of one installation. Clones mean the same.
///
/// Any number of pulls, lists, deletes and collections may go on at once, in one process or in many.
#[derive(Debug, Clone)]
pub struct Images {
    pub(crate) catalogue: Catalogue,
    pub(crate) limits: ImageLimits,
    pub(crate) patience: Duration,
    pub(crate) reporter: Reporter,
    pub(crate) users: Users,
    pub(crate) docker_config: Option<PathBuf>,
}

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoredImage {
    /// What it is called: an address, a file's path, or a name in a registry. An image may have several names.
    pub name: String,
    /// By what it is known for good: its disk's digest, or its manifest's where it came from a registry.
    pub id: Digest,
    /// The disk.
    pub disk: ImageDisk,
    /// How it is booted.
    pub boot: Boot,
    /// What says that it is what was meant.
    pub verified: Verified,
    /// When it was last pulled by this name.
    pub pulled_at: Timestamp,
}

impl Images {
    /// The images below this directory, with nobody who uses them so far. Nothing is made before it is needed.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            catalogue: Catalogue(Paths::new(directory.into())),
            limits: ImageLimits::default(),
            patience: Duration::from_secs(60),
            reporter: Reporter::default(),
            users: Users::default(),
            docker_config: None,
        }
    }

    /// Bounds of what is taken from others.
    #[must_use]
    pub fn limits(mut self, limits: ImageLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How long the store's lock is waited for; a minute unless it is set. It is never held while something is pulled.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Who is told of a pull while it goes on.
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(&PullProgress) + Send + Sync + 'static) -> Self {
        self.reporter = Reporter::new(listener);
        self
    }

    /// Who tells the files on which disks lie: blobs among them are never removed.
    #[must_use]
    pub fn used_by(mut self, users: impl Fn() -> Result<Vec<PathBuf>> + Send + Sync + 'static) -> Self {
        self.users = Users(Arc::new(users));
        self
    }

    /// Docker's configuration, `config.json`, in which it is noted who is who to a registry, or which program knows it. Without
    /// it, and without a [`Login`](crate::Login), only what is public is pulled.
    #[must_use]
    pub fn docker_config(mut self, file: impl Into<PathBuf>) -> Self {
        self.docker_config = Some(file.into());
        self
    }

    /// All images, by name; one with several names is told as often.
    ///
    /// # Errors
    /// `PermissionDenied` where the directory is another user's; `Unexpected` where a record cannot be read.
    pub async fn list(&self) -> Result<Vec<StoredImage>> {
        let catalogue = self.catalogue.clone();
        blocking(move || {
            let names = catalogue.names()?.into_iter();
            let images =
                names.map(|name| Ok(catalogue.image(&name.image)?.map(|image| StoredImage::new(name, &image))));
            images.filter_map(Result::transpose).collect()
        })
        .await
    }

    /// The image that `text` means: a name as it was pulled or as it is listed, or the beginning of an id, of 4 digits and
    /// more.
    ///
    /// # Errors
    /// `NotFound` without such an image; `InvalidRequest` on field `image` where several are meant.
    pub async fn find(&self, text: &str) -> Result<StoredImage> {
        let mut images = self.list().await?;
        let whole = Source::parse(text).map(|source| source.name()).ok();
        if let Some(at) = images.iter().position(|image| image.name == text || Some(&image.name) == whole.as_ref()) {
            return Ok(images.swap_remove(at));
        }
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let begins = digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        images.retain(|image| begins && image.id.hex().starts_with(&digits.to_ascii_lowercase()));
        if images.iter().any(|image| image.id != images[0].id) {
            return Err(Error::invalid("image", format!("{text:?} is the beginning of several ids: give more digits")));
        }
        let missing =
            || Error::new(ErrorKind::NotFound, format!("there is no image {text:?} here: `cocoon pull` gets it"));
        images.into_iter().next().ok_or_else(missing)
    }

    /// The file of a blob, which must not be changed.
    #[must_use]
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.catalogue.0.blob(digest)
    }

    /// Finds an image, as [`find`](Self::find) does, and keeps its blobs from being removed until the lease is dropped: by then
    /// there has to be a record of who uses them, which [`used_by`](Self::used_by) tells.
    ///
    /// # Errors
    /// As [`find`](Self::find); `Conflict` where the store's lock is not free in time.
    pub async fn hold(&self, text: &str) -> Result<(StoredImage, Lease)> {
        let found = self.find(text).await?;
        let lease = Lease::new(&self.catalogue.0, self.patience).await?;
        let catalogue = self.catalogue.clone();
        let record = blocking(move || catalogue.image(&found.id)).await?;
        // A delete may have been quicker.
        let missing = || Error::new(ErrorKind::NotFound, format!("the image {text:?} was deleted in this moment"));
        let record = record.ok_or_else(missing)?;
        lease.protect(record.blobs()).await?;
        if !record.blobs().all(|blob| self.blob(&blob).exists()) {
            return Err(missing());
        }
        let image = StoredImage { disk: record.disk, boot: record.boot, ..found };
        Ok((image, lease))
    }

    /// Makes the directories that are missing.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let paths = self.catalogue.0.clone();
        blocking(move || {
            let advice = "give `--root-dir` a directory of your own, or run as root";
            let doing = format!("making {} ({advice})", paths.root().display());
            paths.prepare().map_err(|error| io_error(doing, error))
        })
        .await
    }

    /// Writes records while nobody removes.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Catalogue) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let beside = FileLock::shared(&self.catalogue.0.lock(), self.patience).await?;
        let catalogue = self.catalogue.clone();
        blocking(move || {
            let _beside = beside;
            work(&catalogue)
        })
        .await
    }

    /// The image's record, where all of its blobs are there and stay.
    pub(crate) async fn complete(&self, id: &Digest, lease: &Lease) -> Result<Option<ImageRecord>> {
        let (catalogue, id) = (self.catalogue.clone(), *id);
        let Some(record) = blocking(move || catalogue.image(&id)).await? else { return Ok(None) };
        lease.protect(record.blobs()).await?;
        let whole = record.blobs().all(|blob| self.blob(&blob).exists());
        Ok(whole.then_some(record))
    }
}

impl StoredImage {
    pub(crate) fn new(name: NameRecord, image: &ImageRecord) -> Self {
        Self {
            name: name.name,
            id: image.id,
            disk: image.disk,
            boot: image.boot.clone(),
            verified: name.verified,
            pulled_at: name.pulled_at,
        }
    }
}

/// Who tells what is in use.
#[derive(Clone)]
pub(crate) struct Users(pub(crate) Arc<dyn Fn() -> Result<Vec<PathBuf>> + Send + Sync>);

impl Default for Users {
    fn default() -> Self {
        Self(Arc::new(|| Ok(Vec::new())))
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Users")
    }
}
