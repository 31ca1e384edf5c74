//! What goes wrong at the provider is told as what it is, and nothing is lost by it.

use cloud_types::{CloudProviderExt, Error, ErrorKind, HostId, HostState, ListHosts, StopMode, Wait};
use futures::TryStreamExt;

use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Stop, Trouble};

/// Too many requests, or a failing service, never make a host look gone.
pub async fn a_refused_read_is_never_not_found(case: &Case) -> Outcome {
    let host = case.running("there").await?;
    for trouble in [Trouble::RateLimited, Trouble::Unavailable, Trouble::ResetBefore] {
        case.inject(Operation::GetHost, trouble, 3).await?;
        let read = case.patiently(|| case.provider().get_host(&host.id)).await;
        let read = read.or_fail(format!("a host that is there is read in the end despite {trouble:?}"))?;
        ensure!(read.id == host.id, "the host read is the one asked for");
    }
    Ok(())
}

/// A list that fails on the way is an error or whole, never a part.
pub async fn a_refused_list_is_never_short(case: &Case) -> Outcome {
    let (one, two) = (case.create("one").await?, case.create("two").await?);
    case.settle().await;
    for trouble in [Trouble::RateLimited, Trouble::Unavailable, Trouble::ResetBefore] {
        case.inject(Operation::ListHosts, trouble, 3).await?;
        let listed = || case.provider().hosts(ListHosts::mine()).try_collect::<Vec<_>>();
        let listed = case.patiently(listed).await.or_fail(format!("a list is read in the end despite {trouble:?}"))?;
        let shown = |id: &HostId| listed.iter().any(|host| host.id == *id);
        ensure!(shown(&one.id) && shown(&two.id), "a list that answers is whole despite {trouble:?}: {listed:?}");
    }
    Ok(())
}

/// No capacity is told as that, nothing is made, and the same create works when there is room again.
pub async fn no_capacity_is_told_as_that(case: &Case) -> Outcome {
    is_told_as(case, Trouble::NoCapacity, ErrorKind::NoCapacity).await
}

/// A full quota is told as that, nothing is made, and the same create works when there is room again.
pub async fn a_full_quota_is_told_as_that(case: &Case) -> Outcome {
    is_told_as(case, Trouble::QuotaFull, ErrorKind::QuotaExceeded).await
}

/// A wait for what does not come ends at its deadline, and names the state seen last.
pub async fn a_wait_ends_at_its_deadline(case: &Case) -> Outcome {
    let host = case.running("waited").await?;
    let limit = *case.provider().capabilities().poll.end() * 3;
    let started = case.clock().monotonic();
    let waited = case.provider().wait_for_state(&host.id, HostState::Suspended, Wait::within(limit)).await;
    let took = case.clock().monotonic().saturating_sub(started);
    let error = waited.refused_as(&[ErrorKind::Timeout], "a wait for what does not come ends")?;
    ensure!(error.message().contains("Running"), "the error names the state seen last, Running; it says: {error}");
    ensure!(took >= limit, "a wait lasts until its deadline, {limit:?}; it ended after {took:?}");
    Ok(())
}

/// An answer that is slow is waited for or given up; either way one host is there in the end.
pub async fn a_slow_answer_makes_no_second_host(case: &Case) -> Outcome {
    let spec = case.spec("slow");
    case.inject(Operation::CreateHost, Trouble::Slow, 1).await?;
    let created = case.patiently(|| case.provider().create_host(&spec)).await;
    let created = created.or_fail("a create ends with a host though its answer is slow")?;
    let survivor = case.the_one_host_named(&spec.name).await?;
    ensure!(survivor.id == created.host().id, "the create tells of the host that is there");
    Ok(())
}

/// A call that never gets an answer ends all the same: with `Timeout`, with `OutcomeUnknown` where it may have changed
/// something, or, where it had only read so far, with `Unavailable`.
pub async fn a_call_without_an_answer_ends(case: &Case) -> Outcome {
    let (host, spec) = (case.create("deaf").await?, case.spec("unheard"));
    case.inject(Operation::Any, Trouble::NoAnswer, u32::MAX).await?;
    let read = case.provider().get_host(&host.id).await.map(|_| ());
    let made = case.provider().create_host(&spec).await.map(|_| ());
    case.backend.heal().await;
    let kinds = [ErrorKind::Timeout, ErrorKind::OutcomeUnknown, ErrorKind::Unavailable];
    read.refused_as(&kinds, "a read without an answer ends by its bound")?;
    made.refused_as(&kinds, "a create without an answer ends by its bound")?;
    let made = case.patiently(|| case.provider().create_host(&spec)).await;
    let made = made.or_fail("the same create succeeds once there are answers again")?;
    let survivor = case.the_one_host_named(&spec.name).await?;
    ensure!(survivor.id == made.host().id, "the create tells of the host that is there");
    Ok(())
}

/// A host that readers do not see yet is neither lost nor made twice.
pub async fn a_lagging_reader_makes_no_second_host(case: &Case) -> Outcome {
    if case.provider().capabilities().read_lag.is_zero() {
        return Err(Stop::Skipped("the provider claims that its answers are never old".to_owned()));
    }
    let spec = case.spec("lagging");
    case.inject(Operation::CreateHost, Trouble::Lag, 1).await?;
    let first = case.provider().create_host(&spec).await.or_fail("a host can be created")?;
    case.read(&first.host().id).await?;
    let elsewhere = case.backend.other_process().await;
    let again = elsewhere.create_host(&spec).await.or_fail("the same create in another process finds the host")?;
    let survivor = case.the_one_host_named(&spec.name).await?;
    ensure!(again.host().id == survivor.id, "the second create is told of the host that stays, {}", survivor.id);
    Ok(())
}

/// Starts and stops whose answers are lost can be repeated until they are done.
pub async fn power_under_faults_can_be_repeated(case: &Case) -> Outcome {
    let host = case.running("power").await?;
    for trouble in [Trouble::AnswerLost, Trouble::UnavailableAfter, Trouble::ResetBefore] {
        case.inject(Operation::StopHost, trouble, 1).await?;
        let stopped = case.patiently(|| case.provider().stop_host(&host.id, StopMode::Hard)).await;
        stopped.or_fail(format!("a stop, repeated, succeeds despite {trouble:?}"))?;
        case.reaches(&host.id, HostState::Stopped).await?;
        case.inject(Operation::StartHost, trouble, 1).await?;
        let started = case.patiently(|| case.provider().start_host(&host.id)).await;
        started.or_fail(format!("a start, repeated, succeeds despite {trouble:?}"))?;
        case.reaches(&host.id, HostState::Running).await?;
    }
    Ok(())
}

async fn is_told_as(case: &Case, trouble: Trouble, kind: ErrorKind) -> Outcome {
    let spec = case.rich_spec("refused");
    let before = case.inventory().await?;
    case.inject(Operation::CreateHost, trouble, 1).await?;
    let created = case.provider().create_host(&spec).await;
    created.refused_as(&[kind], format!("{trouble:?} is told as what it is"))?;
    case.holds_no_more_than(&before).await?;
    // The trouble may last a while rather than for one request: until then it is like a busy provider.
    let retryable = |error: Error| if error.kind() == kind { error.with_kind(ErrorKind::Conflict) } else { error };
    let created = case.patiently(async || case.provider().create_host(&spec).await.map_err(retryable)).await;
    created.or_fail("the same create works when there is room again")?;
    Ok(())
}
