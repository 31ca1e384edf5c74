//! Security groups (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html>).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::authorize_security_group_ingress::builders::AuthorizeSecurityGroupIngressInputBuilder;
use aws_sdk_ec2::operation::create_security_group::builders::CreateSecurityGroupInputBuilder;
use aws_sdk_ec2::types::SecurityGroup;
use cloud_types::{Error, ErrorKind, Region, Result};

use super::{Api, Filter, PER_PAGE};

impl Api {
    /// Makes a group without rules, and answers its id. A network has a name once only.
    pub(crate) async fn create_group(&self, region: &Region, body: &CreateSecurityGroupInputBuilder) -> Result<String> {
        let made = self.call("create_host", region, |ec2| sent!(body, ec2)).await?;
        made.group_id.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a security group was made without an id"))
    }

    /// Lets something into a group. What it lets in already is no error.
    pub(crate) async fn allow(&self, region: &Region, body: &AuthorizeSecurityGroupIngressInputBuilder) -> Result<()> {
        match self.call("create_host", region, |ec2| sent!(body, ec2)).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    pub(crate) async fn all_groups(&self, region: &Region, filters: &[Filter]) -> Result<Vec<SecurityGroup>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_security_groups().set_filters(Some(filters.to_vec()));
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_resources", region, describe, |page| (page.security_groups, page.next_token)).await
    }

    pub(crate) async fn delete_group(&self, region: &Region, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_security_group().group_id(id).send();
        self.call("delete_host", region, delete).await.map(drop)
    }
}
