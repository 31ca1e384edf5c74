//! What a behaviour asks a backend to get wrong.

/// Something that goes wrong with the next requests of an operation, on the provider's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which requests.
    pub on: Operation,
    /// What happens to them.
    pub what: Trouble,
    /// How many in a row; then all is well again. An attempt that the provider's client repeats by itself counts anew.
    pub times: u32,
}

/// An operation of the service, as its API sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Whatever comes next.
    Any,
    /// Making a host.
    CreateHost,
    /// Reading one host.
    GetHost,
    /// Listing hosts.
    ListHosts,
    /// Deleting a host.
    DeleteHost,
    /// Starting a host.
    StartHost,
    /// Stopping a host, in whichever way.
    StopHost,
    /// Changing a host's machine type.
    ResizeHost,
    /// Taking a snapshot.
    CreateSnapshot,
    /// Making a volume.
    CreateVolume,
    /// Keeping an SSH key.
    CreateSshKey,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The change is made, and the connection ends without an answer.
    AnswerLost,
    /// The change is made, and the connection stays open without an answer.
    NoAnswer,
    /// The connection ends before anything is done.
    ResetBefore,
    /// It is refused because of too many requests; nothing is done.
    RateLimited,
    /// The service is failing; nothing is done.
    Unavailable,
    /// The change is made, and the answer says that the service is failing.
    UnavailableAfter,
    /// The answer takes much longer than usual, but not longer than the backend's patience.
    Slow,
    /// What it changes is seen by readers only later, by at most the lag that the provider claims.
    Lag,
    /// The machine type is sold out.
    NoCapacity,
    /// The account's limit is reached.
    QuotaFull,
}

/// Whether a fault could be arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// It will happen.
    Done,
    /// This backend cannot make it happen.
    Impossible,
}
