//! Deleting a host and all that its create made, so that it can be repeated from any point.
//!
//! The host goes first, since the rest is in use until then; then what its create made, as far as no other host uses it.
//! Without the host, which may be gone since a delete that was broken off, all that the owner's creates made and no host
//! uses goes.

use std::time::Duration;

use cloud_types::{ErrorKind, HostId, Result};

use crate::Account;

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
            Some(host) => backend.parts(id, host).await?,
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
        if backend.in_use(&part, gone_host).await? {
            return Ok(());
        }
        match gone(backend.remove(&part).await) {
            Err(error) if error.kind() == ErrorKind::Conflict => patience.wait(error).await?,
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
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
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
