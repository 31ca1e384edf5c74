//! The world of one account, as a user of the crate sees it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod disks;
mod hosts;
mod invariants;
mod overtaking;
