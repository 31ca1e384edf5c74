//! What every action's file works with.

use cloud_world::{Record, Table, World};
use jiff::Timestamp;

use super::errors::ApiError;
use super::ledger::Ledger;
use super::params::Params;
use super::places::Place;
use super::xml::Xml;

/// The outcome of one action: the fields of its answer.
pub(super) type Answer = Result<Xml, ApiError>;

/// One call: its parameters, where it is made, and the world it is made on.
pub(super) struct Api<'a> {
    pub(super) params: Params,
    pub(super) place: Place,
    pub(super) world: &'a mut World,
    pub(super) ledger: &'a mut Ledger,
    pub(super) now: Timestamp,
    /// Whether the action may change something.
    pub(super) writes: bool,
}

impl Api<'_> {
    pub(super) fn region(&self) -> &'static str {
        self.place.name()
    }

    /// Whether this call sees a record: reads may lag behind, writes never do.
    pub(super) fn sees<T: Record>(&self, table: &Table<T>, id: u64) -> bool {
        self.writes || table.seen(id, self.now).is_some()
    }
}

/// The account that all calls are made for.
pub(super) const ACCOUNT: &str = "123456789012";
