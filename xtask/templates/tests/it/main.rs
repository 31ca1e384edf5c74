//! {{Type}}, as a user of the crate sees it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod wire;
