//! Sweeping: all that an owner has goes, and nothing else.

use cloud_types::{Ability, CloudProviderExt, DataDisk, HostId, ResourceKind, SweepReport, VolumeSpec};

use crate::fixtures::other_ssh_key;
use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// After a sweep the owner has nothing, whatever it made, and another owner's host is still there.
pub async fn nothing_is_left_after_a_sweep(case: &Case) -> Outcome {
    let other = case.backend.other_owner().await;
    let foreign = other.create_host(&case.spec("foreign")).await.or_fail("another owner can create a host")?;
    let before = case.inventory().await?;
    case.running_as(&case.rich_spec("rich")).await?;
    make_one_of_each(case).await?;
    let report = sweep(case).await?;
    ensure!(report.failed.is_empty(), "a sweep deletes everything; it could not delete {:?}", report.failed);
    ensure!(!report.deleted.is_empty(), "a sweep finds what the owner has; it found nothing");
    // A deleted host may be there for a moment more, as after any other delete, and a list may show its disk a lag longer.
    for host in report.deleted.iter().filter(|resource| resource.kind == ResourceKind::Host) {
        case.is_gone(&HostId::new(host.id.as_str())).await?;
    }
    case.settle().await;
    let left = case.sweep()?.list_resources().await.or_fail("all that the owner has can be listed")?;
    ensure!(left.is_empty(), "nothing is left after a sweep; there is {left:?}");
    case.holds_no_more_than(&before).await?;
    other.get_host(&foreign.host().id).await.or_fail("another owner's host outlives a sweep")?;
    Ok(())
}

/// A sweep spares a data disk that was marked to be kept, and what was made after the given time.
pub async fn a_sweep_spares_what_is_kept(case: &Case) -> Outcome {
    let size = *case.provider().capabilities().data_disk.start();
    let host = case.running_as(&case.spec("keeper").data_disk(DataDisk::new(size).keep())).await?;
    let report = sweep(case).await?;
    ensure!(report.failed.is_empty(), "a sweep deletes what it may; it could not delete {:?}", report.failed);
    let spared = report.spared.iter().any(|resource| resource.kept && resource.kind == ResourceKind::Volume);
    ensure!(spared, "a kept data disk is spared; spared was {:?}", report.spared);
    case.is_gone(&host.id).await?;
    let left = case.sweep()?.list_resources().await.or_fail("all that the owner has can be listed")?;
    ensure!(left.iter().any(|resource| resource.kept), "a kept data disk is there after a sweep; there is {left:?}");
    for resource in left {
        for _ in 0..2 {
            let deleted = case.sweep()?.delete_resource(&resource).await;
            deleted.or_fail("what a sweep spared can be deleted by name, however often")?;
        }
    }
    Ok(())
}

/// A volume, a snapshot and a key, as far as the provider claims them.
async fn make_one_of_each(case: &Case) -> Outcome {
    let claims = case.provider().capabilities();
    if claims.can(Ability::Volumes) {
        let spec = VolumeSpec::new(case.name("volume"), case.spec("volume").region, *claims.data_disk.start());
        case.volumes()?.create_volume(&spec).await.or_fail("a volume can be made")?;
    }
    if claims.can(Ability::SshKeys) {
        let kept = case.ssh_keys()?.create_ssh_key(&case.name("key"), &other_ssh_key()).await;
        kept.or_fail("a key can be kept")?;
    }
    if claims.can(Ability::Snapshots) {
        let host = case.stopped("copied").await?;
        let snapshot = case.snapshots()?.create_snapshot(&host.id, &case.name("copy")).await;
        let snapshot = snapshot.or_fail("a snapshot can be taken")?;
        let available = case.provider().wait_for_snapshot(&snapshot.id, case.backend.patience()).await;
        available.or_fail("a snapshot becomes available")?;
    }
    Ok(())
}

async fn sweep(case: &Case) -> Outcome<SweepReport> {
    let tomorrow = case.clock().now() + case.backend.patience() * 1_000;
    case.provider().sweep_before(tomorrow).await.or_fail("an owner can be swept")
}
