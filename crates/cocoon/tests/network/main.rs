//! Networks with root, in network namespaces of their own, so that the box of the tests is left as it is.
//!
//! Without root, or without `ip`, `nft` and `dnsmasq`, they say so and pass.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and says what it skips")]

#[path = "../support/mod.rs"]
mod support;

mod crash;
mod guest;
mod kernel;
mod reach;
mod world;
