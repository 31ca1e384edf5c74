//! Hetzner Cloud, as a user of the crate sees it: against the simulator and against scripts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

mod conformance;
mod dependents;
mod hostile;
mod lag;
mod subject;
mod wire;
