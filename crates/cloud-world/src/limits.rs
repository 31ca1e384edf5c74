//! Quotas and capacity, and how a test takes them away for a while.

use jiff::Timestamp;

use crate::{Kind, Result, World, WorldError};

impl World {
    /// Takes all capacity of a region, or of one zone, away until `until`.
    pub fn drain_region(&mut self, region: impl Into<String>, until: Timestamp) {
        self.outages.push((region.into(), until));
    }

    /// Makes the quota of a kind look full until `until`.
    pub fn fill_quota(&mut self, kind: Kind, until: Timestamp) {
        self.full_until.insert(kind, until);
    }

    /// Whether a host of that machine type can be ordered in that region at `now`.
    #[must_use]
    pub fn orderable(&self, region: &str, machine: &str, now: Timestamp) -> bool {
        self.zone_with_room(region, None, machine, now).is_ok()
    }

    /// Whether the account may have `wanted` more of a kind at `now`.
    #[must_use]
    pub fn has_quota(&self, kind: Kind, wanted: u64, now: Timestamp) -> bool {
        self.check_quota(kind, wanted, now).is_ok()
    }

    pub(crate) fn check_quota(&self, kind: Kind, wanted: u64, now: Timestamp) -> Result<()> {
        let full = self.full_until.get(&kind).is_some_and(|until| *until > now);
        let limit = self.quotas.get(&kind).copied().unwrap_or(u64::MAX);
        if wanted > 0 && (full || self.count(kind) as u64 + wanted > limit) {
            return Err(WorldError::QuotaFull { kind });
        }
        Ok(())
    }

    pub(crate) fn check_region(&self, region: &str, now: Timestamp) -> Result<()> {
        if self.catalog.region(region).is_none() {
            return Err(WorldError::invalid("region", format!("unknown region {region}")));
        }
        if self.is_drained(region, now) {
            return Err(no_capacity(region, ""));
        }
        Ok(())
    }

    /// The zone where a host of that type fits: the one asked for, or the first with room.
    pub(crate) fn zone_with_room(
        &self,
        region: &str,
        zone: Option<&str>,
        machine: &str,
        now: Timestamp,
    ) -> Result<String> {
        let place = self
            .catalog
            .region(region)
            .ok_or_else(|| WorldError::invalid("region", format!("unknown region {region}")))?;
        let kind = self
            .catalog
            .machine(machine)
            .ok_or_else(|| WorldError::invalid("machine", format!("unknown machine type {machine}")))?;
        if !kind.prices.contains_key(region) {
            return Err(WorldError::invalid("region", format!("{machine} is not offered in {region}")));
        }
        if let Some(zone) = zone
            && !place.zones.iter().any(|known| known == zone)
        {
            return Err(WorldError::invalid("zone", format!("unknown zone {zone}")));
        }
        if self.is_drained(region, now) {
            return Err(no_capacity(region, machine));
        }
        place
            .zones
            .iter()
            .filter(|known| zone.is_none_or(|zone| zone == *known) && !self.is_drained(known, now))
            .find(|zone| self.room(zone, machine) > 0)
            .cloned()
            .ok_or_else(|| no_capacity(region, machine))
    }

    pub(crate) fn take_room(&mut self, zone: &str, machine: &str) {
        if let Some(left) = self.stock(zone, machine) {
            *left = left.saturating_sub(1);
        }
    }

    pub(crate) fn give_back(&mut self, zone: &str, machine: &str) {
        if let Some(left) = self.stock(zone, machine) {
            *left += 1;
        }
    }

    fn room(&self, zone: &str, machine: &str) -> u32 {
        let stock = self.catalog.stock.get(zone);
        stock.and_then(|stock| stock.get(machine)).copied().unwrap_or(u32::MAX)
    }

    fn stock(&mut self, zone: &str, machine: &str) -> Option<&mut u32> {
        self.catalog.stock.get_mut(zone)?.get_mut(machine)
    }

    /// Whether all capacity of a region, or of a zone, is taken away.
    #[must_use]
    pub fn is_drained(&self, region: &str, now: Timestamp) -> bool {
        self.outages.iter().any(|(drained, until)| drained == region && *until > now)
    }
}

fn no_capacity(region: &str, machine: &str) -> WorldError {
    WorldError::NoCapacity { region: region.to_owned(), machine: machine.to_owned() }
}
