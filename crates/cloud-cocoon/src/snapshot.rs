//! Snapshots of a host's boot disk: images of their own, on which the host's later fate has no influence.

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, GiB, HostId, Name, Result, Snapshot, SnapshotId, SnapshotState, Snapshots};
use cocoon::{SnapshotNote, StoredSnapshot, VmId};

use crate::error::{named, no_such_host};
use crate::host::{Inner, Provider};
use crate::{ID, convert};

/// Before the names of images that are snapshots. No registry's name begins so, since each begins with a registry's host.
pub(crate) const PREFIX: &str = "snapshot/";

#[async_trait]
impl Snapshots for Provider {
    /// Copies the disk before it answers. Of a host that runs it is as after a power cut: stop it first for one that is whole.
    async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        named("create_snapshot", self.0.snapshot(host, name).await)
    }

    async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot> {
        named("get_snapshot", self.0.kept(id).await.map(|kept| told(&kept)))
    }

    async fn list_snapshots(&self) -> Result<Vec<Snapshot>> {
        named("list_snapshots", self.0.own_snapshots().await.map(|kept| kept.iter().map(told).collect()))
    }

    async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        named("delete_snapshot", self.0.delete_snapshot(id).await)
    }
}

impl Inner {
    async fn snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let vm = self.vm(host).await?;
        let image = format!("{PREFIX}{}", convert::vm_name(self.owner(), name)?);
        for _ in 0..ATTEMPTS {
            if let Some(found) = self.own_snapshots().await?.into_iter().find(|kept| kept.note.name == *name) {
                return same_host(&found, host);
            }
            let note = SnapshotNote {
                id: SnapshotId::new(VmId::random().as_str()),
                owner: self.owner().clone(),
                name: name.clone(),
                host: host.as_str().to_owned(),
                ssh_user: vm.host.as_ref().map_or_else(|| "root".to_owned(), |host| host.ssh_user.clone()),
                size: self.boot_disk(&vm).await?,
            };
            // Where the name is taken meanwhile, it is to be looked at by whom.
            match self.config.cocoon.keep_disk(&vm.name, &vm.id, image.clone(), note).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_such_host(host)),
                kept => kept.map(drop)?,
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("snapshot {name} is taken and deleted all the time: repeat")))
    }

    /// This owner's snapshots, by name.
    pub(crate) async fn own_snapshots(&self) -> Result<Vec<StoredSnapshot>> {
        let mut kept = self.config.cocoon.images().snapshots().await?;
        kept.retain(|kept| kept.note.owner == *self.owner());
        Ok(kept)
    }

    /// The snapshot of this id, whoever's.
    ///
    /// # Errors
    /// `NotFound` without it.
    pub(crate) async fn kept(&self, id: &SnapshotId) -> Result<StoredSnapshot> {
        let kept = self.config.cocoon.images().snapshots().await?;
        let found = kept.into_iter().find(|kept| kept.note.id == *id);
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no snapshot {id}")))
    }

    /// Hosts that were made of it keep what they lie on.
    pub(crate) async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()> {
        let deleted = match self.kept(id).await {
            Ok(kept) => self.config.cocoon.images().delete(&kept.image.name).await.map(drop),
            Err(error) => Err(error),
        };
        match deleted {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            deleted => deleted,
        }
    }
}

fn same_host(kept: &StoredSnapshot, host: &HostId) -> Result<Snapshot> {
    if kept.note.host == host.as_str() {
        return Ok(told(kept));
    }
    let message = format!("the name {} is taken by a snapshot of another host", kept.note.name);
    Err(Error::new(ErrorKind::AlreadyExists, message))
}

fn told(kept: &StoredSnapshot) -> Snapshot {
    let stored = kept.image.disk.stored.div_ceil(1 << 30);
    Snapshot {
        provider: ID,
        id: kept.note.id.clone(),
        name: Some(kept.note.name.to_string()),
        owner: Some(kept.note.owner.clone()),
        state: SnapshotState::Available,
        size: Some(GiB(u32::try_from(stored).unwrap_or(u32::MAX))),
        disk_size: Some(kept.note.size),
        host: Some(HostId::new(kept.note.host.as_str())),
        created_at: Some(kept.image.pulled_at),
        labels: BTreeMap::new(),
    }
}

/// How often a name may be taken and given up by others while this snapshot is taken.
const ATTEMPTS: u32 = 4;
