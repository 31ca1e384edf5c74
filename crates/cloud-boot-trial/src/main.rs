//! `cloud-boot-trial user-data` boots generated user data for real and looks whether all came to be; `cloud-boot-trial cocoon`
//! does so with the VMs of the command `cocoon`.
//!
//! `cargo xtask boot` and `cargo xtask cocoon-boot` prepare the images and run this. Everything is done through what users
//! have: `Bootstrap::render`, `wait_ready` with an `Ssh` reach, and its session; and the command.
#![allow(clippy::print_stdout, reason = "a command-line program")]

mod bundle;
mod cocoon;
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

use clap::{Args, Parser, Subcommand};

use image::Image;
use report::Report;

/// Whatever went wrong in the trial itself, as a line for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T = ()> = std::result::Result<T, Failure>;

/// Boots for real, and looks whether all came to be.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    trial: Kind,
    /// Prints one JSON object.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Generated user data on a real image.
    UserData(UserData),
    /// VMs of the command `cocoon`, from pulls to an empty root directory.
    Cocoon(cocoon::Arguments),
}

#[derive(Debug, Args)]
struct UserData {
    /// The folder of the image: kernel, initrd and root.ext4.
    #[arg(long)]
    image: PathBuf,
    /// Leaves disks and consoles where they are, and tells where.
    #[arg(long)]
    keep: bool,
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
    match &arguments.trial {
        Kind::UserData(UserData { image, keep }) => {
            let trial = trial::Trial::new(Image::open(image)?, *keep)?;
            Box::pin(scenarios::run(&trial)).await
        }
        Kind::Cocoon(arguments) => Box::pin(cocoon::run(arguments)).await,
    }
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
