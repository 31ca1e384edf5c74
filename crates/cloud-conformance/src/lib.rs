//! The behaviours that every backend must show, as one macro: [`conformance_tests!`].
//!
//! A [`Backend`] says how to reach the service under test: as this process and owner, as another process, as another
//! owner, and how to make its answers fail. Everything else is here. Each behaviour is a function in [`behaviours`]
//! whose name is a sentence and which the contract's docs name; [`BEHAVIOURS`] is the list of them. Which of them run
//! is decided by what the provider claims in its [`Capabilities`](cloud_types::Capabilities): what it claims is tried,
//! and what it does not claim must be refused.

pub mod behaviours;

mod abilities;
mod backend;
mod case;
mod fault;
mod fixtures;
mod inventory;
mod outcome;
mod suite;
mod tests_macro;

pub use backend::Backend;
pub use behaviours::{BEHAVIOURS, Behaviour};
pub use case::Case;
pub use fault::{Fault, Injected, Operation, Trouble};
pub use outcome::{Outcome, Stop};
pub use suite::{Report, Suite, Verdict, run_all};
#[doc(hidden)]
pub use tests_macro::prove;
