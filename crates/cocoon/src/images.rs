//! The images of an installation, and how a VM comes by one.

use std::path::PathBuf;

use cloud_types::{Error, ErrorKind, Result};
use cocoon_images::system::blocking;
use cocoon_images::{Boot, ImageFile, Images, Lease};

use crate::state::Store;
use crate::{Cocoon, DirectKernel, VmSpec, config};

/// A spec whose image was found.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// With the kernel that came with the image, unless another is wished.
    pub(crate) spec: VmSpec,
    pub(crate) image: ImageFile,
    /// Keeps the image until there is a record of the VM.
    _lease: Option<Lease>,
}

impl Cocoon {
    /// The images of this installation, in `images` below the root directory. What its VMs lie on is never removed. Registries
    /// that want to know who asks are told what `docker login` has noted, in `~/.docker` or `DOCKER_CONFIG`.
    #[must_use]
    pub fn images(&self) -> Images {
        let store = self.store.clone();
        let images = Images::new(store.layout().root.join("images")).patience(store.patience());
        let images = match config::docker_config() {
            Some(file) => images.docker_config(file),
            None => images,
        };
        images.used_by(move || in_use(&store))
    }

    /// Finds the image of a spec: a file where there is one, and else one that was pulled.
    pub(crate) async fn resolve(&self, spec: &VmSpec) -> Result<Resolved> {
        let path = spec.image.clone();
        let text = match path.to_str() {
            Some(text)
                if !path.is_file() && !path.is_absolute() && !path.starts_with(".") && !path.starts_with("..") =>
            {
                text
            }
            _ => {
                let image = blocking(move || ImageFile::open(&path)).await?;
                return Ok(Resolved { spec: spec.clone(), image, _lease: None });
            }
        };
        let images = self.images();
        let (stored, lease) = images.hold(text).await?;
        let mut spec = spec.clone();
        match &stored.boot {
            Boot::Kernel(kernel) if spec.kernel.is_none() => {
                spec.kernel = Some(DirectKernel {
                    kernel: images.blob(&kernel.kernel),
                    initrd: kernel.initrd.as_ref().map(|initrd| images.blob(initrd)),
                    command_line: kernel.command_line.clone(),
                });
            }
            Boot::Nothing if spec.kernel.is_none() => {
                let rule = format!("is needed: nothing on {} boots by itself", stored.name);
                return Err(Error::invalid("kernel", rule));
            }
            _ => {}
        }
        let file = images.blob(&stored.disk.blob);
        let image = blocking(move || ImageFile::open(&file)).await?;
        Ok(Resolved { spec, image, _lease: Some(lease) })
    }
}

/// The files on which the VMs' disks lie.
fn in_use(store: &Store) -> Result<Vec<PathBuf>> {
    for _ in 0..ATTEMPTS {
        if let Some(files) = try_in_use(store)? {
            return Ok(files);
        }
    }
    let message = "VMs are being removed all the time, or one's directory has no record: repeat, or look into `vms`";
    Err(Error::new(ErrorKind::Conflict, message))
}

/// How often VMs may be removed while they are looked at.
const ATTEMPTS: u32 = 16;

/// `None` where a VM was removed meanwhile: it may have been cloned before, to one that was not there when the names were
/// read.
fn try_in_use(store: &Store) -> Result<Option<Vec<PathBuf>>> {
    let mut files = Vec::new();
    for name in store.names()? {
        match store.read(&name) {
            Ok(record) => {
                let disks = record.hardware.disks.into_iter().flat_map(|disk| [disk.backing, Some(disk.file)]);
                files.extend(disks.flatten());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(files))
}
