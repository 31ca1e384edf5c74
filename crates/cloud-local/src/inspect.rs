//! What is truly in the account: for tests, read from the world and not from anybody's bookkeeping.

use std::collections::BTreeMap;

use cloud_driver::labels::is_kept;
use cloud_types::{HostId, HostState, ResourceKind, ownership};
use cloud_world::ImageKind;

use crate::cloud::Cloud;
use crate::convert::{state, world_kind};

/// What is truly in an account, and what it took to get there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// How many of each kind there are; kinds of which there are none are absent.
    pub counts: BTreeMap<ResourceKind, usize>,
    /// The hosts, oldest first.
    pub hosts: Vec<SeenHost>,
    /// The names of the snapshots, oldest first.
    pub snapshots: Vec<String>,
    /// How many of the volumes are data disks that outlive their hosts.
    pub kept_disks: usize,
    /// How many requests were sent so far.
    pub requests: u64,
    /// How many of them were hit by a fault.
    pub faults: u64,
}

/// A host as it truly is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeenHost {
    /// Its id.
    pub id: HostId,
    /// Who it belongs to, by its label.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: HostState,
}

impl Inspection {
    pub(crate) fn of(cloud: &Cloud) -> Self {
        let world = &cloud.world;
        let truly = world.counts();
        let kinds = [
            ResourceKind::Host,
            ResourceKind::Volume,
            ResourceKind::Snapshot,
            ResourceKind::Address,
            ResourceKind::Firewall,
            ResourceKind::SshKey,
        ];
        let count = |kind| world_kind(kind).and_then(|theirs| truly.get(&theirs)).map(|count| (kind, *count));
        let hosts = world.hosts.iter().map(|host| SeenHost {
            id: HostId::new(host.id.to_string()),
            owner: host.labels.get(ownership::OWNER).cloned().unwrap_or_default(),
            name: host.name.clone(),
            state: state(host.state),
        });
        let snapshots = world.images.iter().filter(|image| image.kind == ImageKind::Snapshot);
        Self {
            counts: kinds.into_iter().filter_map(count).collect(),
            hosts: hosts.collect(),
            snapshots: snapshots.filter_map(|image| image.labels.get(ownership::NAME).cloned()).collect(),
            kept_disks: world.volumes.iter().filter(|volume| is_kept(&volume.labels)).count(),
            requests: cloud.requests,
            faults: cloud.faults.hits(),
        }
    }

    /// Whether nothing is there at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many hosts of an owner have that name.
    #[must_use]
    pub fn hosts_named(&self, owner: &str, name: &str) -> usize {
        self.hosts.iter().filter(|host| host.owner == owner && host.name == name).count()
    }

    /// The (owner, name) pairs that more than one host has, and how many have it.
    #[must_use]
    pub fn duplicates(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for host in &self.hosts {
            *counts.entry((host.owner.clone(), host.name.clone())).or_insert(0) += 1;
        }
        counts.retain(|_, count| *count > 1);
        counts
    }
}
