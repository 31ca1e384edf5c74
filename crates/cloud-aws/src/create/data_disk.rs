//! The data disk that an earlier host of a name left: finding it, and giving it to the host that has the name now.

use aws_sdk_ec2::types::{Volume, VolumeState};
use cloud_types::{DataDisk, Error, ErrorKind, HostSpec, HostState, Region, Result, VolumeId, ownership};

use crate::client::tagged;
use crate::convert::{self, Place, nonsense};
use crate::host::Inner;
use crate::tags;

impl Inner {
    /// The data disk that an earlier host of this name left, with its zone, which decides the host's. One whose host is just
    /// going is waited for. One that was to go with its host is nobody's to hand on.
    pub(super) async fn left_disk(&self, spec: &HostSpec) -> Result<Option<(String, String)>> {
        let Some(wished) = &spec.data_disk else { return Ok(None) };
        let left = self.until("the data disk has left the host that had it", async || {
            let mut held = false;
            for volume in self.own_data_disks(&spec.region, spec.name.as_str()).await? {
                if !tags::is_kept(&tags::read(volume.tags.as_deref())) {
                    continue;
                }
                if volume.state == Some(VolumeState::Available) {
                    return Ok(Some(Some(volume)));
                }
                held |= self.is_leaving_with(&spec.region, &volume).await?;
            }
            Ok((!held).then_some(None))
        });
        let Some(volume) = left.await? else { return Ok(None) };
        if convert::gib(volume.size)? != wished.size {
            return Err(taken("has another size"));
        }
        let (zone, id) = (volume.availability_zone, volume.volume_id);
        Ok(Some((zone.ok_or_else(|| nonsense("a volume"))?, id.ok_or_else(|| nonsense("a volume"))?)))
    }

    /// Whether a disk is at a host that is on its way out, or was a moment ago.
    async fn is_leaving_with(&self, region: &Region, volume: &Volume) -> Result<bool> {
        let Some(host) = convert::attachment(volume).and_then(|one| one.instance_id.clone()) else { return Ok(false) };
        Ok(!self.is_staying(&Place { region: region.clone(), id: host }).await?)
    }

    /// The data disks of this owner's hosts of a name, also of those that are gone.
    pub(crate) async fn own_data_disks(&self, region: &Region, host: &str) -> Result<Vec<Volume>> {
        let filters = [
            tagged(ownership::OWNER, self.owner.as_str()),
            tagged(ownership::NAME, host),
            tagged(tags::USE, tags::DATA_DISK),
        ];
        let mut volumes = self.api.volumes(region, &filters).await?;
        volumes.retain(|volume| convert::is_data_disk(volume) && convert::is_there(volume));
        Ok(volumes)
    }

    /// Gives a host the data disk that it lacks, where its maker ended before it did so.
    pub(super) async fn complete_data_disk(&self, host: &Place, spec: &HostSpec) -> Result<()> {
        let Some(wished) = &spec.data_disk else { return Ok(()) };
        if self.has_data_disk(host, spec, wished).await? {
            return Ok(());
        }
        let left = self.left_disk(spec).await?.map(|(_, volume)| volume);
        self.attach_left_disk(host, spec, left.as_deref()).await
    }

    /// Gives a host the data disk that was left for it, once the host has got its machine: EC2 cannot do so before. Until the
    /// host has it, the disk stays one that is kept.
    pub(super) async fn attach_left_disk(&self, host: &Place, spec: &HostSpec, disk: Option<&str>) -> Result<()> {
        let (Some(id), Some(wished)) = (disk, &spec.data_disk) else { return Ok(()) };
        let place = Place { region: host.region.clone(), id: id.to_owned() };
        let attached = async {
            self.until("the host has its machine", async || {
                let instance = self.reader.read_alone(host).await?;
                Ok((convert::state(&instance) != HostState::Starting).then_some(()))
            })
            .await?;
            if self.has_data_disk(host, spec, wished).await? {
                return Ok(());
            }
            self.attach(&VolumeId::new(place.to_string()), &host.host_id()).await?;
            self.tag_data_disk(host, id, spec, wished).await
        };
        attached
            .await
            .map_err(|error| error.with_context("the host is made, but its data disk is not attached: repeat the call"))
    }

    /// Whether a host has its data disk. Its tags say then what becomes of it, also where its maker had not come so far.
    async fn has_data_disk(&self, host: &Place, spec: &HostSpec, wished: &DataDisk) -> Result<bool> {
        let disks = self.own_data_disks(&host.region, spec.name.as_str()).await?;
        let here = |disk: &&Volume| {
            convert::attachment(disk).is_some_and(|one| one.instance_id.as_deref() == Some(host.id.as_str()))
        };
        let Some(disk) = disks.iter().find(here) else { return Ok(false) };
        let meant = tags::of_data_disk(&self.owner, spec.name.as_str(), wished);
        let is = tags::read(disk.tags.as_deref());
        if meant.iter().any(|(key, value)| is.get(key) != Some(value)) {
            let id = disk.volume_id.as_deref().ok_or_else(|| nonsense("a volume"))?;
            self.tag_data_disk(host, id, spec, wished).await?;
        }
        Ok(true)
    }

    async fn tag_data_disk(&self, host: &Place, id: &str, spec: &HostSpec, wished: &DataDisk) -> Result<()> {
        let own = tags::of_data_disk(&self.owner, spec.name.as_str(), wished);
        self.api.tag(&host.region, id, &tags::write(&own)).await
    }
}

/// The name is taken by a disk of other data.
pub(super) fn taken(why: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("the data disk that an earlier host of this name left {why}"))
}
