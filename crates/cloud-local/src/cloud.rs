//! The other side of the wire: an account of a cloud whose every request is atomic. It knows labels, not promises.

use cloud_driver::labels::KEEP;
use cloud_types::{OnDelete, Result, ownership};
use cloud_world::{FirewallRule, Host, HostRequest, HostState, Kind, Lag, Settings, Volume, VolumeStatus, World};
use jiff::Timestamp;

use crate::convert::world_id;
use crate::error::{locked, not_found, refusal};
use crate::faults::{FaultKind, Faults, Operation};
use crate::labels::{disk_name, goes_with_host};

/// An account of the cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) requests: u64,
    leaving: Vec<Leaving>,
}

/// A host that is being deleted, and what goes with it.
#[derive(Debug)]
struct Leaving {
    host: u64,
    firewalls: Vec<u64>,
    volumes: Vec<u64>,
}

impl Cloud {
    pub(crate) fn new(settings: Settings, faults: f64) -> Self {
        let faults = Faults::new(faults, settings.seed.wrapping_add(1));
        Self { world: World::new(settings), faults, requests: 0, leaving: Vec::new() }
    }

    /// Counts a request and draws what hits it.
    pub(crate) fn meet(&mut self, operation: Operation) -> Option<FaultKind> {
        self.requests += 1;
        self.faults.meet(operation)
    }

    /// Carries a request out.
    pub(crate) fn answer<T>(
        &mut self,
        fault: Option<FaultKind>,
        now: Timestamp,
        change: impl FnOnce(&mut Self, Timestamp) -> Result<T>,
    ) -> Result<T> {
        self.tick(now);
        let usual = self.world.lag;
        if let Some(FaultKind::Lag(late)) = fault {
            self.world.lag = Lag { create: late, delete: late, chance: 1.0 };
        }
        let answer = change(self, now);
        self.world.lag = usual;
        answer
    }

    /// Lets time come to `now`, and what went with deleted hosts go.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.world.advance(now);
        let world = &mut self.world;
        self.leaving.retain_mut(|leaving| {
            if world.host(leaving.host).is_ok() {
                return true;
            }
            leaving.firewalls.retain(|id| is_refused(&world.delete_firewall(*id, now)));
            leaving.volumes.retain(|id| is_refused(&world.delete_volume(*id, now)));
            !leaving.firewalls.is_empty() || !leaving.volumes.is_empty()
        });
    }

    /// Makes a host and the firewall of its own.
    pub(crate) fn create_host(
        &mut self,
        mut request: HostRequest,
        rules: Option<&[FirewallRule]>,
        now: Timestamp,
    ) -> Result<u64> {
        if let Some(busy) = request.volumes.iter().find(|id| !self.is_ready(**id)) {
            return Err(locked(format!("volume {busy} is not ready")));
        }
        if let Some(rules) = rules {
            let labels = request.labels.clone();
            let made = self.world.create_firewall(&request.name, rules.to_vec(), labels, now);
            request.firewalls.push(made.map_err(refusal)?);
        }
        let firewalls = request.firewalls.clone();
        self.world.create_host(request, now).map(|created| created.host).map_err(|error| {
            for firewall in firewalls {
                // It was made just above and applies to nothing, so that this cannot fail.
                let _ = self.world.delete_firewall(firewall, now);
            }
            refusal(error)
        })
    }

    /// The host of a text id, as it truly is.
    pub(crate) fn host(&self, id: &str) -> Result<&Host> {
        world_id(id).and_then(|number| self.world.host(number).ok()).ok_or_else(|| not_found("host", id))
    }

    /// The host of a text id, as a reader sees it.
    pub(crate) fn seen_host(&self, id: &str, now: Timestamp) -> Result<&Host> {
        world_id(id).and_then(|number| self.world.hosts.seen(number, now)).ok_or_else(|| not_found("host", id))
    }

    /// Deletes a host and what goes with it; one that is going already is left to it.
    pub(crate) fn delete_host(&mut self, id: &str, now: Timestamp) -> Result<()> {
        let host = self.host(id)?;
        if host.state == HostState::Deleting {
            return Ok(());
        }
        let volumes = host.volumes.iter().copied();
        let leaving = Leaving {
            host: host.id,
            firewalls: host.firewalls.clone(),
            volumes: volumes.filter(|id| self.world.volumes.find(*id).is_ok_and(goes_with_host)).collect(),
        };
        self.world.delete_host(leaving.host, now).map_err(refusal)?;
        self.leaving.push(leaving);
        self.tick(now);
        Ok(())
    }

    /// The hosts that a list shows, of an owner and of a name where said, in the order of their ids.
    pub(crate) fn listed_hosts<'a>(
        &'a self,
        owner: Option<&'a str>,
        name: Option<&'a str>,
        now: Timestamp,
    ) -> Box<dyn Iterator<Item = &'a Host> + 'a> {
        let by_owner = move |host: &&Host| owner.is_none_or(|owner| label(host, ownership::OWNER) == Some(owner));
        match name {
            // Without lag the index by name shows the same as the whole list.
            Some(name) if self.world.lag.create.is_zero() => Box::new(self.world.hosts.named(name).filter(by_owner)),
            Some(name) => Box::new(self.world.hosts.listed(now).filter(move |host| host.name == name).filter(by_owner)),
            None => Box::new(self.world.hosts.listed(now).filter(by_owner)),
        }
    }

    /// An owner's hosts of a name, as they truly are, those that are going among them.
    pub(crate) fn hosts_of<'a>(&'a self, owner: &'a str, name: &'a str) -> impl Iterator<Item = &'a Host> {
        self.world.hosts.named(name).filter(move |host| label(host, ownership::OWNER) == Some(owner))
    }

    /// Whether an owner's host of this name may be made: not while the last one is going.
    pub(crate) fn check_name_is_free(&self, owner: &str, name: &str) -> Result<()> {
        match self.hosts_of(owner, name).find(|host| host.state == HostState::Deleting) {
            Some(host) => Err(locked(format!("host {} is still being deleted", host.id))),
            None => Ok(()),
        }
    }

    /// The data disk that was made with a host, also while it is not attached yet.
    pub(crate) fn data_disk_of(&self, host: &Host) -> Option<&Volume> {
        let name = disk_name(label(host, ownership::OWNER)?, label(host, ownership::NAME)?);
        self.world.volumes.named(&name).find(|volume| volume.host.is_none_or(|holder| holder == host.id))
    }

    /// Says what becomes of a data disk when its host goes.
    pub(crate) fn mark_disk(&mut self, volume: u64, fate: OnDelete) {
        if let Ok(volume) = self.world.volumes.find_mut(volume) {
            volume.labels.insert(KEEP.to_owned(), (fate == OnDelete::Keep).to_string());
        }
    }

    fn is_ready(&self, volume: u64) -> bool {
        let volume = self.world.volumes.find(volume);
        volume.is_ok_and(|volume| {
            volume.status == VolumeStatus::Available && volume.busy.is_empty() && volume.host.is_none()
        })
    }
}

fn label<'a>(host: &'a Host, key: &str) -> Option<&'a str> {
    host.labels.get(key).map(String::as_str)
}

/// Whether a deletion has to be tried again: the thing is there and in use.
fn is_refused(result: &cloud_world::Result<()>) -> bool {
    !matches!(result, Ok(()) | Err(cloud_world::WorldError::NotFound { kind: Kind::Firewall | Kind::Volume, .. }))
}
