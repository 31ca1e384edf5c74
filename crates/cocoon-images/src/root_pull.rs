//! Making an image of the layers of a root file system.

use cloud_types::{Error, Result};
use jiff::Timestamp;

use crate::digest::Digest;
use crate::kind::DiskKind;
use crate::layer::Place;
use crate::lease::Lease;
use crate::part::Part;
use crate::progress::{Item, PullStep};
use crate::pull::{Pulled, disk};
use crate::record::{Boot, ImageKernel, ImageRecord, Verified};
use crate::registry_pull::command_line;
use crate::root::{Converted, convert};
use crate::store::Images;
use crate::system::{Version, blocking};

impl Images {
    /// Makes the image `id` of its layers, which are here and stay, the lowest first.
    pub(crate) async fn make_root(
        &self,
        id: Digest,
        layers: Vec<Digest>,
        (name, verified): (String, Verified),
        lease: &Lease,
        item: &Item,
    ) -> Result<Pulled> {
        // Whoever makes the same has this.
        let path = self.catalogue.0.parts().join(format!("root-{}", id.hex()));
        let mut turn = self.take_part(&path, 0, None, item).await?;
        turn.remove_at_drop();
        if let Some(record) = self.complete(&id, lease).await? {
            return self.here(record, name, verified, item).await;
        }
        let (images, telling) = (self.clone(), item.clone());
        let blobs: Vec<_> = layers.iter().map(|layer| self.blob(layer)).collect();
        let made = blocking(move || {
            let parts = images.catalogue.0.parts();
            let place = Place { parts: &parts, limits: &images.limits, item: &telling };
            let mut made = convert(&blobs, &id, &place)?;
            let kind = DiskKind::of(&made.disk.reader()?, images.limits.disk)?;
            Ok::<_, Error>((made, kind))
        });
        let (Converted { disk: root, kernel, initrd, command_line: text }, kind) = made.await?;
        let boot = ImageKernel {
            kernel: kernel.digest(),
            initrd: initrd.as_ref().map(Part::digest),
            command_line: command_line(text)?,
        };
        let image = ImageRecord {
            version: Version,
            id,
            disk: disk(root.digest(), &kind),
            boot: Boot::Kernel(boot),
            layers,
            made: true,
            created_at: Timestamp::now(),
        };
        lease.protect(image.blobs()).await?;
        let images = self.clone();
        let published = blocking(move || {
            let mut parts = [root, kernel].into_iter().chain(initrd);
            parts.try_for_each(|mut part| {
                let target = images.blob(&part.digest());
                part.publish(&target)
            })
        });
        published.await?;
        let image = self.record(image, name, verified).await?;
        drop(turn);
        item.tell(PullStep::Done);
        Ok(Pulled { image, already: false })
    }
}
