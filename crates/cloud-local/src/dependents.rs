//! What a host needs besides itself: its data disk, found again where it was kept, made otherwise. Its firewall is made
//! with it, in one request.

use cloud_driver::Account;
use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, Result, ownership};
use cloud_world::{Labels, Volume, VolumeRequest, VolumeStatus};
use jiff::Timestamp;

use crate::client::Client;
use crate::cloud::Cloud;
use crate::error::refusal;
use crate::faults::Operation;
use crate::labels::{self, disk_name, goes_with_host};

/// Data disks of one owner's hosts.
pub(crate) struct Dependents {
    account: Account,
    client: Client,
}

impl Dependents {
    pub(crate) fn new(account: &Account, client: &Client) -> Self {
        Self { account: account.clone(), client: client.clone() }
    }

    /// The data disk of a host with these labels, free and ready to be attached. The cloud knows it by its name, so that
    /// asking twice makes one.
    pub(crate) async fn ensure(&self, spec: &HostSpec, host: &Labels) -> Result<Option<u64>> {
        let Some(disk) = &spec.data_disk else { return Ok(None) };
        let (owner, name) = (self.account.owner(), spec.name.as_str());
        let labels = labels::of_disk(owner, name, host, disk);
        let put = |cloud: &mut Cloud, now| put_disk(cloud, owner.as_str(), spec, disk, &labels, now);
        let id = self.client.repeat(Operation::CreateVolume, put).await.map_err(|error| match error.kind() {
            // Nobody said whether there is a disk; that there is no host is certain.
            ErrorKind::OutcomeUnknown => error.with_kind(ErrorKind::Unavailable),
            _ => error,
        })?;
        let ready = |cloud: &mut Cloud, _| {
            // One that has gone meanwhile is no longer waited for: the launch meets that.
            let making = cloud.world.volumes.find(id).is_ok_and(|volume| volume.status == VolumeStatus::Creating);
            Ok((!making).then_some(()))
        };
        self.client.until("the data disk is made", Operation::GetVolume, ready).await?;
        Ok(Some(id))
    }

    /// Deletes the data disk that this very call made for a host that will not be, and no other. Best effort: a delete and
    /// a sweep find it too.
    pub(crate) async fn drop_made(&self, spec: &HostSpec, host: &Labels) {
        if spec.data_disk.is_none() {
            return;
        }
        let (owner, call) = (self.account.owner(), host.get(ownership::CALL));
        let name = disk_name(owner.as_str(), spec.name.as_str());
        let drop = |cloud: &mut Cloud, now| {
            let is_ours = |volume: &&Volume| volume.labels.get(ownership::CALL) == call && volume.host.is_none();
            let unused = cloud.world.volumes.named(&name).find(is_ours).map(|volume| volume.id);
            unused.map_or(Ok(()), |id| cloud.world.delete_volume(id, now).map_err(refusal))
        };
        if let Err(error) = self.client.repeat(Operation::DeleteVolume, drop).await {
            tracing::warn!(%owner, host = %spec.name, kind = %error.kind(), "an unused data disk stays");
        }
    }
}

/// The data disk that is there for a host. One that an abandoned create left in another size or place does not count, since
/// it is replaced; a kept one is never.
///
/// # Errors
/// `AlreadyExists` where the host cannot have the one that is there.
pub(crate) fn find_disk(cloud: &Cloud, owner: &str, spec: &HostSpec, disk: &DataDisk) -> Result<Found> {
    let Some(found) = cloud.world.volumes.named(&disk_name(owner, spec.name.as_str())).next() else {
        return Ok(Found::Nothing);
    };
    if found.size_gb == u64::from(disk.size.0) && found.region == spec.region.as_str() {
        return Ok(Found::Usable(found.id));
    }
    if found.host.is_none() && goes_with_host(found) {
        return Ok(Found::Abandoned(found.id));
    }
    let message = format!("the data disk of {} has {} GiB and is in {}", spec.name, found.size_gb, found.region);
    Err(Error::new(ErrorKind::AlreadyExists, message))
}

/// What is there under the name of a data disk.
pub(crate) enum Found {
    Nothing,
    Usable(u64),
    Abandoned(u64),
}

/// Finds or makes the disk.
fn put_disk(
    cloud: &mut Cloud,
    owner: &str,
    spec: &HostSpec,
    disk: &DataDisk,
    labels: &Labels,
    now: Timestamp,
) -> Result<u64> {
    match find_disk(cloud, owner, spec, disk)? {
        Found::Usable(id) => return Ok(id),
        Found::Abandoned(id) => cloud.world.delete_volume(id, now).map_err(refusal)?,
        Found::Nothing => {}
    }
    let request = VolumeRequest {
        name: disk_name(owner, spec.name.as_str()),
        size_gb: disk.size.0.into(),
        region: spec.region.to_string(),
        host: None,
        format: None,
        labels: labels.clone(),
    };
    cloud.world.create_volume(request, now).map(|(id, _, _)| id).map_err(refusal)
}
