//! Images, and the parameters that name the newest of them.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_image::builders::CreateImageInputBuilder;
use aws_sdk_ec2::types::Image;
use cloud_driver::nonsense;
use cloud_types::{Region, Result};

use super::{Api, Filter, PER_PAGE};

impl Api {
    /// An image by its id (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html>).
    pub(crate) async fn get_image(&self, region: &Region, id: &str) -> Result<Option<Image>> {
        let found = self.call("get_image", region, |client| client.describe_images().image_ids(id).send()).await?;
        Ok(found.images.unwrap_or_default().into_iter().next())
    }

    /// The images of an owner (an account's number, or `self`) that pass the filters.
    pub(crate) async fn images(&self, region: &Region, owner: &str, filters: &[Filter]) -> Result<Vec<Image>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_images().owners(owner).set_filters(Some(filters.to_vec()));
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_images", region, describe, |page| (page.images, page.next_token)).await
    }

    /// Copies disks of a host into an image. Its name, unique in account and region, is what makes a repeat harmless
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>).
    pub(crate) async fn create_image(&self, region: &Region, body: &CreateImageInputBuilder) -> Result<String> {
        let made = self.call("create_snapshot", region, |ec2| sent!(body, ec2)).await?;
        made.image_id.ok_or_else(|| nonsense("no image"))
    }

    /// Gives up an image. Its snapshots stay.
    pub(crate) async fn deregister_image(&self, region: &Region, id: &str) -> Result<()> {
        self.call("delete_snapshot", region, |client| client.deregister_image().image_id(id).send()).await.map(drop)
    }

    /// A parameter's value (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>).
    pub(crate) async fn parameter(&self, region: &Region, name: &str) -> Result<Option<String>> {
        let client = &aws_sdk_ssm::Client::new(&self.sdk(region).await?);
        let read = self.run("get_parameter", region, || client.get_parameter().name(name).send());
        Ok(read.await?.parameter.and_then(|parameter| parameter.value))
    }

    /// The names of those of at most ten parameters that there are.
    pub(crate) async fn parameters(&self, region: &Region, names: &[String]) -> Result<Vec<String>> {
        let client = &aws_sdk_ssm::Client::new(&self.sdk(region).await?);
        let read =
            self.run("get_parameters", region, || client.get_parameters().set_names(Some(names.to_vec())).send());
        let found = read.await?.parameters.unwrap_or_default().into_iter();
        Ok(found.filter_map(|parameter| parameter.name).collect())
    }
}
