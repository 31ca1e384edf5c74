//! Pulling an image from a registry: its manifest, and of its layers what a VM needs.

use std::fs::{self, File};

use cloud_types::{Error, ErrorKind, Result};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::digest::{Checksum, Digest};
use super::http::Http;
use super::kind::DiskKind;
use super::layer::{self, Files, Place};
use super::lease::Lease;
use super::part::keeps;
use super::progress::PullStep;
use super::pull::{Pulled, boot, disk};
use super::record::{Boot, ImageKernel, ImageRecord, LayerFile, LayerRecord, Verified};
use super::registry::{Descriptor, Repository};
use super::source::{Reference, Source};
use super::store::Images;
use crate::blocking::blocking;
use crate::error;
use crate::state::Version;

impl Images {
    pub(super) async fn pull_registry(
        &self,
        source: &Source,
        reference: &Reference,
        digest: Option<Digest>,
        lease: &Lease,
    ) -> Result<Pulled> {
        let http = Http::new(&self.limits)?;
        let mut repository = Repository::new(&http, reference)?;
        let (id, manifest) = repository.manifest().await?;
        let item = self.reporter.item(source.name());
        let verified = match digest.or(reference.digest) {
            Some(digest) if reference.digest.is_none() && digest != id => {
                let rule = format!("is not what was asked for: expected {digest}, got {id}");
                return Err(Error::invalid("image", rule));
            }
            Some(digest) => Verified::Given { digest },
            None => Verified::Manifest { digest: id },
        };
        if let Some(record) = self.complete(&id, lease).await? {
            return self.here(record, source.name(), verified, &item).await;
        }
        // Boxed, so that the whole may go from thread to thread.
        let layers = manifest.layers.iter().map(|layer| self.layer(&http, &repository, layer, lease).boxed());
        let layers: Vec<_> = layers.collect();
        let files: Vec<Vec<LayerFile>> = stream::iter(layers).buffered(LAYERS_AT_ONCE).try_collect().await?;
        let files = layer::merge(files.into_iter().flatten())?;
        let (images, most) = (self.clone(), self.limits.disk);
        let (kind, how) = blocking(move || {
            let file = File::open(images.blob(&files.disk)).map_err(|error| error::io("opening a disk", error))?;
            let kind = DiskKind::of(&file, most)?;
            Ok::<_, Error>((kind, images.how(&files, &kind)?))
        })
        .await?;
        let image = ImageRecord {
            version: Version,
            id,
            disk: disk(files.disk, &kind),
            boot: how,
            layers: manifest.layers.iter().map(|layer| layer.digest).collect(),
            created_at: Timestamp::now(),
        };
        let image = self.record(image, source.name(), verified).await?;
        Ok(Pulled { image, already: false })
    }

    /// The files that a layer holds, all of them stored.
    async fn layer(
        &self,
        http: &Http,
        repository: &Repository<'_>,
        descriptor: &Descriptor,
        lease: &Lease,
    ) -> Result<Vec<LayerFile>> {
        let digest = descriptor.digest;
        let item = self.reporter.item(&digest.hex()[..12]);
        if descriptor.size > self.limits.download {
            let rule = format!(
                "has a layer of {} bytes, more than the {} that are taken",
                descriptor.size, self.limits.download
            );
            return Err(Error::invalid("image", rule));
        }
        if let Some(files) = self.known_layer(&digest, lease).await? {
            item.tell(PullStep::AlreadyHere);
            return Ok(files);
        }
        let path = self.catalogue.0.parts().join(format!("layer-{}", digest.hex()));
        let part = self.take_part(&path, descriptor.size, Some(Checksum::Sha256(digest)), &item).await?;
        // Whoever had the part may have finished.
        if let Some(files) = self.known_layer(&digest, lease).await? {
            part.discard();
            item.tell(PullStep::AlreadyHere);
            return Ok(files);
        }
        let (part, got) = match part.length() == descriptor.size {
            true => (part, Ok(())),
            false => http.download(repository.blob(&digest)?, part, &item, |_| Ok(())).await,
        };
        if let Err(error) = got.and_then(|()| part.verify()) {
            if !keeps(&error) {
                part.discard();
            }
            return Err(error);
        }
        let title = descriptor.annotations.get(TITLE).cloned();
        let (parts, limits, telling) = (self.catalogue.0.parts(), self.limits.clone(), item.clone());
        let taken = blocking(move || {
            let mut part = part;
            let place = Place { parts: &parts, limits: &limits, item: &telling };
            let taken = layer::take(&mut part, title.as_deref(), &place);
            if taken.as_ref().err().is_some_and(|error| !keeps(error)) {
                part.discard();
                return taken.map(|taken| (None, taken));
            }
            taken.map(|taken| (Some(part), taken))
        });
        // The layer's own part stays taken until its files are stored: who waits for it shall find them.
        let (part, taken) = taken.await?;
        let files: Vec<LayerFile> = taken.iter().map(layer::Taken::record).collect();
        lease.protect(files.iter().map(|file| file.blob)).await?;
        let (record, images) = (LayerRecord { version: Version, files: files.clone() }, self.clone());
        self.write(move |catalogue| {
            taken.into_iter().try_for_each(|mut file| {
                let target = images.blob(&file.part.digest());
                file.part.publish(&target)
            })?;
            catalogue.write_layer(&digest, &record)
        })
        .await?;
        if let Some(part) = part {
            part.discard();
        }
        item.tell(PullStep::Done);
        Ok(files)
    }

    /// The files of a layer that was pulled before, where all of them are there and stay.
    async fn known_layer(&self, digest: &Digest, lease: &Lease) -> Result<Option<Vec<LayerFile>>> {
        let (catalogue, digest) = (self.catalogue.clone(), *digest);
        let Some(record) = blocking(move || catalogue.layer(&digest)).await? else { return Ok(None) };
        lease.protect(record.files.iter().map(|file| file.blob)).await?;
        let whole = record.files.iter().all(|file| self.blob(&file.blob).exists());
        Ok(whole.then_some(record.files))
    }

    /// How an image of these files is booted.
    fn how(&self, files: &Files, kind: &DiskKind) -> Result<Boot> {
        let Some(kernel) = files.kernel else {
            return match files.initrd.or(files.command_line) {
                Some(_) => {
                    Err(Error::invalid("image", "has `boot/initrd.img` or `boot/cmdline`, and no `boot/vmlinuz`"))
                }
                None => Ok(boot(kind.firmware)),
            };
        };
        let command_line = match files.command_line {
            Some(blob) => {
                let text = fs::read_to_string(self.blob(&blob)).map_err(|error| match error.kind() {
                    std::io::ErrorKind::InvalidData => Error::invalid("image", "has a `boot/cmdline` that is no text"),
                    _ => error::io("reading a command line", error),
                })?;
                text.trim().to_owned()
            }
            None => DEFAULT_COMMAND_LINE.to_owned(),
        };
        if command_line.chars().any(char::is_control) {
            return Err(Error::new(ErrorKind::InvalidRequest, "has a `boot/cmdline` of several lines"));
        }
        Ok(Boot::Kernel(ImageKernel { kernel, initrd: files.initrd, command_line }))
    }
}

/// Where `oras push` says a file's name: <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const TITLE: &str = "org.opencontainers.image.title";

/// For a disk that is one file system.
const DEFAULT_COMMAND_LINE: &str = "console=ttyS0 root=/dev/vda rw";

const LAYERS_AT_ONCE: usize = 4;
