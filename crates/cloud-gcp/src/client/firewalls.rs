//! `/global/firewalls` (<https://cloud.google.com/compute/docs/reference/rest/v1/firewalls>).

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages, request_id};
use crate::wire::{Firewall, List, Operation};

impl Api {
    pub(crate) async fn create_firewall(&self, body: &Firewall) -> Result<Operation> {
        let path = self.path("global/firewalls").await?;
        let request = self.compute.post("create_firewall", path).query("requestId", request_id());
        request.repeatable().json(body).send().await
    }

    pub(crate) async fn get_firewall(&self, name: &str) -> Result<Firewall> {
        let path = self.path(format!("global/firewalls/{}", segment(name))).await?;
        self.compute.get("get_firewall", path).send().await
    }

    pub(crate) async fn all_firewalls(&self) -> Result<Vec<Firewall>> {
        let path = self.path("global/firewalls").await?;
        all_pages::<List<Firewall>>(|| self.compute.get("list_firewalls", &path).query("maxResults", PER_PAGE)).await
    }

    pub(crate) async fn delete_firewall(&self, name: &str) -> Result<Operation> {
        let path = self.path(format!("global/firewalls/{}", segment(name))).await?;
        self.compute.delete("delete_firewall", path).query("requestId", request_id()).send().await
    }
}
