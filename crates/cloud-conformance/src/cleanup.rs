//! Deleting what a behaviour made, also where it failed: runs against a real cloud cost money.

use cloud_types::{CloudProvider, CloudProviderExt, ErrorKind, ListHosts, Result};
use futures::TryStreamExt;

use crate::outcome::Expect;
use crate::{Case, Outcome};

impl Case {
    /// Deletes all that bears a name of this case, whoever of its owners made it.
    pub(crate) async fn clean_up(&self) -> Outcome {
        self.backend.heal().await;
        // What was made just now may not be listed yet.
        self.settle().await;
        let others = self.backend.other_owner().await;
        for provider in [self.provider(), &*others] {
            self.clean_up_after(provider).await.or_fail("what the behaviour made can be deleted afterwards")?;
        }
        Ok(())
    }

    async fn clean_up_after(&self, provider: &dyn CloudProvider) -> Result<()> {
        let is_ours = |name: &str| name.starts_with(&self.prefix);
        let listed = || provider.hosts(ListHosts::mine()).try_collect::<Vec<_>>();
        for host in self.patiently(listed).await?.iter().filter(|host| is_ours(&host.name)) {
            self.patiently(|| provider.delete_host(&host.id)).await?;
        }
        if let Some(snapshots) = provider.snapshots() {
            for snapshot in self.patiently(|| snapshots.list_snapshots()).await? {
                if snapshot.name.as_deref().is_some_and(is_ours) {
                    self.patiently(|| snapshots.delete_snapshot(&snapshot.id)).await?;
                }
            }
        }
        if let Some(volumes) = provider.volumes() {
            for volume in self.patiently(|| volumes.list_volumes()).await?.iter().filter(|v| is_ours(&v.name)) {
                // A list may still show what went with its host a moment ago.
                match self.patiently(|| volumes.detach_volume(&volume.id)).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    other => other?,
                }
                self.patiently(|| volumes.delete_volume(&volume.id)).await?;
            }
        }
        if let Some(keys) = provider.ssh_keys() {
            for key in self.patiently(|| keys.list_ssh_keys()).await?.iter().filter(|key| is_ours(&key.name)) {
                self.patiently(|| keys.delete_ssh_key(&key.id)).await?;
            }
        }
        Ok(())
    }
}
