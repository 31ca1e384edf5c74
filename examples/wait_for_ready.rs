//! Waiting: always with a deadline, told what is seen on the way, and repeatable when the deadline passes.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::time::Duration;

use cloud::local::Local;
use cloud::{CloudProvider, CloudProviderExt, ErrorKind, HostSpec, Image, Machine, Name, Region, Result, Wait};

#[tokio::main]
async fn main() -> Result<()> {
    let provider = Local::new();
    let machine = Machine::named("small")?;
    let spec = HostSpec::new(Name::new("web-1")?, Region::new("local-a")?, machine, Image::ubuntu("24.04"));

    // Answers as soon as the provider has an id: store it, the host is not running yet.
    let host = provider.create_host(&spec).await?.into_host();
    println!("{} has id {} and is {}", host.name, host.id, host.state);

    // A deadline that is too short: the error tells what was seen last, and the host is there still.
    match provider.wait_ready(&host.id, Wait::within(Duration::from_millis(200))).await {
        Err(error) if error.kind() == ErrorKind::Timeout => println!("Not yet: {error}"),
        other => println!("Sooner than expected: {other:?}"),
    }

    // Time enough, and an observer: print each change of state once.
    let mut last = None;
    let wait = Wait::within(Duration::from_secs(300)).on_progress(|seen| {
        if last.replace(seen.host.state.clone()).as_ref() != Some(&seen.host.state) {
            println!("After {:4.1} s it is {}", seen.elapsed.as_secs_f32(), seen.host.state);
        }
    });
    let host = provider.wait_ready(&host.id, wait).await?;
    let address = host.addresses.public_v4.map_or_else(|| "no address".to_owned(), |address| address.to_string());
    println!("Ready: ssh {}@{address}", host.ssh_user);

    provider.delete_and_wait(&host.id, Wait::within(Duration::from_secs(300))).await
}
