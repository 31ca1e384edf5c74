//! Dropping and overtaking calls: what is left behind is at most what a repeat finds.

use std::future::poll_fn;
use std::task::Poll;

use cloud_types::{CloudProviderExt, ErrorKind};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// A create that is dropped at any point and repeated ends with one host.
pub async fn a_dropped_create_is_adopted_by_its_repeat(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    for (round, polls) in points(case).await.into_iter().enumerate() {
        let spec = case.spec(&format!("dropped-{round}"));
        let answer = dropped_after(polls, case.provider().create_host(&spec)).await;
        let created = case.patiently(|| case.provider().create_host(&spec)).await;
        let created = created.or_fail(format!("a create that was dropped after {polls} polls can be repeated"))?;
        let survivor = case.the_one_host_named(&spec.name).await?;
        ensure!(survivor.id == created.host().id, "the repeat tells of the host that is there");
        case.provider().delete_host(&survivor.id).await.or_fail("the host can be deleted")?;
        case.is_gone(&survivor.id).await?;
        if answer.is_some() {
            break;
        }
    }
    case.holds_no_more_than(&before).await
}

/// A delete that is dropped at any point and repeated leaves nothing.
pub async fn a_dropped_delete_can_be_repeated(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    for (round, polls) in points(case).await.into_iter().enumerate() {
        let host = case.running_as(&case.rich_spec(&format!("dropped-{round}"))).await?;
        let answer = dropped_after(polls, case.provider().delete_host(&host.id)).await;
        let deleted = case.patiently(|| case.provider().delete_host(&host.id)).await;
        deleted.or_fail(format!("a delete that was dropped after {polls} polls can be repeated"))?;
        case.is_gone(&host.id).await?;
        if answer.is_some() {
            break;
        }
    }
    case.holds_no_more_than(&before).await
}

/// A host that is still being made can be deleted, with all that its create made.
pub async fn a_host_can_be_deleted_while_it_is_made(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    let created = case.provider().create_host(&case.rich_spec("unborn")).await.or_fail("a host can be created")?;
    let id = &created.host().id;
    let deleted = case.patiently(|| case.provider().delete_host(id)).await;
    deleted.or_fail("a host that is still being made can be deleted")?;
    case.is_gone(id).await?;
    case.holds_no_more_than(&before).await
}

/// A name is free again once its host is deleted: the same spec then makes a new host.
pub async fn a_name_can_be_used_again_after_a_delete(case: &Case) -> Outcome {
    let spec = case.rich_spec("again");
    let first = case.running_as(&spec).await?;
    case.provider().delete_host(&first.id).await.or_fail("a host can be deleted")?;
    case.is_gone(&first.id).await?;
    let again = case.running_as(&spec).await?;
    ensure!(
        again.id != first.id,
        "a create after a delete makes a new host; it gave the deleted one's id {}",
        first.id
    );
    let old = case.provider().get_host(&first.id).await;
    old.refused_as(&[ErrorKind::NotFound], "the deleted host stays gone")?;
    let found = case.provider().find_host(&spec.name).await.or_fail("looking for a name answers")?;
    ensure!(found.is_some_and(|host| host.id == again.id), "the name finds the new host");
    Ok(())
}

/// After how many polls to drop: each further than the one before, by chance; few where hosts cost money.
async fn points(case: &Case) -> Vec<u32> {
    let rounds = if case.is_free().await { 12 } else { 2 };
    let steps = std::iter::successors(Some(1_u32), |last| Some(last + 1 + fastrand::u32(0..=*last)));
    steps.take(rounds).collect()
}

/// Polls a future so often, then drops it; its answer where it had one by then.
async fn dropped_after<F: Future>(mut polls: u32, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if polls <= 1 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}
