//! What a caller is told of a pull while it goes on.

use std::fmt;
use std::sync::Arc;

/// A step of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PullProgress {
    /// What it is about: a file's name, or a layer's digest, shortened.
    pub item: String,
    /// What happened.
    pub step: PullStep,
}

/// What happened to an item of a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PullStep {
    /// Somebody else is pulling the same, and is waited for.
    Waiting,
    /// The download begins or goes on, with `kept` bytes there already, of `total` where the server tells it.
    Downloading {
        /// Bytes that are there.
        kept: u64,
        /// Bytes of the whole.
        total: Option<u64>,
    },
    /// It is being unpacked or copied, from `total` bytes where that is known.
    Unpacking {
        /// Bytes of what is read.
        total: Option<u64>,
    },
    /// A disk of `total` bytes is being written of the layers of a root file system.
    Converting {
        /// Bytes of the disk.
        total: Option<u64>,
    },
    /// So many bytes more.
    Advanced(u64),
    /// The download broke off, and is taken up again.
    Interrupted {
        /// Why.
        reason: String,
    },
    /// All of it is stored.
    Done,
    /// It was stored before.
    AlreadyHere,
}

/// Who is told.
#[derive(Clone)]
pub(crate) struct Reporter(Arc<dyn Fn(&PullProgress) + Send + Sync>);

impl Reporter {
    pub(crate) fn new(listener: impl Fn(&PullProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(crate) fn item(&self, item: impl Into<String>) -> Item {
        Item { reporter: self.clone(), item: item.into() }
    }
}

impl Default for Reporter {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}

/// One item, of which is told; by default nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Item {
    reporter: Reporter,
    item: String,
}

impl Item {
    pub(crate) fn tell(&self, step: PullStep) {
        (self.reporter.0)(&PullProgress { item: self.item.clone(), step });
    }
}
