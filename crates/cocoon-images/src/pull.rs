//! Pulling an image: from an address, a file, or a registry.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use cloud_types::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::checksum_file;
use crate::digest::{Checksum, Digest};
use crate::http::{Get, Http};
use crate::kind::DiskKind;
use crate::layer::{copy, open};
use crate::lease::Lease;
use crate::limits::ImageLimits;
use crate::login::Login;
use crate::part::{Part, keeps};
use crate::partition::Firmware;
use crate::progress::{Item, PullStep};
use crate::record::{Boot, ImageDisk, ImageRecord, NameRecord, Verified};
use crate::source::Source;
use crate::store::{Images, StoredImage};
use crate::system::{Version, blocking, io_error};

/// An image that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    pub(crate) image: String,
    pub(crate) digest: Option<Digest>,
    pub(crate) login: Option<Login>,
}

impl Pull {
    /// An image by its address (`http://`, `https://`), its file (`/`, `./`, `../`, `file://`), a distribution's own
    /// (`official://debian/12`, see [`Images::official`]), or its name in a registry.
    #[must_use]
    pub fn new(image: impl Into<String>) -> Self {
        Self { image: image.into(), digest: None, login: None }
    }

    /// The SHA-256 of the file as it is served, or of the manifest. Anything else is refused.
    #[must_use]
    pub fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Who asks the registry, in place of whom Docker's configuration names.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }
}

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pulled {
    /// The image.
    pub image: StoredImage,
    /// Whether it was here before, and nothing but its name was written.
    pub already: bool,
}

impl Images {
    /// Gets an image, unless it is here.
    ///
    /// What breaks off is kept, and the next pull of the same goes on there. Two pulls of the same, in one process or in
    /// two, download it once. What is refused leaves nothing.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` for what is no image, is hostile, too large, or not what was published; `NotFound`,
    /// `Unauthenticated`, `PermissionDenied`, `RateLimited` and `Unavailable` as the server says; `Timeout` where the
    /// server is silent or the whole takes too long; `QuotaExceeded` where the file system is full.
    pub async fn pull(&self, pull: &Pull) -> Result<Pulled> {
        let source = Source::parse(&pull.image)?;
        self.prepare().await?;
        let lease = Lease::new(&self.catalogue.0, self.patience).await?;
        let work = async {
            match &source {
                Source::Url(url) | Source::Official(url) => self.pull_url(&source, url, pull.digest, &lease).await,
                Source::File(path) => self.pull_file(&source, path, pull.digest, &lease).await,
                Source::Registry(reference) => self.pull_registry(&source, reference, pull, &lease).await,
            }
        };
        let pulled = tokio::time::timeout(self.limits.deadline, Box::pin(work)).await;
        let pulled = pulled.unwrap_or_else(|_| {
            let message = format!("was not there within {} s; a repeat goes on", self.limits.deadline.as_secs());
            Err(Error::new(ErrorKind::Timeout, message))
        });
        match pulled {
            Err(error) if !keeps(&error) => {
                let stored = lease.end();
                self.release(stored).await?;
                Err(error.with_context(&pull.image))
            }
            Err(error) => Err(error.with_context(&pull.image)),
            Ok(pulled) => {
                self.release_rest(lease, &pulled.image.id).await?;
                Ok(pulled)
            }
        }
    }

    /// Gives up a lease, and removes what it protected and the image does without.
    async fn release_rest(&self, lease: Lease, id: &Digest) -> Result<()> {
        let mut stored = lease.end();
        let (catalogue, id) = (self.catalogue.clone(), *id);
        if let Some(image) = blocking(move || catalogue.image(&id)).await? {
            let kept: HashSet<Digest> = image.kept().collect();
            stored.retain(|blob| !kept.contains(blob));
        }
        self.release(stored).await
    }

