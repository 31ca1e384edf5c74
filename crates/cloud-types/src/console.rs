//! The consoles of hosts, for when the network does not answer.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, HostId, Result};

/// The ability to reach a host's console.
#[async_trait]
pub trait Console: Send + Sync {
    /// Opens the console for a short while.
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Unsupported` (output only), and what every call can meet.
    async fn open_console(&self, _id: &HostId) -> Result<ConsoleAccess> {
        Err(Error::unsupported("this provider opens no console"))
    }

    /// Reads what the host wrote to its console, the last of it where it is long.
    ///
    /// # Errors
    /// `NotFound`, `Unsupported` (interactive only), and what every call can meet.
    async fn console_output(&self, _id: &HostId) -> Result<String> {
        Err(Error::unsupported("this provider keeps no console output"))
    }
}

/// A console that can be opened now. Address and password let anyone in, so neither is printed.
#[derive(Clone)]
pub struct ConsoleAccess {
    url: SecretString,
    password: Option<SecretString>,
}

impl ConsoleAccess {
    /// Access by an address, often `wss://…`, and a password where it wants one.
    #[must_use]
    pub fn new(url: SecretString, password: Option<SecretString>) -> Self {
        Self { url, password }
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(ExposeSecret::expose_secret)
    }
}

impl fmt::Debug for ConsoleAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleAccess").finish_non_exhaustive()
    }
}
