//! Volumes: disks that exist apart from hosts.

use cloud_types::{ErrorKind, GiB, HostRuntime, Volume, VolumeSpec, Volumes};

use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Trouble};

/// The same volume again is the same one, here and in another process.
pub async fn creating_a_volume_twice_gives_one_volume(case: &Case) -> Outcome {
    let spec = wish(case, "twice");
    let first = make(case, "twice").await?;
    let elsewhere = case.backend.other_process().await;
    for volumes in [case.volumes()?].into_iter().chain(elsewhere.volumes()) {
        let again = volumes.create_volume(&spec).await.or_fail("the same volume again is success")?;
        ensure!(again.id == first.id, "the same volume again gives {}; it gave {}", first.id, again.id);
    }
    is_the_only_one(case, &first).await
}

/// However the answer is lost, the same volume, repeated, ends with one.
pub async fn a_lost_answer_makes_no_second_volume(case: &Case) -> Outcome {
    let (spec, volumes) = (wish(case, "lost"), case.volumes()?);
    case.inject(Operation::CreateVolume, Trouble::AnswerLost, 1).await?;
    let made = case.patiently(|| volumes.create_volume(&spec)).await;
    is_the_only_one(case, &made.or_fail("a volume is made though an answer was lost")?).await
}

/// Another size under a name that is taken is refused, and the volume stays as it was.
pub async fn another_volume_under_a_taken_name_is_refused(case: &Case) -> Outcome {
    let first = make(case, "taken").await?;
    let mut other = wish(case, "taken");
    other.size = GiB(other.size.0 + 1);
    let refused = case.volumes()?.create_volume(&other).await;
    refused.refused_as(&[ErrorKind::AlreadyExists], "another size under a taken volume name is refused")?;
    let after = read(case, &first).await?;
    ensure!(after.size == first.size, "the volume keeps its size {}; it is now {}", first.size, after.size);
    is_the_only_one(case, &first).await
}

/// A volume is attached and detached, each as often as one likes, and is not deleted while attached.
pub async fn a_volume_is_attached_and_detached(case: &Case) -> Outcome {
    let host = case.running("attached").await?;
    let (volume, volumes) = (make_beside(case, &host).await?, case.volumes()?);
    for _ in 0..2 {
        volumes.attach_volume(&volume.id, &host.id).await.or_fail("a volume can be attached, again too")?;
        let attached = read(case, &volume).await?;
        ensure!(attached.host.as_ref() == Some(&host.id), "the volume is at host {}: {attached:?}", host.id);
    }
    let deleted = volumes.delete_volume(&volume.id).await;
    deleted.refused_as(&[ErrorKind::Conflict], "an attached volume is not deleted")?;
    for _ in 0..2 {
        volumes.detach_volume(&volume.id).await.or_fail("a volume can be detached, again too")?;
        let detached = read(case, &volume).await?;
        ensure!(detached.host.is_none(), "the volume is at no host: {detached:?}");
    }
    Ok(())
}

/// A volume that is attached to one host is not attached to another.
pub async fn an_attached_volume_is_not_taken_away(case: &Case) -> Outcome {
    let (first, second) = (case.running("first").await?, case.running("second").await?);
    let (volume, volumes) = (make_beside(case, &first).await?, case.volumes()?);
    volumes.attach_volume(&volume.id, &first.id).await.or_fail("a volume can be attached")?;
    let taken = volumes.attach_volume(&volume.id, &second.id).await;
    taken.refused_as(&[ErrorKind::Conflict], "a volume that is attached elsewhere is not attached")?;
    let after = read(case, &volume).await?;
    ensure!(after.host.as_ref() == Some(&first.id), "the volume stays at host {}: {after:?}", first.id);
    Ok(())
}

/// A volume that was made apart stays when the host that it is attached to is deleted.
pub async fn a_volume_outlives_the_host_it_is_attached_to(case: &Case) -> Outcome {
    let host = case.running("host").await?;
    let (volume, volumes) = (make_beside(case, &host).await?, case.volumes()?);
    volumes.attach_volume(&volume.id, &host.id).await.or_fail("a volume can be attached")?;
    case.provider().delete_host(&host.id).await.or_fail("a host with a volume can be deleted")?;
    case.is_gone(&host.id).await?;
    let after = read(case, &volume).await?;
    ensure!(after.host.is_none(), "a volume whose host is gone is at no host: {after:?}");
    Ok(())
}

