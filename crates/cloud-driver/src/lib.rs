//! The promises of the contract, kept once for every provider.
//!
//! A provider's crate says what its API can do: launch a host, list a name's hosts, remove a firewall. This crate makes
//! of it what [`cloud_types`] promises: a create that happens exactly once, a delete that leaves nothing, waits that end.
//! It knows no API, no HTTP and no provider.
//!
//! | Promise | Here | What a provider gives |
//! |---|---|---|
//! | every operation ends, and its errors name it | [`Account::call`], [`Patience`] | its id, owner, clock, claims |
//! | a create is exactly once | [`create_once`] | [`Creates`]: plan, candidates of a name, launch, complete |
//! | what is shared is made once | [`ensure`] | a create and a find |
//! | a delete is complete and can be repeated | [`delete_whole`], [`remove_unused`] | [`Deletes`]: find, delete, dependents, users |
//! | a volume is attached, detached and grown once | [`volumes`] | [`Disks`](volumes::Disks) |
//! | a snapshot is taken once | [`snapshot_once`] | [`Copies`] |
//! | what was just made is not taken for gone | [`Recent`] | how to read a host |
//! | many waiters cost few calls | [`Together`] | a call that asks for many |
//! | what an API says is not guessed, and forges no log | [`word`], [`one_line`] | its words |
//! | what changes seldom is read seldom | [`Cached`], [`Known`], [`Sold`] | how to read it |

mod account;
mod cached;
mod catalog;
mod create;
mod delete;
mod ensure;
mod known;
pub mod labels;
mod provide;
mod recent;
#[cfg(not(feature = "sabotage"))]
mod sabotage;
#[cfg(feature = "sabotage")]
pub mod sabotage;
mod settings;
mod snapshots;
mod together;
pub mod volumes;
mod words;

pub use account::{Account, Patience};
pub use cached::Cached;
pub use catalog::Sold;
pub use create::{Candidate, Creates, Request, Surplus, Unique, create_once};
pub use delete::{Deletes, delete_whole, found, gone, remove_unused};
pub use ensure::{Ensured, ensure};
pub use known::Known;
pub use recent::{Recent, Sending, Sends};
pub use settings::Settings;
pub use snapshots::{Copies, snapshot_once};
pub use together::Together;
pub use words::{kind_of, nonsense, one_line, word};
