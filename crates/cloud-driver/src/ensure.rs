//! Making what has a unique name: once, however many try.

use std::time::Duration;

use cloud_types::{ErrorKind, Result};

use crate::Account;
use crate::sabotage::{Promise, is_broken};

/// Something whose name is unique.
#[derive(Debug)]
pub enum Ensured<T> {
    /// This call made it.
    Made(T),
    /// It was there.
    Found(T),
}

impl<T> Ensured<T> {
    /// The thing, however it came to be.
    pub fn into_inner(self) -> T {
        match self {
            Self::Made(thing) | Self::Found(thing) => thing,
        }
    }
}

/// Creates something whose name is unique; where the name is taken, finds what has it. A list may show it late, or may
/// not show it any more: then it is created again.
///
/// ```
/// # use std::sync::Arc;
/// # use cloud_types::{Capabilities, Owner, ProviderId, SystemClock};
/// use cloud_driver::{Account, Ensured, ensure};
/// use cloud_types::{Error, ErrorKind};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cloud_types::Result<()> {
/// # let account = Account::new(ProviderId::new("acme"), Owner::default(), Arc::new(SystemClock), Capabilities::none());
/// let create = || async { Err(Error::new(ErrorKind::AlreadyExists, "the name is taken")) };
/// let find = || async { Ok(Some("firewall-7")) };
/// assert!(matches!(ensure(&account, create, find).await?, Ensured::Found("firewall-7")));
/// # Ok(()) }
/// ```
///
/// # Errors
/// Those of `create` and `find`; `AlreadyExists` where the name stays taken by something that is never shown.
pub async fn ensure<T, C, F>(
    account: &Account,
    create: impl Fn() -> C + Send,
    find: impl Fn() -> F + Send,
) -> Result<Ensured<T>>
where
    C: Future<Output = Result<T>> + Send,
    F: Future<Output = Result<Option<T>>> + Send,
{
    let mut patience = account.patience(LIMIT).at_least(LOOKS);
    loop {
        let taken = match create().await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && !is_broken(Promise::TakenIsFound) => error,
            other => return other.map(Ensured::Made),
        };
        if let Some(found) = find().await? {
            return Ok(Ensured::Found(found));
        }
        patience.wait(taken).await?;
    }
}

/// Longer than lists were ever seen to lag.
const LIMIT: Duration = Duration::from_secs(8);
/// How often it is looked for at least.
const LOOKS: u32 = 7;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use cloud_types::Error;

    use super::*;
    use crate::account::tests::account;

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_taken_is_found_also_where_a_list_shows_it_late() {
        let (account, looks) = (account(), AtomicU32::new(0));
        let create = || async { Err::<u32, _>(Error::new(ErrorKind::AlreadyExists, "taken")) };
        let find = || async { Ok((looks.fetch_add(1, Ordering::Relaxed) == 3).then_some(7)) };
        assert!(matches!(ensure(&account, create, find).await, Ok(Ensured::Found(7))));
        let nothing = || async { Ok(None) };
        assert_eq!(ensure(&account, create, nothing).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_free_again_is_made() {
        let (account, tries) = (account(), AtomicU32::new(0));
        let create = || async {
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::new(ErrorKind::AlreadyExists, "taken")),
                _ => Ok(7),
            }
        };
        assert!(matches!(ensure(&account, create, || async { Ok(None) }).await, Ok(Ensured::Made(7))));
    }
}
