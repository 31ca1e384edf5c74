//! The simulator in a process of its own, so that its memory and time are not counted as ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cloud_hetzner::Hetzner;
use cloud_sim::hetzner::Sim;
use cloud_sim::{RateLimit, SimConfig};
use cloud_types::{Owner, ScaledClock, ownership};
use cloud_world::HostRequest;

use super::Result;

/// A simulator in another process; it ends with this value.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    pub(super) url: String,
}

impl Child {
    /// Starts this program again, as a simulator that holds so many hosts.
    pub(super) fn start(hosts: usize, speed: f64) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["serve", &hosts.to_string(), &speed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = process.stdout.take().ok_or("the simulator has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening ").ok_or("the simulator did not start")?.to_owned();
        Ok(Self { process, url })
    }

    pub(super) fn provider(&self, speed: f64) -> Result<Hetzner> {
        let config = cloud_hetzner::Config::new("bench").endpoint(format!("{}/v1", self.url));
        Ok(config.owner(Owner::new(OWNER)?).clock(Arc::new(ScaledClock::new(speed))).build()?)
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
pub async fn serve(hosts: usize, speed: f64) -> Result<()> {
    let rate_limit = RateLimit { limit: 1_000_000_000, per_second: 1e6, initial: None };
    let sim = Sim::start(SimConfig { speed, rate_limit, ..SimConfig::default() }).await?;
    fill(&sim, hosts)?;
    let mut out = std::io::stdout();
    writeln!(out, "listening {}", sim.url())?;
    out.flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

fn fill(sim: &Sim, hosts: usize) -> Result<()> {
    let now = sim.clock().now();
    let mut world = sim.world();
    let image = world.images.named("ubuntu-24.04").next().ok_or("there is no image")?.id;
    for number in 0..hosts {
        let name = format!("bench-{number}");
        let mut request = HostRequest::new(name.clone(), "cx22", image, "fsn1");
        request.labels.insert(ownership::OWNER.to_owned(), OWNER.to_owned());
        request.labels.insert(ownership::NAME.to_owned(), name);
        world.create_host(request, now)?;
    }
    Ok(())
}

pub(super) const OWNER: &str = "bench";
