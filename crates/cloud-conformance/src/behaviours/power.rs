//! Starting, stopping and restarting, and the states on the way.

use cloud_types::{Ability, CloudProviderExt, ErrorKind, HostId, HostRuntime, HostState, StopMode};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome, Stop};

/// A new host is seen only being made and starting before it runs, in words that the contract knows.
pub async fn a_new_host_comes_to_run_by_known_states(case: &Case) -> Outcome {
    let host = case.create("states").await?;
    let mut seen = Vec::new();
    let wait = case.wait().on_progress(|progress| seen.push(progress.host.state.clone()));
    let running = case.provider().wait_for_state(&host.id, HostState::Running, wait).await;
    running.or_fail("a new host comes to run")?;
    let expected = [HostState::Provisioning, HostState::Starting, HostState::Running];
    let strange = seen.iter().find(|state| !expected.contains(state));
    ensure!(strange.is_none(), "a new host is {expected:?} and nothing else; it was seen {strange:?}");
    Ok(())
}

/// Starting a host that runs is success, and it runs on.
pub async fn starting_a_running_host_changes_nothing(case: &Case) -> Outcome {
    let before = case.running("running").await?;
    case.provider().start_host(&before.id).await.or_fail("starting a running host is success")?;
    case.settle().await;
    let after = case.read(&before.id).await?;
    ensure!(after.state == HostState::Running, "a running host that is started runs on; it is {}", after.state);
    is_the_same(&before, &after)
}

/// Stopping a host that is stopped is success, and it stays stopped.
pub async fn stopping_a_stopped_host_changes_nothing(case: &Case) -> Outcome {
    let before = case.stopped("stopped").await?;
    for mode in modes(case) {
        case.provider().stop_host(&before.id, mode).await.or_fail("stopping a stopped host is success")?;
        case.settle().await;
        let after = case.read(&before.id).await?;
        ensure!(after.state == HostState::Stopped, "a stopped host stays stopped; it is {}", after.state);
        is_the_same(&before, &after)?;
    }
    Ok(())
}

/// A host stops in each way that is claimed, and starts again as the same host.
pub async fn a_host_stops_and_starts(case: &Case) -> Outcome {
    let before = case.running("power").await?;
    for mode in modes(case) {
        stop_by_all_means(case, &before.id, mode).await?;
        case.provider().start_host(&before.id).await.or_fail("a stopped host can be started")?;
        let after = case.reaches(&before.id, HostState::Running).await?;
        is_the_same(&before, &after)?;
    }
    Ok(())
}

/// A restarted host comes back as the same host.
pub async fn a_host_restarts(case: &Case) -> Outcome {
    let before = case.running("restart").await?;
    case.provider().restart_host(&before.id).await.or_fail("a running host can be restarted")?;
    let after = case.reaches(&before.id, HostState::Running).await?;
    is_the_same(&before, &after)
}

/// A host that does not run cannot be restarted: it is started instead.
pub async fn restarting_a_stopped_host_is_refused(case: &Case) -> Outcome {
    let host = case.stopped("off").await?;
    let restarted = case.provider().restart_host(&host.id).await;
    restarted.refused_as(&[ErrorKind::Conflict], "a stopped host cannot be restarted").map(|_| ())
}

/// A graceful stop asks and does not force: a system that ignores it is then forced, as a caller would.
async fn stop_by_all_means(case: &Case, id: &HostId, mode: StopMode) -> Outcome {
    case.provider().stop_host(id, mode).await.or_fail(format!("a running host can be stopped, {mode:?}"))?;
    match (case.provider().wait_for_state(id, HostState::Stopped, case.wait()).await, mode) {
        (Ok(_), _) => Ok(()),
        (Err(error), StopMode::Graceful) if error.kind() == ErrorKind::Timeout => {
            case.provider()
                .stop_host(id, StopMode::Hard)
                .await
                .or_fail("a host that ignores the asking can be forced")?;
            case.reaches(id, HostState::Stopped).await.map(|_| ())
        }
        (Err(error), _) => Err(Stop::Failed(format!("a host that was stopped ({mode:?}) becomes Stopped: {error}"))),
    }
}

fn modes(case: &Case) -> Vec<StopMode> {
    match case.provider().capabilities().can(Ability::GracefulStop) {
        true => vec![StopMode::Graceful, StopMode::Hard],
        false => vec![StopMode::Hard],
    }
}

fn is_the_same(before: &HostRuntime, after: &HostRuntime) -> Outcome {
    ensure!(after.id == before.id, "the host keeps its id {}; it is now {}", before.id, after.id);
    ensure!(after.name == before.name, "the host keeps its name {}; it is now {}", before.name, after.name);
    let (was, is) = (&before.machine_type, &after.machine_type);
    ensure!(is == was, "the host keeps its machine type {was}; it is now {is}");
    Ok(())
}
