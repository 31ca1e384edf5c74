//! The simulators as a program: `cloud-sim hetzner --listen 127.0.0.1:8080 --speed 100`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use cloud_sim::{Face, RateLimit, Sim, SimConfig, aws, gcp, hetzner};

/// Loopback servers that behave like the providers' APIs, with faults.
#[derive(Debug, Parser)]
struct Arguments {
    /// Whose API is simulated.
    #[command(subcommand)]
    provider: Provider,
}

#[derive(Debug, Subcommand)]
enum Provider {
    /// Hetzner Cloud; the endpoint is the printed address followed by /v1.
    Hetzner(Options),
    /// Compute Engine; the endpoint is the printed address, its paths begin with /compute/v1.
    Gcp(Options),
    /// EC2 in all regions, with SSM, STS and the price list; the endpoint is the printed address.
    Aws(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How often simulated time passes real time.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Where all chance starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many requests meet a fault, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    faults: f64,
    /// The token that is asked for, at EC2 the access key id; any is taken without it.
    #[arg(long)]
    token: Option<String>,
    /// How many requests the rate limit holds; it regains them in an hour of simulated time.
    #[arg(long, default_value_t = 3600)]
    rate_limit: u32,
    /// A file that every exchange is appended to, as a line of JSON.
    #[arg(long, env = "CLOUD_SIM_RECORD")]
    record: Option<PathBuf>,
}

impl From<Options> for SimConfig {
    fn from(options: Options) -> Self {
        Self {
            listen: options.listen,
            speed: options.speed,
            seed: options.seed,
            faults: options.faults,
            token: options.token,
            rate_limit: RateLimit {
                limit: options.rate_limit,
                per_second: f64::from(options.rate_limit) / 3600.0,
                initial: None,
            },
            record: options.record,
            ..Self::default()
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    match Arguments::parse().provider {
        Provider::Hetzner(options) => serve::<hetzner::Hetzner>(options).await,
        Provider::Gcp(options) => serve::<gcp::Gcp>(options).await,
        Provider::Aws(options) => serve::<aws::Aws>(options).await,
    }
}

/// Runs until it is interrupted.
async fn serve<F: Face>(options: Options) -> std::io::Result<()> {
    let sim = Sim::<F>::start(options.into()).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening {}", sim.url())?;
    out.flush()?;
    tokio::signal::ctrl_c().await
}
