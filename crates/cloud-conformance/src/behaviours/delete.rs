//! Deleting: complete, and repeatable.

use cloud_types::CloudProviderExt;

use crate::outcome::Expect;
use crate::{Case, Operation, Outcome, Trouble};

/// Deleting a host that was never there under this id, or is gone for long, is success.
pub async fn deleting_a_missing_host_succeeds(case: &Case) -> Outcome {
    let host = case.create("missing").await?;
    case.provider().delete_and_wait(&host.id, case.wait()).await.or_fail("a host can be deleted")?;
    let elsewhere = case.backend.other_process().await;
    elsewhere.delete_host(&host.id).await.or_fail("deleting a host that is not there is success")
}

/// Deleting at once again is success.
pub async fn deleting_twice_succeeds(case: &Case) -> Outcome {
    let host = case.running("twice").await?;
    for _ in 0..2 {
        case.provider().delete_host(&host.id).await.or_fail("deleting a host succeeds however often")?;
    }
    case.is_gone(&host.id).await
}

/// All that a create made goes with the host.
pub async fn deleting_leaves_nothing_behind(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    let host = case.running_as(&case.rich_spec("rich")).await?;
    case.provider().delete_host(&host.id).await.or_fail("a host can be deleted")?;
    case.is_gone(&host.id).await?;
    case.holds_no_more_than(&before).await
}

/// What another host uses stays, such as the key and the firewall that both were made with.
pub async fn deleting_spares_what_another_host_uses(case: &Case) -> Outcome {
    let stays = case.running_as(&case.rich_spec("stays")).await?;
    let before = case.inventory().await?;
    let goes = case.running_as(&case.rich_spec("goes")).await?;
    case.provider().delete_host(&goes.id).await.or_fail("a host can be deleted")?;
    case.is_gone(&goes.id).await?;
    case.holds_no_less_than(&before).await?;
    case.read(&stays.id).await.map(|_| ())
}

/// A delete whose answers are lost or refused can be repeated until nothing is left.
pub async fn a_delete_under_faults_can_be_repeated(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    let troubles = [Trouble::AnswerLost, Trouble::UnavailableAfter, Trouble::ResetBefore, Trouble::RateLimited];
    let strikes = [Operation::DeleteHost, Operation::Any].map(|on| troubles.map(|trouble| (on, trouble)));
    for (number, (on, trouble)) in strikes.into_iter().flatten().enumerate() {
        let host = case.running_as(&case.rich_spec(&format!("faulty-{number}"))).await?;
        case.inject(on, trouble, 1).await?;
        let deleted = case.patiently(|| case.provider().delete_host(&host.id)).await;
        deleted.or_fail(format!("a delete, repeated, succeeds despite {trouble:?}"))?;
        case.is_gone(&host.id).await?;
    }
    case.holds_no_more_than(&before).await
}
