//! User data as a user of the crate sees it, as Python reads it back, and as a machine carries it out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(target_os = "linux")]
mod first_boot;
mod random_specs;
mod schema;
mod secrets;
