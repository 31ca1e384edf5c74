//! Making, attaching, growing and deleting volumes.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::lifecycle::Change;
use crate::{Command, DiskRequest, Kind, Result, Volume, VolumeRequest, VolumeStatus, World, WorldError};

impl World {
    /// Makes a volume and, where a host is named, attaches it. Answers the volume, the action that
    /// makes it and the one that attaches it.
    ///
    /// # Errors
    /// [`WorldError::NameTaken`], [`WorldError::QuotaFull`], [`WorldError::Invalid`] and
    /// [`WorldError::NoCapacity`] for the region, [`WorldError::NotFound`] for the host.
    pub fn create_volume(&mut self, request: VolumeRequest, now: Timestamp) -> Result<(u64, u64, Option<u64>)> {
        self.advance(now);
        self.check_region(&request.region, now)?;
        if let Some(host) = request.host {
            self.check_same_region(host, &request.region)?;
        }
        self.check_name(&self.volumes, &request.name, None)?;
        self.check_quota(Kind::Volume, 1, now)?;
        let id = self.fresh_id();
        let seen_from = self.seen_from(now);
        let volume = Volume {
            id,
            name: request.name,
            size_gb: request.size_gb,
            region: request.region,
            zone: None,
            host: None,
            boot: false,
            auto_delete: false,
            image: None,
            status: VolumeStatus::Creating,
            format: request.format,
            labels: request.labels,
            protected: false,
            created: now,
            busy: Vec::new(),
        };
        self.volumes.insert(volume, seen_from);
        let takes = self.timings.volume;
        let ready = Change::VolumeReady { volume: id };
        let on_volume = [(Kind::Volume, id)];
        let created = self.begin(Plan::new(Command::CreateVolume, &on_volume, takes, ready), now);
        let attached = request.host.map(|host| self.begin(self.plan_attach(id, host).after(created), now));
        Ok((id, created, attached))
    }

    /// Makes a disk as a part of its host: attached from the start, in the host's zone.
    ///
    /// # Errors
    /// [`WorldError::NotFound`] for the host, [`WorldError::NameTaken`], [`WorldError::QuotaFull`].
    pub fn create_disk(&mut self, request: DiskRequest, host: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        let (region, zone) = (self.host(host)?.region.clone(), self.host(host)?.zone.clone());
        self.check_name(&self.volumes, &request.name, None)?;
        self.check_quota(Kind::Volume, 1, now)?;
        let id = self.fresh_id();
        let seen_from = self.seen_from(now);
        let volume = Volume {
            id,
            name: request.name,
            size_gb: request.size_gb,
            region,
            zone: Some(zone),
            host: None,
            boot: request.boot,
            auto_delete: request.auto_delete,
            image: request.image,
            status: VolumeStatus::Available,
            format: None,
            labels: request.labels,
            protected: false,
            created: now,
            busy: Vec::new(),
        };
        self.volumes.insert(volume, seen_from);
        self.link_volume(id, host);
        Ok(id)
    }

    /// Attaches a free volume to a host of the same region.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::InUse`] while it is
    /// attached, [`WorldError::Invalid`] for another region.
    pub fn attach_volume(&mut self, id: u64, host: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        let volume = self.volumes.find(id)?;
        if volume.host.is_some() {
            return Err(in_use(id));
        }
        self.check_same_region(host, &volume.region)?;
        self.check_unlocked(Kind::Volume, id)?;
        self.check_attachable(host)?;
        Ok(self.begin(self.plan_attach(id, host), now))
    }

