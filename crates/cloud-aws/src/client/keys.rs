//! Key pairs, of which EC2 keeps the public half
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html>).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{Filter, KeyPairInfo, TagSpecification};
use cloud_types::{Error, ErrorKind, Region, Result};

use super::Api;

impl Api {
    /// Keeps a public key, and answers its id. A region has a name once only.
    pub(crate) async fn create_key(
        &self,
        region: &Region,
        name: &str,
        public_key: &str,
        tags: &TagSpecification,
    ) -> Result<String> {
        let import = |ec2: Client| {
            let request = ec2.import_key_pair().key_name(name).public_key_material(Blob::new(public_key));
            request.tag_specifications(tags.clone()).send()
        };
        let id = self.call("create_ssh_key", region, import).await?.key_pair_id;
        id.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a key pair was made without an id"))
    }

    /// All key pairs that pass the filters, with their public keys: this list has no pages.
    pub(crate) async fn all_keys(&self, region: &Region, filters: &[Filter]) -> Result<Vec<KeyPairInfo>> {
        let describe =
            |ec2: Client| ec2.describe_key_pairs().set_filters(Some(filters.to_vec())).include_public_key(true).send();
        Ok(self.call("list_ssh_keys", region, describe).await?.key_pairs.unwrap_or_default())
    }

    /// Deletes a key pair; one that is not there is no error.
    pub(crate) async fn delete_key(&self, region: &Region, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_key_pair().key_pair_id(id).send();
        match self.call("delete_ssh_key", region, delete).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes a key pair by its name, also one that lists do not show yet; one that is not there is no error.
    pub(crate) async fn delete_key_named(&self, region: &Region, name: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_key_pair().key_name(name).send();
        match self.call("delete_ssh_key", region, delete).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}
