//! Pulling an image from a registry: its manifest, and of its layers what a VM needs.

use std::fs::{self, File};

use cloud_types::{Error, Result};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::http::Http;
use crate::kind::DiskKind;
use crate::layer::{self, Files, LONGEST_COMMAND_LINE};
use crate::lease::Lease;
use crate::login::{self, Login};
use crate::pull::{Pull, Pulled, boot, disk};
use crate::record::{Boot, ImageKernel, ImageRecord, LayerRecord, Verified};
use crate::registry::Repository;
use crate::source::{Reference, Source};
use crate::store::Images;
use crate::system::{Version, blocking, io_error};

impl Images {
    pub(crate) async fn pull_registry(
        &self,
        source: &Source,
        reference: &Reference,
        wanted: &Pull,
        lease: &Lease,
    ) -> Result<Pulled> {
        let http = Http::new(&self.limits)?;
        let login = self.login(wanted, reference).await?;
        let repository = Repository::new(&http, reference, login)?;
        let (id, manifest) = repository.manifest().await?;
        let item = self.reporter.item(source.name());
        let verified = match wanted.digest.or(reference.digest) {
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
        let layers: Vec<LayerRecord> = stream::iter(layers).buffered(LAYERS_AT_ONCE).try_collect().await?;
        let objection = layers.iter().find_map(|layer| layer.objection.clone());
        let root = layers.iter().all(|layer| layer.root);
        let files = layer::merge(layers.into_iter().flat_map(|layer| layer.files))?;
        let Some(files) = files else {
            if !root {
                return Err(Error::invalid("image", NO_DISK));
            }
            let stored = manifest.layers.iter().map(|layer| self.whole_layer(&http, &repository, layer, lease).boxed());
            let stored: Vec<_> = stored.collect();
            stream::iter(stored).buffered(LAYERS_AT_ONCE).try_collect::<()>().await?;
            let layers = manifest.layers.iter().map(|layer| layer.digest).collect();
            return self.make_root(id, layers, (source.name(), verified), lease, &item).await;
        };
        if let Some(reason) = objection {
            return Err(layer::refused(reason));
        }
        let (images, most) = (self.clone(), self.limits.disk);
        let (kind, how) = blocking(move || {
            let file = File::open(images.blob(&files.disk)).map_err(|error| io_error("opening a disk", error))?;
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
            made: false,
            created_at: Timestamp::now(),
        };
        let image = self.record(image, source.name(), verified).await?;
        Ok(Pulled { image, already: false })
    }

    /// Who asks: who was given, else whom Docker's configuration names.
    async fn login(&self, pull: &Pull, reference: &Reference) -> Result<Option<Login>> {
        match (&pull.login, &self.docker_config) {
            (Some(login), _) => Ok(Some(login.clone())),
            (None, Some(file)) => login::noted(file, &reference.registry).await,
            (None, None) => Ok(None),
        }
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
        let text = files.command_line.map(|blob| fs::read(self.blob(&blob))).transpose();
        let command_line = command_line(text.map_err(|error| io_error("reading a command line", error))?)?;
        Ok(Boot::Kernel(ImageKernel { kernel, initrd: files.initrd, command_line }))
    }
}

/// A kernel's command line, as the content of `boot/cmdline` says it.
pub(crate) fn command_line(content: Option<Vec<u8>>) -> Result<String> {
    let Some(content) = content else { return Ok(DEFAULT_COMMAND_LINE.to_owned()) };
    if content.len() as u64 > LONGEST_COMMAND_LINE {
        return Err(Error::invalid("image", format!("has a `boot/cmdline` of more than {LONGEST_COMMAND_LINE} bytes")));
    }
    let text = String::from_utf8(content);
    let text = text.map_err(|_| Error::invalid("image", "has a `boot/cmdline` that is no text"))?;
    match text.trim() {
        line if line.chars().any(char::is_control) => {
            Err(Error::invalid("image", "has a `boot/cmdline` of several lines"))
        }
        line => Ok(line.to_owned()),
    }
}

/// For a disk that is one file system.
const DEFAULT_COMMAND_LINE: &str = "console=ttyS0 root=/dev/vda rw";

const NO_DISK: &str = "is no image of a VM: no layer has a `disk/NAME.qcow2`, `disk/NAME.img` or `disk/NAME.raw`";

const LAYERS_AT_ONCE: usize = 4;
