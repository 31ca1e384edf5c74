//! Time: what is due, and what each change does when its moment comes.

use jiff::Timestamp;
use serde::Serialize;

use crate::{ActionStatus, HostState, ImageStatus, Kind, Result, VolumeStatus, World, WorldError};

/// What happens at a moment of the agenda.
#[derive(Debug, Clone, Serialize)]
pub(crate) enum Change {
    Nothing,
    /// The action ends and its change is made, or undone where the action is to fail.
    Finish(u64, Box<Self>),
    Created {
        host: u64,
        start: bool,
    },
    State {
        host: u64,
        state: HostState,
        line: &'static str,
    },
    /// The shutdown signal arrived: the host goes off by itself a while later.
    Signalled {
        host: u64,
    },
    /// A host that was still stopping is off.
    WentOff {
        host: u64,
    },
    Resized {
        host: u64,
        machine: String,
        disk_gb: u64,
        state: HostState,
    },
    Rebuilt {
        host: u64,
        image: u64,
    },
    Deleted {
        host: u64,
    },
    ImageReady {
        image: u64,
    },
    VolumeReady {
        volume: u64,
    },
    Attached {
        volume: u64,
        host: u64,
    },
    Detached {
        volume: u64,
    },
    VolumeGrown {
        volume: u64,
        size_gb: u64,
    },
    Removed {
        kind: Kind,
        id: u64,
    },
}

