//! Reading one host.

use cloud_types::{CloudProviderExt, ErrorKind, HostId, HostState};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// Any host of the account can be read by the text of its id, also from another process and by another owner.
pub async fn a_created_host_can_be_read(case: &Case) -> Outcome {
    let created = case.running("read").await?;
    let readers = [case.shared_provider(), case.backend.other_process().await, case.backend.other_owner().await];
    for reader in readers {
        let id = HostId::new(created.id.as_str());
        let host = reader.get_host(&id).await.or_fail("a host can be read by the text of its id")?;
        ensure!(host.id == created.id, "the host read has the id asked for, {}; it has {}", created.id, host.id);
        ensure!(host.name == created.name, "the host is called {}; it is read as {}", created.name, host.name);
        let owner = case.provider().owner();
        ensure!(host.owner.as_ref() == Some(owner), "the host belongs to {owner}; it is read as {:?}'s", host.owner);
        ensure!(host.state == HostState::Running, "the host runs; it is read as {}", host.state);
    }
    Ok(())
}

/// A host that is gone is not found, by reading and by name.
pub async fn a_missing_host_is_not_found(case: &Case) -> Outcome {
    let host = case.running("gone").await?;
    case.provider().delete_and_wait(&host.id, case.wait()).await.or_fail("a deleted host goes")?;
    let read = case.provider().get_host(&host.id).await;
    read.refused_as(&[ErrorKind::NotFound], "a deleted host is not found")?;
    let start = case.provider().start_host(&host.id).await;
    start.refused_as(&[ErrorKind::NotFound], "a deleted host cannot be started")?;
    case.settle().await;
    let found = case.provider().find_host(&case.name("gone")).await.or_fail("looking for a name answers")?;
    ensure!(found.is_none(), "a deleted host is not found by its name; it found {found:?}");
    Ok(())
}
