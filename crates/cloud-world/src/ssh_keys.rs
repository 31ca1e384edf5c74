//! Adding and deleting public SSH keys.

use jiff::Timestamp;

use crate::{Kind, Labels, Result, SshKey, World, WorldError};

impl World {
    /// Adds a public key.
    ///
    /// # Errors
    /// [`WorldError::NameTaken`], [`WorldError::KeyTaken`], [`WorldError::QuotaFull`].
    pub fn create_ssh_key(
        &mut self,
        name: &str,
        public_key: &str,
        fingerprint: &str,
        labels: Labels,
        now: Timestamp,
    ) -> Result<u64> {
        self.advance(now);
        self.check_name(&self.ssh_keys, name, None)?;
        if self.rules.unique_keys && self.ssh_keys.iter().any(|other| other.fingerprint == fingerprint) {
            return Err(WorldError::KeyTaken);
        }
        self.check_quota(Kind::SshKey, 1, now)?;
        let id = self.fresh_id();
        let seen_from = self.seen_from(now);
        let key = SshKey {
            id,
            name: name.to_owned(),
            public_key: public_key.to_owned(),
            fingerprint: fingerprint.to_owned(),
            labels,
            created: now,
        };
        self.ssh_keys.insert(key, seen_from);
        Ok(id)
    }

    /// Deletes a key; hosts that were made with it keep it.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn delete_ssh_key(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.ssh_keys.find(id)?;
        let shown_until = self.shown_until(now);
        self.ssh_keys.remove(id, shown_until);
        Ok(())
    }

    /// Gives a key another name.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::NameTaken`].
    pub fn rename_ssh_key(&mut self, id: u64, name: &str) -> Result<()> {
        self.check_name(&self.ssh_keys, name, Some(id))?;
        self.ssh_keys.rename(id, name.to_owned())
    }
}
