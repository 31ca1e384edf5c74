//! The programs that change the kernel's networks: `ip` and `nft`.

use std::process::Stdio;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use crate::{error, program};

/// A program, and Debian's package of it.
pub(super) struct Tool {
    pub(super) name: &'static str,
    package: &'static str,
}

/// Interfaces and routes: <https://man7.org/linux/man-pages/man8/ip.8.html>.
pub(super) const IP: Tool = Tool { name: "ip", package: "iproute2" };

/// Rules for packets: <https://man7.org/linux/man-pages/man8/nft.8.html>.
pub(super) const NFT: Tool = Tool { name: "nft", package: "nftables" };

/// Addresses and names for VMs: <https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html>.
pub(super) const DNSMASQ: Tool = Tool { name: "dnsmasq", package: "dnsmasq-base" };

/// All that a network needs.
pub(super) const TOOLS: [Tool; 3] = [IP, NFT, DNSMASQ];

impl Tool {
    /// Its path.
    ///
    /// # Errors
    /// `Unsupported` where it is missing, with its package.
    pub(super) fn path(&self) -> Result<std::path::PathBuf> {
        // Where administrators' programs are is not in everybody's PATH.
        let found = program::find(self.name).or_else(|| program::find(&format!("/usr/sbin/{}", self.name)));
        found.ok_or_else(|| error::missing_program(self.name, self.package))
    }

    /// Runs it, and answers what it printed. It holds `guard` open until it ends, also where this process is killed.
    ///
    /// # Errors
    /// `Unsupported` where it is missing; `Unexpected` where it fails, with its words.
    pub(super) async fn run(&self, guard: Stdio, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(self.path()?);
        command.args(arguments).stdin(guard).kill_on_drop(true);
        let late = |_| Error::new(ErrorKind::Timeout, format!("{} did not end within {DEADLINE:?}", self.name));
        let output = timeout(DEADLINE, command.output()).await.map_err(late)?;
        let output = output.map_err(|error| error::io(format_args!("running {}", self.name), error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        let words = words.trim().replace('\n', "; ");
        let called = arguments.first().filter(|_| self.name == "ip").map(|_| arguments.join(" "));
        Err(Error::new(ErrorKind::Unexpected, format!("{} {}: {words}", self.name, called.unwrap_or_default())))
    }

    /// Runs it for what it tells as JSON; nothing printed is an empty list.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let text = self.run(Stdio::null(), arguments).await?;
        let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let values: Result<Vec<Value>, _> = values.collect();
        let unreadable = |error| Error::new(ErrorKind::Unexpected, format!("{} printed: {error}", self.name));
        let flat = values.map_err(unreadable)?.into_iter().flat_map(|value| match value {
            Value::Array(values) => values,
            value => vec![value],
        });
        Ok(flat.collect())
    }
}

/// For what takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(20);
