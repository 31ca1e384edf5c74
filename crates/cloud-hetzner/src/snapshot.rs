//! Snapshots, exactly once by owner and name, which travel as labels in the call.
//!
//! Hetzner has no unique names for snapshots. A server is locked while it is being copied, for longer than lists lag;
//! so whoever looks before each attempt, and again after, finds a copy that another attempt has made.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, Snapshots, ownership};

use crate::client::selector;
use crate::host::{Hetzner, Inner, named};
use crate::wire::{CreateImage, Image};
use crate::{convert, delete};

#[async_trait]
impl Snapshots for Hetzner {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        named("create_snapshot", self.0.in_time(self.0.snapshot(host, name)).await)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = async {
            let image = self.0.api.get_image(convert::number(id.as_str())?).await?;
            if image.r#type != "snapshot" {
                return Err(Error::new(ErrorKind::NotFound, format!("image {id} is no snapshot")));
            }
            Ok(convert::snapshot(image))
        };
        named("get_snapshot", read.await)
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let labels = selector(&[(ownership::OWNER, self.0.owner.as_str())]);
        let images = named("list_snapshots", self.0.api.snapshots(&labels).await)?;
        Ok(images.into_iter().map(convert::snapshot).collect())
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
        named("delete_snapshot", delete::gone(self.0.api.delete_image(number).await))
    }
}

impl Inner {
    async fn snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let number = convert::number(host.as_str())?;
        let labels = ownership::resource_labels(&self.owner, name.as_str());
        let body = CreateImage { r#type: "snapshot", description: name.as_str(), labels: &labels };
        for _ in 0..PATIENCE {
            if let Some(found) = self.oldest_snapshot(name, number).await? {
                return same_host(found, number);
            }
            match self.api.create_image(number, &body).await {
                Ok(made) => return self.settle(made.image, name, number).await,
                // Locked, perhaps by an attempt of ours whose answer was lost: look again before the next one.
                Err(error) if matches!(error.kind(), ErrorKind::OutcomeUnknown | ErrorKind::Conflict) => {
                    self.pause().await;
                }
                // A host that was made just now may be shown late; read so, it is gone for certain or there.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.reader.read_alone(number).await?;
                    self.pause().await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Timeout, format!("host {host} is still locked: repeat the call")))
    }

    /// Looks again after a create: another process may have been first.
    async fn settle(&self, made: Image, name: &Name, host: u64) -> Result<Snapshot> {
        match self.oldest_snapshot(name, host).await? {
            Some(oldest) if oldest.id < made.id => {
                delete::gone(self.api.delete_image(made.id).await)?;
                same_host(oldest, host)
            }
            _ => Ok(convert::snapshot(made)),
        }
    }

    /// The snapshot of a name. Of several the oldest counts; the younger ones of this host, and those that failed, came
    /// from attempts that were given up, and are deleted.
    async fn oldest_snapshot(&self, name: &Name, host: u64) -> Result<Option<Image>> {
        let labels = selector(&[(ownership::OWNER, self.owner.as_str()), (ownership::NAME, name.as_str())]);
        let mut oldest = None;
        for image in self.api.snapshots(&labels).await? {
            match (image.status.as_str(), &oldest) {
                ("available" | "creating", None) => oldest = Some(image),
                _ if is_of(&image, host) => delete::gone(self.api.delete_image(image.id).await)?,
                _ => {}
            }
        }
        Ok(oldest)
    }
}

/// How many looks, a second apart, at a server that is locked.
const PATIENCE: u32 = 600;

fn is_of(image: &Image, host: u64) -> bool {
    image.created_from.as_ref().is_some_and(|server| server.id == host)
}

fn same_host(image: Image, host: u64) -> Result<Snapshot> {
    if is_of(&image, host) {
        return Ok(convert::snapshot(image));
    }
    let message = format!("the name {} is taken by a snapshot of another host", image.description);
    Err(Error::new(ErrorKind::AlreadyExists, message))
}
