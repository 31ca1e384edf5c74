//! What hosts cost: lifecycle events in, exact money over time out.

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
mod terms;
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
pub use terms::{Monthly, Terms};
