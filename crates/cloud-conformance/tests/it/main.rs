//! The suite on the in-memory provider: what it reports, and that it can fail.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod defects;
mod in_memory;
mod report;
