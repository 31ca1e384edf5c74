//! What the face knows beyond the world: operations' names and scopes, request ids, and those
//! settings of resources that the world has no word for.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The books of one simulator. Entries of deleted resources stay: answers about the past name them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By the id of the world's action.
    pub(super) operations: BTreeMap<u64, Operation>,
    /// Actions by the call and the request id that started them.
    pub(super) requests: HashMap<String, u64>,
    pub(super) instances: BTreeMap<u64, Instance>,
    pub(super) disks: BTreeMap<u64, Disk>,
    pub(super) snapshots: BTreeMap<u64, Snapshot>,
    /// Firewalls as they were sent, with what was left out filled in.
    pub(super) firewalls: BTreeMap<u64, Map<String, Value>>,
    /// Addresses as they were sent.
    pub(super) addresses: BTreeMap<u64, Map<String, Value>>,
}

/// A change that takes time.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) verb: &'static str,
    pub(super) scope: Scope,
    /// The path of what it changes.
    pub(super) target: String,
    pub(super) target_id: u64,
    pub(super) project: String,
    pub(super) request_id: Option<String>,
    /// What else its error says.
    pub(super) details: Value,
}

/// Where an operation is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    Zone(String),
    Region(String),
    Global,
}

/// The settings of an instance.
#[derive(Debug, Clone, Default)]
pub(super) struct Instance {
    /// Fields that are given back as they were sent.
    pub(super) echo: Map<String, Value>,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) tags: Vec<String>,
    pub(super) scheduling: Map<String, Value>,
    pub(super) interface: Map<String, Value>,
    /// The access configuration, where it has a public address.
    pub(super) access: Option<Map<String, Value>>,
    pub(super) last_start: Option<Timestamp>,
    pub(super) last_stop: Option<Timestamp>,
    /// Whether it was taken away since its last start, and that was noted.
    pub(super) taken: bool,
}

/// The settings of a disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) class: String,
    pub(super) description: Option<String>,
    pub(super) source_image: Option<String>,
    pub(super) source_snapshot: Option<String>,
    /// The name its host knows it by.
    pub(super) device: String,
    pub(super) mode: Option<String>,
}

/// Where a snapshot is from.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) source_disk: String,
    pub(super) source_disk_id: u64,
}
