//! What a host needs besides itself: its SSH keys, its firewall and its data disk; made when first needed.
//!
//! All three have names that are unique in a project, so that making one twice finds the first. Keys and firewalls are
//! remembered for the next host; where one has vanished meanwhile the create is refused, and they are made anew.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, Inbound, Region, Result, SshPublicKey, ownership};

use crate::host::Inner;
use crate::wire::{CreateFirewall, CreateSshKey, CreateVolume, Rule, SshKey, Volume};
use crate::{convert, labels};

/// What of it this process has seen: by their names, keys and firewalls.
#[derive(Debug, Default)]
pub(crate) struct Companions {
    keys: Mutex<HashMap<String, String>>,
    firewalls: Mutex<HashMap<String, u64>>,
}

/// What one create refers to.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Names of keys at Hetzner.
    pub(crate) ssh_keys: Vec<String>,
    pub(crate) firewall: Option<u64>,
    pub(crate) volume: Option<u64>,
}

/// What one create has made so far, to be removed where no host comes of it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) keys: Vec<SshKey>,
    pub(crate) firewalls: Vec<u64>,
    pub(crate) volumes: Vec<u64>,
}

/// Something whose name is unique: made now, or found.
pub(crate) enum Ensured<T> {
    Made(T),
    Found(T),
}

impl Companions {
    /// Forgets everything: something has vanished.
    pub(crate) fn forget(&self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.firewalls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether the host needs anything besides itself.
pub(crate) fn needs_companions(spec: &HostSpec) -> bool {
    spec.data_disk.is_some() || !spec.ssh_keys.is_empty() || spec.inbound != Inbound::ProviderDefault
}

impl Inner {
    /// Whether all that the host needs besides itself is known to be there.
    pub(crate) fn has_companions(&self, spec: &HostSpec) -> bool {
        let keys = self.companions.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let firewalls = self.companions.firewalls.lock().unwrap_or_else(PoisonError::into_inner);
        spec.data_disk.is_none()
            && spec.ssh_keys.iter().all(|key| keys.contains_key(&labels::key_name(key)))
            && firewall(self, spec).is_none_or(|(name, _)| firewalls.contains_key(&name))
    }

    /// Makes or finds all that the host needs besides itself.
    pub(crate) async fn ensure_companions(&self, spec: &HostSpec, made: &mut Made) -> Result<Ready> {
        let mut ready = Ready::default();
        for key in &spec.ssh_keys {
            ready.ssh_keys.push(self.ensure_key(key, made).await?);
        }
        if let Some((name, rules)) = firewall(self, spec) {
            ready.firewall = Some(self.ensure_firewall(&name, rules, made).await?);
        }
        if let Some(disk) = &spec.data_disk {
            ready.volume = Some(self.ensure_data_disk(spec.name.as_str(), &spec.region, disk, made).await?);
        }
        Ok(ready)
    }

    /// The name under which Hetzner keeps a key. A key that is there already serves, whoever put it there.
    async fn ensure_key(&self, key: &SshPublicKey, made: &mut Made) -> Result<String> {
        let name = labels::key_name(key);
        let known = self.companions.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let line = key.to_openssh();
        let labels = labels::of_shared(&self.owner, &name);
        let body = CreateSshKey { name: &name, public_key: &line, labels: &labels };
        let fingerprint = md5_fingerprint(key);
        let ensured = self.ensure(|| self.api.create_ssh_key(&body), || self.api.find_ssh_key(&fingerprint)).await?;
        let theirs = match ensured {
            Ensured::Made(key) => {
                made.keys.push(key.clone());
                key.name
            }
            Ensured::Found(key) => key.name,
        };
        self.companions.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(name, theirs.clone());
        Ok(theirs)
    }

    async fn ensure_firewall(&self, name: &str, rules: Vec<Rule>, made: &mut Made) -> Result<u64> {
        let known = self.companions.firewalls.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let labels = labels::of_shared(&self.owner, name);
        let body = CreateFirewall { name, labels: &labels, rules };
        let id = match self.ensure(|| self.api.create_firewall(&body), || self.api.find_firewall(name)).await? {
            Ensured::Made(firewall) => {
                made.firewalls.push(firewall.id);
                firewall.id
            }
            Ensured::Found(firewall) => firewall.id,
        };
        self.companions.firewalls.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), id);
        Ok(id)
    }

