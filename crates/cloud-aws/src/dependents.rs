//! What hosts share: the security group of their inbound ports, and the key pair of their SSH key; made when first needed.
//!
//! A group's name is made of owner, network and ports, a key pair's of owner and key, so that making one twice finds the
//! first. EC2 refuses to delete a group that a host uses, also one that is just being launched, and to launch into one that
//! is gone: so a create and a delete that meet end well, and the create makes the group again.
//!
//! Key pairs belong to a region. A launch takes one, of RSA or ED25519: [`first_boot`](crate::first_boot) tells how the
//! other keys get in.

use cloud_driver::{Account, Known, labels as driver_labels};
use cloud_types::{Error, ErrorKind, HostSpec, Inbound, Region, Result, ownership};

use crate::client::{Api, Filter, filter, tagged};
use crate::convert::{self, Place, RuleSet, Thing};
use crate::labels;
use crate::plan::Ready;
use crate::reader::READ_LAG;

/// What of it this process has seen, by region and name: groups with their ids, and key pairs.
#[derive(Debug)]
pub(crate) struct Dependents {
    account: Account,
    api: Api,
    groups: Known<(Region, String), String>,
    keys: Known<(Region, String), ()>,
}

/// What a create made that hosts share.
#[derive(Debug, Clone)]
pub(crate) enum Shared {
    Group(Place),
    /// A region, and the key pair's name.
    Key(Region, String),
}

impl Dependents {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), groups: Known::default(), keys: Known::default() }
    }

    /// Makes or finds the group and the key pair that a host in this network needs, and notes in `made` what it made, or may have
    /// made by an attempt whose answer was lost.
    pub(crate) async fn ensure(&self, spec: &HostSpec, network: &str, made: &mut Vec<Shared>) -> Result<Ready> {
        Ok(Ready { group: self.ensure_group(spec, network, made).await?, key: self.ensure_key(spec, made).await? })
    }

    /// Forgets what a host in this network needs: something of it has vanished. Whether there was anything to forget.
    pub(crate) fn forget(&self, spec: &HostSpec, network: &str) -> bool {
        let (rules, key) = (self.rules(spec, network), self.key_name(spec));
        if let Some(rules) = &rules {
            self.groups.forget(&(spec.region.clone(), rules.name.clone()));
        }
        if let Some(key) = &key {
            self.keys.forget(&(spec.region.clone(), key.clone()));
        }
        rules.is_some() || key.is_some()
    }

    /// What a host in this network lets in; none where it asks for what the network does by itself.
    fn rules(&self, spec: &HostSpec, network: &str) -> Option<RuleSet> {
        let Inbound::Only(ports) = &spec.inbound else { return None };
        Some(convert::rule_set(self.account.owner(), network, ports))
    }

    fn key_name(&self, spec: &HostSpec) -> Option<String> {
        let key = labels::key_of_pair(&spec.ssh_keys)?;
        Some(labels::key_name(self.account.owner(), driver_labels::FOR_HOSTS, key))
    }

    async fn ensure_group(&self, spec: &HostSpec, network: &str, made: &mut Vec<Shared>) -> Result<Option<String>> {
        let (Some(set), region) = (self.rules(spec, network), &spec.region) else { return Ok(None) };
        let known = (region.clone(), set.name.clone());
        if let Some(id) = self.groups.get(&known) {
            return Ok(Some(id));
        }
        let labels = driver_labels::of_shared(self.account.owner(), &set.name);
        let body = convert::create_group(&set, &labels);
        let message = format!("the security group {} comes and goes: repeat the call", set.name);
        let mut patience = self.account.patience(READ_LAG * 2);
        loop {
            let id = match self.api.create_group(region, &body).await {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let filters = [filter("group-name", [set.name.as_str()]), filter("vpc-id", [network])];
                    self.groups(region, &filters).await?.into_iter().next().map(|group| group.place.id)
                }
                other => Some(other?),
            };
            if let Some(id) = id {
                let allowed = match convert::allow(&set, &id) {
                    Some(body) => self.api.allow(region, &body).await,
                    None => Ok(()),
                };
                match allowed {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => {
                        other?;
                        made.push(Shared::Group(Place { region: region.clone(), id: id.clone() }));
                        self.groups.learn(known, id.clone());
                        return Ok(Some(id));
                    }
                }
            }
            // Made just now, and not shown everywhere yet; or just deleted by somebody else, and shown still.
            patience.wait(Error::new(ErrorKind::Conflict, message.clone())).await?;
        }
    }

    async fn ensure_key(&self, spec: &HostSpec, made: &mut Vec<Shared>) -> Result<Option<String>> {
        let (Some(name), Some(key)) = (self.key_name(spec), labels::key_of_pair(&spec.ssh_keys)) else {
            return Ok(None);
        };
        let known = (spec.region.clone(), name.clone());
        if !self.keys.has(&known) {
            let labels = driver_labels::of_shared(self.account.owner(), &name);
            match self.api.create_key(&spec.region, &convert::create_key(&name, key, &labels)).await {
                // There, and the right one: its name holds its fingerprint.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => drop(other?),
            }
            made.push(Shared::Key(spec.region.clone(), name.clone()));
            self.keys.learn(known, ());
        }
        Ok(Some(name))
    }

    /// The groups of a region that creates of this owner made: by their tags, since anybody may name a group as ours are
    /// named.
    pub(crate) async fn groups_for_hosts(&self, region: &Region, more: Option<Filter>) -> Result<Vec<Place>> {
        let mut filters = Vec::from_iter(more);
        filters.push(tagged(ownership::OWNER, self.account.owner().as_str()));
        filters.push(tagged(driver_labels::USE, driver_labels::FOR_HOSTS));
        Ok(self.groups(region, &filters).await?.into_iter().map(|group| group.place).collect())
    }

    /// All groups and key pairs of this owner in a region.
    pub(crate) async fn own(&self, region: &Region) -> Result<Vec<Thing>> {
        let own = [tagged(ownership::OWNER, self.account.owner().as_str())];
        let mut things = self.groups(region, &own).await?;
        things.extend(self.keys(region, &own).await?);
        Ok(things)
    }

    async fn groups(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Thing>> {
        self.api.all_groups(region, filters).await?.into_iter().map(|group| convert::group(region, group)).collect()
    }

    /// The key pairs of a region that pass the filters.
    pub(crate) async fn keys(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Thing>> {
        self.api.all_keys(region, filters).await?.into_iter().map(|key| convert::key(region, key)).collect()
    }

    /// Deletes a group, or a key pair by its name, once.
    pub(crate) async fn remove(&self, shared: &Shared) -> Result<()> {
        match shared {
            Shared::Group(group) => {
                self.groups.retain(|(region, _), id| *region != group.region || *id != group.id);
                self.api.delete_group(&group.region, &group.id).await
            }
            Shared::Key(region, name) => {
                self.keys.forget(&(region.clone(), name.clone()));
                self.api.delete_key_named(region, name).await
            }
        }
    }
}
