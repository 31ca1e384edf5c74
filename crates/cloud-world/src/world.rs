//! The world itself: what it holds and how it is made.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::lifecycle::Change;
use crate::pool::AddressPool;
use crate::{
    Action, ActionError, Address, Catalog, Command, Firewall, Host, Image, ImageKind, ImageStatus, Kind, Labels, Lag,
    Record, Result, Rules, Settings, SshKey, Table, Timings, Volume, WorldError,
};

/// What one account owns, and what it can order.
///
/// Tables can be read freely; changes go through methods, which keep the tables consistent.
/// Serializes to JSON with secrets as their length and hash.
#[derive(Debug, Clone, Serialize)]
pub struct World {
    /// Hosts.
    pub hosts: Table<Host>,
    /// Volumes.
    pub volumes: Table<Volume>,
    /// Addresses.
    pub addresses: Table<Address>,
    /// SSH keys.
    pub ssh_keys: Table<SshKey>,
    /// Images.
    pub images: Table<Image>,
    /// Firewalls.
    pub firewalls: Table<Firewall>,
    /// Actions, by id.
    pub actions: BTreeMap<u64, Action>,
    /// What can be ordered; its stock is what is left.
    #[serde(skip)]
    pub catalog: Catalog,
    /// How long things take; can be changed at any time.
    #[serde(skip)]
    pub timings: Timings,
    /// How late readers see changes; can be changed at any time.
    #[serde(skip)]
    pub lag: Lag,
    /// What providers differ in.
    #[serde(skip)]
    pub rules: Rules,
    /// The most that the account may have of a kind; can be changed at any time.
    pub quotas: BTreeMap<Kind, u64>,
    pub(crate) pool: AddressPool,
    #[serde(skip)]
    pub(crate) agenda: BTreeMap<(Timestamp, u64), Change>,
    #[serde(skip)]
    pub(crate) actions_of: BTreeMap<(Kind, u64), Vec<u64>>,
    #[serde(skip)]
    pub(crate) doomed: BTreeMap<Command, Vec<ActionError>>,
    #[serde(skip)]
    pub(crate) outages: Vec<(String, Timestamp)>,
    #[serde(skip)]
    pub(crate) full_until: BTreeMap<Kind, Timestamp>,
    #[serde(skip)]
    pub(crate) random: fastrand::Rng,
    last_id: u64,
    last_turn: u64,
}

impl World {
    /// A world that holds nothing but the stock images of the catalog.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut images = Table::default();
        for seed in &settings.catalog.images {
            images.insert(stock_image(seed), None);
        }
        Self {
            hosts: Table::default(),
            volumes: Table::default(),
            addresses: Table::default(),
            ssh_keys: Table::default(),
            images,
            firewalls: Table::default(),
            actions: BTreeMap::new(),
            catalog: settings.catalog,
            timings: settings.timings,
            lag: settings.lag,
            rules: settings.rules,
            quotas: settings.quotas,
            pool: AddressPool::default(),
            agenda: BTreeMap::new(),
            actions_of: BTreeMap::new(),
            doomed: BTreeMap::new(),
            outages: Vec::new(),
            full_until: BTreeMap::new(),
            random: fastrand::Rng::with_seed(settings.seed),
            last_id: FIRST_ID,
            last_turn: 0,
        }
    }

    /// How many of each kind the account owns; kinds of which it owns none are absent.
    /// Stock images are not owned.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        Kind::OWNED.into_iter().map(|kind| (kind, self.count(kind))).filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Host => self.hosts.len(),
            Kind::Volume => self.volumes.len(),
            Kind::Address => self.addresses.len(),
            Kind::SshKey => self.ssh_keys.len(),
            Kind::Image => self.images.len() - self.catalog.images.len(),
            Kind::Firewall => self.firewalls.len(),
            Kind::Action => self.actions.len(),
            Kind::Region => self.catalog.regions.len(),
            Kind::MachineType => self.catalog.machines.len(),
        }
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn fresh_turn(&mut self) -> u64 {
        self.last_turn += 1;
        self.last_turn
    }

    /// When a thing made at `now` is first seen; `None` for at once.
    pub(crate) fn seen_from(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.settle(now);
        let longest = self.lag.create;
        self.late(longest).map(|late| now + late)
    }

    /// Until when a thing deleted at `now` is shown in lists; `None` for not at all.
    pub(crate) fn shown_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.settle(now);
        let longest = self.lag.delete;
        self.late(longest).map(|late| now + late)
    }

    pub(crate) fn check_name<T: Record>(&self, table: &Table<T>, name: &str, but: Option<u64>) -> Result<()> {
        let taken = table.named(name).any(|other| Some(other.id()) != but);
        if taken && self.rules.unique_names.contains(&T::KIND) {
            return Err(WorldError::NameTaken { kind: T::KIND });
        }
        Ok(())
    }

    fn late(&mut self, longest: std::time::Duration) -> Option<SignedDuration> {
        if longest.is_zero() || self.random.f64() >= self.lag.chance {
            return None;
        }
        let seconds = longest.as_secs_f64() * self.random.f64();
        Some(SignedDuration::from_secs_f64(seconds))
    }

    fn settle(&mut self, now: Timestamp) {
        self.outages.retain(|(_, until)| *until > now);
        self.hosts.settle(now);
        self.volumes.settle(now);
        self.addresses.settle(now);
        self.ssh_keys.settle(now);
        self.images.settle(now);
        self.firewalls.settle(now);
    }
}

fn stock_image(seed: &crate::ImageSeed) -> Image {
    Image {
        id: seed.id,
        kind: ImageKind::Stock,
        name: Some(seed.name.clone()),
        description: seed.description.clone(),
        status: ImageStatus::Available,
        architecture: seed.architecture,
        os: seed.os.clone(),
        os_version: seed.os_version.clone(),
        size_centi_gb: None,
        disk_gb: seed.disk_gb,
        created_from: None,
        bound_to: None,
        labels: Labels::new(),
        protected: false,
        deprecated: seed.deprecated,
        created: Timestamp::UNIX_EPOCH,
    }
}

/// Ids of what is made count up from here; the catalog's are smaller.
const FIRST_ID: u64 = 1_000_000;
