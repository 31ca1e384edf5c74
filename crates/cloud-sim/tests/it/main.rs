//! The simulators over HTTP, and their exchanges against the providers' descriptions.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aws;
mod aws_contract;
mod aws_faults;
mod contract;
mod faults;
mod gcp;
mod gcp_contract;
mod gcp_faults;
mod resources;
mod servers;
mod support;
