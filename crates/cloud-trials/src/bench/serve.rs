//! The simulator in a process of its own, so that its memory and time are not counted as ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use cloud_sim::{RateLimit, SimConfig};
use cloud_types::CloudProvider;

use super::Result;
use super::subject::{Bare, Subject};
use crate::providers::Provider;

/// A simulator in another process; it ends with this value.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    url: String,
    pub(super) subject: &'static dyn Subject,
}

impl Child {
    /// Starts this program again, as a simulator that holds so many hosts.
    pub(super) fn start(of: Provider, hosts: usize, speed: f64) -> Result<Self> {
        let subject = of.subject()?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", of.name, &hosts.to_string(), &speed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = process.stdout.take().ok_or("the simulator has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening ").ok_or("the simulator did not start")?.to_owned();
        Ok(Self { process, url, subject })
    }

    pub(super) fn provider(&self, speed: f64) -> Result<Box<dyn CloudProvider>> {
        self.subject.provider(&self.url, speed)
    }

    pub(super) fn bare(&self) -> Result<Box<dyn Bare>> {
        self.subject.bare(&self.url)
    }

    /// How many requests it has met.
    pub(super) async fn calls(&self) -> Result<u64> {
        let body = reqwest::get(format!("{}/_sim/stats", self.url)).await?.bytes().await?;
        let stats: serde_json::Value = serde_json::from_slice(&body)?;
        let calls = stats["calls"].as_object().ok_or("the simulator counts no calls")?;
        Ok(calls.values().filter_map(serde_json::Value::as_u64).sum())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It ends by itself when its input ends; this only spares the wait. One that has ended cannot be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is that other process: serves until its input ends.
///
/// # Errors
/// Where no port can be listened at.
pub async fn serve(provider: Provider, hosts: usize, speed: f64) -> Result<()> {
    let rate_limit = RateLimit { limit: 1_000_000_000, per_second: 1e6, initial: None };
    let config = SimConfig { speed, rate_limit, ..SimConfig::default() };
    let simulated = provider.subject()?.simulate(config, hosts).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening {}", simulated.url)?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
