//! Images, and the parameters that name the newest of them.

use aws_sdk_ec2::types::{BlockDeviceMapping, Filter, Image, ResourceType, Tag, TagSpecification};
use aws_sdk_ssm::types::Parameter;
use cloud_http::Repeat;
use cloud_types::{Region, Result};

use super::{Api, PER_PAGE, all_pages};

impl Api {
    /// An image by its id (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html>).
    pub(crate) async fn get_image(&self, region: &Region, id: &str) -> Result<Option<Image>> {
        let found = self.call("get_image", region, |client| client.describe_images().image_ids(id).send()).await?;
        Ok(found.images.unwrap_or_default().into_iter().next())
    }

    /// The images of an owner (an account's number, or `self`) that pass the filters.
    pub(crate) async fn images(&self, region: &Region, owner: &str, filters: &[Filter]) -> Result<Vec<Image>> {
        all_pages(|token| async move {
            let page = self.call("list_images", region, |client| {
                let request = client.describe_images().owners(owner).set_filters(Some(filters.to_vec()));
                request.max_results(PER_PAGE).set_next_token(token.clone()).send()
            });
            let page = page.await?;
            Ok((page.images.unwrap_or_default(), page.next_token))
        })
        .await
    }

    /// Copies the disks of a host that no mapping leaves out into an image, without stopping the host. Its name, unique in
    /// account and region, is what makes a repeat harmless
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>).
    pub(crate) async fn create_image(&self, region: &Region, wish: &NewImage<'_>) -> Result<String> {
        let tagged =
            |kind: ResourceType| TagSpecification::builder().resource_type(kind).set_tags(Some(wish.tags.clone()));
        let tags = [ResourceType::Image, ResourceType::Snapshot].map(|kind| tagged(kind).build());
        let made = self.call("create_snapshot", region, |client| {
            client
                .create_image()
                .instance_id(wish.instance)
                .name(wish.name)
                .no_reboot(true)
                .set_block_device_mappings((!wish.mappings.is_empty()).then(|| wish.mappings.clone()))
                .set_tag_specifications(Some(tags.to_vec()))
                .send()
        });
        made.await?.image_id.ok_or_else(|| crate::convert::nonsense("no image"))
    }

    /// Gives up an image. Its snapshots stay.
    pub(crate) async fn deregister_image(&self, region: &Region, id: &str) -> Result<()> {
        self.call("delete_snapshot", region, |client| client.deregister_image().image_id(id).send()).await.map(drop)
    }

    /// A parameter's value (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>).
    pub(crate) async fn parameter(&self, region: &Region, name: &str) -> Result<Option<String>> {
        let client = &aws_sdk_ssm::Client::new(&self.sdk(region).await?);
        let read = self.run("get_parameter", region, Repeat::Harmless, || client.get_parameter().name(name).send());
        Ok(read.await?.parameter.and_then(|parameter| parameter.value))
    }

    /// Those of at most ten parameters that there are.
    pub(crate) async fn parameters(&self, region: &Region, names: &[String]) -> Result<Vec<Parameter>> {
        let client = &aws_sdk_ssm::Client::new(&self.sdk(region).await?);
        let read = self.run("get_parameters", region, Repeat::Harmless, || {
            client.get_parameters().set_names(Some(names.to_vec())).send()
        });
        Ok(read.await?.parameters.unwrap_or_default())
    }
}

/// The wish for an image of a host.
#[derive(Debug)]
pub(crate) struct NewImage<'a> {
    pub(crate) instance: &'a str,
    pub(crate) name: &'a str,
    /// The disks that are left out.
    pub(crate) mappings: Vec<BlockDeviceMapping>,
    /// Of the image and of its snapshots.
    pub(crate) tags: Vec<Tag>,
}