    /// Detaches a volume from its host.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Invalid`] where it is not
    /// attached.
    pub fn detach_volume(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Volume, id)?;
        let Some(host) = self.volumes.find(id)?.host else {
            return Err(WorldError::invalid("volume", "is not attached"));
        };
        self.check_attachable(host)?;
        let takes = self.timings.volume;
        let change = Change::Detached { volume: id };
        let both = [(Kind::Host, host), (Kind::Volume, id)];
        let plan = Plan::new(Command::DetachVolume, &both, takes, change);
        Ok(self.begin(self.as_rules_lock(plan), now))
    }

    /// Grows a volume.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Invalid`] with field `size`
    /// unless it grows.
    pub fn resize_volume(&mut self, id: u64, size_gb: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_unlocked(Kind::Volume, id)?;
        if size_gb <= self.volumes.find(id)?.size_gb {
            return Err(WorldError::invalid("size", "must be larger than at present"));
        }
        let takes = self.timings.volume;
        let change = Change::VolumeGrown { volume: id, size_gb };
        let on_volume = [(Kind::Volume, id)];
        Ok(self.begin(Plan::new(Command::ResizeVolume, &on_volume, takes, change), now))
    }

    /// Deletes a volume that is not attached.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Protected`],
    /// [`WorldError::InUse`] while it is attached.
    pub fn delete_volume(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_volume_free(id)?;
        self.remove_volume(id, now);
        Ok(())
    }

    /// Deletes a volume that is not attached; it is gone when the action ends.
    ///
    /// # Errors
    /// Those of [`World::delete_volume`].
    pub fn begin_delete_volume(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_volume_free(id)?;
        Ok(self.begin_removal(Command::DeleteVolume, Kind::Volume, id, self.timings.volume, now))
    }

    pub(crate) fn remove_volume(&mut self, id: u64, now: Timestamp) {
        let shown_until = self.shown_until(now);
        self.volumes.remove(id, shown_until);
    }

    fn check_volume_free(&self, id: u64) -> Result<()> {
        self.check_unlocked(Kind::Volume, id)?;
        let volume = self.volumes.find(id)?;
        if volume.protected {
            return Err(WorldError::Protected { kind: Kind::Volume, id });
        }
        if volume.host.is_some() {
            return Err(in_use(id));
        }
        Ok(())
    }

    /// Gives a volume another name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::NameTaken`].
    pub fn rename_volume(&mut self, id: u64, name: &str) -> Result<()> {
        self.check_name(&self.volumes, name, Some(id))?;
        self.volumes.rename(id, name.to_owned())
    }

    pub(crate) fn link_volume(&mut self, id: u64, host: u64) {
        let Ok(record) = self.hosts.find_mut(host) else {
            return;
        };
        record.volumes.push(id);
        if let Ok(volume) = self.volumes.find_mut(id) {
            volume.host = Some(host);
        }
    }

    pub(crate) fn unlink_volume(&mut self, id: u64) {
        let Ok(volume) = self.volumes.find_mut(id) else {
            return;
        };
        let Some(host) = volume.host.take() else {
            return;
        };
        volume.boot = false;
        if let Ok(host) = self.hosts.find_mut(host) {
            host.volumes.retain(|other| *other != id);
        }
    }

    fn plan_attach(&self, volume: u64, host: u64) -> Plan {
        let both = [(Kind::Host, host), (Kind::Volume, volume)];
        let change = Change::Attached { volume, host };
        self.as_rules_lock(Plan::new(Command::AttachVolume, &both, self.timings.volume, change))
    }

    fn as_rules_lock(&self, plan: Plan) -> Plan {
        if self.rules.attaching_locks_hosts { plan } else { plan.without_lock_of(Kind::Host) }
    }

    fn check_attachable(&self, host: u64) -> Result<()> {
        if self.rules.attaching_locks_hosts { self.check_unlocked(Kind::Host, host) } else { Ok(()) }
    }

    fn check_same_region(&self, host: u64, region: &str) -> Result<()> {
        if self.host(host)?.region != region {
            return Err(WorldError::invalid("volume", "is in another region"));
        }
        Ok(())
    }
}

fn in_use(id: u64) -> WorldError {
    WorldError::InUse { kind: Kind::Volume, id }
}