    /// A host's data disk: the one that an earlier host of the name left, or a new one. One that is found takes this
    /// spec's mark of whether it is kept.
    async fn ensure_data_disk(&self, host: &str, region: &Region, disk: &DataDisk, made: &mut Made) -> Result<u64> {
        let name = labels::data_disk_name(&self.owner, host);
        let labels = labels::of_data_disk(&self.owner, host, disk);
        let volume = match self.ensure_volume(&name, region, disk.size.0, &labels).await? {
            Ensured::Made(volume) => {
                made.volumes.push(volume.id);
                volume
            }
            Ensured::Found(volume) => volume,
        };
        if volume.server.is_some() {
            let message = format!("the data disk {name} is attached to another host");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        if volume.labels != labels {
            self.api.relabel_volume(volume.id, &labels).await?;
        }
        Ok(volume.id)
    }

    /// A volume of this name, made now or before, with this size and place, ready to be attached.
    pub(crate) async fn ensure_volume(
        &self,
        name: &str,
        region: &Region,
        size: u32,
        labels: &BTreeMap<String, String>,
    ) -> Result<Ensured<Volume>> {
        let body = CreateVolume { name, size, location: region.as_str(), labels };
        let create = || async {
            let made = self.api.create_volume(&body).await?;
            if let Some(action) = &made.action {
                self.actions.wait_accepted(action).await?;
            }
            Ok(made.volume)
        };
        let mut volume = match self.ensure(create, || self.api.find_volume(name)).await? {
            Ensured::Made(volume) => return Ok(Ensured::Made(volume)),
            Ensured::Found(volume) => volume,
        };
        let same_owner = ownership::owner_of(&volume.labels).as_ref() == Some(&self.owner);
        let taken =
            |by: &str| Err(Error::new(ErrorKind::AlreadyExists, format!("the volume name {name} is taken by {by}")));
        match (same_owner, volume.location.name == region.as_str(), convert::whole_gib(volume.size).0 == size) {
            (false, _, _) => return taken("another owner"),
            (_, false, _) => return taken("a volume in another region"),
            (_, _, false) => return taken("a volume of another size"),
            (true, true, true) => {}
        }
        // Whoever made it is waiting for it too.
        for _ in 0..TRIES * TRIES {
            if volume.status == "available" {
                return Ok(Ensured::Found(volume));
            }
            self.pause().await;
            volume = self.api.get_volume(volume.id).await?;
        }
        Err(Error::new(ErrorKind::Conflict, format!("the volume {name} is still being made")))
    }

    /// Creates something whose name is unique; where the name is taken, finds what has it. A list may show it late.
    pub(crate) async fn ensure<T, C, F>(
        &self,
        create: impl Fn() -> C + Send,
        find: impl Fn() -> F + Send,
    ) -> Result<Ensured<T>>
    where
        C: Future<Output = Result<T>> + Send,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let mut tries = 0;
        loop {
            let taken = match create().await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => error,
                other => return other.map(Ensured::Made),
            };
            if let Some(found) = find().await? {
                return Ok(Ensured::Found(found));
            }
            tries += 1;
            if tries == TRIES {
                return Err(taken);
            }
            self.pause().await;
        }
    }
}

impl<T> Ensured<T> {
    /// The thing, however it came to be.
    pub(crate) fn into_inner(self) -> T {
        match self {
            Self::Made(thing) | Self::Found(thing) => thing,
        }
    }
}

/// The name and rules of the firewall that the host needs.
fn firewall(inner: &Inner, spec: &HostSpec) -> Option<(String, Vec<Rule>)> {
    let Inbound::Only(ports) = &spec.inbound else { return None };
    let mut ports = ports.clone();
    ports.sort_unstable();
    let text: Vec<String> = ports.iter().map(labels::port_text).collect();
    Some((labels::firewall_name(&inner.owner, &text.join(",")), convert::rules(&ports)))
}

/// The fingerprint that Hetzner finds keys by: MD5 in pairs of hexadecimal digits
/// (<https://docs.hetzner.cloud/reference/cloud#ssh-keys-list-ssh-keys>).
pub(crate) fn md5_fingerprint(key: &SshPublicKey) -> String {
    let pairs: Vec<String> = md5::compute(key.to_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// How often something that has a name but is not in the list yet is looked for again, about a second apart: longer than
/// lists were ever seen to lag.
pub(crate) const TRIES: u32 = 8;
