//! Taking a snapshot once, on an API that may take a name any number of times and loses answers.

use std::time::Duration;

use cloud_types::{Error, ErrorKind, HostId, Name, Result, Snapshot, SnapshotId, SnapshotState};

use crate::sabotage::{Promise, is_broken};
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
    if is_broken(Promise::SnapshotIsLookedFor) {
        return Ok(None);
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use cloud_types::ProviderId;
    use jiff::Timestamp;

    use super::*;
    use crate::account::tests::account;

    /// An API that takes a name any number of times, and loses its first answers.
    struct Api {
        account: Account,
        there: Mutex<Vec<Snapshot>>,
        lost: Mutex<u32>,
    }

    fn api(lost: u32) -> Api {
        Api { account: account(), there: Mutex::default(), lost: Mutex::new(lost) }
    }

    fn snapshot(id: u64, host: &str, state: SnapshotState) -> Snapshot {
        Snapshot {
            provider: ProviderId::new("acme"),
            id: SnapshotId::new(id.to_string()),
            name: None,
            owner: None,
            state,
            size: None,
            disk_size: None,
            host: Some(HostId::new(host)),
            created_at: Some(Timestamp::UNIX_EPOCH),
            labels: [].into(),
        }
    }

    impl Api {
        fn ids(&self) -> Vec<String> {
            self.there.lock().unwrap().iter().map(|one| one.id.to_string()).collect()
        }

        fn add(&self, host: &str, state: SnapshotState) -> Snapshot {
            let mut there = self.there.lock().unwrap();
            let made = snapshot(there.len() as u64 + 1, host, state);
            there.push(made.clone());
            made
        }
    }

    impl Copies for Api {
        fn account(&self) -> &Account {
            &self.account
        }

        async fn get(&self, _: &SnapshotId) -> Result<Snapshot> {
            Err(Error::new(ErrorKind::NotFound, "not asked for here"))
        }

        async fn list(&self) -> Result<Vec<Snapshot>> {
            Ok(self.there.lock().unwrap().clone())
        }

        async fn of_name(&self, _: &Name) -> Result<Vec<Snapshot>> {
            self.list().await
        }

        async fn copy(&self, host: &HostId, _: &Name) -> Result<Snapshot> {
            let made = self.add(host.as_str(), SnapshotState::Creating);
            let mut lost = self.lost.lock().unwrap();
            if *lost == 0 {
                return Ok(made);
            }
            *lost -= 1;
            Err(Error::new(ErrorKind::OutcomeUnknown, "no answer"))
        }

        async fn remove(&self, id: &SnapshotId) -> Result<()> {
            self.there.lock().unwrap().retain(|one| one.id != *id);
            Ok(())
        }
    }

    fn before_upgrade() -> Name {
        Name::new("before-upgrade").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_whose_answer_was_lost_is_found_and_not_taken_twice() {
        let (api, host) = (api(1), HostId::new("7"));
        assert_eq!(snapshot_once(&api, &host, &before_upgrade()).await.unwrap().id.as_str(), "1");
        assert_eq!(snapshot_once(&api, &host, &before_upgrade()).await.unwrap().id.as_str(), "1");
        assert_eq!(api.ids(), ["1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn failed_and_younger_ones_of_the_host_go_and_those_of_another_host_stay() {
        let (api, host) = (api(0), HostId::new("7"));
        for (host, state) in [
            ("7", SnapshotState::Failed),
            ("7", SnapshotState::Available),
            ("7", SnapshotState::Creating),
            ("8", SnapshotState::Available),
        ] {
            api.add(host, state);
        }
        assert_eq!(snapshot_once(&api, &host, &before_upgrade()).await.unwrap().id.as_str(), "2");
        assert_eq!(api.ids(), ["2", "4"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_another_hosts_snapshot_has_is_refused() {
        let api = api(0);
        api.add("8", SnapshotState::Available);
        let error = snapshot_once(&api, &HostId::new("7"), &before_upgrade()).await.unwrap_err();
        assert_eq!((error.kind(), api.ids().len()), (ErrorKind::AlreadyExists, 1));
    }
}
