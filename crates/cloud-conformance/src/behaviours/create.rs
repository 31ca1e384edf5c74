//! Creating: exactly one host, whatever happens on the way.

use std::sync::Arc;

use cloud_types::{CreateToken, Created, ErrorKind, HostState};
use futures::future::join_all;

use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Stop, Trouble};

/// A create answers as soon as the host has an id, not when the host runs.
pub async fn create_answers_before_the_host_runs(case: &Case) -> Outcome {
    // A fast service under a loaded machine may be done by chance; one that waits is done each time.
    for role in ["early-1", "early-2", "early-3"] {
        let host = case.create(role).await?;
        ensure!(!host.id.as_str().is_empty(), "a created host has an id; it is empty");
        if host.state != HostState::Running {
            case.reaches(&host.id, HostState::Running).await?;
            return Ok(());
        }
    }
    Err(Stop::Failed("a create answers before the host runs; three hosts in a row ran already".to_owned()))
}

/// The same spec again finds the host, here and in another process.
pub async fn creating_the_same_twice_gives_one_host(case: &Case) -> Outcome {
    let spec = case.spec("twice");
    let first = case.provider().create_host(&spec).await.or_fail("a host can be created")?;
    ensure!(matches!(first, Created::New(_)), "the first create makes a new host; it found one: {first:?}");
    let elsewhere = case.backend.other_process().await;
    for provider in [case.provider(), &*elsewhere] {
        let again = provider.create_host(&spec).await.or_fail("the same create again finds the host")?;
        ensure!(matches!(again, Created::Existing(_)), "the same create again says that the host existed: {again:?}");
        ensure!(
            again.host().id == first.host().id,
            "the same create again finds host {}; it gave {}",
            first.host().id,
            again.host().id
        );
    }
    case.the_one_host_named(&spec.name).await.map(|_| ())
}

/// Another spec under a name that is taken is refused, and the host stays as it was.
pub async fn another_spec_under_a_taken_name_changes_nothing(case: &Case) -> Outcome {
    let before = case.running("taken").await?;
    let other = case.spec("taken").label("conformance", "other").or_fail("a plain label is taken")?;
    let refused = case.provider().create_host(&other).await;
    refused.refused_as(&[ErrorKind::AlreadyExists], "another spec under a taken name is refused")?;
    let after = case.the_one_host_named(&other.name).await?;
    ensure!(after.id == before.id, "the host keeps its id {}; it is now {}", before.id, after.id);
    ensure!(after.labels == before.labels, "the host keeps its labels {:?}; now {:?}", before.labels, after.labels);
    ensure!(after.state == HostState::Running, "the host runs on; it is {}", after.state);
    Ok(())
}

/// Eight tasks in two processes race on one name: one host is there, and all of them are told of that one.
pub async fn racing_creates_end_with_one_host(case: &Case) -> Outcome {
    let spec = case.spec("raced");
    let processes = [case.shared_provider(), case.backend.other_process().await];
    let tasks = (0..8).map(|number| {
        let (provider, spec) = (Arc::clone(&processes[number % 2]), spec.clone());
        tokio::spawn(async move { provider.create_host(&spec).await })
    });
    let answers: Vec<_> = join_all(tasks).await;
    let survivor = case.the_one_host_named(&spec.name).await?;
    for answer in answers {
        let answer = answer.map_err(|panic| Stop::Failed(format!("no create panics; one did: {panic}")))?;
        match answer {
            Ok(created) => ensure!(
                created.host().id == survivor.id,
                "every racing create is told of the host that stays, {}; one was told of {}",
                survivor.id,
                created.host().id
            ),
            Err(error) => ensure!(
                error.is_retryable() || error.kind() == ErrorKind::OutcomeUnknown,
                "a racing create finds the host or may be repeated; it answered: {error}"
            ),
        }
    }
    let again = case.provider().create_host(&spec).await.or_fail("a create after the race finds the host")?;
    ensure!(again.host().id == survivor.id, "a create after the race finds the one host; it gave {}", again.host().id);
    Ok(())
}

/// However the answer to a create is lost, the same create, repeated, ends with the one host.
pub async fn a_lost_answer_makes_no_second_host(case: &Case) -> Outcome {
    let troubles = [Trouble::AnswerLost, Trouble::UnavailableAfter, Trouble::ResetBefore, Trouble::Unavailable];
    let strikes = [Operation::CreateHost, Operation::Any].map(|on| troubles.map(|trouble| (on, trouble)));
    for (number, (on, trouble)) in strikes.into_iter().flatten().enumerate() {
        let spec = case.spec(&format!("lost-{number}"));
        case.inject(on, trouble, 1).await?;
        let created = case.patiently(|| case.provider().create_host(&spec)).await;
        let created = created.or_fail(format!("a create ends with a host despite {trouble:?}"))?;
        let survivor = case.the_one_host_named(&spec.name).await?;
        let told = &created.host().id;
        ensure!(survivor.id == *told, "the create tells of the host that is there, {}; it told of {told}", survivor.id);
    }
    Ok(())
}

/// A host that this very call may have made is `New`, though the answer was lost; one that an earlier call made is
/// `Existing`, also by the same token.
pub async fn a_host_is_new_to_the_call_that_made_it(case: &Case) -> Outcome {
    for (number, trouble) in [Trouble::AnswerLost, Trouble::UnavailableAfter].into_iter().enumerate() {
        let plain = case.spec(&format!("made-{number}"));
        let with_token = case.spec(&format!("made-{number}-by-token")).create_token(CreateToken::random());
        for spec in [plain, with_token] {
            case.inject(Operation::CreateHost, trouble, 1).await?;
            match case.provider().create_host(&spec).await {
                Ok(created) => ensure!(
                    matches!(created, Created::New(_)),
                    "a host that this call made is new to it despite {trouble:?}; it says: {created:?}"
                ),
                Err(error) => ensure!(
                    error.is_retryable() || error.kind() == ErrorKind::OutcomeUnknown,
                    "a create whose answer is lost finds its host or may be repeated; it answered: {error}"
                ),
            }
            case.settle().await;
            let elsewhere = case.backend.other_process().await;
            for provider in [case.provider(), &*elsewhere] {
                let again = case.patiently(|| provider.create_host(&spec)).await;
                let again = again.or_fail("the same create again finds the host")?;
                ensure!(
                    matches!(again, Created::Existing(_)),
                    "a host that an earlier call made existed, with or without a token; it says: {again:?}"
                );
            }
        }
    }
    Ok(())
}

/// A caller that crashed after its create finds the host by the token that it stored before.
pub async fn a_token_finds_its_host_again(case: &Case) -> Outcome {
    let spec = case.spec("token").create_token(CreateToken::random());
    let first = case.provider().create_host(&spec).await.or_fail("a create with a token makes a host")?;
    let after_the_crash = case.backend.other_process().await;
    let again = after_the_crash.create_host(&spec).await.or_fail("the stored wish finds its host after a crash")?;
    ensure!(
        again.host().id == first.host().id,
        "the stored wish finds host {}; it gave {}",
        first.host().id,
        again.host().id
    );
    case.the_one_host_named(&spec.name).await.map(|_| ())
}
