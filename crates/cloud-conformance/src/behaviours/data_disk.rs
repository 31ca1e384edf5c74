//! Data disks that come with a host, and may outlive it.

use cloud_types::{DataDisk, HostId, HostSpec, Volume};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// A data disk comes with its host, is seen as its volume, and goes with it.
pub async fn a_data_disk_comes_and_goes_with_its_host(case: &Case) -> Outcome {
    let size = *case.provider().capabilities().data_disk.start();
    let host = case.running_as(&case.spec("disk").data_disk(DataDisk::new(size))).await?;
    let disks = disks_of(case, &host.id).await?;
    ensure!(disks.len() == 1, "the host has one data disk; it has {disks:?}");
    ensure!(disks[0].size == size, "the data disk has {size}; it has {}", disks[0].size);
    case.provider().delete_host(&host.id).await.or_fail("a host with a data disk can be deleted")?;
    case.is_gone(&host.id).await?;
    case.settle().await;
    let left = case.volumes()?.list_volumes().await.or_fail("volumes can be listed")?;
    ensure!(!left.iter().any(|volume| volume.id == disks[0].id), "the data disk goes with its host; it is there still");
    Ok(())
}

/// A data disk marked to be kept stays when its host is deleted, at no host.
pub async fn a_kept_data_disk_outlives_its_host(case: &Case) -> Outcome {
    let host = case.running_as(&kept(case, "keeper")).await?;
    let disk = the_disk_of(case, &host.id).await?;
    for _ in 0..2 {
        case.provider().delete_host(&host.id).await.or_fail("a host with a kept data disk can be deleted")?;
    }
    case.is_gone(&host.id).await?;
    case.settle().await;
    let left = case.volumes()?.get_volume(&disk.id).await.or_fail("a kept data disk stays")?;
    ensure!(left.host.is_none(), "a kept data disk is at no host when its host is gone: {left:?}");
    Ok(())
}

/// A later host of the same name gets the kept data disk back.
pub async fn a_later_host_gets_its_kept_data_disk_back(case: &Case) -> Outcome {
    let spec = kept(case, "heir");
    let first = case.running_as(&spec).await?;
    let disk = the_disk_of(case, &first.id).await?;
    case.provider().delete_host(&first.id).await.or_fail("a host with a kept data disk can be deleted")?;
    case.is_gone(&first.id).await?;
    case.settle().await;
    let later = case.running_as(&spec).await?;
    ensure!(later.id != first.id, "the later host is a new one; it has the id of the deleted one");
    let inherited = the_disk_of(case, &later.id).await?;
    ensure!(inherited.id == disk.id, "the later host gets disk {} back; it has {}", disk.id, inherited.id);
    Ok(())
}

fn kept(case: &Case, role: &str) -> HostSpec {
    case.spec(role).data_disk(DataDisk::new(*case.provider().capabilities().data_disk.start()).keep())
}

async fn the_disk_of(case: &Case, host: &HostId) -> Outcome<Volume> {
    let mut disks = disks_of(case, host).await?;
    ensure!(disks.len() == 1, "the host has one data disk; it has {disks:?}");
    Ok(disks.remove(0))
}

async fn disks_of(case: &Case, host: &HostId) -> Outcome<Vec<Volume>> {
    case.settle().await;
    let mut volumes = case.volumes()?.list_volumes().await.or_fail("volumes can be listed")?;
    volumes.retain(|volume| volume.host.as_ref() == Some(host));
    Ok(volumes)
}
