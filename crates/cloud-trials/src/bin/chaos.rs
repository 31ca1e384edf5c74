//! `chaos --provider hetzner --hosts 2000 --faults 0.2 --seed 1 --json`: counts duplicates, losses and leftovers.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::process::ExitCode;

use clap::Parser;
use cloud_trials::chaos::{self, Report, Settings};
use cloud_trials::providers::Provider;

/// Creates, resizes, snapshots and deletes hosts under faults, and counts duplicates, losses and leftovers.
#[derive(Debug, Parser)]
struct Arguments {
    /// On what.
    #[arg(long)]
    provider: Provider,
    /// How many hosts.
    #[arg(long, default_value_t = 2000)]
    hosts: usize,
    /// How many requests meet a fault, 0 to 1.
    #[arg(long, default_value_t = 0.2)]
    faults: f64,
    /// Where all chance starts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many hosts are worked on at a time.
    #[arg(long, default_value_t = 64)]
    tasks: usize,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        outcome = run(&arguments) => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match outcome {
        Ok(report) => show(&report, arguments.json),
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Report, Box<dyn std::error::Error>> {
    let &Arguments { hosts, faults, seed, tasks, .. } = arguments;
    if !(0.0..=1.0).contains(&faults) {
        return Err("--faults must be from 0 to 1".into());
    }
    if tasks == 0 {
        return Err("--tasks must be at least 1".into());
    }
    let field = arguments.provider.field(faults, seed).await?;
    Ok(chaos::run(field, Settings { hosts, faults, seed, tasks }).await?)
}

fn show(report: &Report, json: bool) -> ExitCode {
    eprintln!("errors that callers met: {:?}", report.troubles);
    for remark in report.remarks.iter().take(MOST_REMARKS) {
        eprintln!("wrong: {remark}");
    }
    if json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else {
        println!(
            "{} of {} hosts, {} duplicates, {} lost, leftovers {:?}; {} calls, {} faults, {} dropped, {:.1} s",
            report.hosts_existing,
            report.hosts_asked,
            report.duplicates,
            report.lost,
            report.leftovers,
            report.calls,
            report.faults_injected,
            report.futures_dropped,
            report.seconds
        );
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const MOST_REMARKS: usize = 20;
