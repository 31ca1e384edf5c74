//! What hosts cost: lifecycle events in, exact money over time out.
//!
//! A service records what happens to its hosts, volumes, snapshots and addresses as [`Event`]s in an append-only
//! [`EventLog`]: a file of this machine ([`FileLog`]) or a database of its own. [`Metered`] does so for all that is done
//! through a provider. A [`Meter`] makes [`Bill`]s of the log: what each [`Subject`] cost in a [`Period`], item by item and
//! month by month, running and stopped, at the prices that held at the time.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> cloud_types::Result<()> {
//! use cloud_types::{CostItem, CostKind, Currency, Estimate, HostId, Money, ProviderId, Rate, Terms};
//! use cloud_usage::{Change, Charges, Event, EventId, MemoryLog, Meter, Period, Query, Subject, Tags};
//!
//! let (provider, meter) = (ProviderId::new("acme"), Meter::new(MemoryLog::new()));
//! let host = Subject::host(&provider, &HostId::new("4711"));
//! let hourly = Rate::hourly_price(Money::parse("0.0060", Currency::EUR)?);
//! let machine = CostItem::new(CostKind::Machine, "small", hourly).terms(Terms::HOUR);
//! let price = Charges::of(&Estimate::new(vec![machine])?)?;
//! let at = |text: &str| text.parse().expect("a timestamp");
//!
//! let created = Change::created(price, Tags::default());
//! meter.record(Event::new(EventId::new("4711-1")?, at("2026-11-02T10:00:00Z"), host.clone(), created)).await?;
//! meter.record(Event::new(EventId::new("4711-2")?, at("2026-11-02T12:30:00Z"), host, Change::Deleted)).await?;
//!
//! let bill = meter.bill(&Query::new(Period::ALL)).await?;
//! assert_eq!(bill.totals()?[&Currency::EUR].to_string(), "0.018 EUR"); // three started hours
//! # Ok(()) }
//! ```
//!
//! What holds:
//! - **Exact.** [`Cost`] is a whole number of very small parts. Nothing is rounded on the way; for people there is
//!   [`Cost::rounded`]. Bills of neighbouring periods add up.
//! - **The price that held.** A started unit is billed whole at the price that held when it began;
//!   [`Terms`](cloud_types::Terms) has the rule. The provider tells them with its price, and the log keeps them. A month's cap holds for calendar months in UTC, and is the one of the price that
//!   holds: after a resize the larger one, and a smaller one gives nothing back.
//! - **Order and repeats of arrival change nothing.** Events are put in order by their time, and an [`EventId`] counts once.
//! - **Nothing is guessed silently.** What was lost or cannot be right is a [`Doubt`] in the bill, with the time that it is
//!   about and what was taken for true. [`Meter::reconcile`] asks a provider for what no event told of.
//! - **No forecast.** Nothing is billed past now. Prices are before tax.
//!
//! The layers, each usable alone: [`Ledger`] is pure, without log and clock; [`Meter`] adds the log; [`Metered`] records.

mod bill;
mod charge;
mod cost;
mod count;
mod doubt;
mod event;
mod ledger;
mod log;
mod meter;
mod metered;
mod observe;
mod period;
mod subject;
mod timeline;

pub use bill::{Bill, Hours, Line, Query};
pub use charge::{Charge, Charges};
pub use cost::Cost;
pub use doubt::{Doubt, DoubtKind};
pub use event::{Change, Event, EventId, Power, Sighting};
pub use ledger::{Ledger, Standing};
#[cfg(feature = "embedded")]
pub use log::FileLog;
pub use log::{Appended, Entry, EventLog, MemoryLog};
pub use meter::Meter;
pub use metered::Metered;
pub use observe::Reconciled;
pub use period::{Month, Period};
pub use subject::{Subject, SubjectKind, Tags};
