//! `/global/firewalls` (<https://cloud.google.com/compute/docs/reference/rest/v1/firewalls>).

use cloud_http::segment;
use cloud_types::Result;

use super::Api;
use crate::wire::{Firewall, List, Operation};

impl Api {
    pub(crate) async fn create_firewall(&self, body: &Firewall) -> Result<Operation> {
        self.change("create_firewall", self.path("global/firewalls").await?).json(body).send().await
    }

    pub(crate) async fn get_firewall(&self, name: &str) -> Result<Firewall> {
        self.compute.get("get_firewall", self.firewall(name).await?).send().await
    }

    pub(crate) async fn all_firewalls(&self) -> Result<Vec<Firewall>> {
        self.list::<List<Firewall>>("list_firewalls", "global/firewalls", "").await
    }

    pub(crate) async fn delete_firewall(&self, name: &str) -> Result<Operation> {
        self.removal("delete_firewall", self.firewall(name).await?).send().await
    }

    async fn firewall(&self, name: &str) -> Result<String> {
        self.path(format!("global/firewalls/{}", segment(name))).await
    }
}
