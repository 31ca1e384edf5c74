//! What a host wrote to its console.

use async_trait::async_trait;
use cloud_types::{Console, HostId, Result};

use crate::cloud::Cloud;
use crate::faults::Operation;
use crate::local::Local;

#[async_trait]
impl Console for Local {
    async fn console_output(&self, id: &HostId) -> Result<String> {
        let read = |cloud: &mut Cloud, _| Ok(cloud.host(id.as_str())?.console.join("\n"));
        self.0.account.call("console_output", self.0.client.repeat(Operation::ReadConsole, read)).await
    }
}
