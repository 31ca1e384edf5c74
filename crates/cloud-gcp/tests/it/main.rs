//! Google Compute Engine, as a user of the crate sees it: against the simulator and against scripts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod chaos;
mod common;
mod conformance;
mod credentials;
mod hostile;
mod names;
mod preempted;
mod simulated;
mod subject;
mod suspend;
mod wire;
mod zones;
