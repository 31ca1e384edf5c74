//! Waiting until a host can be used: one deadline, each rung told, and an error that says where it got stuck.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use async_trait::async_trait;
use cloud::local::Local;
use cloud::reach::Banner;
use cloud::{
    CloudProvider, CloudProviderExt, HostRuntime, HostSpec, Image, Machine, Name, NotReady, Reach, Region, Result,
    Rung, Sight, Wait,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let provider = Local::new();
    let machine = Machine::named("small")?;
    let spec = HostSpec::new(Name::new("web-1")?, Region::new("local-a")?, machine, Image::ubuntu("24.04"));

    // Answers as soon as the provider has an id: store it, the host is not running yet.
    let host = provider.create_host(&spec).await?.into_host();
    println!("{} has id {} and is {}", host.name, host.id, host.state);

    // Nobody answers at the host: the error names the rung, what was seen there last, and what the console says. The
    // host is there still.
    let socket = TcpListener::bind((HERE, 0)).await.expect("a free port");
    let port = socket.local_addr().expect("bound").port();
    drop(socket);
    let banner = Here(Banner::new().port(port));
    let soon = Wait::within(Duration::from_secs(5)).through(&banner);
    match provider.wait_ready(&host.id, soon).await {
        Err(error) => {
            println!("Not yet: {error}");
            if let Some(stuck) = NotReady::of(&error) {
                println!("Stuck before the {}; its console ends with {:?}", stuck.rung(), stuck.console());
            }
        }
        Ok(host) => println!("Sooner than expected: {} is ready", host.name),
    }

    // Time enough, and an observer that prints each rung once.
    tokio::spawn(serve(port));
    let wait = Wait::within(Duration::from_secs(300)).through(&banner).on_progress(|seen| {
        if let Some(rung) = seen.reached {
            println!("After {:4.1} s: {rung} ({})", seen.elapsed.as_secs_f32(), seen.evidence);
        }
    });
    let host = provider.wait_ready(&host.id, wait).await?;
    let address = host.addresses.to_reach()[0];
    println!("Ready: ssh {}@{address}", host.ssh_user);

    provider.delete_and_wait(&host.id, Wait::within(Duration::from_secs(300))).await
}

/// Hosts in memory have no network: this machine answers in their place. For a real host `Banner::new()` is enough, or
/// with the feature `ssh`, `Ssh::new(…)`, which also checks the host's key and how its first boot ended.
#[derive(Debug)]
struct Here(Banner);

#[async_trait]
impl Reach for Here {
    fn rungs(&self) -> &[Rung] {
        self.0.rungs()
    }

    async fn look(&self, rung: Rung, host: &HostRuntime, _at: IpAddr) -> Sight {
        self.0.look(rung, host, HERE).await
    }
}

/// Greets like an SSH server.
async fn serve(port: u16) {
    let socket = TcpListener::bind((HERE, port)).await.expect("the port that was free");
    while let Ok((mut stream, _)) = socket.accept().await {
        let _ = stream.write_all(b"SSH-2.0-example\r\n").await;
    }
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
