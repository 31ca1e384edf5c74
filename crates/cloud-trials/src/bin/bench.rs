//! `bench hetzner --json`: what the provider costs over bare HTTP, each value against its bound.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloud_trials::bench::{self, Memory, Value};
use cloud_trials::providers::Provider;
use peak_alloc::PeakAlloc;

/// Counts what is allocated.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Measures what the provider costs over bare HTTP.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Which provider.
    #[arg(default_value = "hetzner")]
    provider: Provider,
    /// Prints a line of JSON for each value.
    #[arg(long)]
    json: bool,
    /// Tells a ratio of times that is over its bound without failing for it: for a machine that does other work too.
    #[arg(long)]
    judge_counts_only: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Is the simulator that is measured against.
    #[command(hide = true)]
    Serve { provider: Provider, hosts: usize, speed: f64 },
}

// One thread: what is measured is work, not how well two cores share it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let memory = Memory {
        current: || ALLOCATOR.current_usage(),
        peak: || ALLOCATOR.peak_usage(),
        reset: || ALLOCATOR.reset_peak_usage(),
    };
    let outcome = match arguments.command {
        Some(Command::Serve { provider, hosts, speed }) => {
            bench::serve(provider, hosts, speed).await.map(|()| Vec::new())
        }
        None => bench::run(arguments.provider, memory).await,
    };
    match outcome {
        Ok(values) => {
            values.iter().for_each(|value| show(value, arguments.json));
            let well = |value: &Value| value.ok || (value.timed && arguments.judge_counts_only);
            if values.iter().all(well) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let causes = std::iter::successors(error.source(), |cause| cause.source());
            let causes: String = causes.map(|cause| format!(": {cause}")).collect();
            eprintln!("bench: {error}{causes}");
            ExitCode::from(2)
        }
    }
}

fn show(value: &Value, json: bool) {
    if json {
        println!("{}", serde_json::to_string(value).expect("a value is plain data"));
    } else {
        let verdict = if value.ok { "ok" } else { "TOO MUCH" };
        println!("{:24} {:8.3} {:8} at most {:5} {verdict}", value.name, value.value, value.unit, value.bound);
    }
}
