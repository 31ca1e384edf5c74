//! Taking a snapshot once, on an API that may take a name any number of times and loses answers.

use std::time::Duration;

use cloud_types::{Error, ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, SnapshotState};

use crate::{Account, gone};

/// What an API can do with snapshots.
pub trait Copies: Send + Sync {
    /// Whose snapshots these are.
    fn account(&self) -> &Account;

    /// Reads a snapshot. An id that cannot be this provider's is `NotFound`.
    fn get(&self, id: &SnapshotId) -> impl Future<Output = Result<Snapshot>> + Send;

    /// This owner's snapshots.
    fn list(&self) -> impl Future<Output = Result<Vec<Snapshot>>> + Send;

    /// This owner's snapshots of a name, those that are still being copied among them.
    fn of_name(&self, name: &Name) -> impl Future<Output = Result<Vec<Snapshot>>> + Send;

    /// Those of a name among which the one of this host would be, where a name is unique in the host's region alone.
    fn beside(&self, _host: &HostId, name: &Name) -> impl Future<Output = Result<Vec<Snapshot>>> + Send {
        self.of_name(name)
    }

    /// Begins to copy a host's boot disk.
    ///
    /// # Errors
    /// `AlreadyExists`, `OutcomeUnknown` and `Conflict` where a look may find the snapshot, or the host may be free later.
    fn copy(&self, host: &HostId, name: &Name) -> impl Future<Output = Result<Snapshot>> + Send;

    /// Deletes a snapshot. One that is not there, or whose id cannot be this provider's, is `NotFound`.
    fn remove(&self, id: &SnapshotId) -> impl Future<Output = Result<()>> + Send;
}

/// Takes the snapshot of a name, or finds the one that an earlier attempt took. Of several of this host the oldest counts,
/// and the others, which came from attempts that were given up, are deleted.
///
/// # Errors
/// `AlreadyExists` where the name has a snapshot of another host; `Timeout` where the host stays busy; else those of the
/// API.
pub async fn snapshot_once<B: Copies>(backend: &B, host: &HostId, name: &Name) -> Result<Snapshot> {
    let mut patience = backend.account().patience(BUSY);
    loop {
        if let Some(found) = oldest(backend, host, name).await? {
            return same_host(found, host, name);
        }
        let error = match backend.copy(host, name).await {
            Ok(made) => {
                // Another process may have been first.
                return match oldest(backend, host, name).await? {
                    Some(found) if found.id != made.id => same_host(found, host, name),
                    _ => Ok(made),
                };
            }
            Err(error) => error,
        };
        match error.kind() {
            // Busy, perhaps with an attempt of ours whose answer was lost: look before the next one.
            ErrorKind::OutcomeUnknown | ErrorKind::Conflict | ErrorKind::AlreadyExists => {
                let message = format!("host {host} is still busy: repeat the call");
                patience.wait(error.with_kind(ErrorKind::Timeout).with_context(message)).await?;
            }
            _ => return Err(error),
        }
    }
}

async fn oldest<B: Copies>(backend: &B, host: &HostId, name: &Name) -> Result<Option<Snapshot>> {
    let mut found = backend.beside(host, name).await?;
    found.sort_by(|one, other| age(one).cmp(&age(other)));
    let mut oldest = None;
    for snapshot in found {
        let usable = !matches!(snapshot.state, SnapshotState::Failed);
        if usable && oldest.is_none() {
            oldest = Some(snapshot);
        } else if snapshot.host.as_ref() == Some(host) {
            gone(backend.remove(&snapshot.id).await)?;
        }
    }
    Ok(oldest)
}

fn age(snapshot: &Snapshot) -> (Option<jiff::Timestamp>, usize, &str) {
    let native = snapshot.id.native();
    (snapshot.created_at, native.len(), native)
}

fn same_host(snapshot: Snapshot, host: &HostId, name: &Name) -> Result<Snapshot> {
    if snapshot.host.as_ref() == Some(host) {
        return Ok(snapshot);
    }
    Err(Error::new(ErrorKind::AlreadyExists, format!("the name {name} is taken by a snapshot of another host")))
}

/// How long a host may be busy.
const BUSY: Duration = Duration::from_secs(600);
