//! Volumes (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html> and its neighbours).

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification, Volume, VolumeModification, VolumeType};
use cloud_types::{GiB, Region, Result};

use super::{Api, PER_PAGE, all_pages, filter};
use crate::convert::Place;
use crate::disk::DiskKind;

/// The wish for a volume.
#[derive(Debug)]
pub(crate) struct NewVolume<'a> {
    pub(crate) zone: &'a str,
    pub(crate) size: GiB,
    pub(crate) kind: &'a DiskKind,
    pub(crate) tags: Vec<Tag>,
    /// By which AWS knows a repeat of the same wish again.
    pub(crate) token: String,
}

impl Api {
    pub(crate) async fn create_volume(&self, region: &Region, wish: &NewVolume<'_>) -> Result<String> {
        let number = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
        let tags = TagSpecification::builder().resource_type(ResourceType::Volume).set_tags(Some(wish.tags.clone()));
        let tags = tags.build();
        let made = self.call("create_volume", region, |client| {
            client
                .create_volume()
                .availability_zone(wish.zone)
                .set_size(i32::try_from(wish.size.0).ok())
                .volume_type(VolumeType::from(wish.kind.name.as_str()))
                .set_iops(number(wish.kind.iops))
                .set_throughput(number(wish.kind.throughput))
                .client_token(wish.token.as_str())
                .tag_specifications(tags.clone())
                .send()
        });
        made.await?.volume_id.ok_or_else(|| crate::convert::nonsense("no volume"))
    }

    /// A volume by its id.
    pub(crate) async fn get_volume(&self, place: &Place) -> Result<Option<Volume>> {
        let found = self
            .call("get_volume", &place.region, |client| client.describe_volumes().volume_ids(place.id.as_str()).send());
        Ok(found.await?.volumes.unwrap_or_default().into_iter().next())
    }

    /// The volumes of a region that pass the filters.
    pub(crate) async fn volumes(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Volume>> {
        all_pages(|token| async move {
            let page = self.call("list_volumes", region, |client| {
                let request = client.describe_volumes().set_filters(Some(filters.to_vec()));
                request.max_results(PER_PAGE).set_next_token(token.clone()).send()
            });
            let page = page.await?;
            Ok((page.volumes.unwrap_or_default(), page.next_token))
        })
        .await
    }

    /// The volumes that are attached to a host.
    pub(crate) async fn volumes_at(&self, host: &Place) -> Result<Vec<Volume>> {
        self.volumes(&host.region, &[filter("attachment.instance-id", [host.id.as_str()])]).await
    }

    pub(crate) async fn attach_volume(&self, volume: &Place, host: &str, device: &str) -> Result<()> {
        let attached = self.call("attach_volume", &volume.region, |client| {
            client.attach_volume().volume_id(volume.id.as_str()).instance_id(host).device(device).send()
        });
        attached.await.map(drop)
    }

    /// Detaches a volume from this host, and from no other that it may have got to meanwhile.
    pub(crate) async fn detach_volume(&self, volume: &Place, host: &str) -> Result<()> {
        let detached = self.call("detach_volume", &volume.region, |client| {
            client.detach_volume().volume_id(volume.id.as_str()).instance_id(host).send()
        });
        detached.await.map(drop)
    }

    /// Asks for a larger volume, which is a *modification* that goes on for a while
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html>).
    pub(crate) async fn modify_volume(&self, volume: &Place, size: GiB) -> Result<()> {
        let begun = self.call("grow_volume", &volume.region, |client| {
            client.modify_volume().volume_id(volume.id.as_str()).set_size(i32::try_from(size.0).ok()).send()
        });
        begun.await.map(drop)
    }

    /// The latest modification of a volume; none where there was none.
    pub(crate) async fn modification(&self, volume: &Place) -> Result<Option<VolumeModification>> {
        let filters = [filter("volume-id", [volume.id.as_str()])];
        let found = self.call("grow_volume", &volume.region, |client| {
            client.describe_volumes_modifications().set_filters(Some(filters.to_vec())).send()
        });
        let found = found.await?.volumes_modifications.unwrap_or_default();
        Ok(found.into_iter().max_by_key(|one| one.start_time().map(|time| (time.secs(), time.subsec_nanos()))))
    }

    pub(crate) async fn delete_volume(&self, volume: &Place) -> Result<()> {
        let deleted = self.call("delete_volume", &volume.region, |client| {
            client.delete_volume().volume_id(volume.id.as_str()).send()
        });
        deleted.await.map(drop)
    }
}
