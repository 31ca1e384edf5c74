//! Snapshots of a host's boot disk: images of their own, on which the host's later fate has no influence. The image's name is
//! made of owner and name, and is claimed in one step.

use std::collections::BTreeMap;

use cloud_driver::{Account, Copies};
use cloud_types::{Error, ErrorKind, GiB, HostId, Name, Result, Snapshot, SnapshotId, SnapshotState};
use cocoon::{SnapshotNote, StoredSnapshot, VmId};

use crate::error::no_such_host;
use crate::host::Provider;
use crate::image::PREFIX;
use crate::parts::Parts;
use crate::{ID, convert};

cloud_driver::provide_snapshots!(Provider);

impl Copies for Parts {
    fn account(&self) -> &Account {
        &self.account
    }

    async fn get(&self, id: &SnapshotId) -> Result<Snapshot> {
        self.images.snapshot(id).await.map(|kept| snapshot(&kept))
    }

    async fn list(&self) -> Result<Vec<Snapshot>> {
        Ok(own(self).await?.iter().map(snapshot).collect())
    }

    async fn of_name(&self, name: &Name) -> Result<Vec<Snapshot>> {
        Ok(own(self).await?.iter().filter(|kept| kept.note.name == *name).map(snapshot).collect())
    }

    /// Copies the disk before it answers. Of a host that runs it is as after a power cut: stop it first for one that is whole.
    async fn copy(&self, host: &HostId, name: &Name) -> Result<Snapshot> {
        let vm = self.vm(host).await?;
        let image = format!("{PREFIX}{}", convert::vm_name(self.owner(), name)?);
        let note = SnapshotNote {
            id: SnapshotId::new(VmId::random().as_str()),
            owner: self.owner().clone(),
            name: name.clone(),
            host: host.as_str().to_owned(),
            ssh_user: vm.host.as_ref().map_or_else(|| "root".to_owned(), |host| host.ssh_user.clone()),
            size: self.offers.boot_disk(&vm).await?,
        };
        let id = note.id.clone();
        match self.cocoon.keep_disk(&vm.name, &vm.id, image, note).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_such_host(host)),
            Err(error) => Err(error),
            Ok(true) => self.get(&id).await,
            // By whom is to be looked at.
            Ok(false) => Err(Error::new(ErrorKind::AlreadyExists, format!("there is a snapshot {name} already"))),
        }
    }

    /// Hosts that were made of it keep what they lie on.
    async fn remove(&self, id: &SnapshotId) -> Result<()> {
        let kept = self.images.snapshot(id).await?;
        self.cocoon.images().delete(&kept.image.name).await.map(drop)
    }
}

/// This owner's snapshots, by name.
pub(crate) async fn own(parts: &Parts) -> Result<Vec<StoredSnapshot>> {
    let mut kept = parts.cocoon.images().snapshots().await?;
    kept.retain(|kept| kept.note.owner == *parts.owner());
    Ok(kept)
}

fn snapshot(kept: &StoredSnapshot) -> Snapshot {
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
