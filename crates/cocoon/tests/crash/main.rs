//! Commands, hypervisors and helpers that are killed anywhere: afterwards every command works, what is told is true, no image
//! is corrupt, and nothing is orphaned.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helpers;
mod moments;
mod operation;
mod signals;
mod steps;
mod world;

#[path = "../../../cocoon-images/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of images use the rest")]
mod server;
#[path = "../support/mod.rs"]
mod support;
