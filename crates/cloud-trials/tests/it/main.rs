//! The trials in small, and the README's ability table.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod abilities;
mod chaos;
