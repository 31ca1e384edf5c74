//! `/ssh_keys` (<https://docs.hetzner.cloud/reference/cloud#ssh-keys>).

use cloud_types::Result;

use super::{Api, BY_ID, all_pages};
use crate::wire::{CreateSshKey, SshKey, SshKeyList, SshKeyResponse, UpdateSshKey};

impl Api {
    /// Repeatable: name and key are unique in a project.
    pub(crate) async fn create_ssh_key(&self, body: &CreateSshKey<'_>) -> Result<SshKey> {
        let request = self.0.post("create_ssh_key", "ssh_keys").repeatable();
        let answer: SshKeyResponse = request.json(body).send().await?;
        Ok(answer.ssh_key)
    }

    /// The key with this MD5 fingerprint: a key is unique in a project.
    pub(crate) async fn find_ssh_key(&self, fingerprint: &str) -> Result<Option<SshKey>> {
        let request = self.0.get("find_ssh_key", "ssh_keys").query("fingerprint", fingerprint);
        let list: SshKeyList = request.send().await?;
        Ok(list.ssh_keys.into_iter().next())
    }

    pub(crate) async fn all_ssh_keys(&self, labels: &str) -> Result<Vec<SshKey>> {
        all_pages::<SshKeyList>(|| {
            self.0.get("list_ssh_keys", "ssh_keys").query("label_selector", labels).query("sort", BY_ID)
        })
        .await
    }

    /// Gives a key another name and replaces all its labels.
    pub(crate) async fn update_ssh_key(&self, id: u64, body: &UpdateSshKey<'_>) -> Result<SshKey> {
        let request = self.0.put("create_ssh_key", format!("ssh_keys/{id}"));
        let answer: SshKeyResponse = request.json(body).send().await?;
        Ok(answer.ssh_key)
    }

    pub(crate) async fn delete_ssh_key(&self, id: u64) -> Result<()> {
        self.0.delete("delete_ssh_key", format!("ssh_keys/{id}")).retry_conflicts().send_empty().await
    }
}
