//! What every resource's file works with.

use cloud_world::{ActionError, Command, Record, Table, World, WorldError};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::errors::{self, ApiError};
use super::ledger::{Ledger, Operation, Scope};
use super::{links, operations};
use crate::face::{Fields, Parameters, Paths};
use crate::{Reply, Request};

/// The outcome of one call.
pub(super) type Answer = Result<Reply, ApiError>;

/// One call: the request, and the world it is made on.
pub(super) struct Api<'a> {
    pub(super) request: &'a Request,
    pub(super) world: &'a mut World,
    pub(super) ledger: &'a mut Ledger,
    pub(super) now: Timestamp,
    /// The parameters of the path, by their names in the description.
    pub(super) path: Parameters,
}

/// What a change is about: the verb, where its operation is asked for, and the resource.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) verb: &'static str,
    pub(super) scope: Scope,
    pub(super) path: String,
    pub(super) id: u64,
}

impl Api<'_> {
    /// A parameter of the path; empty where the path has none of that name.
    pub(super) fn param(&self, name: &str) -> &str {
        self.path.get(name)
    }

    pub(super) fn project(&self) -> &str {
        self.param("project")
    }

    /// The zone of the path, where there is one of that name.
    pub(super) fn zone(&self) -> Result<String, ApiError> {
        let zone = self.param("zone");
        match self.region_of(zone) {
            Some(_) => Ok(zone.to_owned()),
            None => Err(errors::not_found(&format!("projects/{}/zones/{zone}", self.project()))),
        }
    }

    /// The region of the path, where there is one of that name.
    pub(super) fn region(&self) -> Result<String, ApiError> {
        let region = self.param("region");
        match self.world.catalog.region(region) {
            Some(_) => Ok(region.to_owned()),
            None => Err(errors::not_found(&format!("projects/{}/regions/{region}", self.project()))),
        }
    }

    /// The region that a zone is in.
    pub(super) fn region_of(&self, zone: &str) -> Option<String> {
        let regions = &self.world.catalog.regions;
        let region = regions.iter().find(|region| region.zones.iter().any(|known| known == zone))?;
        Some(region.name.clone())
    }

    /// All zones, in the order of their names.
    pub(super) fn zones(&self) -> Vec<String> {
        let regions = &self.world.catalog.regions;
        let mut zones: Vec<String> = regions.iter().flat_map(|region| region.zones.clone()).collect();
        zones.sort();
        zones
    }

    /// Whether this call sees a record: reads may lag behind, writes never do.
    pub(super) fn sees<T: Record>(&self, table: &Table<T>, id: u64) -> bool {
        self.request.is_write() || table.seen(id, self.now).is_some()
    }

    pub(super) fn body(&self) -> Result<Fields, ApiError> {
        Ok(Fields::parse(&self.request.body, Paths::Indexed("resource"))?)
    }

    /// Answers with the operation that follows an action of the world.
    pub(super) fn begun(&mut self, action: u64, target: Target) -> Answer {
        self.note(action, target, Value::Null)
    }

    /// Answers with the operation of a change that the world takes or refuses; what lies in
    /// capacity or quota becomes the operation's error.
    pub(super) fn outcome(&mut self, outcome: Result<u64, WorldError>, command: Command, target: Target) -> Answer {
        match outcome {
            Ok(action) => self.begun(action, target),
            Err(WorldError::NoCapacity { region, machine }) => {
                let (error, details) = operations::no_capacity(self, &region, &machine, &target);
                self.doomed(error, details, command, target)
            }
            Err(WorldError::QuotaFull { kind }) => {
                let (error, details) = operations::no_quota(kind, &target);
                self.doomed(error, details, command, target)
            }
            Err(WorldError::Locked { .. }) => Err(errors::not_ready(&target.path)),
            Err(WorldError::NameTaken { .. }) => Err(errors::already_exists(&target.path)),
            Err(other) => Err(other.into()),
        }
    }

    fn doomed(&mut self, error: ActionError, details: Value, command: Command, target: Target) -> Answer {
        self.world.fail_next(command, error);
        let action = self.world.note(command, &[], self.now)?;
        self.note(action, target, details)
    }

    fn note(&mut self, action: u64, target: Target, details: Value) -> Answer {
        let request_id = self.request.param("requestId").map(str::to_owned);
        if let Some(key) = operations::request_key(self.request) {
            self.ledger.requests.insert(key, action);
        }
        self.keep(action, target, request_id, details);
        operations::answer(self, action)
    }

    /// Keeps the operation of a change that no call asked for.
    pub(super) fn noted(&mut self, action: u64, target: Target) {
        self.keep(action, target, None, Value::Null);
    }

    fn keep(&mut self, action: u64, target: Target, request_id: Option<String>, details: Value) {
        let operation = Operation {
            verb: target.verb,
            scope: target.scope,
            target: target.path,
            target_id: target.id,
            project: self.project().to_owned(),
            request_id,
            details,
        };
        self.ledger.operations.insert(action, operation);
    }

    /// A target in the zone of the path.
    pub(super) fn zonal(&self, verb: &'static str, collection: &str, name: &str, id: u64) -> Target {
        let zone = self.param("zone").to_owned();
        let path = links::zonal(self.project(), &zone, collection, name);
        Target { verb, scope: Scope::Zone(zone), path, id }
    }

    /// A target in the region of the path.
    pub(super) fn regional(&self, verb: &'static str, collection: &str, name: &str, id: u64) -> Target {
        let region = self.param("region").to_owned();
        let path = links::regional(self.project(), &region, collection, name);
        Target { verb, scope: Scope::Region(region), path, id }
    }

    /// A target outside all places.
    pub(super) fn global(&self, verb: &'static str, collection: &str, name: &str, id: u64) -> Target {
        let path = links::global(self.project(), collection, name);
        Target { verb, scope: Scope::Global, path, id }
    }
}

pub(super) fn ok(body: &impl Serialize) -> Answer {
    Ok(Reply::json(StatusCode::OK, body))
}

/// A moment as the provider writes it.
pub(super) fn moment(moment: Timestamp) -> String {
    format!("{}+00:00", moment.strftime("%Y-%m-%dT%H:%M:%S%.3f"))
}
