//! How a behaviour ends, and the checks that end it.

use std::fmt::{self, Debug, Display};

use cloud_types::{Error, ErrorKind};

/// How a behaviour ended: it was shown, or it stopped before.
pub type Outcome<T = ()> = std::result::Result<T, Stop>;

/// Why a behaviour was not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It could not be tried here, and why.
    Skipped(String),
    /// The backend did something else: what was expected, and what happened.
    Failed(String),
}

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
            Self::Failed(reason) => write!(f, "failed: {reason}"),
        }
    }
}

/// Ends the behaviour as failed unless the condition holds; the words say what was expected and what was seen.
macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return Err($crate::Stop::Failed(format!($($words)+)));
        }
    };
}
pub(crate) use ensure;

/// Checks on what a call to the provider answered.
pub(crate) trait Expect<T> {
    /// The answer, where `expected` was that there is one.
    fn or_fail(self, expected: impl Display) -> Outcome<T>;

    /// The error, where `expected` was one of these kinds.
    fn refused_as(self, kinds: &[ErrorKind], expected: impl Display) -> Outcome<Error>;
}

impl<T: Debug> Expect<T> for Result<T, Error> {
    fn or_fail(self, expected: impl Display) -> Outcome<T> {
        self.map_err(|error| Stop::Failed(format!("{expected}; it answered: {error}")))
    }

    fn refused_as(self, kinds: &[ErrorKind], expected: impl Display) -> Outcome<Error> {
        match self {
            Err(error) if kinds.contains(&error.kind()) => Ok(error),
            Err(error) => Err(Stop::Failed(format!("{expected} (kind {kinds:?}); it answered: {error}"))),
            Ok(answer) => Err(Stop::Failed(format!("{expected} (kind {kinds:?}); it succeeded with {answer:?}"))),
        }
    }
}
