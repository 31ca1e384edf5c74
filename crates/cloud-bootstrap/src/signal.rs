//! Where else a host tells the end of its first boot.

use cloud_types::Result;

use crate::address::Address;
use crate::secret::Token;

/// Posts the line of the [`BootSignal`](cloud_types::BootSignal) to a URL, besides its file and the console: for services
/// that rather hear than ask. It is tried five times; where nobody answers, the first boot is as good as it was.
#[derive(Debug, Clone)]
pub struct ReadySignal {
    pub(crate) url: Address,
    pub(crate) token: Token,
}

impl ReadySignal {
    /// Posts to this URL, with a bearer token; the body is the line, as `text/plain`.
    ///
    /// # Errors
    /// `InvalidRequest` where the URL is neither `https` nor `http` to an address of a private network.
    pub fn post(url: &str, token: Token) -> Result<Self> {
        Ok(Self { url: Address::parse_private("ready_signal.url", url)?, token })
    }
}
