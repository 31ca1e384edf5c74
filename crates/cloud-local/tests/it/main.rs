//! The in-memory provider, as a user of the crate sees it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod common;
mod conformance;
mod disks;
mod hosts;
mod prices;
mod ready;
