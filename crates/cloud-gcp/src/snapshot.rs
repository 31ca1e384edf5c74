//! Snapshots of a host's boot disk. Their names are unique in a project, so one is made of owner and name.

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, Snapshots, ownership};

use crate::client::all_of;
use crate::convert::{self, Place};
use crate::delete::gone;
use crate::host::{Gcp, Inner, named};
use crate::labels;
use crate::reader::{LAG_PAUSE, READ_LAG};
use crate::wire::{self, CreateSnapshot};

#[async_trait]
impl Snapshots for Gcp {
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        named("create_snapshot", self.0.snapshot(host, name).await)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        let read = async {
            if Name::new(id.as_str()).is_err() {
                return Err(Error::new(ErrorKind::NotFound, "there is no such snapshot: an id here is a name"));
            }
            convert::snapshot(&self.0.api.get_snapshot(id.as_str()).await?)
        };
        named("get_snapshot", read.await)
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        let snapshots = named("list_snapshots", self.0.own_snapshots().await)?;
        named("list_snapshots", snapshots.iter().map(convert::snapshot).collect())
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        named("delete_snapshot", self.0.remove_snapshot(id.as_str()).await)
    }
}

impl Inner {
    async fn snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let instance = self.reader.read_alone(&Place::read(host.as_str())?).await?;
        let place = Place::of(&instance);
        let boot = instance.disks.iter().find(|disk| disk.boot).or(instance.disks.first());
        let source = boot.map(|disk| convert::path_of(&disk.source).to_owned());
        let source = source.ok_or_else(|| Error::new(ErrorKind::Conflict, format!("host {host} has no disk")))?;
        let mut own = labels::of_snapshot(&self.owner, name, &place, &instance.id);
        if let Some(user) = instance.labels.get(labels::SSH_USER) {
            own.insert(labels::SSH_USER.to_owned(), user.clone());
        }
        let full_name = labels::snapshot_name(&self.owner, name);
        let body = CreateSnapshot { name: &full_name, source_disk: &source, labels: &own };
        let begun = match self.api.create_snapshot(&body).await {
            // What is refused at once is told at once; the copying goes on.
            Ok(operation) => self.operations.look(&operation).await.map(drop),
            Err(error) => Err(error),
        };
        match begun {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => same_host(&self.see_snapshot(&full_name).await?, &place),
        }
    }

    /// Reads a snapshot that is there, perhaps not shown yet.
    async fn see_snapshot(&self, name: &str) -> Result<wire::Snapshot> {
        let give_up = self.clock.monotonic() + READ_LAG * 2;
        loop {
            match self.api.get_snapshot(name).await {
                Err(error) if error.kind() == ErrorKind::NotFound && self.clock.monotonic() < give_up => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(error.with_kind(ErrorKind::Conflict).with_context("the snapshot is not shown"));
                }
                other => return other,
            }
        }
    }

    /// The snapshots that bear this owner's label.
    pub(crate) async fn own_snapshots(&self) -> Result<Vec<wire::Snapshot>> {
        let owner = format!("labels.{}", ownership::OWNER);
        self.api.all_snapshots(&all_of(&[(&owner, self.owner.as_str())])).await
    }

    pub(crate) async fn remove_snapshot(&self, name: &str) -> Result<()> {
        if Name::new(name).is_err() {
            return Ok(());
        }
        match self.api.delete_snapshot(name).await {
            Ok(operation) => gone(self.operations.wait(&operation).await),
            Err(error) => gone(Err(error)),
        }
    }
}

fn same_host(snapshot: &wire::Snapshot, host: &Place) -> Result<Snapshot> {
    let taken = convert::snapshot(snapshot)?;
    if taken.host == Some(host.host_id()) {
        return Ok(taken);
    }
    let message = format!("the name of snapshot {} is taken by one of another host", snapshot.name);
    Err(Error::new(ErrorKind::AlreadyExists, message))
}
