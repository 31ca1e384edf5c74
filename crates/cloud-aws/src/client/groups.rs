//! Security groups (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, IpPermission, SecurityGroup, TagSpecification};
use cloud_types::{Error, ErrorKind, Region, Result};

use super::{Api, PER_PAGE, all_pages};

impl Api {
    /// Makes a group without rules, and answers its id. A network has a name once only.
    pub(crate) async fn create_group(
        &self,
        region: &Region,
        network: &str,
        name: &str,
        description: &str,
        tags: &TagSpecification,
    ) -> Result<String> {
        let create = |ec2: Client| {
            let request = ec2.create_security_group().vpc_id(network).group_name(name).description(description);
            request.tag_specifications(tags.clone()).send()
        };
        let id = self.call("create_host", region, create).await?.group_id;
        id.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a security group was made without an id"))
    }

    /// Lets something into a group. What it lets in already is no error.
    pub(crate) async fn allow(&self, region: &Region, group: &str, rules: &[IpPermission]) -> Result<()> {
        let authorize = |ec2: Client| {
            let request = ec2.authorize_security_group_ingress().group_id(group);
            request.set_ip_permissions(Some(rules.to_vec())).send()
        };
        match self.call("create_host", region, authorize).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    pub(crate) async fn all_groups(&self, region: &Region, filters: &[Filter]) -> Result<Vec<SecurityGroup>> {
        all_pages(async |page: Option<String>| {
            let describe = |ec2: Client| {
                let request = ec2.describe_security_groups().set_filters(Some(filters.to_vec()));
                request.max_results(PER_PAGE).set_next_token(page.clone()).send()
            };
            let answer = self.call("list_resources", region, describe).await?;
            Ok((answer.security_groups.unwrap_or_default(), answer.next_token))
        })
        .await
    }

    pub(crate) async fn delete_group(&self, region: &Region, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_security_group().group_id(id).send();
        self.call("delete_host", region, delete).await.map(drop)
    }
}
