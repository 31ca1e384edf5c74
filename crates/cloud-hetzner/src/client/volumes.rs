//! `/volumes` and their actions (<https://docs.hetzner.cloud/reference/cloud#volumes>).

use std::collections::BTreeMap;

use cloud_types::Result;

use super::{Api, BY_ID, all_pages};
use crate::wire::{
    Action, ActionResponse, AttachVolume, CreateVolume, CreateVolumeResponse, Relabel, ResizeVolume, Volume,
    VolumeList, VolumeResponse,
};

impl Api {
    /// Repeatable: names are unique in a project.
    pub(crate) async fn create_volume(&self, body: &CreateVolume<'_>) -> Result<CreateVolumeResponse> {
        self.0.post("create_volume", "volumes").repeatable().json(body).send().await
    }

    pub(crate) async fn get_volume(&self, id: u64) -> Result<Volume> {
        let answer: VolumeResponse = self.0.get("get_volume", format!("volumes/{id}")).send().await?;
        Ok(answer.volume)
    }

    pub(crate) async fn find_volume(&self, name: &str) -> Result<Option<Volume>> {
        let list: VolumeList = self.0.get("find_volume", "volumes").query("name", name).send().await?;
        Ok(list.volumes.into_iter().next())
    }

    pub(crate) async fn all_volumes(&self, labels: &str) -> Result<Vec<Volume>> {
        all_pages::<VolumeList>(|| {
            self.0.get("list_volumes", "volumes").query("label_selector", labels).query("sort", BY_ID)
        })
        .await
    }

    pub(crate) async fn attach_volume(&self, id: u64, server: u64) -> Result<Action> {
        let request = self.0.post("attach_volume", format!("volumes/{id}/actions/attach"));
        let body = AttachVolume { server, automount: false };
        let answer: ActionResponse = request.repeatable().retry_conflicts().json(&body).send().await?;
        Ok(answer.action)
    }

    pub(crate) async fn detach_volume(&self, id: u64) -> Result<Action> {
        let request = self.0.post("detach_volume", format!("volumes/{id}/actions/detach"));
        let answer: ActionResponse = request.repeatable().retry_conflicts().send().await?;
        Ok(answer.action)
    }

    pub(crate) async fn resize_volume(&self, id: u64, size: u32) -> Result<Action> {
        let request = self.0.post("grow_volume", format!("volumes/{id}/actions/resize"));
        let answer: ActionResponse = request.repeatable().retry_conflicts().json(&ResizeVolume { size }).send().await?;
        Ok(answer.action)
    }

    /// Replaces all labels.
    pub(crate) async fn relabel_volume(&self, id: u64, labels: &BTreeMap<String, String>) -> Result<()> {
        let request = self.0.put("relabel_volume", format!("volumes/{id}"));
        request.json(&Relabel { labels }).retry_conflicts().send_empty().await
    }

    /// A volume that is busy or attached is a `Conflict`, returned at once.
    pub(crate) async fn try_delete_volume(&self, id: u64) -> Result<()> {
        self.0.delete("delete_volume", format!("volumes/{id}")).send_empty().await
    }

    /// Waits while the volume is busy.
    pub(crate) async fn delete_volume(&self, id: u64) -> Result<()> {
        self.0.delete("delete_volume", format!("volumes/{id}")).retry_conflicts().send_empty().await
    }
}
