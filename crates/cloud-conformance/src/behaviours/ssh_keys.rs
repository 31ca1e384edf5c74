//! SSH keys that the provider keeps.

use cloud_types::{ErrorKind, SshKey};

use crate::fixtures::{other_ssh_key, ssh_key};
use crate::outcome::{Expect, ensure};
use crate::{Case, Operation, Outcome, Trouble};

/// The same key again is the same one, here and in another process.
pub async fn keeping_an_ssh_key_twice_gives_one_key(case: &Case) -> Outcome {
    let (name, key) = (case.name("key"), ssh_key());
    let first = case.ssh_keys()?.create_ssh_key(&name, &key).await.or_fail("a key can be kept")?;
    let elsewhere = case.backend.other_process().await;
    for keys in [case.ssh_keys()?].into_iter().chain(elsewhere.ssh_keys()) {
        let again = keys.create_ssh_key(&name, &key).await.or_fail("the same key again is success")?;
        ensure!(again.id == first.id, "the same key again gives {}; it gave {}", first.id, again.id);
    }
    is_the_only_one(case, &first).await
}

/// However the answer is lost, the same key, repeated, ends with one.
pub async fn a_lost_answer_makes_no_second_ssh_key(case: &Case) -> Outcome {
    let (name, key, keys) = (case.name("lost"), ssh_key(), case.ssh_keys()?);
    case.inject(Operation::CreateSshKey, Trouble::AnswerLost, 1).await?;
    let kept = case.patiently(|| keys.create_ssh_key(&name, &key)).await;
    is_the_only_one(case, &kept.or_fail("a key is kept though an answer was lost")?).await
}

/// Another key under a name that is taken is refused.
pub async fn a_taken_ssh_key_name_is_refused(case: &Case) -> Outcome {
    let name = case.name("taken");
    let first = case.ssh_keys()?.create_ssh_key(&name, &ssh_key()).await.or_fail("a key can be kept")?;
    let refused = case.ssh_keys()?.create_ssh_key(&name, &other_ssh_key()).await;
    refused.refused_as(&[ErrorKind::AlreadyExists], "another key under a taken name is refused")?;
    is_the_only_one(case, &first).await
}

/// A key is listed for its owner alone, and goes when deleted, however often.
pub async fn an_ssh_key_is_listed_and_deleted(case: &Case) -> Outcome {
    let (name, keys) = (case.name("deleted"), case.ssh_keys()?);
    let kept = keys.create_ssh_key(&name, &ssh_key()).await.or_fail("a key can be kept")?;
    ensure!(kept.key == ssh_key(), "the key comes back as it was given; it is {}", kept.key);
    let other = case.backend.other_owner().await;
    if let Some(theirs) = other.ssh_keys() {
        let theirs = theirs.list_ssh_keys().await.or_fail("another owner can list keys")?;
        ensure!(!theirs.iter().any(|seen| seen.id == kept.id), "another owner does not see the key");
    }
    for _ in 0..2 {
        keys.delete_ssh_key(&kept.id).await.or_fail("deleting a key succeeds however often")?;
    }
    case.settle().await;
    let listed = keys.list_ssh_keys().await.or_fail("keys can be listed")?;
    ensure!(!listed.iter().any(|seen| seen.id == kept.id), "a deleted key is no longer listed");
    Ok(())
}

/// A key that a host's create had to leave with the provider is not shown among the kept ones.
pub async fn a_hosts_own_ssh_key_is_not_among_the_kept_ones(case: &Case) -> Outcome {
    let keys = case.ssh_keys()?;
    let kept = keys.create_ssh_key(&case.name("kept"), &other_ssh_key()).await.or_fail("a key can be kept")?;
    case.running_as(&case.spec("host").ssh_key(ssh_key())).await?;
    let listed = keys.list_ssh_keys().await.or_fail("keys can be listed")?;
    ensure!(listed.iter().any(|seen| seen.id == kept.id), "the kept key is listed; it is not");
    ensure!(!listed.iter().any(|seen| seen.key == ssh_key()), "a host's own key is not listed as kept; it is");
    Ok(())
}

async fn is_the_only_one(case: &Case, key: &SshKey) -> Outcome {
    case.settle().await;
    let listed = case.ssh_keys()?.list_ssh_keys().await.or_fail("keys can be listed")?;
    let equal: Vec<_> = listed.iter().filter(|seen| seen.name == key.name || seen.key == key.key).collect();
    ensure!(equal.len() == 1 && equal[0].id == key.id, "the key is there once, as {}; there are {equal:?}", key.id);
    Ok(())
}
