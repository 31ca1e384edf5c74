//! Deleting a host and all that its create made, so that it can be repeated from any point.
//!
//! The host goes first, since the rest is in use until then; then what its create made, as far as no other host uses it.
//! Without the host, which may be gone since a delete that was broken off, all that the owner's creates made and no host
//! uses goes.

use std::time::Duration;

use cloud_types::{ErrorKind, HostId, Result};

use crate::Account;
use crate::sabotage::{Promise, is_broken};

/// What an API can do, of which [`delete_whole`] makes a delete.
pub trait Deletes: Send + Sync {
    /// A host as the API shows it.
    type Host: Send + Sync;
    /// Something that a create made besides the host: a firewall, a key, a data disk, an address.
    type Part: Send + Sync;

    /// Whose hosts these are.
    fn account(&self) -> &Account;

    /// Reads a host, also one that is so new that it may be shown late.
    ///
    /// # Errors
    /// `NotFound` where it is gone.
    fn find(&self, id: &HostId) -> impl Future<Output = Result<Self::Host>> + Send;

    /// Deletes the host itself. Where others must see it gone before they go, it waits for that.
    ///
    /// # Errors
    /// `NotFound` is taken for success. It is called also for a host that was not found.
    fn delete(&self, id: &HostId, host: Option<&Self::Host>) -> impl Future<Output = Result<()>> + Send;

    /// What the create of a host made that is deleted now, in the order in which it can go.
    fn parts(&self, id: &HostId, host: &Self::Host) -> impl Future<Output = Result<Vec<Self::Part>>> + Send;

    /// What may be left of hosts that are gone, where nothing is known of this one.
    fn leftovers(&self, id: &HostId) -> impl Future<Output = Result<Vec<Self::Part>>> + Send;

    /// Whether a host uses a part that is there and stays, besides the one that is known to be gone.
    fn in_use(&self, part: &Self::Part, gone: Option<&HostId>) -> impl Future<Output = Result<bool>> + Send;

    /// Deletes a part, once.
    ///
    /// # Errors
    /// `NotFound` is taken for success; `Conflict` where it is still held by what is about to end.
    fn remove(&self, part: &Self::Part) -> impl Future<Output = Result<()>> + Send;

    /// Reads a part again.
    ///
    /// # Errors
    /// `NotFound` where it is gone.
    fn again(&self, part: Self::Part) -> impl Future<Output = Result<Self::Part>> + Send;

    /// What a part is, in a word or two, for errors.
    fn describe(&self, part: &Self::Part) -> String;

    /// How long a part may still be held after its host is gone.
    fn held(&self) -> Duration {
        HELD
    }
}

/// Deletes a host and all that its create made.
///
/// # Errors
/// Those of the API. Where the host is deleted and a part is not, the first such error, which says so: repeat the call.
pub async fn delete_whole<B: Deletes>(backend: &B, id: &HostId) -> Result<()> {
    let host = match backend.find(id).await {
        Ok(host) => Some(host),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Also where it is not found: one that is seconds old may be there and not shown yet.
    gone(backend.delete(id, host.as_ref()).await)?;
    let rest = async {
        let parts = match &host {
            Some(_) if is_broken(Promise::DependentsGo) => Vec::new(),
            Some(host) => backend.parts(id, host).await?,
            None if is_broken(Promise::LeftoversGo) => Vec::new(),
            None => backend.leftovers(id).await?,
        };
        let mut first = Ok(());
        for part in parts {
            let what = backend.describe(&part);
            let removed = remove_unused(backend, part, host.as_ref().map(|_| id)).await;
            first = first.and(removed.map_err(|error| error.with_context(what)));
        }
        first
    };
    rest.await
        .map_err(|error| error.with_context("the host is deleted, but not all that belongs to it: repeat the call"))
}

/// Removes a part, unless a host uses it. What the API still counts as using it may be gone already, and holds it for a
/// while.
///
/// # Errors
/// Those of the API; `Conflict` where it stays held.
pub async fn remove_unused<B: Deletes>(backend: &B, part: B::Part, gone_host: Option<&HostId>) -> Result<()> {
    let mut part = part;
    let mut patience = backend.account().patience(backend.held()).at_least(TRIES);
    loop {
        if backend.in_use(&part, gone_host).await? && !is_broken(Promise::UsedStays) {
            return Ok(());
        }
        match gone(backend.remove(&part).await) {
            Err(error) if error.kind() == ErrorKind::Conflict && !is_broken(Promise::HeldIsAwaited) => {
                patience.wait(error).await?;
            }
            other => return other,
        }
        part = match backend.again(part).await {
            Ok(part) => part,
            Err(error) => return gone(Err(error)),
        };
    }
}

/// Deleting what is not there is success.
///
/// # Errors
/// All but `NotFound`.
pub fn gone(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound && !is_broken(Promise::AbsentIsDeleted) => Ok(()),
        other => other,
    }
}

