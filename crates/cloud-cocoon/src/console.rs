//! A host's first serial port.

use async_trait::async_trait;
use cloud_types::{Console, ConsoleAccess, Error, ErrorKind, HostId, Result};
use cocoon::VmState;
use secrecy::SecretString;

use crate::host::Provider;

#[async_trait]
impl Console for Provider {
    /// The address of a Unix socket of this box, which serves one client at a time: `unix:///…`.
    async fn open_console(&self, id: &HostId) -> Result<ConsoleAccess> {
        let open = async {
            let vm = self.0.vm(id).await?;
            if vm.state == VmState::Stopped {
                return Err(Error::new(ErrorKind::Conflict, format!("host {id} does not run: start it first")));
            }
            let address = format!("unix://{}", vm.console_socket.display());
            Ok(ConsoleAccess::new(SecretString::from(address), None))
        };
        self.0.account.call("open_console", open).await
    }

    /// The last 64 KiB.
    async fn console_output(&self, id: &HostId) -> Result<String> {
        let read = async {
            let vm = self.0.vm(id).await?;
            let mut logs = self.0.cocoon.logs(&vm.name).await?;
            logs.skip_to_last(MOST).await?;
            let mut output = Vec::new();
            // The guest may go on writing.
            while output.len() < MOST as usize {
                let part = logs.next().await?;
                if part.is_empty() {
                    break;
                }
                output.extend(part);
            }
            Ok(String::from_utf8_lossy(&output).into_owned())
        };
        self.0.account.call("console_output", read).await
    }
}

const MOST: u64 = 64 << 10;
