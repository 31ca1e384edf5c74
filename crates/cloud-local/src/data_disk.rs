//! The data disk of a wish: found again where it was kept, made otherwise.

use cloud_types::{CreateToken, DataDisk, Error, ErrorKind, HostSpec, OnDelete, Result, ownership};
use cloud_world::{Labels, Volume, VolumeRequest, VolumeStatus};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert::{ON_DELETE, goes_with_host, on_delete};
use crate::error::refusal;
use crate::{Local, Operation};

impl Local {
    /// The data disk of the wish, free and ready to be attached. The cloud knows it by its name, so that asking twice
    /// makes one.
    pub(crate) async fn ensure_data_disk(
        &self,
        spec: &HostSpec,
        labels: &Labels,
        call: &CreateToken,
    ) -> Result<Option<u64>> {
        let Some(wished) = &spec.data_disk else { return Ok(None) };
        let name = disk_name(labels);
        let marks = disk_labels(labels, wished.on_delete, call);
        let put = |cloud: &mut Cloud, now| put_disk(cloud, &name, wished, spec, &marks, now);
        let id = self.repeat(Operation::CreateVolume, put).await?;
        let ready = |cloud: &mut Cloud, _| {
            // One that has gone meanwhile is no longer waited for: the create meets that, and begins again.
            let volume = cloud.world.volumes.find(id);
            Ok(volume.is_err() || volume.is_ok_and(|volume| volume.status == VolumeStatus::Available))
        };
        self.until(Operation::GetVolume, |cloud, now| Ok(ready(cloud, now)?.then_some(()))).await?;
        Ok(Some(id))
    }

    /// Deletes the data disk that this very call made for a host that will not be, and no other. Best effort: a sweep shows what stays.
    pub(crate) async fn drop_unused_disk(&self, spec: &HostSpec, labels: &Labels, call: &CreateToken) {
        if spec.data_disk.is_none() {
            return;
        }
        let name = disk_name(labels);
        let outcome = self
            .repeat(Operation::DeleteVolume, |cloud, now| {
                let is_ours = |volume: &&Volume| {
                    volume.labels.get(MADE_BY).is_some_and(|by| by == call.as_str()) && volume.host.is_none()
                };
                let unused = cloud.world.volumes.named(&name).find(is_ours).map(|volume| volume.id);
                let Some(id) = unused else { return Ok(()) };
                cloud.world.delete_volume(id, now).map_err(refusal)
            })
            .await;
        if let Err(error) = outcome {
            tracing::warn!(owner = %self.owner, host = %spec.name, kind = %error.kind(), "an unused data disk stays");
        }
    }
}

/// Finds or makes the disk. One that an abandoned wish left in another size or place is replaced; a kept one never.
fn put_disk(
    cloud: &mut Cloud,
    name: &str,
    wished: &DataDisk,
    spec: &HostSpec,
    labels: &Labels,
    now: Timestamp,
) -> Result<u64> {
    let found = cloud.world.volumes.named(name).next().cloned();
    if let Some(disk) = found {
        if disk.size_gb == u64::from(wished.size.0) && disk.region == spec.region.as_str() {
            return Ok(disk.id);
        }
        let abandoned = disk.host.is_none() && goes_with_host(&disk);
        if !abandoned {
            let message = format!("the data disk of {} has {} GiB and is in {}", spec.name, disk.size_gb, disk.region);
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        cloud.world.delete_volume(disk.id, now).map_err(refusal)?;
    }
    let request = VolumeRequest {
        name: name.to_owned(),
        size_gb: wished.size.0.into(),
        region: spec.region.to_string(),
        host: None,
        format: None,
        labels: labels.clone(),
    };
    cloud.world.create_volume(request, now).map(|(id, _, _)| id).map_err(refusal)
}

/// What the cloud calls the data disk of the host with these labels.
pub(crate) fn disk_name(labels: &Labels) -> String {
    let part = |key| labels.get(key).map_or("", String::as_str);
    format!("{}.{}.data", part(ownership::OWNER), part(ownership::NAME))
}

fn disk_labels(labels: &Labels, fate: OnDelete, call: &CreateToken) -> Labels {
    let mut disk: Labels = labels.clone();
    disk.remove(ownership::SPEC);
    disk.remove(ownership::TOKEN);
    disk.insert(ON_DELETE.to_owned(), on_delete(fate).to_owned());
    disk.insert(MADE_BY.to_owned(), call.to_string());
    disk
}

/// Label of a data disk: the call that made it. A caller's token would not do: a later call with the same token may
/// find a kept disk, which it must not drop.
const MADE_BY: &str = "cloud-made-by";
