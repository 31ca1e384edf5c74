//! The data disk that an earlier host of a name left: finding it, and giving it to the host that has the name now.

use cloud_types::{Error, ErrorKind, HostSpec, HostState, Result};

use crate::convert::{Disk, DiskState, Place};
use crate::parts::Parts;
use crate::storage::CHANGING;

/// The data disk that an earlier host of this name left. Its zone decides the host's. One whose host is just going is waited
/// for. One that was to go with its host is nobody's to hand on.
pub(crate) async fn left(parts: &Parts, spec: &HostSpec) -> Result<Option<Disk>> {
    let Some(asked) = &spec.data_disk else { return Ok(None) };
    let look = || async {
        let mut held = false;
        for disk in parts.storage.data_disks(&spec.region, Some(spec.name.as_str())).await? {
            if !disk.is_kept() {
                continue;
            }
            if disk.state == DiskState::Free {
                return Ok(Some(Some(disk)));
            }
            held |= is_leaving_with_its_host(parts, &disk).await?;
        }
        Ok((!held).then_some(None))
    };
    let left = parts.account.until("the data disk has left the host that had it", CHANGING, look).await?;
    match left {
        Some(disk) if disk.volume.size != asked.size => Err(taken("has another size")),
        left => Ok(left),
    }
}

/// Whether a disk is at a host that is on its way out, or was a moment ago.
async fn is_leaving_with_its_host(parts: &Parts, disk: &Disk) -> Result<bool> {
    let Some(attachment) = &disk.attachment else { return Ok(false) };
    Ok(!parts.reader.is_staying(&disk.place.beside(attachment.host.as_str())).await?)
}

/// Gives a host the data disk that it lacks, where its maker ended before it did so.
pub(crate) async fn complete(parts: &Parts, host: &Place, spec: &HostSpec) -> Result<()> {
    if spec.data_disk.is_none() || has(parts, host, spec).await? {
        return Ok(());
    }
    match left(parts, spec).await? {
        Some(disk) => hand_over(parts, host, spec, &disk.place.id).await,
        None => Ok(()),
    }
}

/// Gives a host the data disk of this id that was left for it, once the host has got its machine: EC2 cannot do so before.
/// Until the host has it, the disk stays one that is kept.
pub(crate) async fn hand_over(parts: &Parts, host: &Place, spec: &HostSpec, id: &str) -> Result<()> {
    let disk = host.beside(id);
    let attached = async {
        let has_machine = || async {
            let seen = parts.reader.read_alone(host).await?;
            Ok((seen.host.state != HostState::Starting).then_some(()))
        };
        parts.account.until("the host has its machine", CHANGING, has_machine).await?;
        if has(parts, host, spec).await? {
            return Ok(());
        }
        cloud_driver::volumes::attach(parts, &cloud_types::VolumeId::new(disk.to_string()), &host.host_id()).await?;
        match &spec.data_disk {
            Some(asked) => {
                parts.storage.mark_data_disk(&parts.storage.get(&disk).await?, spec.name.as_str(), asked).await
            }
            None => Ok(()),
        }
    };
    let incomplete = "the host is made, but its data disk is not attached: repeat the call";
    attached.await.map_err(|error: Error| error.with_context(incomplete))
}

/// Whether a host has its data disk. Its tags say then what becomes of it, also where its maker had not come so far.
async fn has(parts: &Parts, host: &Place, spec: &HostSpec) -> Result<bool> {
    let disks = parts.storage.data_disks(&host.region, Some(spec.name.as_str())).await?;
    let (Some(disk), Some(asked)) = (disks.iter().find(|disk| disk.is_at(host)), &spec.data_disk) else {
        return Ok(false);
    };
    parts.storage.mark_data_disk(disk, spec.name.as_str(), asked).await?;
    Ok(true)
}

/// The name is taken by a disk of other data.
pub(crate) fn taken(why: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("the data disk that an earlier host of this name left {why}"))
}
