//! What Hetzner can do of a delete: the server, then its firewall, its data disk and its keys, by their labels.
//!
//! A data disk belongs to the host that it was made for, whatever that host is called today; keys and firewalls go with the
//! last host that uses them.

use cloud_driver::{Account, Deletes, gone, labels as driver_labels};
use cloud_types::{ErrorKind, HostId, HostState, ResourceKind, Result, ownership};

use crate::client::selector;
use crate::convert::{self, Seen, Thing};
use crate::labels;
use crate::parts::Parts;

/// One delete.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

impl Deletes for Delete<'_> {
    type Host = Seen;
    type Part = Thing;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read_alone(id).await
    }

    async fn delete(&self, id: &HostId, _: Option<&Seen>) -> Result<()> {
        let number = convert::number(id.as_str())?;
        gone(self.0.api.delete_server(number).await)?;
        self.0.reader.recent.forget(&number);
        Ok(())
    }

    async fn parts(&self, _: &HostId, server: &Seen) -> Result<Vec<Thing>> {
        let Some(owner) = &server.host.owner else { return Ok(Vec::new()) }; // not made by this library
        let api = &self.0.api;
        let mut parts = Vec::new();
        for firewall in &server.firewalls {
            match api.get_firewall(*firewall).await {
                Ok(firewall) => parts.push(firewall.into()),
                Err(error) => gone(Err(error))?,
            }
        }
        if server.labels.contains_key(labels::HAS_DATA_DISK) {
            let made_for = server.labels.get(ownership::NAME).map_or("", String::as_str);
            let disks = [
                (ownership::OWNER, owner.as_str()),
                (ownership::NAME, made_for),
                (driver_labels::USE, driver_labels::DATA_DISK),
            ];
            parts.extend(api.all_volumes(&selector(&disks)).await?.into_iter().map(Thing::from));
        }
        for label in server.labels.keys().filter(|label| label.starts_with(labels::KEY_PREFIX)) {
            let name = labels::key_name_of(label);
            let keys = [(driver_labels::USE, driver_labels::FOR_HOSTS), (ownership::NAME, &name)];
            parts.extend(api.all_ssh_keys(&selector(&keys)).await?.into_iter().map(Thing::from));
        }
        parts.retain(is_removable);
        Ok(parts)
    }

    /// All of this owner's firewalls, data disks and keys. A data disk belongs to the host of its name, whether it is
    /// attached or not.
    async fn leftovers(&self, _: &HostId) -> Result<Vec<Thing>> {
        let (api, owner) = (&self.0.api, self.0.account.owner().as_str());
        let shared = selector(&[(ownership::OWNER, owner), (driver_labels::USE, driver_labels::FOR_HOSTS)]);
        let disks = selector(&[(ownership::OWNER, owner), (driver_labels::USE, driver_labels::DATA_DISK)]);
        let keys = selector(&[(driver_labels::USE, driver_labels::FOR_HOSTS)]);
        let mut parts: Vec<Thing> = api.all_firewalls(&shared).await?.into_iter().map(Thing::from).collect();
        for disk in api.all_volumes(&disks).await?.into_iter().map(Thing::from) {
            let host = disk.labels.get(ownership::NAME).map_or("", String::as_str);
            if is_removable(&disk) && !self.is_taken(host).await? {
                parts.push(disk);
            }
        }
        parts.extend(api.all_ssh_keys(&keys).await?.into_iter().map(Thing::from));
        parts.retain(is_removable);
        Ok(parts)
    }

    /// What Hetzner still counts as using a thing may be gone already.
    async fn in_use(&self, part: &Thing, gone_host: Option<&HostId>) -> Result<bool> {
        let gone_server = gone_host.and_then(|id| convert::number(id.as_str()).ok());
        let users = match (part.kind, labels::key_label(&part.name)) {
            (ResourceKind::SshKey, Some(label)) => {
                self.0.api.list_servers(None, &label, 1).await?.servers.iter().map(|server| server.id).collect()
            }
            _ => part.users.clone(),
        };
        for user in users {
            if Some(user) != gone_server && self.is_there(user).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn remove(&self, part: &Thing) -> Result<()> {
        let api = &self.0.api;
        match part.kind {
            ResourceKind::Volume => api.try_delete_volume(part.id).await.map_err(|error| match error.kind() {
                // Detaching goes on for a moment after the server is gone.
                ErrorKind::InvalidRequest => error.with_kind(ErrorKind::Conflict),
                _ => error,
            }),
            ResourceKind::Firewall => {
                self.0.dependents.forget();
                api.delete_firewall(part.id).await
            }
            _ => {
                self.0.dependents.forget();
                api.delete_ssh_key(part.id).await
            }
        }
    }

    async fn again(&self, part: Thing) -> Result<Thing> {
        match part.kind {
            ResourceKind::Volume => self.0.api.get_volume(part.id).await.map(Thing::from),
            ResourceKind::Firewall => self.0.api.get_firewall(part.id).await.map(Thing::from),
            _ => Ok(part),
        }
    }

    fn describe(&self, part: &Thing) -> String {
        format!("{} {}", part.kind, part.name)
    }
}

impl Delete<'_> {
    async fn is_there(&self, server: u64) -> Result<bool> {
        match self.0.api.get_server(server).await {
            Ok(server) => Ok(convert::state(&server.status) != HostState::Deleting),
            Err(error) => gone(Err(error)).map(|()| false),
        }
    }

    /// Whether a server has a name that is not on its way out.
    async fn is_taken(&self, name: &str) -> Result<bool> {
        match self.0.api.find_server(name).await? {
            Some(shown) => self.is_there(shown.id).await,
            None => Ok(false),
        }
    }
}

/// Whether a create made it, and it was not marked to be kept.
fn is_removable(thing: &Thing) -> bool {
    match thing.kind {
        ResourceKind::Volume => !driver_labels::is_kept(&thing.labels),
        _ => driver_labels::is_for(&thing.labels, driver_labels::FOR_HOSTS),
    }
}
