//! Changing and deleting hosts.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::lifecycle::Change;
use crate::{Command, Host, HostState, ImageStatus, Kind, Labels, MachineType, Result, World, WorldError};

impl World {
    /// The host with this id, as it truly is.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn host(&self, id: u64) -> Result<&Host> {
        self.hosts.find(id)
    }

    /// Deletes a host: detaches its volumes, deletes those that go with it, frees its addresses and deletes those that go with
    /// it, and its backups. Takes [`Timings::delete`](crate::Timings::delete).
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Protected`].
    pub fn delete_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        if self.host(id)?.protection.delete {
            return Err(WorldError::Protected { kind: Kind::Host, id });
        }
        self.set_state(id, HostState::Deleting, "deleting");
        let takes = self.timings.delete;
        let deleted = Change::Deleted { host: id };
        let on_host = [(Kind::Host, id)];
        Ok(self.begin(Plan::new(Command::DeleteHost, &on_host, takes, deleted), now))
    }

    /// Breaks off whatever is under way on a host: it comes to nothing, and the host is unlocked.
    /// For providers that take a new command while an older one runs.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn interrupt_host(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        let under_way = std::mem::take(&mut self.hosts.find_mut(id)?.busy);
        for change in self.agenda.values_mut() {
            if let Change::Finish(action, change) = change
                && under_way.contains(action)
            {
                **change = Change::Nothing;
            }
        }
        Ok(())
    }

    /// Boots a host that is off. On a running host nothing happens, successfully.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`].
    pub fn start_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        if !self.host(id)?.state.is_running() {
            self.set_state(id, HostState::Starting, "booting");
        }
        let takes = self.timings.start;
        let change = state(id, HostState::Running, "login:");
        Ok(self.begin(Plan::new(Command::StartHost, &[(Kind::Host, id)], takes, change), now))
    }

    /// Cuts a host's power. On a host that is off nothing happens, successfully.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`].
    pub fn stop_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        if self.host(id)?.state != HostState::Off {
            self.set_state(id, HostState::Stopping, "power cut");
        }
        let takes = self.timings.stop;
        let change = state(id, HostState::Off, "powered off");
        Ok(self.begin(Plan::new(Command::StopHost, &[(Kind::Host, id)], takes, change), now))
    }

    /// Suspends a running host.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless running.
    pub fn suspend_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        self.check_state(id, HostState::Running)?;
        self.set_state(id, HostState::Stopping, "suspending");
        let takes = self.timings.stop;
        let change = state(id, HostState::Suspended, "suspended");
        Ok(self.begin(Plan::new(Command::SuspendHost, &[(Kind::Host, id)], takes, change), now))
    }

    /// Sends the shutdown signal. The action ends when the signal was sent; the host is off
    /// [`Timings::shutdown`](crate::Timings::shutdown) later.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless running.
    pub fn shutdown_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.begin_on_running(id, Command::ShutdownHost, Change::Signalled { host: id }, now)
    }

    /// Boots a running host again, by a signal or (`Command::ResetHost`) by cutting its power.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless running.
    pub fn restart_host(&mut self, id: u64, command: Command, now: Timestamp) -> Result<u64> {
        let change = state(id, HostState::Running, "login:");
        self.begin_on_running(id, command, change, now)
    }

    /// Writes a host's boot disk anew from `image`; the host runs afterwards.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Protected`], and
    /// [`WorldError::Invalid`] where the image does not fit.
    pub fn rebuild_host(&mut self, id: u64, image: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        let host = self.host(id)?;
        if host.protection.rebuild {
            return Err(WorldError::Protected { kind: Kind::Host, id });
        }
        let disk_gb = host.boot_disk_gb;
        let machine = self.machine(&host.machine)?;
        self.check_image(image, machine, disk_gb)?;
        self.set_state(id, HostState::Rebuilding, "rebuilding");
        let takes = self.timings.rebuild;
        let change = Change::Rebuilt { host: id, image };
        Ok(self.begin(Plan::new(Command::RebuildHost, &[(Kind::Host, id)], takes, change), now))
    }

    /// Moves a host that is off to another machine type; `after` is its state once moved.
    /// `disk_gb` is the boot disk it has then, which must not shrink.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless off,
    /// [`WorldError::NoCapacity`], and [`WorldError::Invalid`] with field `machine` for another
    /// architecture and `disk` for a disk that would shrink.
    pub fn resize_host(
        &mut self,
        id: u64,
        machine: &str,
        disk_gb: u64,
        after: HostState,
        now: Timestamp,
    ) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        self.check_state(id, HostState::Off)?;
        let host = self.host(id)?;
        let (wanted, present) = (self.machine(machine)?, self.machine(&host.machine)?);
        if wanted.architecture != present.architecture {
            return Err(WorldError::invalid("machine", "has another architecture"));
        }
        if disk_gb < host.boot_disk_gb {
            return Err(WorldError::invalid("disk", "must not shrink"));
        }
        let zone = self.zone_with_room(&host.region, Some(&host.zone), machine, now)?;
        self.take_room(&zone, machine);
        self.set_state(id, HostState::Migrating, "resizing");
        let takes = self.timings.resize;
        let change = Change::Resized { host: id, machine: machine.to_owned(), disk_gb, state: after };
        Ok(self.begin(Plan::new(Command::ResizeHost, &[(Kind::Host, id)], takes, change), now))
    }

    /// Gives a host that is off another machine type at once, as where a host that is off takes no
    /// room and finds out at its next start whether there is any.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless off,
    /// [`WorldError::Invalid`] with field `machine` for another architecture.
    pub fn retype_host(&mut self, id: u64, machine: &str, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        self.check_state(id, HostState::Off)?;
        let host = self.host(id)?;
        if self.machine(machine)?.architecture != self.machine(&host.machine)?.architecture {
            return Err(WorldError::invalid("machine", "has another architecture"));
        }
        let (zone, before) = (host.zone.clone(), host.machine.clone());
        self.give_back(&zone, &before);
        self.take_room(&zone, machine);
        machine.clone_into(&mut self.hosts.find_mut(id)?.machine);
        Ok(())
    }

    /// Gives a host another name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::NameTaken`].
    pub fn rename_host(&mut self, id: u64, name: &str) -> Result<()> {
        self.check_name(&self.hosts, name, Some(id))?;
        self.hosts.rename(id, name.to_owned())
    }

    /// Replaces all labels of a host.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn relabel_host(&mut self, id: u64, labels: Labels) -> Result<()> {
        self.hosts.find_mut(id)?.labels = labels;
        Ok(())
    }

    /// Takes a spot host away, as a provider does that needs the room.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn preempt_host(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.hosts.find(id)?;
        self.set_state(id, HostState::Preempted, "preempted");
        Ok(())
    }

    pub(crate) fn remove_host(&mut self, id: u64, now: Timestamp) {
        let shown_until = self.shown_until(now);
        let Some(host) = self.hosts.remove(id, shown_until) else {
            return;
        };
        self.give_back(&host.zone, &host.machine);
        for volume in host.volumes {
            self.unlink_volume(volume);
            if self.volumes.find(volume).is_ok_and(|volume| volume.auto_delete) {
                self.remove_volume(volume, now);
            }
        }
        for address in [host.ipv4, host.ipv6].into_iter().flatten() {
            self.free_address(address, now);
        }
        let backups: Vec<u64> =
            self.images.iter().filter(|image| image.bound_to == Some(id)).map(|image| image.id).collect();
        for backup in backups {
            self.images.remove(backup, None);
        }
    }

    pub(crate) fn check_state(&self, id: u64, wanted: HostState) -> Result<()> {
        let state = self.host(id)?.state;
        if state != wanted {
            return Err(WorldError::WrongState { id, state, wanted });
        }
        Ok(())
    }

    fn begin_on_running(&mut self, id: u64, command: Command, change: Change, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        self.check_state(id, HostState::Running)?;
        let takes = if command == Command::ShutdownHost { self.timings.small } else { self.timings.restart };
        Ok(self.begin(Plan::new(command, &[(Kind::Host, id)], takes, change), now))
    }

    pub(crate) fn machine(&self, name: &str) -> Result<&MachineType> {
        self.catalog.machine(name).ok_or_else(|| WorldError::invalid("machine", format!("unknown machine type {name}")))
    }

    pub(crate) fn check_image(&self, id: u64, machine: &MachineType, disk_gb: u64) -> Result<()> {
        let image = self.images.find(id)?;
        if image.architecture != machine.architecture {
            return Err(WorldError::invalid("image", "has another architecture"));
        }
        if image.status != ImageStatus::Available {
            return Err(WorldError::invalid("image", "is not available yet"));
        }
        if image.disk_gb > disk_gb {
            return Err(WorldError::invalid("image", "needs a larger disk"));
        }
        Ok(())
    }
}

pub(crate) fn state(host: u64, state: HostState, line: &'static str) -> Change {
    Change::State { host, state, line }
}
