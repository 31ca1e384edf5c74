//! The behaviours that every backend must show, as one macro: [`conformance_tests!`].
//!
//! A [`Backend`] says how to reach the service under test: as this process and owner, as another process, as another
//! owner, and how to make its answers fail. Everything else is here. Each behaviour is a function in [`behaviours`]
//! whose name is a sentence and which the contract's docs name; [`BEHAVIOURS`] is the list of them. Which of them run
//! is decided by what the provider claims in its [`Capabilities`](cloud_types::Capabilities): what it claims is tried,
//! and what it does not claim must be refused.
//!
//! # Your own provider
//! Write a [`Backend`] for it, and one line makes a named test of each behaviour, in `tests/conformance.rs` of its crate:
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use async_trait::async_trait;
//! use cloud_conformance::{Backend, conformance_tests};
//! use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region};
//! # // The in-memory provider stands for the reader's own.
//! # use cloud_local::Local as Acme;
//!
//! struct Account(Acme);
//!
//! #[async_trait]
//! impl Backend for Account {
//!     fn provider(&self) -> Arc<dyn CloudProvider> {
//!         Arc::new(self.0.clone())
//!     }
//!
//!     async fn other_process(&self) -> Arc<dyn CloudProvider> {
//!         Arc::new(self.0.another_process())
//!     }
//!
//!     async fn other_owner(&self) -> Arc<dyn CloudProvider> {
//!         Arc::new(self.0.with_owner(Owner::new("someone-else").unwrap()))
//!     }
//!
//!     fn spec(&self, name: &Name) -> HostSpec {
//!         let machine = Machine::named("small").unwrap();
//!         HostSpec::new(name.clone(), Region::new("north").unwrap(), machine, Image::debian("12"))
//!     }
//!
//!     fn larger_machine(&self) -> MachineTypeName {
//!         MachineTypeName::new("medium").unwrap()
//!     }
//!
//!     fn patience(&self) -> Duration {
//!         Duration::from_secs(300)
//!     }
//! }
//!
//! async fn account() -> Account {
//!     Account(Acme::new())
//! }
//!
//! conformance_tests!(account, skip { a_host_restarts: "the emulator cannot restart" });
//! # fn main() {}
//! ```
//!
//! A backend that can also [`inject`](Backend::inject) faults, [count](Backend::left_behind) what an account holds, and
//! show what a [first boot](Backend::user_data) is given, as a simulator can, is tried much harder: lost answers,
//! refusals, leftovers. Without them those behaviours say that
//! they are skipped, or ask [`Sweep`](cloud_types::Sweep).
//!
//! # A program
//! [`run_all`] and [`Suite`] run the same behaviours one after another and report on them, for runs against a real cloud:
//!
//! ```
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use async_trait::async_trait;
//! # use cloud_conformance::{Backend, Suite};
//! # use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region};
//! # use cloud_local::{Config, Local};
//! # struct Account(Local);
//! # #[async_trait]
//! # impl Backend for Account {
//! #     fn provider(&self) -> Arc<dyn CloudProvider> { Arc::new(self.0.clone()) }
//! #     async fn other_process(&self) -> Arc<dyn CloudProvider> { Arc::new(self.0.another_process()) }
//! #     async fn other_owner(&self) -> Arc<dyn CloudProvider> {
//! #         Arc::new(self.0.with_owner(Owner::new("someone-else").unwrap()))
//! #     }
//! #     fn spec(&self, name: &Name) -> HostSpec {
//! #         let machine = Machine::named("small").unwrap();
//! #         HostSpec::new(name.clone(), Region::new("local-a").unwrap(), machine, Image::debian("12"))
//! #     }
//! #     fn larger_machine(&self) -> MachineTypeName { MachineTypeName::new("medium").unwrap() }
//! #     fn patience(&self) -> Duration { Duration::from_secs(60) }
//! # }
//! # async fn account() -> Account { Account(Config::instant().build().unwrap()) }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let report = Suite::whole()
//!     .only(["deleting_twice_succeeds", "lists_are_whole"])
//!     .on_verdict(|verdict| println!("{verdict}"))
//!     .run(account)
//!     .await;
//! assert!(report.is_clean(), "{report}");
//! assert_eq!(report.to_string(), "2 passed, 0 skipped, 0 failed");
//! # });
//! ```
//!
//! # More than behaviours
//! [`chaos`](chaos::Chaos) creates and deletes many hosts under faults and counts what is there in the end. With the
//! feature `simulated`, the module `simulated` makes a backend, hostile answers and a search for printed secrets from
//! one description of a provider whose API `cloud-sim` simulates.
//!
//! Each behaviour uses names that nobody else has and deletes what bears them afterwards, also where it failed. Two of
//! them sweep, and so delete all that the owner has: give the suite an owner of its own.

pub mod behaviours;

mod abilities;
mod backend;
mod case;
pub mod chaos;
mod cleanup;
mod fault;
mod fixtures;
mod inventory;
mod outcome;
#[cfg(feature = "simulated")]
pub mod simulated;
mod suite;
mod tests_macro;

pub use backend::Backend;
pub use behaviours::{BEHAVIOURS, Behaviour};
pub use case::Case;
pub use fault::{Fault, Injected, Operation, Trouble};
pub use outcome::{Outcome, Stop};
pub use suite::{Report, Suite, Verdict, run_all};
#[doc(hidden)]
pub use tests_macro::prove;
#[cfg(feature = "paused")]
#[doc(hidden)]
pub use tests_macro::prove_paused;
