//! What a host wrote to its first serial port: the last megabyte of it
//! (<https://cloud.google.com/compute/docs/troubleshooting/viewing-serial-port-output>).

use async_trait::async_trait;
use cloud_types::{Console, HostId, Result};

use crate::host::Gcp;

#[async_trait]
impl Console for Gcp {
    async fn console_output(&self, id: &HostId) -> Result<String> {
        let read = async { Ok(self.0.api.serial_output(&self.read(id).await?.place).await?.contents) };
        self.0.account.call("console_output", read).await
    }
}
