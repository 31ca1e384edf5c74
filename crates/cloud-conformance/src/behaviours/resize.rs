//! Changing the machine type.

use cloud_types::{
    AfterResize, Error, ErrorKind, GiB, HostId, HostState, Machine, MachineTypeName, ResizeDisk, Result, StopMode,
};

use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Stop, Trouble};

/// A stopped host gets another machine type and stays the same host otherwise.
pub async fn a_stopped_host_is_resized(case: &Case) -> Outcome {
    let before = case.stopped("resized").await?;
    let larger = case.backend.larger_machine();
    resize(case, &before.id, &larger, ResizeDisk::Keep).await.or_fail("a stopped host can be resized")?;
    let state = match case.provider().capabilities().after_resize {
        AfterResize::Running => HostState::Running,
        _ => HostState::Stopped,
    };
    let after = case.reaches(&before.id, state).await?;
    ensure!(after.machine_type == larger, "the host is now a {larger}; it is a {}", after.machine_type);
    ensure!(after.name == before.name, "the host keeps its name {}; it is now {}", before.name, after.name);
    case.provider().start_host(&before.id).await.or_fail("a resized host can be started")?;
    case.reaches(&before.id, HostState::Running).await.map(|_| ())
}

/// A host that runs is not resized, and nothing happens to it.
pub async fn a_running_host_is_not_resized(case: &Case) -> Outcome {
    let before = case.running("busy").await?;
    let resized = resize(case, &before.id, &case.backend.larger_machine(), ResizeDisk::Keep).await;
    resized.refused_as(&[ErrorKind::Conflict], "a running host must be stopped before it is resized")?;
    let after = case.read(&before.id).await?;
    let (was, is) = (&before.machine_type, &after.machine_type);
    ensure!(is == was, "the running host keeps its machine type {was}; it is now {is}");
    ensure!(after.state == HostState::Running, "the running host runs on; it is {}", after.state);
    Ok(())
}

/// A machine type that the provider does not have is refused.
pub async fn resizing_to_an_unknown_machine_type_is_refused(case: &Case) -> Outcome {
    let host = case.stopped("unknown").await?;
    let resized = resize(case, &host.id, &case.unknown_machine(), ResizeDisk::Keep).await;
    resized.refused_as(&[ErrorKind::InvalidRequest], "an unknown machine type is refused")?;
    Ok(())
}

/// A host that has the machine type already is left alone.
pub async fn resizing_to_the_same_type_changes_nothing(case: &Case) -> Outcome {
    let before = case.stopped("same").await?;
    let Machine::Named(same) = case.spec("same").machine else {
        return Err(Stop::Failed("the backend's spec names its machine".to_owned()));
    };
    resize(case, &before.id, &same, ResizeDisk::Keep).await.or_fail("the same machine type again is success")?;
    let after = case.read(&before.id).await?;
    ensure!(after.machine_type == same, "the host is a {same} still; it is a {}", after.machine_type);
    Ok(())
}

/// A resize whose answer is lost can be repeated until it is done.
pub async fn a_resize_under_faults_can_be_repeated(case: &Case) -> Outcome {
    let host = case.stopped("lost").await?;
    let larger = case.backend.larger_machine();
    case.inject(Operation::ResizeHost, Trouble::AnswerLost, 1).await?;
    let resized = case.patiently(|| resize(case, &host.id, &larger, ResizeDisk::Keep)).await;
    resized.or_fail("a resize, repeated, succeeds though an answer was lost")?;
    let after = case.read(&host.id).await?;
    ensure!(after.machine_type == larger, "the host is now a {larger}; it is a {}", after.machine_type);
    Ok(())
}

/// A host whose disk was kept can be made smaller again.
pub async fn a_kept_disk_lets_a_host_go_back(case: &Case) -> Outcome {
    let before = case.stopped("back").await?;
    for to in [&case.backend.larger_machine(), &before.machine_type] {
        stop(case, &before.id).await?;
        let resized = resize(case, &before.id, to, ResizeDisk::Keep).await;
        resized.or_fail(format!("a host whose disk is kept becomes a {to}"))?;
    }
    let after = case.read(&before.id).await?;
    let (was, is) = (&before.machine_type, &after.machine_type);
    ensure!(is == was, "the host is a {was} again; it is a {is}");
    Ok(())
}

/// A disk that was grown with the host never shrinks: the smaller machine type is refused.
pub async fn a_grown_disk_keeps_a_host_from_going_back(case: &Case) -> Outcome {
    let before = case.stopped("grown").await?;
    let larger = case.backend.larger_machine();
    if disk_of(case, &larger).await? <= disk_of(case, &before.machine_type).await? {
        return Err(Stop::Skipped(format!("{larger} has no larger disk than {}", before.machine_type)));
    }
    let grown = resize(case, &before.id, &larger, ResizeDisk::GrowForever).await;
    grown.or_fail("a stopped host can be resized with its disk")?;
    stop(case, &before.id).await?;
    let back = resize(case, &before.id, &before.machine_type, ResizeDisk::Keep).await;
    back.refused_as(&[ErrorKind::InvalidRequest], "a grown disk does not fit the smaller machine type")?;
    Ok(())
}

/// A host that is not there cannot be resized.
pub async fn a_missing_host_is_not_resized(case: &Case) -> Outcome {
    let id = case.gone("missing").await?;
    let resized = resize(case, &id, &case.backend.larger_machine(), ResizeDisk::Keep).await;
    resized.refused_as(&[ErrorKind::NotFound], "a host that is gone cannot be resized")?;
    Ok(())
}

async fn resize(case: &Case, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()> {
    let ability = case.provider().resize().ok_or_else(|| Error::unsupported("resize() gives nothing"))?;
    ability.resize_host(id, to, disk).await
}

/// Brings a host to Stopped, in whichever state a resize left it.
async fn stop(case: &Case, id: &HostId) -> Outcome {
    let stopped = case.patiently(|| case.provider().stop_host(id, StopMode::Hard)).await;
    stopped.or_fail("a host can be stopped")?;
    case.reaches(id, HostState::Stopped).await.map(|_| ())
}

async fn disk_of(case: &Case, machine: &MachineTypeName) -> Outcome<Option<GiB>> {
    let types = case.catalog()?.machine_types().await.or_fail("the machine types can be listed")?;
    Ok(types.into_iter().find(|known| known.name == *machine).and_then(|known| known.disk))
}
