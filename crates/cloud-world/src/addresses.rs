//! Making, assigning and deleting public addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::{Address, AddressChoice, AddressVersion, Command, HostState, Kind, Labels, Result, World, WorldError};

impl World {
    /// Makes an address that is free, or assigned to `host` (which must be off and have none of
    /// that version).
    ///
    /// # Errors
    /// [`WorldError::NameTaken`], [`WorldError::QuotaFull`], [`WorldError::Invalid`] for the
    /// region, and what [`World::assign_address`] refuses.
    pub fn create_address(
        &mut self,
        name: &str,
        version: AddressVersion,
        region: &str,
        host: Option<u64>,
        now: Timestamp,
    ) -> Result<u64> {
        self.advance(now);
        self.check_region(region, now)?;
        self.check_name(&self.addresses, name, None)?;
        self.check_quota(Kind::Address, 1, now)?;
        if let Some(host) = host {
            self.check_assignable(host, version, region)?;
        }
        let id = self.insert_address(Some(name), version, region, now)?;
        if let Some(host) = host {
            self.link_address(id, host);
        }
        Ok(id)
    }

    /// Assigns a free address to a host of the same region that is off and has none of its version.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`],
    /// [`WorldError::InUse`] for an assigned address (kind address) or a host that has one of that
    /// version (kind host), [`WorldError::Invalid`] for another region.
    pub fn assign_address(&mut self, id: u64, host: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        let address = self.addresses.find(id)?;
        if address.host.is_some() {
            return Err(in_use(Kind::Address, id));
        }
        let (version, region) = (address.version, address.region.clone());
        self.check_unlocked(Kind::Address, id)?;
        self.check_assignable(host, version, &region)?;
        self.link_address(id, host);
        Ok(())
    }

    /// Takes an address from its host, which must be off.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::WrongState`], and
    /// [`WorldError::Invalid`] where it is assigned to no host.
    pub fn unassign_address(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_unlocked(Kind::Address, id)?;
        let Some(host) = self.addresses.find(id)?.host else {
            return Err(WorldError::invalid("address", "is not assigned"));
        };
        self.check_unlocked(Kind::Host, host)?;
        self.check_state(host, HostState::Off)?;
        self.unlink_address(id);
        Ok(())
    }

    /// Gives an address to a host of the same region, in whatever state; it takes the place of the
    /// one that the host has, and is taken from another host that has it.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Invalid`] for another region.
    pub fn move_address(&mut self, id: u64, host: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        let (version, region) = {
            let address = self.addresses.find(id)?;
            (address.version, address.region.clone())
        };
        if self.host(host)?.region != region {
            return Err(WorldError::invalid("address", "is in another region"));
        }
        self.unlink_address(id);
        self.take_address(host, version, now)?;
        self.link_address(id, host);
        Ok(())
    }

