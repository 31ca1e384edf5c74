//! The whole life of some hosts: made, waited for, resized, snapshotted, restored, stopped, priced and deleted.
//!
//! `cargo run --example quickstart` needs no account. `-- --provider hetzner` runs the same code on Hetzner Cloud, with
//! the token in `HCLOUD_TOKEN`; there it costs some cents. `--features gcp -- --provider gcp` runs it on Google Compute
//! Engine, with Application Default Credentials and the project in `GOOGLE_CLOUD_PROJECT`, or on a simulator:
//!
//! ```sh
//! cargo run -p cloud-sim -- gcp --listen 127.0.0.1:8080 --speed 100   # in another terminal
//! export CLOUDSDK_AUTH_ACCESS_TOKEN=any GOOGLE_CLOUD_PROJECT=any
//! export CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=http://127.0.0.1:8080/compute/v1/
//! export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBILLING=http://127.0.0.1:8080/
//! cargo run --example quickstart --features gcp -- --provider gcp
//! ```
//!
//! `--features aws -- --provider aws` runs it on AWS EC2, with the credentials that AWS' own tools would use, or on a
//! simulator:
//!
//! ```sh
//! cargo run -p cloud-sim -- aws --listen 127.0.0.1:8080 --speed 100   # in another terminal
//! export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_ENDPOINT_URL=http://127.0.0.1:8080
//! cargo run --example quickstart --features aws -- --provider aws
//! ```
//!
//! `--features cocoon -- --provider cocoon` runs it on this box: real virtual machines by QEMU, of Ubuntu's own cloud image,
//! which is downloaded once. As a user without rights, and with another image:
//!
//! ```sh
//! export COCOON_ROOT_DIR=~/.local/share/cocoon COCOON_IMAGES=ubuntu:24.04=/srv/any.qcow2
//! cargo run --example quickstart --features cocoon -- --provider cocoon
//! ```
//!
//! Whatever happens on the way, also Ctrl-C, it deletes all that it made and asks the provider whether anything is left.
#![allow(clippy::print_stdout, reason = "a command-line program")]

mod cleanup;
mod plan;
mod show;
mod tour;

use std::process::ExitCode;

use clap::Parser;
use cloud::{CreateToken, Error, ErrorKind, Owner, Registry, Result};

#[derive(Debug, Parser)]
#[command(about = "Makes three hosts, uses them, and deletes everything again.")]
struct Arguments {
    /// Where the hosts are made.
    #[arg(long, default_value = "local")]
    provider: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Failed: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let provider = Registry::with_enabled().open_as(&arguments.provider, fresh_owner()?).await?;
    println!("Owner {} on {}", provider.owner(), provider.id());

    let outcome = tokio::select! {
        outcome = tour::run(&*provider) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Error::new(ErrorKind::Conflict, "interrupted")),
    };
    if outcome.is_err() {
        println!("\nStopped early: delete what was made");
    }
    let cleaned = cleanup::delete_all(&*provider).await;
    outcome.and(cleaned)
}

/// An owner that nobody else is: what it has, this run has made.
fn fresh_owner() -> Result<Owner> {
    let random = CreateToken::random().to_string();
    let tail: String = random.chars().filter(char::is_ascii_alphanumeric).take(6).collect();
    Owner::new(format!("quickstart-{}", tail.to_ascii_lowercase()))
}
