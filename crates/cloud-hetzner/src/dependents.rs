//! What a host needs besides itself: its SSH keys, its firewall and its data disk; made when first needed.
//!
//! All three have names that are unique in a project, so that making one twice finds the first. Keys and firewalls are
//! remembered for the next host; where one has vanished meanwhile the create is refused, and they are made again.

use std::time::Duration;

use cloud_driver::{Account, Ensured, Known, ensure, labels as driver_labels};
use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, Inbound, Region, Result, SshPublicKey, Volume};

use crate::client::Api;
use crate::convert::{self, Labels, Ready, Thing};
use crate::labels;
use crate::operations::Operations;

/// What of it this process has seen: keys and firewalls by their names.
#[derive(Debug)]
pub(crate) struct Dependents {
    account: Account,
    api: Api,
    keys: Known<String, String>,
    firewalls: Known<String, u64>,
}

impl Dependents {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), keys: Known::default(), firewalls: Known::default() }
    }

    /// Forgets everything: something has vanished.
    pub(crate) fn forget(&self) {
        self.keys.clear();
        self.firewalls.clear();
    }

    /// Whether all that the host needs besides itself is known to be there.
    pub(crate) fn has_all(&self, spec: &HostSpec) -> bool {
        spec.data_disk.is_none()
            && spec.ssh_keys.iter().all(|key| self.keys.has(&labels::key_name(key)))
            && labels::firewall_name(self.account.owner(), &spec.inbound).is_none_or(|name| self.firewalls.has(&name))
    }

    /// Makes or finds all that the host needs besides itself, and notes in `made` what it made.
    pub(crate) async fn ensure(
        &self,
        spec: &HostSpec,
        operations: &Operations,
        made: &mut Vec<Thing>,
    ) -> Result<Ready> {
        let mut ready = Ready::default();
        for key in &spec.ssh_keys {
            ready.ssh_keys.push(self.ensure_key(key, made).await?);
        }
        ready.firewall = self.ensure_firewall(&spec.inbound, made).await?;
        if let Some(disk) = &spec.data_disk {
            let disk = self.ensure_data_disk(spec.name.as_str(), &spec.region, disk, operations, made).await?;
            ready.volume = Some(disk);
        }
        Ok(ready)
    }

    /// The name under which Hetzner keeps a key. A key that is there already serves, whoever put it there.
    async fn ensure_key(&self, key: &SshPublicKey, made: &mut Vec<Thing>) -> Result<String> {
        let name = labels::key_name(key);
        if let Some(known) = self.keys.get(&name) {
            return Ok(known);
        }
        let labels = driver_labels::of_shared(self.account.owner(), &name);
        let (create, find) = (|| self.create_key(&name, key, &labels), || self.find_key(key));
        let theirs = match ensure(&self.account, create, find).await? {
            Ensured::Made(key) => {
                made.push(key.clone());
                key.name
            }
            Ensured::Found(key) => key.name,
        };
        self.keys.learn(name, theirs.clone());
        Ok(theirs)
    }

    /// Keeps a key under a name.
    pub(crate) async fn create_key(&self, name: &str, key: &SshPublicKey, labels: &Labels) -> Result<Thing> {
        self.api.create_ssh_key(&convert::create_ssh_key(name, &key.to_openssh(), labels)).await.map(Thing::from)
    }

    /// The key as it is kept, by whomever.
    pub(crate) async fn find_key(&self, key: &SshPublicKey) -> Result<Option<Thing>> {
        Ok(self.api.find_ssh_key(&md5_fingerprint(key)).await?.map(Thing::from))
    }

    async fn ensure_firewall(&self, inbound: &Inbound, made: &mut Vec<Thing>) -> Result<Option<u64>> {
        let Some(name) = labels::firewall_name(self.account.owner(), inbound) else { return Ok(None) };
        if let Some(known) = self.firewalls.get(&name) {
            return Ok(Some(known));
        }
        let labels = driver_labels::of_shared(self.account.owner(), &name);
        let body = convert::create_firewall(&name, &labels, inbound);
        let (create, find) = (|| self.api.create_firewall(&body), || self.api.find_firewall(&name));
        let firewall = match ensure(&self.account, create, find).await? {
            Ensured::Made(firewall) => {
                let id = firewall.id;
                made.push(firewall.into());
                id
            }
            Ensured::Found(firewall) => firewall.id,
        };
        self.firewalls.learn(name, firewall);
        Ok(Some(firewall))
    }

    /// A host's data disk: the one that an earlier host of the name left, or a new one.
    async fn ensure_data_disk(
        &self,
        host: &str,
        region: &Region,
        disk: &DataDisk,
        operations: &Operations,
        made: &mut Vec<Thing>,
    ) -> Result<u64> {
        let name = labels::data_disk_name(self.account.owner(), host);
        let labels = driver_labels::of_data_disk(self.account.owner(), host, disk);
        let volume = match self.ensure_volume(&name, region, disk.size.0, &labels, operations).await? {
            Ensured::Found(volume) => volume,
            Ensured::Made(volume) => {
                let id = convert::number(volume.id.as_str())?;
                made.push(Thing::made_volume(id, &volume, labels));
                return Ok(id);
            }
        };
        if volume.host.is_some() {
            let message = format!("the data disk {name} is attached to another host");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        convert::number(volume.id.as_str())
    }

    /// Gives a host's data disk the marks of the request that the host was made by: one that an earlier host left may have
    /// others. Only now: as long as no host has the disk, it stays what it was.
    pub(crate) async fn mark_data_disk(&self, host: &str, disk: &DataDisk) -> Result<()> {
        let labels = driver_labels::of_data_disk(self.account.owner(), host, disk);
        match self.api.find_volume(&labels::data_disk_name(self.account.owner(), host)).await? {
            Some(volume) if volume.labels != labels => self.api.relabel_volume(volume.id, &labels).await,
            _ => Ok(()),
        }
    }

    /// A volume of this name, made now or before, with this size and place, ready to be attached.
    pub(crate) async fn ensure_volume(
        &self,
        name: &str,
        region: &Region,
        size: u32,
        labels: &Labels,
        operations: &Operations,
    ) -> Result<Ensured<Volume>> {
        let body = convert::create_volume(name, size, region, labels);
        let create = || async {
            let made = self.api.create_volume(&body).await?;
            if let Some(action) = made.action {
                operations.finish(crate::error::progress(&action)).await?;
            }
            convert::volume(made.volume)
        };
        let find = || async { self.api.find_volume(name).await?.map(convert::volume).transpose() };
        let volume = match ensure(&self.account, create, find).await? {
            Ensured::Made(volume) => return Ok(Ensured::Made(volume)),
            Ensured::Found(volume) => volume,
        };
        let others = [
            (volume.owner.as_ref() != Some(self.account.owner()), "another owner"),
            (volume.region != *region, "a volume in another region"),
            (volume.size.0 != size, "a volume of another size"),
        ];
        if let Some((_, by)) = others.into_iter().find(|(is_other, _)| *is_other) {
            return Err(Error::new(ErrorKind::AlreadyExists, format!("the volume name {name} is taken by {by}")));
        }
        // Whoever made it is waiting for it too.
        let number = convert::number(volume.id.as_str())?;
        let ready = || async {
            let volume = self.api.get_volume(number).await?;
            if convert::is_ready(&volume) { convert::volume(volume).map(Some) } else { Ok(None) }
        };
        self.account.until("the volume is made", MAKING, ready).await.map(Ensured::Found)
    }
}

/// The fingerprint that Hetzner finds keys by: MD5 in pairs of hexadecimal digits
/// (<https://docs.hetzner.cloud/reference/cloud#ssh-keys-list-ssh-keys>).
fn md5_fingerprint(key: &SshPublicKey) -> String {
    let pairs: Vec<String> = md5::compute(key.to_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// How long a volume may be in the making by somebody else.
const MAKING: Duration = Duration::from_secs(60);
