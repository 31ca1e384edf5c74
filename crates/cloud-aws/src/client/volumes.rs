//! Volumes (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html> and its neighbours).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_volume::builders::CreateVolumeInputBuilder;
use aws_sdk_ec2::types::{Volume, VolumeModification};
use cloud_driver::nonsense;
use cloud_types::{GiB, Region, Result};

use super::{Api, Filter, PER_PAGE, filter};
use crate::convert::Place;

impl Api {
    pub(crate) async fn create_volume(&self, region: &Region, body: &CreateVolumeInputBuilder) -> Result<String> {
        let made = self.call("create_volume", region, |ec2| sent!(body, ec2)).await?;
        made.volume_id.ok_or_else(|| nonsense("no volume"))
    }

    /// A volume by its id.
    pub(crate) async fn get_volume(&self, place: &Place) -> Result<Option<Volume>> {
        let found =
            self.call("get_volume", &place.region, |ec2| ec2.describe_volumes().volume_ids(place.id.as_str()).send());
        Ok(found.await?.volumes.unwrap_or_default().into_iter().next())
    }

    /// The volumes of a region that pass the filters.
    pub(crate) async fn volumes(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Volume>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_volumes().set_filters(Some(filters.to_vec()));
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_volumes", region, describe, |page| (page.volumes, page.next_token)).await
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
