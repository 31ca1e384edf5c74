//! Images from servers that behave, and from those that do not: what is refused leaves nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod collecting;
mod content;
mod logins;
mod published;
mod real_registry;
mod registries;
mod root;
mod server;
mod store;
