//! What a host wrote to its console: the last 64 KB of it
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-console.html>).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_driver::nonsense;
use cloud_types::{Console, HostId, Result};

use crate::convert::Place;
use crate::host::Aws;

#[async_trait]
impl Console for Aws {
    async fn console_output(&self, id: &HostId) -> Result<String> {
        let read = async {
            let place = Place::of_host(id)?;
            self.0.reader.read_alone(&place).await?;
            // Machines of before Nitro have no present output, only that of their last start or stop.
            let latest = match self.0.api.console_output(&place, true).await {
                Err(error) if error.code() == Some("UnsupportedOperation") => {
                    self.0.api.console_output(&place, false).await
                }
                other => other,
            };
            decode(&latest?.unwrap_or_default())
        };
        self.0.account.call("console_output", read).await
    }
}

fn decode(text: &str) -> Result<String> {
    let packed: String = text.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed).map_err(|_| nonsense("console output"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_decoded_however_its_lines_are_broken() {
        assert_eq!(decode("Ym9v\ndGVk").unwrap(), "booted");
        assert_eq!(decode("").unwrap(), "");
        assert!(decode("%%%").is_err());
    }
}
