//! AWS EC2, as a user of the crate sees it: against the simulator and against scripts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod common;
mod conformance;
mod hostile;
mod moto;
mod prices;
mod simulated;
mod storage;
mod wire;
