//! Deleting a host and all that its create made, so that it can be repeated from any point.
//!
//! Its own disks, interface and addresses go with the instance. What remains is its security group and its key pair, which go
//! with the last host that uses them, and a data disk of an earlier host of the name, which EC2 does not count among the
//! instance's own. A delete of a host that is not there removes what no host of the owner uses in its region.

use aws_sdk_ec2::types::{Instance, VolumeState};
use cloud_types::{ErrorKind, HostId, Region, Result, ownership};

use crate::client::tagged;
use crate::convert::{self, Place};
use crate::host::{Inner, staying};
use crate::reader::READ_LAG;
use crate::ssh_key::is_for_hosts;
use crate::tags;

pub(crate) async fn delete(inner: &Inner, id: &HostId) -> Result<()> {
    let Ok(place) = Place::of_host(id) else { return Ok(()) };
    let rest = match inner.reader.read_any(&place).await {
        Ok(instance) if !convert::is_ended(&instance) => inner.delete_instance(&place, &instance).await,
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => {
            inner.reader.forget(&place);
            let swept = inner.remove_unused(&place.region).await;
            return swept.map_err(|error| error.with_context("the host is gone, but not all that belonged to it"));
        }
    };
    inner.reader.forget(&place);
    rest
}

impl Inner {
    /// Deletes an instance, and what it was the last to use.
    async fn delete_instance(&self, place: &Place, instance: &Instance) -> Result<()> {
        gone(self.api.delete_instance(place).await)?;
        let labels = tags::read(instance.tags.as_deref());
        if ownership::owner_of(&labels).is_none() {
            return Ok(());
        }
        let rest = async {
            let groups = self.groups_of(&place.region, instance).await?;
            let disks = self.disks_after(place, instance).await?;
            if !groups.is_empty() || !disks.is_empty() {
                // All of these are held until the instance has ended.
                self.reader.see_ended(place).await?;
            }
            for disk in disks {
                self.remove_volume(&disk).await?;
            }
            for group in groups {
                self.remove_group(&place.region, &group).await?;
            }
            match instance.key_name.as_deref().filter(|name| is_for_hosts(&self.owner, name)) {
                Some(key) => self.remove_key(&place.region, key).await,
                None => Ok(()),
            }
        };
        rest.await
            .map_err(|error| error.with_context("the host is deleted, but not all that belongs to it: repeat the call"))
    }

    /// The data disks of an instance that are to go with it, and that EC2 would leave.
    async fn disks_after(&self, place: &Place, instance: &Instance) -> Result<Vec<Place>> {
        let mappings = instance.block_device_mappings.iter().flatten().filter_map(|mapping| mapping.ebs.as_ref());
        let left: Vec<&str> = mappings
            .filter(|ebs| ebs.delete_on_termination == Some(false))
            .filter_map(|ebs| ebs.volume_id.as_deref())
            .collect();
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let volumes = self.api.volumes_at(place).await?;
        let goes = |volume: &&aws_sdk_ec2::types::Volume| {
            volume.volume_id.as_deref().is_some_and(|id| left.contains(&id))
                && convert::is_data_disk(volume)
                && !tags::is_kept(&tags::read(volume.tags.as_deref()))
        };
        let ids = volumes.iter().filter(goes).filter_map(|volume| volume.volume_id.clone());
        Ok(ids.map(|id| Place { region: place.region.clone(), id }).collect())
    }

    /// Removes what no host of this owner uses in a region: groups, key pairs, and data disks that were to go with a host.
    pub(crate) async fn remove_unused(&self, region: &Region) -> Result<()> {
        for disk in self.unused_data_disks(region).await? {
            self.remove_volume(&disk).await?;
        }
        self.remove_unused_groups(region).await?;
        self.remove_unused_keys(region).await
    }

    /// The data disks that were to go with a host that is gone. A disk that was detached from a host that lives is its user's.
    async fn unused_data_disks(&self, region: &Region) -> Result<Vec<Place>> {
        let mut disks = self.own_volumes(region, &[tagged(tags::USE, tags::DATA_DISK)]).await?;
        disks.retain(|disk| {
            let kept = tags::is_kept(&tags::read(disk.tags.as_deref()));
            convert::is_data_disk(disk) && !kept && disk.state == Some(VolumeState::Available)
        });
        let mut unused = Vec::new();
        for disk in disks {
            let labels = tags::read(disk.tags.as_deref());
            let name = labels.get(ownership::NAME).map_or("", String::as_str);
            if !self.has_staying_host(region, name).await? {
                let id = disk.volume_id.ok_or_else(|| convert::nonsense("a volume's id"))?;
                unused.push(Place { region: region.clone(), id });
            }
        }
        Ok(unused)
    }

    /// Whether this owner has a host of a name in a region that is not on its way out.
    async fn has_staying_host(&self, region: &Region, name: &str) -> Result<bool> {
        let filters = [tagged(ownership::OWNER, self.owner.as_str()), tagged(ownership::NAME, name), staying()];
        for host in self.api.all_instances(region, &filters).await? {
            // A list may still show a host that is gone.
            if self.is_staying(&Place::of(region, &host)?).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Deletes an instance and waits until it has ended.
    pub(crate) async fn delete_and_see_ended(&self, id: &HostId) -> Result<()> {
        delete(self, id).await?;
        match Place::of_host(id) {
            Ok(place) => self.reader.see_ended(&place).await,
            Err(_) => Ok(()),
        }
    }

    /// Deletes an instance that lost a race, also the data disk that it brought, even one that was to be kept: nobody has
    /// written to it. Neither the answer to the launch nor the lists tell such a disk at once.
    pub(crate) async fn delete_loser(&self, place: &Place, launched: &Instance, name: &str) -> Result<()> {
        let launched_at = launched.launch_time;
        let since = self.clock.monotonic();
        self.delete_and_see_ended(&place.host_id()).await?;
        self.clock.sleep(READ_LAG.saturating_sub(self.clock.monotonic().saturating_sub(since))).await;
        for disk in self.own_data_disks(&place.region, name).await? {
            let made_since = disk.create_time.zip(launched_at).is_some_and(|(disk, host)| disk >= host);
            // The winner's is at the winner. A late list may show this one as still at its host.
            let host = convert::attachment(&disk).and_then(|one| one.instance_id.as_deref());
            let unused = disk.state == Some(VolumeState::Available) || host == Some(place.id.as_str());
            if let Some(id) = disk.volume_id.clone().filter(|_| made_since && unused) {
                self.remove_volume(&Place { region: place.region.clone(), id }).await?;
            }
        }
        Ok(())
    }
}

/// What is not there is deleted.
pub(crate) fn gone(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
