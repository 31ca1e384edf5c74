//! Who may call: the tokens that a simulator was started with.

use crate::SimConfig;

/// The tokens that are taken, or whatever else tells callers apart, such as the id of a key.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    token: Option<String>,
    read_only_token: Option<String>,
}

/// Why a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The token is not one of ours.
    Unknown,
    /// The token may only read.
    ReadOnly,
}

impl Access {
    pub(crate) fn new(config: &SimConfig) -> Self {
        Self { token: config.token.clone(), read_only_token: config.read_only_token.clone() }
    }

    /// Whether the holder of a token may make a call that changes something or not.
    pub(crate) fn check(&self, token: &str, writes: bool) -> Result<(), Denied> {
        if self.read_only_token.as_deref() == Some(token) {
            return if writes { Err(Denied::ReadOnly) } else { Ok(()) };
        }
        let known = self.token.as_deref().is_none_or(|known| known == token);
        if known { Ok(()) } else { Err(Denied::Unknown) }
    }

    /// The token that is taken; `None` where any is.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}
