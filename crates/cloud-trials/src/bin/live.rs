//! `live hetzner --max-cost 0.10`: the conformance suite on the real cloud. It costs money.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use cloud_hetzner::Config;
use cloud_trials::live::{self, Live, Result};

/// Runs the conformance suite on the real cloud and deletes all that it made.
#[derive(Debug, Parser)]
struct Arguments {
    /// On which; its token is taken from the environment (`HCLOUD_TOKEN`).
    provider: Provider,
    /// The most that it may cost, in the currency of the provider's prices; it decides how many behaviours are run.
    #[arg(long, required_unless_present = "sweep")]
    max_cost: Option<String>,
    /// Only this behaviour, and others that are named so; the cost is less.
    #[arg(long)]
    only: Vec<String>,
    /// Only deletes what crashed runs have left.
    #[arg(long)]
    sweep: bool,
    /// What is younger than so many minutes is left alone by --sweep.
    #[arg(long, default_value_t = 60)]
    older_than: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Provider {
    Hetzner,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.provider {
        Provider::Hetzner => go(&arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("live: {error}");
            ExitCode::from(2)
        }
    }
}

async fn go(arguments: &Arguments) -> Result<bool> {
    let config = Config::from_env()?;
    if arguments.sweep {
        let deleted = live::sweep_crashed(&config, Duration::from_secs(arguments.older_than * 60)).await?;
        println!("{deleted} things deleted");
        return Ok(true);
    }
    let most = arguments.max_cost.as_deref().unwrap_or_default();
    let (run, cost) = Live::new(config, arguments.only.clone())?.within(most).await?;
    println!("owner {}, {} behaviours, at most about {cost}", run.owner(), run.behaviours());
    let report = tokio::select! {
        report = run.run() => report,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    let deleted = run.clean_up().await?;
    eprintln!("{deleted} things swept");
    let report = report?;
    println!("{report}");
    Ok(report.is_clean())
}
