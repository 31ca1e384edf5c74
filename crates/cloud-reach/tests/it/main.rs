//! Looks and sessions, at servers within the tests and at OpenSSH's own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod banner;
mod common;
mod server;
mod ssh;
#[cfg(unix)]
mod sshd;
