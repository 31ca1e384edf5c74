//! What a history costs, as a user of the crate sees it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod brute_force;
mod common;
#[cfg(feature = "embedded")]
mod file;
mod histories;
mod late;
mod metered;
mod random;
