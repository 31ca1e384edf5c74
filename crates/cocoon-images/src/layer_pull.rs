//! Pulling a layer: what a VM needs of it, or all of it where it is one of a root file system.

use cloud_types::{Error, ErrorKind, Result};

use crate::digest::{Checksum, Digest};
use crate::http::Http;
use crate::layer::{self, Found, Place, Taken};
use crate::lease::Lease;
use crate::part::{Part, keeps};
use crate::progress::{Item, PullStep};
use crate::record::{LayerFile, LayerRecord};
use crate::registry::{Descriptor, Repository};
use crate::store::Images;
use crate::system::{Version, blocking};

impl Images {
    /// What a layer holds, all of it stored.
    pub(crate) async fn layer(
        &self,
        http: &Http,
        repository: &Repository<'_>,
        descriptor: &Descriptor,
        lease: &Lease,
    ) -> Result<LayerRecord> {
        let digest = descriptor.digest;
        let item = self.layer_item(&digest);
        if let Some(record) = self.known_layer(&digest, lease).await? {
            item.tell(PullStep::AlreadyHere);
            return Ok(record);
        }
        let part = self.layer_part(descriptor, &item).await?;
        // Whoever had the part may have finished.
        if let Some(record) = self.known_layer(&digest, lease).await? {
            part.discard();
            item.tell(PullStep::AlreadyHere);
            return Ok(record);
        }
        let part = self.download_layer(http, repository, descriptor, part, &item).await?;
        let title = descriptor.annotations.get(TITLE).cloned();
        let (parts, limits, telling) = (self.catalogue.0.parts(), self.limits.clone(), item.clone());
        let found = blocking(move || {
            let mut part = part;
            let place = Place { parts: &parts, limits: &limits, item: &telling };
            match layer::take(&mut part, title.as_deref(), &place) {
                Ok(found) => Ok((part, found)),
                Err(error) => {
                    if !keeps(&error) {
                        part.discard();
                    }
                    Err(error)
                }
            }
        });
        // The layer's own part stays taken until its files are stored: who waits for it shall find them.
        let (mut part, Found { taken, root, objection }) = found.await?;
        let files: Vec<LayerFile> = taken.iter().map(Taken::record).collect();
        lease.protect(files.iter().map(|file| file.blob).chain(root.then_some(digest))).await?;
        let (record, images) = (LayerRecord { version: Version, files, root, objection }, self.clone());
        let record = self.write(move |catalogue| {
            taken.into_iter().try_for_each(|mut file| {
                let target = images.blob(&file.part.digest());
                file.part.publish(&target)
            })?;
            if root {
                part.publish(&images.blob(&digest))?;
            }
            catalogue.write_layer(&digest, &record)?;
            part.discard();
            Ok(record)
        });
        let record = record.await?;
        item.tell(PullStep::Done);
        Ok(record)
    }

    /// Makes sure that a layer is here as it was sent: what was taken of it may have outlived it.
    pub(crate) async fn whole_layer(
        &self,
        http: &Http,
        repository: &Repository<'_>,
        descriptor: &Descriptor,
        lease: &Lease,
    ) -> Result<()> {
        let digest = descriptor.digest;
        lease.protect([digest]).await?;
        let (item, target) = (self.layer_item(&digest), self.blob(&digest));
        if target.exists() {
            return Ok(());
        }
        let part = self.layer_part(descriptor, &item).await?;
        if target.exists() {
            part.discard();
            return Ok(());
        }
        let mut part = self.download_layer(http, repository, descriptor, part, &item).await?;
        blocking(move || part.publish(&target)).await?;
        item.tell(PullStep::Done);
        Ok(())
    }

    fn layer_item(&self, digest: &Digest) -> Item {
        self.reporter.item(&digest.hex()[..12])
    }

    async fn layer_part(&self, descriptor: &Descriptor, item: &Item) -> Result<Part> {
        if descriptor.size > self.limits.download {
            let rule = format!(
                "has a layer of {} bytes, more than the {} that are taken",
                descriptor.size, self.limits.download
            );
            return Err(Error::invalid("image", rule));
        }
        let path = self.catalogue.0.parts().join(format!("layer-{}", descriptor.digest.hex()));
        self.take_part(&path, descriptor.size, Some(Checksum::Sha256(descriptor.digest)), item).await
    }

    async fn download_layer(
        &self,
        http: &Http,
        repository: &Repository<'_>,
        descriptor: &Descriptor,
        part: Part,
        item: &Item,
    ) -> Result<Part> {
        let (mut part, mut got) = match part.length() == descriptor.size {
            true => (part, Ok(())),
            false => http.download(repository.blob(&descriptor.digest)?, part, item, |_| Ok(())).await,
        };
        if got.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unauthenticated) {
            repository.renew().await?;
            (part, got) = http.download(repository.blob(&descriptor.digest)?, part, item, |_| Ok(())).await;
        }
        match got.and_then(|()| part.verify()) {
            Ok(()) => Ok(part),
            Err(error) => {
                if !keeps(&error) {
                    part.discard();
                }
                Err(error)
            }
        }
    }

    /// A layer that was pulled before, where all that was taken of it is there and stays.
    async fn known_layer(&self, digest: &Digest, lease: &Lease) -> Result<Option<LayerRecord>> {
        let (catalogue, digest) = (self.catalogue.clone(), *digest);
        let Some(record) = blocking(move || catalogue.layer(&digest)).await? else { return Ok(None) };
        lease.protect(record.files.iter().map(|file| file.blob)).await?;
        let whole = record.files.iter().all(|file| self.blob(&file.blob).exists());
        Ok(whole.then_some(record))
    }
}

/// Where `oras push` says a file's name: <https://github.com/opencontainers/image-spec/blob/main/annotations.md>.
const TITLE: &str = "org.opencontainers.image.title";
