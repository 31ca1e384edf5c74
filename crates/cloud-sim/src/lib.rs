//! Loopback servers that behave like the providers' APIs, with faults.
//!
//! A simulator is one [`World`](cloud_world::World) behind one provider's HTTP API. It checks what
//! the real API checks, answers with the real bodies, and its time runs as fast as asked.
//! The JSON is written here, word for word, without a provider's crate, so that a misspelt field
//! cannot cancel out.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use cloud_sim::{SimConfig, hetzner};
//!
//! let sim = hetzner::Sim::start(SimConfig { speed: 100.0, ..SimConfig::default() }).await?;
//! let endpoint = format!("{}/v1", sim.url()); // give this to any client
//! assert_eq!(sim.world().counts().len(), 0);
//! # drop(endpoint);
//! # Ok(()) }
//! ```
//!
//! What every simulator shares is beside this file, and what faces share in `face`; [`hetzner`],
//! [`gcp`] and [`aws`] are faces.

pub mod aws;
mod body;
mod clock;
mod config;
#[cfg(feature = "contract")]
pub mod contract;
mod control;
mod exchange;
mod face;
mod faults;
pub mod gcp;
pub mod hetzner;
mod hostile;
mod message;
mod pairs;
mod rate;
mod record;
mod sim;
mod stats;

pub use clock::Clock;
pub use config::{RateLimit, SimConfig};
pub use face::Face;
pub use faults::{Fault, FaultRule, When};
pub use hostile::Hostile;
pub use message::{Reply, Request, Route};
pub use rate::{Level, RateLimited};
pub use record::Exchange;
pub use sim::Sim;
pub use stats::Stats;
