//! The console in a browser: an address and a password that work for a minute.

use async_trait::async_trait;
use cloud_types::{Console, ConsoleAccess, HostId, Result};

use crate::convert;
use crate::host::Hetzner;

#[async_trait]
impl Console for Hetzner {
    async fn open_console(&self, id: &HostId) -> Result<ConsoleAccess> {
        let open = async {
            let answer = self.0.api.request_console(convert::number(id.as_str())?).await?;
            Ok(ConsoleAccess::new(answer.wss_url, Some(answer.password)))
        };
        self.0.account.call("open_console", open).await
    }
}
