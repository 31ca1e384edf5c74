//! Making, changing and deleting hosts.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::lifecycle::Change;
use crate::{
    AddressChoice, AddressVersion, Command, Host, HostProtection, HostRequest, HostState,
    ImageStatus, Kind, Labels, MachineType, Record, Result, VolumeStatus, World, WorldError,
};

/// What [`World::create_host`] started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCreated {
    /// The host.
    pub host: u64,
    /// The action that makes it.
    pub action: u64,
    /// The actions that follow: attaching volumes, booting.
    pub next: Vec<u64>,
}

impl World {
    /// The host with this id, as it truly is.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn host(&self, id: u64) -> Result<&Host> {
        self.hosts.find(id)
    }

    /// Makes a host; its addresses are known at once.
    ///
    /// # Errors
    /// [`WorldError::Invalid`], [`WorldError::NotFound`] for what it refers to,
    /// [`WorldError::NameTaken`], [`WorldError::QuotaFull`], [`WorldError::NoCapacity`], and
    /// [`WorldError::InUse`] for an address or volume that is not free.
    pub fn create_host(&mut self, request: HostRequest, now: Timestamp) -> Result<HostCreated> {
        self.advance(now);
        let (zone, disk_gb) = self.check_request(&request, now)?;
        let id = self.fresh_id();
        let ipv4 = self.choose_address(request.ipv4, AddressVersion::V4, &request, id, now)?;
        let ipv6 = self.choose_address(request.ipv6, AddressVersion::V6, &request, id, now)?;
        self.take_room(&zone, &request.machine);
        let seen_from = self.seen_from(now);
        let host = Host {
            id,
            name: request.name,
            state: HostState::Initializing,
            created: now,
            machine: request.machine,
            image: request.image,
            region: request.region,
            zone,
            market: request.market,
            boot_disk_gb: disk_gb,
            labels: request.labels,
            user_data: request.user_data,
            ssh_keys: request.ssh_keys,
            firewalls: request.firewalls,
            volumes: Vec::new(),
            ipv4,
            ipv6,
            protection: HostProtection::default(),
            rescue: false,
            backup_window: None,
            console: Vec::new(),
            busy: Vec::new(),
        };
        self.hosts.insert(host, seen_from);
        Ok(self.begin_creation(id, &request.volumes, request.start, now))
    }

    fn begin_creation(
        &mut self,
        host: u64,
        volumes: &[u64],
        start: bool,
        now: Timestamp,
    ) -> HostCreated {
        let takes = self.timings.create;
        let created = Change::Created { host, start };
        let on_host = [(Kind::Host, host)];
        let action = self.begin(
            Plan::new(Command::CreateHost, &on_host, takes, created),
            now,
        );
        let mut next = Vec::new();
        for volume in volumes {
            let takes = self.timings.volume;
            let attached = Change::Attached {
                volume: *volume,
                host,
            };
            let both = [(Kind::Host, host), (Kind::Volume, *volume)];
            let plan = Plan::new(Command::AttachVolume, &both, takes, attached);
            next.push(self.begin(plan.after(action), now));
        }
        if start {
            let takes = self.timings.start;
            let running = state(host, HostState::Running, "login:");
            let plan = Plan::new(Command::StartHost, &on_host, takes, running);
            next.push(self.begin(plan.after(action), now));
        }
        HostCreated { host, action, next }
    }

    /// Deletes a host: detaches its volumes, frees its addresses and deletes those that go with
    /// it, and its backups. Takes [`Timings::delete`](crate::Timings::delete).
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Protected`].
    pub fn delete_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        if self.host(id)?.protection.delete {
            return Err(WorldError::Protected {
                kind: Kind::Host,
                id,
            });
        }
        self.set_state(id, HostState::Deleting, "deleting");
        let takes = self.timings.delete;
        let deleted = Change::Deleted { host: id };
        let on_host = [(Kind::Host, id)];
        Ok(self.begin(
            Plan::new(Command::DeleteHost, &on_host, takes, deleted),
            now,
        ))
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
        Ok(self.begin(
            Plan::new(Command::StartHost, &[(Kind::Host, id)], takes, change),
            now,
        ))
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
        Ok(self.begin(
            Plan::new(Command::StopHost, &[(Kind::Host, id)], takes, change),
            now,
        ))
    }

    /// Sends the shutdown signal. The action ends when the signal was sent; the host is off
    /// [`Timings::shutdown`](crate::Timings::shutdown) later.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`] unless running.
    pub fn shutdown_host(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.begin_on_running(
            id,
            Command::ShutdownHost,
            Change::Signalled { host: id },
            now,
        )
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
            return Err(WorldError::Protected {
                kind: Kind::Host,
                id,
            });
        }
        let disk_gb = host.boot_disk_gb;
        let machine = self.machine(&host.machine)?;
        self.check_image(image, machine, disk_gb)?;
        self.set_state(id, HostState::Rebuilding, "rebuilding");
        let takes = self.timings.rebuild;
        let change = Change::Rebuilt { host: id, image };
        Ok(self.begin(
            Plan::new(Command::RebuildHost, &[(Kind::Host, id)], takes, change),
            now,
        ))
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
        let change = Change::Resized {
            host: id,
            machine: machine.to_owned(),
            disk_gb,
            state: after,
        };
        Ok(self.begin(
            Plan::new(Command::ResizeHost, &[(Kind::Host, id)], takes, change),
            now,
        ))
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
        }
        for address in [host.ipv4, host.ipv6].into_iter().flatten() {
            self.free_address(address, now);
        }
        let backups: Vec<u64> = self
            .images
            .iter()
            .filter(|image| image.bound_to == Some(id))
            .map(|image| image.id)
            .collect();
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

    fn begin_on_running(
        &mut self,
        id: u64,
        command: Command,
        change: Change,
        now: Timestamp,
    ) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Host, id)?;
        self.check_state(id, HostState::Running)?;
        let takes = if command == Command::ShutdownHost {
            self.timings.small
        } else {
            self.timings.restart
        };
        Ok(self.begin(Plan::new(command, &[(Kind::Host, id)], takes, change), now))
    }

    fn machine(&self, name: &str) -> Result<&MachineType> {
        self.catalog
            .machine(name)
            .ok_or_else(|| WorldError::invalid("machine", format!("unknown machine type {name}")))
    }

    /// Checks everything before anything changes; answers the zone and the boot disk's size.
    fn check_request(&self, request: &HostRequest, now: Timestamp) -> Result<(String, u64)> {
        let machine = self.machine(&request.machine)?;
        let disk_gb = request.boot_disk_gb.unwrap_or(machine.disk_gb);
        self.check_image(request.image, machine, disk_gb)?;
        check_all(&request.ssh_keys, |id| self.ssh_keys.find(id).map(drop))?;
        check_all(&request.firewalls, |id| self.firewalls.find(id).map(drop))?;
        check_all(&request.volumes, |id| {
            self.check_free_volume(id, &request.region)
        })?;
        self.check_choice(request.ipv4, AddressVersion::V4, &request.region)?;
        self.check_choice(request.ipv6, AddressVersion::V6, &request.region)?;
        self.check_name(&self.hosts, &request.name, None)?;
        self.check_quota(Kind::Host, 1, now)?;
        let fresh = [request.ipv4, request.ipv6]
            .into_iter()
            .filter(|choice| *choice == AddressChoice::Fresh)
            .count();
        self.check_quota(Kind::Address, fresh as u64, now)?;
        let zone = request.zone.as_deref();
        let zone = self.zone_with_room(&request.region, zone, &request.machine, now)?;
        Ok((zone, disk_gb))
    }

    fn check_image(&self, id: u64, machine: &MachineType, disk_gb: u64) -> Result<()> {
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

    fn check_free_volume(&self, id: u64, region: &str) -> Result<()> {
        let volume = self.volumes.find(id)?;
        if volume.host.is_some() {
            return Err(WorldError::InUse {
                kind: Kind::Volume,
                id,
            });
        }
        if volume.region != region || volume.status != VolumeStatus::Available {
            return Err(WorldError::invalid(
                "volumes",
                format!("volume {} is not ready in {region}", volume.id()),
            ));
        }
        self.check_unlocked(Kind::Volume, id)
    }

    fn choose_address(
        &mut self,
        choice: AddressChoice,
        version: AddressVersion,
        request: &HostRequest,
        host: u64,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        match choice {
            AddressChoice::None => Ok(None),
            AddressChoice::Existing(id) => {
                self.addresses.find_mut(id)?.host = Some(host);
                Ok(Some(id))
            }
            AddressChoice::Fresh => self
                .fresh_address(version, &request.region, host, now)
                .map(Some),
        }
    }
}

pub(crate) fn check_all(ids: &[u64], check: impl Fn(u64) -> Result<()>) -> Result<()> {
    ids.iter().copied().try_for_each(check)
}

fn state(host: u64, state: HostState, line: &'static str) -> Change {
    Change::State { host, state, line }
}
