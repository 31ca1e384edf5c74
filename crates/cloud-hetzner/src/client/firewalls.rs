//! `/firewalls` (<https://docs.hetzner.cloud/reference/cloud#firewalls>).

use cloud_types::Result;

use super::{Api, BY_ID, all_pages};
use crate::wire::{CreateFirewall, Firewall, FirewallList, FirewallResponse};

impl Api {
    /// Repeatable: names are unique in a project.
    pub(crate) async fn create_firewall(&self, body: &CreateFirewall<'_>) -> Result<Firewall> {
        let request = self.0.post("create_firewall", "firewalls").repeatable();
        let answer: FirewallResponse = request.json(body).send().await?;
        Ok(answer.firewall)
    }

    pub(crate) async fn get_firewall(&self, id: u64) -> Result<Firewall> {
        let answer: FirewallResponse = self.0.get("get_firewall", format!("firewalls/{id}")).send().await?;
        Ok(answer.firewall)
    }

    pub(crate) async fn find_firewall(&self, name: &str) -> Result<Option<Firewall>> {
        let list: FirewallList = self.0.get("find_firewall", "firewalls").query("name", name).send().await?;
        Ok(list.firewalls.into_iter().next())
    }

    pub(crate) async fn all_firewalls(&self, labels: &str) -> Result<Vec<Firewall>> {
        all_pages::<FirewallList>(|| {
            self.0.get("list_firewalls", "firewalls").query("label_selector", labels).query("sort", BY_ID)
        })
        .await
    }

    /// A firewall that is in use is a `Conflict`, returned at once.
    pub(crate) async fn delete_firewall(&self, id: u64) -> Result<()> {
        self.0.delete("delete_firewall", format!("firewalls/{id}")).send_empty().await
    }
}