    async fn pull_url(&self, source: &Source, url: &Url, digest: Option<Digest>, lease: &Lease) -> Result<Pulled> {
        let http = Http::new(&self.limits)?;
        let name = source.name();
        let item = self.reporter.item(url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or(&name));
        let (expected, verified) = match digest {
            Some(digest) => (Some(Checksum::Sha256(digest)), Verified::Given { digest }),
            None => match checksum_file::find(&http, url).await? {
                Some(found) => {
                    let verified =
                        Verified::ChecksumFile { url: found.url.to_string(), checksum: found.checksum.to_string() };
                    (Some(found.checksum), verified)
                }
                None if matches!(source, Source::Official(_)) => {
                    let message = "its publisher's checksums are not beside it: it is not taken without";
                    return Err(Error::new(ErrorKind::Unavailable, message));
                }
                None => (None, Verified::Nothing),
            },
        };
        if let Some(here) = self.same(&name, &verified, lease, &item).await? {
            return Ok(here);
        }
        let path = self.catalogue.0.parts().join(format!("url-{}", Digest::of(name.as_bytes()).hex()));
        let mut part = self.take_part(&path, self.limits.download, expected, &item).await?;
        // Whoever had the part may have finished.
        if let Some(here) = self.same(&name, &verified, lease, &item).await? {
            return Ok(here);
        }
        let validator = path.with_extension("validator");
        let mut get = Get::new(url.clone());
        get.validator = fs::read_to_string(&validator).ok();
        if get.validator.is_none() {
            part.restart().map_err(|error| io_error("beginning a download", error))?;
        }
        let keep = |value: Option<&str>| {
            let kept = match value {
                Some(value) => fs::write(&validator, value),
                None => fs::remove_file(&validator).or(Ok(())),
            };
            kept.map_err(|error| io_error("noting a download", error))
        };
        let (part, got) = http.download(get, part, &item, keep).await;
        let pulled = self.finish(got, part, name, verified, lease, &item).await;
        if pulled.as_ref().err().is_none_or(|error| !keeps(error)) {
            // One that stays is found without its part.
            let _ = fs::remove_file(&validator);
        }
        pulled
    }

    async fn pull_file(&self, source: &Source, path: &Path, digest: Option<Digest>, lease: &Lease) -> Result<Pulled> {
        let name = source.name();
        let item =
            self.reporter.item(path.file_name().map_or(name.clone(), |name| name.to_string_lossy().into_owned()));
        let verified = digest.map_or(Verified::Nothing, |digest| Verified::Given { digest });
        let (parts, path, most) = (self.catalogue.0.parts(), path.to_owned(), self.limits.download);
        let telling = item.clone();
        let part = blocking(move || {
            let doing = |error| io_error(format_args!("reading {}", path.display()), error);
            // Opening something else, a pipe for instance, could wait for ever.
            if !fs::metadata(&path).map_err(doing)?.is_file() {
                return Err(Error::invalid("image", "is no file"));
            }
            let mut file = File::open(&path).map_err(doing)?;
            telling.tell(PullStep::Unpacking { total: file.metadata().ok().map(|metadata| metadata.len()) });
            let expected = digest.map(Checksum::Sha256);
            if let Some(part) = Part::sharing(&parts, most, &file, expected)? {
                return Ok(part);
            }
            let mut part = Part::temporary(&parts, most)?.expecting(expected);
            copy(&mut file, &mut part)?;
            Ok(part)
        });
        let part = part.await?;
        self.finish(Ok(()), part, name, verified, lease, &item).await
    }

    /// The image of this name, where it is what a pull would bring.
    async fn same(&self, name: &str, verified: &Verified, lease: &Lease, item: &Item) -> Result<Option<Pulled>> {
        let (catalogue, wanted) = (self.catalogue.clone(), name.to_owned());
        let known = blocking(move || catalogue.name(&wanted)).await?;
        let same = known.filter(|known| *verified != Verified::Nothing && known.verified == *verified);
        let id = match (same, verified) {
            (Some(known), _) => known.image,
            (None, Verified::Given { digest }) => *digest,
            (None, _) => return Ok(None),
        };
        let Some(record) = self.complete(&id, lease).await? else { return Ok(None) };
        self.here(record, name.to_owned(), verified.clone(), item).await.map(Some)
    }

    /// Writes the name of an image that is here.
    pub(crate) async fn here(
        &self,
        image: ImageRecord,
        name: String,
        verified: Verified,
        item: &Item,
    ) -> Result<Pulled> {
        item.tell(PullStep::AlreadyHere);
        let image = self.record(image, name, verified).await?;
        Ok(Pulled { image, already: true })
    }