impl World {
    /// Does everything that is due at `now`. Every change calls this first; a reader that wants
    /// the present state calls it before reading. Time never goes back: an earlier `now` is ignored.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some(entry) = self.agenda.first_entry() {
            let due = entry.key().0;
            if due > now {
                break;
            }
            let change = entry.remove();
            self.apply(change, due);
        }
    }

    /// When the next thing is due; `None` when nothing is under way.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn agenda(&mut self, due: Timestamp, change: Change) {
        let turn = self.fresh_turn();
        self.agenda.insert((due, turn), change);
    }

    pub(crate) fn check_unlocked(&self, kind: Kind, id: u64) -> Result<()> {
        let busy = match kind {
            Kind::Host => !self.hosts.find(id)?.busy.is_empty(),
            Kind::Volume => !self.volumes.find(id)?.busy.is_empty(),
            Kind::Address => !self.addresses.find(id)?.busy.is_empty(),
            _ => false,
        };
        if busy {
            return Err(WorldError::Locked { kind, id });
        }
        Ok(())
    }

    pub(crate) fn lock(&mut self, kind: Kind, id: u64, action: u64) {
        if let Some(busy) = self.busy(kind, id) {
            busy.push(action);
        }
    }

    fn busy(&mut self, kind: Kind, id: u64) -> Option<&mut Vec<u64>> {
        match kind {
            Kind::Host => self.hosts.find_mut(id).ok().map(|host| &mut host.busy),
            Kind::Volume => self.volumes.find_mut(id).ok().map(|volume| &mut volume.busy),
            Kind::Address => self.addresses.find_mut(id).ok().map(|address| &mut address.busy),
            _ => None,
        }
    }

    fn finish(&mut self, id: u64, change: Change, now: Timestamp) {
        let before = self.actions.get(&id).and_then(|action| action.after);
        let inherited = before.and_then(|before| self.actions.get(&before)).and_then(|before| before.error.clone());
        let Some(action) = self.actions.get_mut(&id) else {
            return;
        };
        action.error = action.doom.take().or(inherited);
        let failed = action.error.is_some();
        action.status = if failed { ActionStatus::Error } else { ActionStatus::Success };
        for (kind, resource) in action.resources.clone() {
            if let Some(busy) = self.busy(kind, resource) {
                busy.retain(|other| *other != id);
            }
        }
        if failed {
            self.undo(change, now);
        } else {
            self.apply(change, now);
        }
    }

    fn apply(&mut self, change: Change, now: Timestamp) {
        match change {
            Change::Nothing => {}
            Change::Finish(id, change) => self.finish(id, *change, now),
            Change::Created { host, start } => {
                let state = if start { HostState::Starting } else { HostState::Off };
                self.set_state(host, state, "created");
            }
            Change::State { host, state, line } => self.set_state(host, state, line),
            Change::Signalled { host } => {
                self.set_state(host, HostState::Stopping, "shutdown requested");
                let due = now + self.timings.shutdown;
                self.agenda(due, Change::WentOff { host });
            }
            Change::WentOff { host } => {
                if self.host(host).is_ok_and(|host| host.state == HostState::Stopping) {
                    self.set_state(host, HostState::Off, "powered off");
                }
            }
            Change::Resized { host, machine, disk_gb, state } => {
                if let Ok(record) = self.hosts.find_mut(host) {
                    let zone = record.zone.clone();
                    let before = std::mem::replace(&mut record.machine, machine);
                    record.boot_disk_gb = disk_gb;
                    self.give_back(&zone, &before);
                }
                self.set_state(host, state, "resized");
            }
            Change::Rebuilt { host, image } => {
                if let Ok(host) = self.hosts.find_mut(host) {
                    host.image = image;
                    host.console.clear();
                }
                self.set_state(host, HostState::Running, "rebuilt");
            }
            Change::Deleted { host } => self.remove_host(host, now),
            Change::ImageReady { image } => {
                if let Ok(image) = self.images.find_mut(image) {
                    image.status = ImageStatus::Available;
                    image.size_centi_gb = Some(image.disk_gb * 6);
                }
            }
            Change::VolumeReady { volume } => {
                if let Ok(volume) = self.volumes.find_mut(volume) {
                    volume.status = VolumeStatus::Available;
                }
            }
            Change::Attached { volume, host } => self.link_volume(volume, host),
            Change::Detached { volume } => self.unlink_volume(volume),
            Change::VolumeGrown { volume, size_gb } => {
                if let Ok(volume) = self.volumes.find_mut(volume) {
                    volume.size_gb = size_gb;
                }
            }
            Change::Removed { kind, id } => self.remove(kind, id, now),
        }
    }

    /// What remains of a change whose action failed.
    fn undo(&mut self, change: Change, now: Timestamp) {
        match change {
            Change::Created { host, .. } if self.rules.failed_hosts_vanish => self.remove_host(host, now),
            Change::Created { host, .. } => self.set_state(host, HostState::Failed, "failed"),
            Change::Resized { host, machine, .. } => {
                if let Ok(zone) = self.host(host).map(|host| host.zone.clone()) {
                    self.give_back(&zone, &machine);
                }
                self.set_state(host, HostState::Off, "resize failed");
            }
            Change::Rebuilt { host, .. } => self.set_state(host, HostState::Off, "rebuild failed"),
            Change::State { host, .. } => {
                let back = match self.host(host).map(|host| host.state) {
                    Ok(HostState::Starting) => HostState::Off,
                    Ok(HostState::Stopping) => HostState::Running,
                    _ => return,
                };
                self.set_state(host, back, "failed");
            }
            Change::Deleted { host } => self.set_state(host, HostState::Failed, "delete failed"),
            Change::ImageReady { image } => {
                self.images.remove(image, None);
            }
            Change::VolumeReady { volume } => {
                self.volumes.remove(volume, None);
            }
            Change::Nothing
            | Change::Finish(..)
            | Change::Signalled { .. }
            | Change::WentOff { .. }
            | Change::Attached { .. }
            | Change::Detached { .. }
            | Change::VolumeGrown { .. }
            | Change::Removed { .. } => {}
        }
    }

    fn remove(&mut self, kind: Kind, id: u64, now: Timestamp) {
        match kind {
            Kind::Volume => self.remove_volume(id, now),
            Kind::Address => self.remove_address(id, now),
            Kind::Image => self.remove_image(id, now),
            Kind::Firewall => self.remove_firewall_record(id, now),
            _ => {}
        }
    }

    pub(crate) fn set_state(&mut self, host: u64, state: HostState, line: &str) {
        if let Ok(host) = self.hosts.find_mut(host) {
            host.state = state;
            if host.console.len() >= CONSOLE_LINES {
                host.console.remove(0);
            }
            host.console.push(line.to_owned());
        }
    }
}

/// How many lines of console output a host keeps.
const CONSOLE_LINES: usize = 200;