/// A volume grows, and never shrinks.
pub async fn a_volume_grows_and_never_shrinks(case: &Case) -> Outcome {
    let (volume, volumes) = (make(case, "grown").await?, case.volumes()?);
    let larger = GiB(volume.size.0 + 1);
    for _ in 0..2 {
        volumes.grow_volume(&volume.id, larger).await.or_fail("a volume can be grown, to the same size again too")?;
        let grown = read(case, &volume).await?;
        ensure!(grown.size == larger, "the volume has {larger}; it has {}", grown.size);
    }
    let shrunk = volumes.grow_volume(&volume.id, volume.size).await;
    shrunk.refused_as(&[ErrorKind::InvalidRequest], "a volume cannot shrink")?;
    Ok(())
}

/// A volume over the claimed limit is refused, and nothing is made.
pub async fn a_volume_over_the_limit_is_refused(case: &Case) -> Outcome {
    let mut spec = wish(case, "huge");
    spec.size = GiB(case.provider().capabilities().data_disk.end().0.saturating_add(1));
    let error = case.volumes()?.create_volume(&spec).await;
    let error = error.refused_as(&[ErrorKind::InvalidRequest], "a volume over the limit is refused")?;
    ensure!(error.field() == Some("size"), "the error names the field size; it names {:?}", error.field());
    ensure!(!lists(case.volumes()?, spec.name.as_str()).await?, "a refused volume is not made");
    Ok(())
}

/// A volume goes when deleted, however often, and other owners never saw it.
pub async fn a_volume_is_listed_and_deleted(case: &Case) -> Outcome {
    let (volume, volumes) = (make(case, "deleted").await?, case.volumes()?);
    case.settle().await;
    ensure!(lists(volumes, &volume.name).await?, "a volume is in its owner's list");
    let other = case.backend.other_owner().await;
    if let Some(theirs) = other.volumes() {
        ensure!(!lists(theirs, &volume.name).await?, "a volume is not in another owner's list");
    }
    for _ in 0..2 {
        volumes.delete_volume(&volume.id).await.or_fail("deleting a volume succeeds however often")?;
    }
    case.settle().await;
    let read = volumes.get_volume(&volume.id).await;
    read.refused_as(&[ErrorKind::NotFound], "a deleted volume is not found")?;
    ensure!(!lists(volumes, &volume.name).await?, "a deleted volume is no longer listed");
    Ok(())
}

fn wish(case: &Case, role: &str) -> VolumeSpec {
    let size = *case.provider().capabilities().data_disk.start();
    let mut wish = VolumeSpec::new(case.name(role), case.spec(role).region, size);
    wish.zone = case.spec(role).zone;
    wish
}

async fn make(case: &Case, role: &str) -> Outcome<Volume> {
    case.volumes()?.create_volume(&wish(case, role)).await.or_fail("a volume can be made")
}

/// A volume where a host is, since only there it can be attached.
async fn make_beside(case: &Case, host: &HostRuntime) -> Outcome<Volume> {
    let mut wish = wish(case, "disk");
    (wish.region, wish.zone) = (host.region.clone(), host.zone.clone());
    case.volumes()?.create_volume(&wish).await.or_fail("a volume can be made beside a host")
}

async fn read(case: &Case, volume: &Volume) -> Outcome<Volume> {
    case.settle().await;
    case.volumes()?.get_volume(&volume.id).await.or_fail("a volume can be read")
}

async fn lists(volumes: &dyn Volumes, name: &str) -> Outcome<bool> {
    let listed = volumes.list_volumes().await.or_fail("volumes can be listed")?;
    Ok(listed.iter().any(|volume| volume.name == name))
}

async fn is_the_only_one(case: &Case, volume: &Volume) -> Outcome {
    case.settle().await;
    let listed = case.volumes()?.list_volumes().await.or_fail("volumes can be listed")?;
    let named: Vec<_> = listed.iter().filter(|seen| seen.name == volume.name).map(|seen| &seen.id).collect();
    ensure!(named == [&volume.id], "one volume bears the name, {}; there are {named:?}", volume.id);
    Ok(())
}
