//! The command and the library, with real guests where this box has what they need.
//!
//! Tests that kill at moments of chance are the program `crash`; those of networks, which need root, are `network`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud_hypervisor;
mod command;
mod disks;
mod firmware;
mod hosts;
mod life_cycle;
mod pulls;
mod resize;
mod terminal;
mod together;

#[path = "../../../cocoon-images/tests/it/content.rs"]
mod content;
#[path = "../../../cocoon-images/tests/it/published.rs"]
mod published;
#[path = "../../../cocoon-images/tests/it/server.rs"]
#[allow(dead_code, reason = "the tests of images use the rest")]
mod server;
#[path = "../support/mod.rs"]
mod support;
