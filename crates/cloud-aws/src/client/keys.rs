//! Key pairs, of which EC2 keeps the public half
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html>).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::import_key_pair::builders::ImportKeyPairInputBuilder;
use aws_sdk_ec2::types::KeyPairInfo;
use cloud_types::{Error, ErrorKind, Region, Result};

use super::{Api, Filter};

impl Api {
    /// Keeps a public key, and answers its id. A region has a name once only.
    pub(crate) async fn create_key(&self, region: &Region, body: &ImportKeyPairInputBuilder) -> Result<String> {
        let made = self.call("create_ssh_key", region, |ec2| sent!(body, ec2)).await?;
        made.key_pair_id.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a key pair was made without an id"))
    }

    /// All key pairs that pass the filters, with their public keys: this list has no pages.
    pub(crate) async fn all_keys(&self, region: &Region, filters: &[Filter]) -> Result<Vec<KeyPairInfo>> {
        let describe =
            |ec2: Client| ec2.describe_key_pairs().set_filters(Some(filters.to_vec())).include_public_key(true).send();
        Ok(self.call("list_ssh_keys", region, describe).await?.key_pairs.unwrap_or_default())
    }

    pub(crate) async fn delete_key(&self, region: &Region, id: &str) -> Result<()> {
        self.call("delete_ssh_key", region, |ec2| ec2.delete_key_pair().key_pair_id(id).send()).await.map(drop)
    }

    /// Deletes a key pair by its name, also one that lists do not show yet.
    pub(crate) async fn delete_key_named(&self, region: &Region, name: &str) -> Result<()> {
        self.call("delete_ssh_key", region, |ec2| ec2.delete_key_pair().key_name(name).send()).await.map(drop)
    }
}