    /// Makes an image of one file.
    async fn finish(
        &self,
        got: Result<()>,
        part: Part,
        name: String,
        verified: Verified,
        lease: &Lease,
        item: &Item,
    ) -> Result<Pulled> {
        if let Err(error) = got.and_then(|()| part.verify()) {
            if !keeps(&error) {
                part.discard();
            }
            return Err(error);
        }
        let (parts, limits, telling) = (self.catalogue.0.parts(), self.limits.clone(), item.clone());
        let judged = blocking(move || {
            let mut part = part;
            let judged = judge(&mut part, &parts, &limits, &telling);
            // Whole, and so not to be gone on with.
            if judged.as_ref().err().is_none_or(|error| !keeps(error)) {
                part.remove_at_drop();
            }
            judged.map(|(unpacked, kind)| (part, unpacked, kind))
        });
        let (mut part, mut unpacked, kind) = judged.await?;
        let blob = unpacked.as_ref().unwrap_or(&part).digest();
        lease.protect([blob]).await?;
        let target = self.blob(&blob);
        let published = blocking(move || {
            unpacked.as_mut().unwrap_or(&mut part).publish(&target)?;
            Ok::<_, Error>((part, unpacked))
        });
        // Both stay taken until the image is written down: who waits for the download shall find it.
        let published = published.await?;
        let image = ImageRecord {
            version: Version,
            id: blob,
            disk: disk(blob, &kind),
            boot: boot(kind.firmware),
            layers: Vec::new(),
            made: false,
            created_at: Timestamp::now(),
        };
        let image = self.record(image, name, verified).await?;
        drop(published);
        item.tell(PullStep::Done);
        Ok(Pulled { image, already: false })
    }

    /// Writes down an image all of whose blobs are there, and its name.
    pub(crate) async fn record(&self, image: ImageRecord, name: String, verified: Verified) -> Result<StoredImage> {
        let pulled_at = Timestamp::now();
        let name = NameRecord { version: Version, name, image: image.id, verified, pulled_at, snapshot: None };
        self.write(move |catalogue| {
            catalogue.write_image(&image)?;
            catalogue.write_name(&name)?;
            Ok(StoredImage::new(name, &image))
        })
        .await
    }

    /// Takes a part, as soon as nobody else has it.
    pub(crate) async fn take_part(
        &self,
        path: &Path,
        most: u64,
        expected: Option<Checksum>,
        item: &Item,
    ) -> Result<Part> {
        let mut told = false;
        loop {
            let path: PathBuf = path.to_owned();
            if let Some(part) = blocking(move || Part::take(&path, most, expected)).await? {
                return Ok(part);
            }
            if !std::mem::replace(&mut told, true) {
                item.tell(PullStep::Waiting);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Looks at a part, or at what it holds where it is packed: that is the other part then.
fn judge(part: &mut Part, directory: &Path, limits: &ImageLimits, item: &Item) -> Result<(Option<Part>, DiskKind)> {
    let mut reader = open(part.reader()?, item)?;
    if !reader.is_packed() {
        return Ok((None, DiskKind::of(&part.reader()?, limits.disk)?));
    }
    item.tell(PullStep::Unpacking { total: Some(part.length()) });
    let mut unpacked = Part::temporary(directory, limits.unpacked)?;
    copy(&mut reader, &mut unpacked)?;
    let kind = DiskKind::of(&unpacked.reader()?, limits.disk)?;
    Ok((Some(unpacked), kind))
}

pub(crate) fn disk(blob: Digest, kind: &DiskKind) -> ImageDisk {
    ImageDisk { blob, format: kind.format, size: kind.size, stored: kind.stored }
}

pub(crate) fn boot(firmware: Firmware) -> Boot {
    match firmware {
        Firmware::Uefi => Boot::Uefi,
        Firmware::Bios => Boot::Bios,
        Firmware::Nothing => Boot::Nothing,
    }
}

/// Between two looks at a part that somebody else has; the deadline of the pull ends it.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(50);
