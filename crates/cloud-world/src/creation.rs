//! Making hosts: everything is checked before anything changes.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::hosts::state;
use crate::lifecycle::Change;
use crate::{
    AddressChoice, AddressVersion, Command, Host, HostProtection, HostRequest, HostState, Kind, Record, Result,
    VolumeStatus, World, WorldError,
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

    fn begin_creation(&mut self, host: u64, volumes: &[u64], start: bool, now: Timestamp) -> HostCreated {
        let takes = self.timings.create;
        let created = Change::Created { host, start };
        let on_host = [(Kind::Host, host)];
        let action = self.begin(Plan::new(Command::CreateHost, &on_host, takes, created), now);
        let mut next = Vec::new();
        for volume in volumes {
            let takes = self.timings.volume;
            let attached = Change::Attached { volume: *volume, host };
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

    /// Checks everything before anything changes; answers the zone and the boot disk's size.
    fn check_request(&self, request: &HostRequest, now: Timestamp) -> Result<(String, u64)> {
        let machine = self.machine(&request.machine)?;
        let disk_gb = request.boot_disk_gb.unwrap_or(machine.disk_gb);
        self.check_image(request.image, machine, disk_gb)?;
        check_all(&request.ssh_keys, |id| self.ssh_keys.find(id).map(drop))?;
        check_all(&request.firewalls, |id| self.firewalls.find(id).map(drop))?;
        check_all(&request.volumes, |id| self.check_free_volume(id, &request.region))?;
        self.check_choice(request.ipv4, AddressVersion::V4, &request.region)?;
        self.check_choice(request.ipv6, AddressVersion::V6, &request.region)?;
        self.check_name(&self.hosts, &request.name, None)?;
        self.check_quota(Kind::Host, 1, now)?;
        let fresh = [request.ipv4, request.ipv6].into_iter().filter(|choice| *choice == AddressChoice::Fresh).count();
        self.check_quota(Kind::Address, fresh as u64, now)?;
        let zone = request.zone.as_deref();
        let zone = self.zone_with_room(&request.region, zone, &request.machine, now)?;
        Ok((zone, disk_gb))
    }

    fn check_free_volume(&self, id: u64, region: &str) -> Result<()> {
        let volume = self.volumes.find(id)?;
        if volume.host.is_some() {
            return Err(WorldError::InUse { kind: Kind::Volume, id });
        }
        if volume.region != region || volume.status != VolumeStatus::Available {
            return Err(WorldError::invalid("volumes", format!("volume {} is not ready in {region}", volume.id())));
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
            AddressChoice::Fresh => self.fresh_address(version, &request.region, host, now).map(Some),
        }
    }
}

fn check_all(ids: &[u64], check: impl Fn(u64) -> Result<()>) -> Result<()> {
    ids.iter().copied().try_for_each(check)
}
