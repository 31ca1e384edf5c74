//! Making, applying and deleting firewalls.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::lifecycle::Change;
use crate::{Command, Firewall, FirewallRule, Kind, Labels, Result, World, WorldError};

impl World {
    /// Makes a firewall that applies to nothing yet.
    ///
    /// # Errors
    /// [`WorldError::NameTaken`], [`WorldError::QuotaFull`].
    pub fn create_firewall(
        &mut self,
        name: &str,
        rules: Vec<FirewallRule>,
        labels: Labels,
        now: Timestamp,
    ) -> Result<u64> {
        self.advance(now);
        self.check_name(&self.firewalls, name, None)?;
        self.check_quota(Kind::Firewall, 1, now)?;
        let id = self.fresh_id();
        let seen_from = self.seen_from(now);
        let firewall = Firewall { id, name: name.to_owned(), rules, selectors: Vec::new(), labels, created: now };
        self.firewalls.insert(firewall, seen_from);
        Ok(id)
    }

    /// Replaces all rules.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn set_firewall_rules(&mut self, id: u64, rules: Vec<FirewallRule>, now: Timestamp) -> Result<u64> {
        self.firewalls.find_mut(id)?.rules = rules;
        self.note(Command::SetFirewallRules, &[(Kind::Firewall, id)], now)
    }

    /// Applies a firewall to a host.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::InUse`] where it is applied already.
    pub fn apply_firewall(&mut self, id: u64, host: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.firewalls.find(id)?;
        let record = self.hosts.find_mut(host)?;
        if record.firewalls.contains(&id) {
            return Err(WorldError::InUse { kind: Kind::Firewall, id });
        }
        record.firewalls.push(id);
        Ok(self.note_on_firewall(Command::ApplyFirewall, id, host, now))
    }

    /// Takes a firewall off a host.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], also where it is not applied to that host.
    pub fn remove_firewall(&mut self, id: u64, host: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.firewalls.find(id)?;
        let record = self.hosts.find_mut(host)?;
        if !record.firewalls.contains(&id) {
            return Err(WorldError::not_found(Kind::Firewall, id));
        }
        record.firewalls.retain(|other| *other != id);
        Ok(self.note_on_firewall(Command::RemoveFirewall, id, host, now))
    }

    /// Deletes a firewall that applies to nothing.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::InUse`].
    pub fn delete_firewall(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_firewall_free(id)?;
        self.remove_firewall_record(id, now);
        Ok(())
    }

    /// Deletes a firewall that applies to nothing; it is gone when the action ends.
    ///
    /// # Errors
    /// Those of [`World::delete_firewall`].
    pub fn begin_delete_firewall(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_firewall_free(id)?;
        Ok(self.begin_removal(Command::DeleteFirewall, Kind::Firewall, id, self.timings.small, now))
    }

    pub(crate) fn remove_firewall_record(&mut self, id: u64, now: Timestamp) {
        let shown_until = self.shown_until(now);
        self.firewalls.remove(id, shown_until);
    }

    fn check_firewall_free(&self, id: u64) -> Result<()> {
        let firewall = self.firewalls.find(id)?;
        let applied = self.hosts.iter().any(|host| host.firewalls.contains(&id));
        if applied || !firewall.selectors.is_empty() {
            return Err(WorldError::InUse { kind: Kind::Firewall, id });
        }
        Ok(())
    }

    /// Gives a firewall another name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::NameTaken`].
    pub fn rename_firewall(&mut self, id: u64, name: &str) -> Result<()> {
        self.check_name(&self.firewalls, name, Some(id))?;
        self.firewalls.rename(id, name.to_owned())
    }

    fn note_on_firewall(&mut self, command: Command, firewall: u64, host: u64, now: Timestamp) -> u64 {
        let takes = self.timings.small;
        let on_firewall = [(Kind::Firewall, firewall), (Kind::Host, host)];
        let plan = Plan::new(command, &on_firewall, takes, Change::Nothing).unlocked();
        self.begin(plan, now)
    }
}
