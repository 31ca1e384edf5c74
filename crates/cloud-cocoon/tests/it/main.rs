//! Hosts on one's own box, on real guests: QEMU's processes with the test guest in them.
//!
//! Without QEMU, its `qemu-img`, binutils and xorriso they say so and pass.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod particular;
mod provider;

#[path = "../../../cocoon/tests/support/folder.rs"]
#[allow(dead_code, reason = "the tests of cocoon use the rest")]
mod folder;
#[path = "../../../cocoon/tests/support/guest.rs"]
mod guest;
#[path = "../../../cocoon/tests/support/processes.rs"]
#[allow(dead_code, reason = "the tests of cocoon use the rest")]
mod processes;
