//! What EC2 can do of a delete: the instance, with which its own disks, interface and addresses go; then a data disk of an
//! earlier host of the name, which EC2 does not count among the instance's own, its security group and its key pair.

use std::time::Duration;

use cloud_driver::{Account, Deletes, delete_whole};
use cloud_types::{ErrorKind, HostId, Result, ownership};

use crate::client::{Filter, filter, tagged};
use crate::convert::{DiskState, Place, Seen};
use crate::dependents::Shared;
use crate::labels;
use crate::parts::Parts;
use crate::reader::READ_LAG;

/// Deletes a host, and what it was the last to use.
pub(crate) async fn delete(parts: &Parts, id: &HostId) -> Result<()> {
    let Ok(place) = Place::of_host(id) else { return Ok(()) };
    let deleted = delete_whole(&Delete(parts), id).await;
    parts.reader.forget(&place);
    deleted
}

/// Deletes a host, and waits until it has ended.
pub(crate) async fn delete_and_see_ended(parts: &Parts, id: &HostId) -> Result<()> {
    delete(parts, id).await?;
    match Place::of_host(id) {
        Ok(place) => parts.reader.see_ended(&place).await,
        Err(_) => Ok(()),
    }
}

/// Deletes a host that lost a race, also the data disk that it brought, even one that was to be kept: nobody has written to
/// it. Neither the answer to the launch nor the lists tell such a disk at once.
pub(crate) async fn delete_loser(parts: &Parts, loser: &Seen) -> Result<()> {
    let (place, clock) = (&loser.place, parts.account.clock());
    let since = clock.monotonic();
    delete_and_see_ended(parts, &loser.host.id).await?;
    clock.sleep(READ_LAG.saturating_sub(clock.monotonic().saturating_sub(since))).await;
    let name = loser.labels.get(ownership::NAME).map_or("", String::as_str);
    for disk in parts.storage.data_disks(&place.region, Some(name)).await? {
        let made_since = disk.volume.created_at.zip(loser.launched).is_some_and(|(disk, host)| disk >= host);
        // The winner's is at the winner. A late list may show this one as still at its host.
        if made_since && (disk.state == DiskState::Free || disk.is_at(place)) {
            parts.storage.remove(&disk.place).await?;
        }
    }
    Ok(())
}

/// One delete.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

/// What a create made besides the host.
#[derive(Debug)]
pub(crate) enum Part {
    Disk(Place),
    /// With the moment until which hosts that have ended may hold it.
    Shared(Shared, Option<Duration>),
}

impl From<Shared> for Part {
    fn from(shared: Shared) -> Self {
        Self::Shared(shared, None)
    }
}

impl Deletes for Delete<'_> {
    type Host = Seen;
    type Part = Part;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read_alone(&Place::of_host(id)?).await
    }

    async fn delete(&self, id: &HostId, _: Option<&Seen>) -> Result<()> {
        self.0.api.delete_instance(&Place::of_host(id)?).await
    }

    async fn parts(&self, _: &HostId, host: &Seen) -> Result<Vec<Part>> {
        if host.host.owner.is_none() {
            return Ok(Vec::new()); // not made by this library
        }
        let (place, mut parts) = (&host.place, Vec::new());
        let groups = match host.groups.is_empty() {
            true => Vec::new(),
            false => self.0.dependents.groups_for_hosts(&place.region, Some(filter("group-id", &host.groups))).await?,
        };
        if !host.staying_disks.is_empty() {
            let mut disks = self.0.storage.at(place).await?;
            disks.retain(|disk| disk.is_data() && !disk.is_kept() && host.staying_disks.contains(&disk.place.id));
            parts.extend(disks.into_iter().map(|disk| Part::Disk(disk.place)));
        }
        parts.extend(groups.into_iter().map(|group| Part::from(Shared::Group(group))));
        if !parts.is_empty() {
            // All of these are held until the instance has ended.
            self.0.reader.see_ended(place).await?;
        }
        let ours = |name: &&String| labels::is_key_for_hosts(self.0.account.owner(), name);
        let key = host.key.as_ref().filter(ours);
        parts.extend(key.map(|name| Part::from(Shared::Key(place.region.clone(), name.clone()))));
        Ok(parts)
    }

    /// What no host of this owner uses in the region: data disks that were to go with a host, groups and key pairs.
    async fn leftovers(&self, id: &HostId) -> Result<Vec<Part>> {
        let region = &Place::of_host(id)?.region;
        let Parts { reader, storage, dependents, .. } = self.0;
        let mut parts = Vec::new();
        for disk in storage.data_disks(region, None).await? {
            // A disk that was detached from a host that lives is its user's.
            let host = disk.labels.get(ownership::NAME).map_or("", String::as_str);
            if !disk.is_kept() && disk.state == DiskState::Free && !reader.has_staying(region, host).await? {
                parts.push(Part::Disk(disk.place));
            }
        }
        for group in dependents.groups_for_hosts(region, None).await? {
            let used = reader.has_leaving_user(region, uses(&group)).await?
                || reader.has_staying_user(region, uses(&group)).await?;
            if !used {
                parts.push(Shared::Group(group).into());
            }
        }
        let owner = self.0.account.owner();
        for key in dependents.keys(region, &[tagged(ownership::OWNER, owner.as_str())]).await? {
            if labels::is_key_for_hosts(owner, &key.name) {
                parts.push(Shared::Key(region.clone(), key.name).into());
            }
        }
        Ok(parts)
    }

    /// Of groups and disks EC2 itself says so when they are to go.
    async fn in_use(&self, part: &Part, _: Option<&HostId>) -> Result<bool> {
        match part {
            Part::Shared(Shared::Key(region, name), _) => {
                self.0.reader.has_staying_user(region, filter("key-name", [name])).await
            }
            _ => Ok(false),
        }
    }

    async fn remove(&self, part: &Part) -> Result<()> {
        let (reader, clock) = (&self.0.reader, self.0.account.clock());
        let (shared, until) = match part {
            Part::Disk(disk) => return self.0.storage.remove(disk).await,
            Part::Shared(shared, until) => (shared, until),
        };
        match (self.0.dependents.remove(shared).await, shared) {
            (Err(error), Shared::Group(group)) if error.kind() == ErrorKind::Conflict => {
                let late = until.is_some_and(|until| clock.monotonic() >= until);
                // Whoever deletes those that are just going deletes the group after them.
                let used = reader.has_staying_user(&group.region, uses(group)).await?
                    || late && reader.has_leaving_user(&group.region, uses(group)).await?;
                if used { Ok(()) } else { Err(error) }
            }
            (result, _) => result,
        }
    }

    async fn again(&self, part: Part) -> Result<Part> {
        Ok(match part {
            Part::Shared(shared, None) => Part::Shared(shared, Some(self.0.account.clock().monotonic() + HELD)),
            other => other,
        })
    }

    fn describe(&self, part: &Part) -> String {
        match part {
            Part::Disk(disk) => format!("volume {disk}"),
            Part::Shared(Shared::Group(group), _) => format!("security group {group}"),
            Part::Shared(Shared::Key(region, name), _) => format!("key pair {region}/{name}"),
        }
    }

    fn held(&self) -> Duration {
        HELD + Duration::from_secs(5)
    }
}

/// Passes over all hosts that do not use a group.
fn uses(group: &Place) -> Filter {
    filter("instance.group-id", [group.id.as_str()])
}

/// How long hosts that have ended may hold their group.
const HELD: Duration = Duration::from_secs(120);