/// What is not there is no error, but none.
///
/// # Errors
/// All but `NotFound`.
pub fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// How long a part may be held, where a provider says nothing else.
const HELD: Duration = Duration::from_secs(8);
/// How often a part is tried at least.
const TRIES: u32 = 7;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use cloud_types::Error;

    use super::*;
    use crate::account::tests::account;

    /// An API with hosts, and parts that hosts use: a part is its name, its users, and how often it is still held.
    struct Api {
        account: Account,
        hosts: Mutex<Vec<&'static str>>,
        parts: Mutex<Vec<Part>>,
        broken: &'static str,
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Part(&'static str, Vec<&'static str>, u32);

    fn api(hosts: &[&'static str], parts: &[Part]) -> Api {
        Api { account: account(), hosts: Mutex::new(hosts.to_vec()), parts: Mutex::new(parts.to_vec()), broken: "" }
    }

    impl Api {
        fn left(&self) -> Vec<&'static str> {
            self.parts.lock().unwrap().iter().map(|part| part.0).collect()
        }
    }

    impl Deletes for Api {
        type Host = ();
        type Part = Part;

        fn account(&self) -> &Account {
            &self.account
        }

        async fn find(&self, id: &HostId) -> Result<()> {
            let there = self.hosts.lock().unwrap().contains(&id.as_str());
            if there { Ok(()) } else { Err(Error::new(ErrorKind::NotFound, "no host")) }
        }

        async fn delete(&self, id: &HostId, host: Option<&()>) -> Result<()> {
            self.hosts.lock().unwrap().retain(|one| *one != id.as_str());
            host.copied().ok_or_else(|| Error::new(ErrorKind::NotFound, "no host"))
        }

        async fn parts(&self, id: &HostId, (): &()) -> Result<Vec<Part>> {
            let parts = self.parts.lock().unwrap();
            Ok(parts.iter().filter(|part| part.1.contains(&id.as_str())).cloned().collect())
        }

        async fn leftovers(&self, _: &HostId) -> Result<Vec<Part>> {
            Ok(self.parts.lock().unwrap().clone())
        }

        async fn in_use(&self, part: &Part, _: Option<&HostId>) -> Result<bool> {
            let hosts = self.hosts.lock().unwrap();
            Ok(part.1.iter().any(|user| hosts.contains(user)))
        }

        async fn remove(&self, part: &Part) -> Result<()> {
            if part.0 == self.broken {
                return Err(Error::new(ErrorKind::PermissionDenied, "protected"));
            }
            let mut parts = self.parts.lock().unwrap();
            let found = parts.iter_mut().find(|one| one.0 == part.0);
            match found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no part"))? {
                Part(_, _, held) if *held > 0 => {
                    *held -= 1;
                    return Err(Error::new(ErrorKind::Conflict, "held"));
                }
                _ => parts.retain(|one| one.0 != part.0),
            }
            Ok(())
        }

        async fn again(&self, part: Part) -> Result<Part> {
            let parts = self.parts.lock().unwrap();
            let found = parts.iter().find(|one| one.0 == part.0).cloned();
            found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no part"))
        }

        fn describe(&self, part: &Part) -> String {
            part.0.to_owned()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_host_was_the_last_to_use_goes_with_it_also_where_it_is_held_for_a_while() {
        let parts = [Part("key", vec!["1", "2"], 0), Part("disk", vec!["1"], 3), Part("other", vec!["2"], 0)];
        let api = api(&["1", "2"], &parts);
        delete_whole(&api, &HostId::new("1")).await.unwrap();
        assert_eq!(api.left(), ["key", "other"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delete_of_a_host_that_is_gone_removes_what_no_host_uses() {
        let api = api(&["2"], &[Part("key", vec!["2"], 0), Part("disk", vec!["1"], 0)]);
        delete_whole(&api, &HostId::new("1")).await.unwrap();
        assert_eq!(api.left(), ["key"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_stays_is_named_and_the_others_go_all_the_same() {
        let parts = [Part("firewall", vec!["1"], 0), Part("disk", vec!["1"], 0)];
        let api = Api { broken: "firewall", ..api(&["1"], &parts) };
        let error = delete_whole(&api, &HostId::new("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.message().contains("firewall") && error.message().contains("repeat the call"), "{error}");
        assert_eq!(api.left(), ["firewall"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_stays_held_is_a_conflict() {
        let api = api(&[], &[Part("disk", vec![], 1000)]);
        let error = remove_unused(&api, Part("disk", vec![], 0), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
}
