//! Secrets that are handed over once, at the service's side.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_types::{Clock, ErrorKind, Result, SystemClock};
use secrecy::SecretString;
use ssh_key::rand_core::{OsRng, RngCore};

use crate::secret::Token;
use crate::sha256::Sha256;

/// Keeps secrets until each is fetched, for [`File::fetched`](crate::File::fetched).
///
/// It is a store without HTTP. A service has one, and a route that a host can reach: the token is what stands behind
/// `Authorization: Bearer `, the answer is the secret, or 404 where there is none.
///
/// ```
/// use std::time::Duration;
///
/// use cloud_bootstrap::{File, OneUse};
///
/// let store = OneUse::new();
/// let token = store.issue("the database's password".into(), Duration::from_secs(900))?;
/// let file = File::fetched("/etc/app/password", "https://example.com/first-boot", token.clone())?;
///
/// // In the route:
/// assert!(store.redeem(token.expose()).is_some());
/// assert!(store.redeem(token.expose()).is_none(), "it was good for one time");
/// # Ok::<(), cloud_types::Error>(())
/// ```
///
/// It is in memory: after a restart of the service no token is good, and several processes need a route to the one that
/// issued it. It keeps the tokens' sums only, and looks them up by these: how long that takes says nothing of a token.
#[derive(Clone)]
pub struct OneUse {
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<HashMap<Sha256, Kept>>>,
}

struct Kept {
    secret: SecretString,
    until: Duration,
}

impl OneUse {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store with a clock of its own.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, kept: Arc::default() }
    }

    /// Keeps a secret and gives the token for it, 256 random bits. It is good until `valid_for` has passed: let that be as
    /// long as a host may take from its create to its first boot.
    ///
    /// # Errors
    /// `Unavailable` where the system has no random numbers.
    pub fn issue(&self, secret: SecretString, valid_for: Duration) -> Result<Token> {
        let mut bytes = [0; 32];
        OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
            cloud_types::Error::new(ErrorKind::Unavailable, format!("the system has no random numbers ({error})"))
        })?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = Token::new(text)?;
        let now = self.clock.monotonic();
        let mut kept = self.lock();
        kept.retain(|_, kept| kept.until > now);
        kept.insert(Sha256::of(token.expose().as_bytes()), Kept { secret, until: now.saturating_add(valid_for) });
        Ok(token)
    }

    /// The secret of a token, once; none where the token is wrong, spent or too old.
    #[must_use]
    pub fn redeem(&self, token: &str) -> Option<SecretString> {
        let kept = self.lock().remove(&Sha256::of(token.as_bytes()))?;
        (kept.until > self.clock.monotonic()).then_some(kept.secret)
    }

    /// Forgets a token, such as that of a host whose create was given up; whether it was still good.
    pub fn revoke(&self, token: &Token) -> bool {
        self.redeem(token.expose()).is_some()
    }

    /// A panic elsewhere leaves the map whole: each change to it is one call.
    fn lock(&self) -> MutexGuard<'_, HashMap<Sha256, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for OneUse {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OneUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneUse({} kept)", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    /// A clock that stands where it is put.
    #[derive(Debug, Default)]
    struct Standing(Mutex<Duration>);

    impl Clock for Standing {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, _: Duration) -> futures::future::BoxFuture<'static, ()> {
            unreachable!("a store does not wait")
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_token_is_good_for_one_time() {
        let store = OneUse::new();
        let token = store.issue("hunter2".into(), HOUR).unwrap();
        assert!(store.redeem("another").is_none());
        assert_eq!(store.redeem(token.expose()).unwrap().expose_secret(), "hunter2");
        assert!(store.redeem(token.expose()).is_none());
    }

    #[test]
    fn a_token_that_is_too_old_is_good_for_nothing() {
        let clock = Arc::new(Standing::default());
        let store = OneUse::with_clock(clock.clone());
        let token = store.issue("a".into(), HOUR).unwrap();
        let other = store.issue("b".into(), HOUR * 2).unwrap();
        *clock.0.lock().unwrap() = HOUR;
        assert!(store.redeem(token.expose()).is_none());
        assert!(store.redeem(other.expose()).is_some());
    }

    #[test]
    fn what_nobody_fetched_is_forgotten() {
        let clock = Arc::new(Standing::default());
        let store = OneUse::with_clock(clock.clone());
        let _ = store.issue("a".into(), HOUR).unwrap();
        *clock.0.lock().unwrap() = HOUR;
        let _ = store.issue("b".into(), HOUR).unwrap();
        assert_eq!(format!("{store:?}"), "OneUse(1 kept)");
    }

    #[test]
    fn of_many_who_ask_at_once_one_gets_it() {
        let store = OneUse::new();
        let token = store.issue("a".into(), HOUR).unwrap();
        let ask = || store.redeem(token.expose()).is_some();
        let got: usize = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        assert_eq!(got, 1);
    }
}
