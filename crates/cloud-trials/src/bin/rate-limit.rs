//! `rate-limit --json`: 400 hosts through a budget of 3,600 calls an hour.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::process::ExitCode;

use clap::Parser;

/// Creates and deletes hosts through a small budget of calls: no refusal may be earned, and no time be lost.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many hosts.
    #[arg(long, default_value_t = 400)]
    hosts: usize,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match cloud_trials::rate::run(arguments.hosts).await {
        Ok(report) => {
            if arguments.json {
                println!("{}", serde_json::to_string(&report).expect("a report is plain data"));
            } else {
                println!(
                    "{} hosts, {} calls, {} refused; {:.0} s of {:.0} s allowed: {:.3}, at most {}",
                    report.hosts,
                    report.calls,
                    report.rate_limited,
                    report.seconds_simulated,
                    report.seconds_allowed,
                    report.ratio,
                    report.bound
                );
            }
            if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("rate-limit: {error}");
            ExitCode::from(2)
        }
    }
}
