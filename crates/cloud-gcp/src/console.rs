//! What a host wrote to its first serial port: the last megabyte of it
//! (<https://cloud.google.com/compute/docs/troubleshooting/viewing-serial-port-output>).

use async_trait::async_trait;
use cloud_types::{Console, HostId, Result};

use crate::convert::Place;
use crate::host::{Gcp, named};

#[async_trait]
impl Console for Gcp {
    async fn console_output(&self, id: &HostId) -> Result<String> {
        let read = async {
            let place = Place::of(&self.0.reader.read_alone(&Place::read(id.as_str())?).await?);
            Ok(self.0.api.serial_output(&place).await?.contents)
        };
        named("console_output", read.await)
    }
}
