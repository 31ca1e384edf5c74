//! `/servers` and their actions (<https://docs.hetzner.cloud/reference/cloud#servers>).

use cloud_types::Result;

use super::{Api, BY_ID, PER_PAGE, all_pages};
use crate::wire::{
    Action, ActionList, ActionResponse, ChangeType, ConsoleResponse, CreateImage, CreateImageResponse, CreateServer,
    CreateServerResponse, Server, ServerList, ServerResponse,
};

impl Api {
    /// Not repeatable: the caller looks before it sends again.
    pub(crate) async fn create_server(&self, body: &CreateServer<'_>) -> Result<CreateServerResponse> {
        self.0.post("create_host", "servers").json(body).send().await
    }

    pub(crate) async fn get_server(&self, id: u64) -> Result<Server> {
        let answer: ServerResponse = self.0.get("get_host", format!("servers/{id}")).send().await?;
        Ok(answer.server)
    }

    /// The newest server of a name that a list shows. Names are unique in a project, but a list may show a server for a
    /// while after it is gone.
    pub(crate) async fn find_server(&self, name: &str) -> Result<Option<Server>> {
        let list: ServerList = self.0.get("find_host", "servers").query("name", name).send().await?;
        Ok(list.servers.into_iter().max_by_key(|server| server.id))
    }

    pub(crate) async fn list_servers(&self, name: Option<&str>, labels: &str, page: u64) -> Result<ServerList> {
        let mut request = self.0.get("list_hosts", "servers");
        if let Some(name) = name {
            request = request.query("name", name);
        }
        if !labels.is_empty() {
            request = request.query("label_selector", labels);
        }
        request.query("page", page).query("per_page", PER_PAGE).query("sort", BY_ID).send().await
    }

    pub(crate) async fn all_servers(&self, labels: &str) -> Result<Vec<Server>> {
        all_pages::<ServerList>(|| {
            self.0.get("list_hosts", "servers").query("label_selector", labels).query("sort", BY_ID)
        })
        .await
    }

    pub(crate) async fn delete_server(&self, id: u64) -> Result<()> {
        self.0.delete("delete_host", format!("servers/{id}")).retry_conflicts().send_empty().await
    }

    /// An action without parameters that does no harm when it is sent twice, such as `poweron`.
    pub(crate) async fn server_action(&self, operation: &'static str, id: u64, action: &str) -> Result<Action> {
        let request = self.0.post(operation, format!("servers/{id}/actions/{action}"));
        let answer: ActionResponse = request.repeatable().retry_conflicts().send().await?;
        Ok(answer.action)
    }

    /// Not repeatable: the caller looks before it sends again.
    pub(crate) async fn change_type(&self, id: u64, body: &ChangeType<'_>) -> Result<Action> {
        let request = self.0.post("resize_host", format!("servers/{id}/actions/change_type"));
        let answer: ActionResponse = request.json(body).send().await?;
        Ok(answer.action)
    }

    /// Not repeatable: the caller looks before it sends again.
    pub(crate) async fn create_image(&self, id: u64, body: &CreateImage<'_>) -> Result<CreateImageResponse> {
        self.0.post("create_snapshot", format!("servers/{id}/actions/create_image")).json(body).send().await
    }

    pub(crate) async fn request_console(&self, id: u64) -> Result<ConsoleResponse> {
        let request = self.0.post("open_console", format!("servers/{id}/actions/request_console"));
        request.repeatable().retry_conflicts().send().await
    }

    /// Up to [`ACTIONS_A_CALL`] actions by their ids; those that Hetzner does not know are left out.
    pub(crate) async fn actions(&self, ids: &[u64]) -> Result<Vec<Action>> {
        let mut request = self.0.get("poll_actions", "actions");
        for id in ids {
            request = request.query("id", id);
        }
        let list: ActionList = request.send().await?;
        Ok(list.actions)
    }
}

/// How many actions one call asks for, as Hetzner's own client does.
pub(crate) const ACTIONS_A_CALL: usize = 25;
