//! Why a world refuses a change; a face maps each to its provider's words.

use thiserror::Error;

use crate::{HostState, Kind};

/// The outcome of a change.
pub type Result<T> = std::result::Result<T, WorldError>;

/// Why a change was refused. A refused change changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorldError {
    /// There is no such thing.
    #[error("{kind} {id} not found")]
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// Its id or name.
        id: String,
    },
    /// Another thing of that kind has that name.
    #[error("{kind} name is already used")]
    NameTaken {
        /// Whose name it is.
        kind: Kind,
    },
    /// Another SSH key has the same public key.
    #[error("public key is already used")]
    KeyTaken,
    /// An action runs on it; repeat later.
    #[error("{kind} {id} is locked by a running action")]
    Locked {
        /// What is locked.
        kind: Kind,
        /// Its id.
        id: u64,
    },
    /// Its protection forbids it.
    #[error("{kind} {id} is protected")]
    Protected {
        /// What is protected.
        kind: Kind,
        /// Its id.
        id: u64,
    },
    /// The host's state does not allow it.
    #[error("host {id} is {state:?}, but must be {wanted:?}")]
    WrongState {
        /// The host.
        id: u64,
        /// Its state.
        state: HostState,
        /// The state it should be in.
        wanted: HostState,
    },
    /// The account may have no more of them.
    #[error("quota of {kind}s is full")]
    QuotaFull {
        /// What there is too much of.
        kind: Kind,
    },
    /// No room for such a host there at present.
    #[error("no capacity for {machine} in {region}")]
    NoCapacity {
        /// Where.
        region: String,
        /// Which machine type; empty for a volume or an address.
        machine: String,
    },
    /// An argument breaks a rule.
    #[error("{field}: {rule}")]
    Invalid {
        /// Which argument.
        field: &'static str,
        /// What it has to keep.
        rule: String,
    },
    /// Something else still uses it.
    #[error("{kind} {id} is in use")]
    InUse {
        /// What is used.
        kind: Kind,
        /// Its id.
        id: u64,
    },
}

impl WorldError {
    pub(crate) fn not_found(kind: Kind, id: u64) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, rule: impl Into<String>) -> Self {
        Self::Invalid { field, rule: rule.into() }
    }
}