    /// Takes the address of one version from a host, in whatever state; it is deleted where it goes
    /// with its host. Where the host has none, nothing happens.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn take_address(&mut self, host: u64, version: AddressVersion, now: Timestamp) -> Result<()> {
        self.advance(now);
        let record = self.hosts.find_mut(host)?;
        let present = match version {
            AddressVersion::V4 => record.ipv4.take(),
            AddressVersion::V6 => record.ipv6.take(),
        };
        if let Some(present) = present {
            self.free_address(present, now);
        }
        Ok(())
    }

    /// Gives a host that has none of that version a fresh address, which goes when the host goes.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::InUse`] where it has one, [`WorldError::QuotaFull`].
    pub fn give_fresh_address(&mut self, host: u64, version: AddressVersion, now: Timestamp) -> Result<u64> {
        self.advance(now);
        let record = self.host(host)?;
        let present = match version {
            AddressVersion::V4 => record.ipv4,
            AddressVersion::V6 => record.ipv6,
        };
        if present.is_some() {
            return Err(in_use(Kind::Host, host));
        }
        let region = record.region.clone();
        self.check_quota(Kind::Address, 1, now)?;
        let id = self.fresh_address(version, &region, host, now)?;
        self.link_address(id, host);
        Ok(id)
    }

    /// Deletes a free address.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::Protected`],
    /// [`WorldError::InUse`] while it is assigned.
    pub fn delete_address(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_address_free(id)?;
        self.remove_address(id, now);
        Ok(())
    }

    /// Deletes a free address; it is gone when the action ends.
    ///
    /// # Errors
    /// Those of [`World::delete_address`].
    pub fn begin_delete_address(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_address_free(id)?;
        Ok(self.begin_removal(Command::DeleteAddress, Kind::Address, id, self.timings.small, now))
    }

    fn check_address_free(&self, id: u64) -> Result<()> {
        self.check_unlocked(Kind::Address, id)?;
        let address = self.addresses.find(id)?;
        if address.protected {
            return Err(WorldError::Protected { kind: Kind::Address, id });
        }
        if address.host.is_some() {
            return Err(in_use(Kind::Address, id));
        }
        Ok(())
    }

    /// Replaces the IP of an address, as when a stopped host gets a fresh one at its next start.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::QuotaFull`] where no IP is free.
    pub fn renew_address(&mut self, id: u64) -> Result<()> {
        let version = self.addresses.find(id)?.version;
        let ip = self.pool.take(version).ok_or(WorldError::QuotaFull { kind: Kind::Address })?;
        let address = self.addresses.find_mut(id)?;
        let before = std::mem::replace(&mut address.ip, ip);
        self.pool.release(before);
        Ok(())
    }

    /// Gives an address another name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::NameTaken`].
    pub fn rename_address(&mut self, id: u64, name: &str) -> Result<()> {
        self.check_name(&self.addresses, name, Some(id))?;
        self.addresses.rename(id, name.to_owned())
    }

    pub(crate) fn check_choice(&self, choice: AddressChoice, version: AddressVersion, region: &str) -> Result<()> {
        match choice {
            AddressChoice::None | AddressChoice::Fresh => Ok(()),
            AddressChoice::Existing(id) => {
                let address = self.addresses.find(id)?;
                if address.host.is_some() {
                    return Err(in_use(Kind::Address, id));
                }
                if address.version != version {
                    return Err(WorldError::invalid("version", "address of another version"));
                }
                if address.region != region {
                    return Err(WorldError::invalid("address", "is in another region"));
                }
                Ok(())
            }
        }
    }

    /// An address that goes when `host` goes.
    pub(crate) fn fresh_address(
        &mut self,
        version: AddressVersion,
        region: &str,
        host: u64,
        now: Timestamp,
    ) -> Result<u64> {
        let id = self.insert_address(None, version, region, now)?;
        let address = self.addresses.find_mut(id)?;
        address.host = Some(host);
        address.auto_delete = true;
        Ok(id)
    }

    /// What becomes of an address when its host goes.
    pub(crate) fn free_address(&mut self, id: u64, now: Timestamp) {
        let Ok(address) = self.addresses.find_mut(id) else {
            return;
        };
        address.host = None;
        if address.auto_delete {
            self.remove_address(id, now);
        }
    }

    fn check_assignable(&self, host: u64, version: AddressVersion, region: &str) -> Result<()> {
        self.check_unlocked(Kind::Host, host)?;
        let record = self.host(host)?;
        let present = match version {
            AddressVersion::V4 => record.ipv4,
            AddressVersion::V6 => record.ipv6,
        };
        if present.is_some() {
            return Err(in_use(Kind::Host, host));
        }
        if record.region != region {
            return Err(WorldError::invalid("address", "is in another region"));
        }
        self.check_state(host, HostState::Off)
    }

    fn insert_address(
        &mut self,
        name: Option<&str>,
        version: AddressVersion,
        region: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let ip = self.pool.take(version).ok_or(WorldError::QuotaFull { kind: Kind::Address })?;
        let id = self.fresh_id();
        let seen_from = self.seen_from(now);
        let name = name.map_or_else(|| format!("primary_ip-{id}"), str::to_owned);
        let address = Address {
            id,
            name,
            version,
            ip,
            region: region.to_owned(),
            host: None,
            auto_delete: false,
            labels: Labels::new(),
            protected: false,
            reverse_names: BTreeMap::<IpAddr, String>::new(),
            created: now,
            busy: Vec::new(),
        };
        self.addresses.insert(address, seen_from);
        Ok(id)
    }

    pub(crate) fn remove_address(&mut self, id: u64, now: Timestamp) {
        let shown_until = self.shown_until(now);
        if let Some(address) = self.addresses.remove(id, shown_until) {
            self.pool.release(address.ip);
        }
    }

    fn link_address(&mut self, id: u64, host: u64) {
        let Ok(address) = self.addresses.find_mut(id) else {
            return;
        };
        address.host = Some(host);
        let version = address.version;
        if let Ok(host) = self.hosts.find_mut(host) {
            match version {
                AddressVersion::V4 => host.ipv4 = Some(id),
                AddressVersion::V6 => host.ipv6 = Some(id),
            }
        }
    }

    fn unlink_address(&mut self, id: u64) {
        let Ok(address) = self.addresses.find_mut(id) else {
            return;
        };
        let Some(host) = address.host.take() else {
            return;
        };
        if let Ok(host) = self.hosts.find_mut(host) {
            host.ipv4 = host.ipv4.filter(|other| *other != id);
            host.ipv6 = host.ipv6.filter(|other| *other != id);
        }
    }
}

fn in_use(kind: Kind, id: u64) -> WorldError {
    WorldError::InUse { kind, id }
}
