//! Cloud Hypervisor: what the recorded program answered, what its API's description says, and VMs on it.
//!
//! The stand-in is always tried. Where `cloud-hypervisor` is in `PATH`, or `COCOON_TEST_CLOUD_HYPERVISOR` names it, the same
//! tests run on the program itself.
#![allow(clippy::print_stdout, reason = "a test says what it skips")]

mod client;
mod described;
mod life_cycle;
mod program;
mod recorded;
