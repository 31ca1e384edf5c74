//! Snapshots: one of each name, and hosts that boot from them.

use cloud_types::{CloudProviderExt, ErrorKind, HostRuntime, HostState, Image, Snapshot, SnapshotState};

use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Trouble};

/// The same name of the same host again gives the same snapshot, here and in another process.
pub async fn snapshotting_twice_gives_one_snapshot(case: &Case) -> Outcome {
    let host = case.stopped("copied").await?;
    let name = case.name("copy");
    let first = take(case, &host, "copy").await?;
    let elsewhere = case.backend.other_process().await;
    let other = elsewhere.snapshots();
    for snapshots in [case.snapshots()?].into_iter().chain(other) {
        let again = snapshots.create_snapshot(&host.id, &name).await.or_fail("the same snapshot again is success")?;
        ensure!(again.id == first.id, "the same snapshot again gives {}; it gave {}", first.id, again.id);
    }
    is_the_only_one(case, &first).await
}

/// However the answer is lost, the same snapshot, repeated, ends with one.
pub async fn a_lost_answer_makes_no_second_snapshot(case: &Case) -> Outcome {
    let host = case.stopped("copied").await?;
    let name = case.name("copy");
    case.inject(Operation::CreateSnapshot, Trouble::AnswerLost, 1).await?;
    let snapshots = case.snapshots()?;
    let taken = case.patiently(|| snapshots.create_snapshot(&host.id, &name)).await;
    is_the_only_one(case, &taken.or_fail("a snapshot ends well though an answer was lost")?).await
}

/// A snapshot becomes available, knows its host, is listed and read, and goes when deleted, however often.
pub async fn a_snapshot_is_read_listed_and_deleted(case: &Case) -> Outcome {
    let host = case.stopped("copied").await?;
    let taken = take(case, &host, "copy").await?;
    let snapshot = available(case, &taken).await?;
    let owner = case.provider().owner();
    ensure!(snapshot.name.as_deref() == Some(case.name("copy").as_str()), "a snapshot has its name: {snapshot:?}");
    ensure!(snapshot.owner.as_ref() == Some(owner), "a snapshot belongs to {owner}: {snapshot:?}");
    ensure!(
        snapshot.host.as_ref().is_none_or(|from| *from == host.id),
        "a snapshot is of its host {}; it says {:?}",
        host.id,
        snapshot.host
    );
    let snapshots = case.snapshots()?;
    let other = case.backend.other_owner().await;
    if let Some(theirs) = other.snapshots() {
        let theirs = theirs.list_snapshots().await.or_fail("another owner can list snapshots")?;
        ensure!(!theirs.iter().any(|seen| seen.id == taken.id), "another owner does not see the snapshot");
    }
    for _ in 0..2 {
        snapshots.delete_snapshot(&taken.id).await.or_fail("deleting a snapshot succeeds however often")?;
    }
    case.settle().await;
    let listed = snapshots.list_snapshots().await.or_fail("snapshots can be listed")?;
    ensure!(!listed.iter().any(|seen| seen.id == taken.id), "a deleted snapshot is no longer listed");
    let read = snapshots.get_snapshot(&taken.id).await;
    read.refused_as(&[ErrorKind::NotFound], "a deleted snapshot is not found")?;
    Ok(())
}

/// A new host boots from a snapshot, also when the host it was taken from is gone.
pub async fn a_host_is_restored_from_a_snapshot(case: &Case) -> Outcome {
    let original = case.stopped("original").await?;
    let snapshot = take(case, &original, "copy").await?;
    available(case, &snapshot).await?;
    case.provider().delete_host(&original.id).await.or_fail("the original can be deleted")?;
    case.is_gone(&original.id).await?;
    let mut spec = case.spec("restored");
    spec.image = Image::Snapshot(snapshot.id.clone());
    let restored = case.running_as(&spec).await?;
    ensure!(restored.state == HostState::Running, "a restored host runs; it is {}", restored.state);
    ensure!(restored.id != original.id, "a restored host is a new one; it has the original's id {}", original.id);
    Ok(())
}

/// A snapshot's name that another host's snapshot bears is refused.
pub async fn a_taken_snapshot_name_is_refused(case: &Case) -> Outcome {
    let first = case.stopped("first").await?;
    let second = case.stopped("second").await?;
    let taken = take(case, &first, "copy").await?;
    let refused = case.snapshots()?.create_snapshot(&second.id, &case.name("copy")).await;
    refused.refused_as(&[ErrorKind::AlreadyExists], "a name taken by another host's snapshot is refused")?;
    is_the_only_one(case, &taken).await
}

/// A host that is not there has no snapshot taken.
pub async fn a_missing_host_is_not_snapshotted(case: &Case) -> Outcome {
    let id = case.gone("missing").await?;
    let taken = case.snapshots()?.create_snapshot(&id, &case.name("copy")).await;
    taken.refused_as(&[ErrorKind::NotFound], "no snapshot is taken of a host that is gone")?;
    Ok(())
}

async fn take(case: &Case, host: &HostRuntime, role: &str) -> Outcome<Snapshot> {
    let taken = case.snapshots()?.create_snapshot(&host.id, &case.name(role)).await;
    taken.or_fail("a snapshot of a stopped host can be taken")
}

async fn available(case: &Case, snapshot: &Snapshot) -> Outcome<Snapshot> {
    let limit = case.backend.patience();
    let snapshot = case.provider().wait_for_snapshot(&snapshot.id, limit).await;
    let snapshot = snapshot.or_fail("a snapshot becomes available")?;
    ensure!(snapshot.state == SnapshotState::Available, "a snapshot becomes available; it is {:?}", snapshot.state);
    Ok(snapshot)
}

async fn is_the_only_one(case: &Case, snapshot: &Snapshot) -> Outcome {
    case.settle().await;
    let listed = case.snapshots()?.list_snapshots().await.or_fail("snapshots can be listed")?;
    let named: Vec<_> = listed.iter().filter(|seen| seen.name == snapshot.name).map(|seen| &seen.id).collect();
    ensure!(named == [&snapshot.id], "one snapshot bears the name, {}; there are {named:?}", snapshot.id);
    Ok(())
}
