//! The client tokens of launches.
//!
//! All creates of one owner and name use one token a zone and an hour, so that of two that race EC2 itself makes one host,
//! and tells the other that the token is taken. A token stands for what was asked with it even where that found no room, or
//! has ended: whoever meets one that nobody shows a host of goes on to the next.

use std::time::Duration;

use cloud_driver::{Account, Known, Sending, Sends};
use cloud_types::HostSpec;

use crate::labels;

/// Client tokens that launch nothing any more, as far as this process knows, with their hours.
#[derive(Debug)]
pub(crate) struct Tokens {
    account: Account,
    spent: Known<String, i64>,
}

impl Tokens {
    pub(crate) fn new(account: &Account) -> Self {
        Self { account: account.clone(), spent: Known::default() }
    }

    /// The first token of this hour that may still launch something.
    pub(crate) fn unspent(&self, spec: &HostSpec, zone: &str) -> String {
        let hour = self.hour();
        let token =
            |incarnation: u64| labels::client_token(self.account.owner(), spec, zone, &format!("{hour}.{incarnation}"));
        (0..).map(token).find(|token| !self.spent.has(token)).expect("numbers do not end")
    }

    /// This token launches nothing any more.
    pub(crate) fn spend(&self, token: String) {
        let hour = self.hour();
        self.spent.retain(|_, old| *old >= hour);
        self.spent.learn(token, hour);
    }

    fn hour(&self) -> i64 {
        self.account.clock().now().as_second().div_euclid(HOUR)
    }
}

/// A launch that is sent again makes no second host: EC2 knows its token.
impl Sends for Tokens {
    fn sending(&self, _: &str) -> Sending<'_> {
        Sending::unnoted()
    }

    fn hides_for(&self, _: &str) -> Duration {
        Duration::ZERO
    }
}

/// How long a token serves: an hour holds all that race, and EC2 forgets none so soon.
const HOUR: i64 = 3600;
