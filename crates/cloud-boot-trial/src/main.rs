//! `cloud-boot-trial --image FOLDER --json`: boots generated user data for real and looks whether all came to be.
//!
//! `cargo xtask boot` prepares the image and runs this. Everything is done through what users have: `Bootstrap::render`,
//! `wait_ready` with an `Ssh` reach, and its session.
#![allow(clippy::print_stdout, reason = "a command-line program")]

mod bundle;
mod expect;
mod guest;
mod host;
mod image;
mod machine;
mod report;
mod scenarios;
mod server;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use image::Image;
use report::Report;

/// Whatever went wrong in the trial itself, as a line for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T = ()> = std::result::Result<T, Failure>;

/// Boots generated user data for real and looks whether all came to be.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the image: kernel, initrd and root.ext4.
    #[arg(long)]
    image: PathBuf,
    /// Leaves disks and consoles where they are, and tells where.
    #[arg(long)]
    keep: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

// On one thread, since the kernel ends QEMU with the thread that started it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(LIMIT, run(&arguments)) => {
            outcome.unwrap_or_else(|_| Err(format!("not done after {LIMIT:?}").into()))
        }
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match outcome {
        Ok(report) => show(&report, arguments.json),
        Err(error) => {
            eprintln!("boot: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Report> {
    let trial = trial::Trial::new(Image::open(&arguments.image)?, arguments.keep)?;
    Box::pin(scenarios::run(&trial)).await
}

fn show(report: &Report, json: bool) -> ExitCode {
    if json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else {
        print!("{report}");
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long all boots together may take.
const LIMIT: Duration = Duration::from_secs(1800);
