//! A provider of your own, held to the contract: a small one that can only make, read, stop and delete hosts.
//!
//! In a crate of its own it is `conformance_tests!(backend);` in `tests/conformance.rs`, a named test a behaviour.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::local::{Config, Local};
use cloud::{
    Ability, Capabilities, Clock, CloudProvider, Created, HostId, HostPage, HostRuntime, HostSpec, Image, ListHosts,
    MachineTypeName, Name, Owner, ProviderId, Result, ScaledClock, StopMode,
};
use cloud_conformance::{Backend, Stop, Suite};

#[tokio::main]
async fn main() -> ExitCode {
    let suite = Suite::whole().on_verdict(|verdict| {
        // What is not claimed is skipped; that it is refused then is a behaviour of its own.
        if !matches!(verdict.outcome, Err(Stop::Skipped(_))) {
            println!("{verdict}");
        }
    });
    // Each behaviour gets an account of its own, on a clock that runs fifty times as fast.
    let config = Config::default().clock(Arc::new(ScaledClock::new(50.0)));
    let report = suite.run(async || Account(config.clone().build().expect("valid settings"))).await;
    let (failed, skipped) = (report.failed().count(), report.skipped().count());
    println!("\nOf {} behaviours {failed} failed and {skipped} were skipped", report.verdicts.len());
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Your provider. This one lets the in-memory provider do the work; yours calls an API.
#[derive(Debug)]
struct Acme {
    id: ProviderId,
    claims: Capabilities,
    hosts: Local,
}

impl Acme {
    fn new(hosts: Local) -> Self {
        let mut claims = Capabilities::none();
        claims.abilities = vec![Ability::GracefulStop];
        claims.poll = hosts.capabilities().poll.clone();
        Self { id: ProviderId::new("acme"), claims, hosts }
    }
}

#[async_trait]
impl CloudProvider for Acme {
    fn id(&self) -> &ProviderId {
        &self.id
    }
    fn owner(&self) -> &Owner {
        self.hosts.owner()
    }
    fn capabilities(&self) -> &Capabilities {
        &self.claims
    }
    fn clock(&self) -> &dyn Clock {
        self.hosts.clock()
    }
    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.claims.check(spec)?;
        self.hosts.create_host(spec).await
    }
    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.hosts.get_host(id).await
    }
    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        self.hosts.list_hosts(query).await
    }
    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.hosts.start_host(id).await
    }
    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        self.hosts.stop_host(id, mode).await
    }
    async fn restart_host(&self, id: &HostId) -> Result<()> {
        self.hosts.restart_host(id).await
    }
    async fn delete_host(&self, id: &HostId) -> Result<()> {
        self.hosts.delete_host(id).await
    }
}

/// How the suite reaches it: an account that several owners and processes see.
struct Account(Local);

#[async_trait]
impl Backend for Account {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        Arc::new(Acme::new(self.0.clone()))
    }
    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(Acme::new(self.0.another_process()))
    }
    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(Acme::new(self.0.with_owner("somebody-else".parse().expect("a valid owner"))))
    }
    fn spec(&self, name: &Name) -> HostSpec {
        let region = "local-a".parse().expect("a valid region");
        let machine: MachineTypeName = "small".parse().expect("a valid machine type");
        HostSpec::new(name.clone(), region, machine, Image::debian("12"))
    }
    fn larger_machine(&self) -> MachineTypeName {
        "medium".parse().expect("a valid machine type")
    }
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let counts = self.0.inspect().counts;
        Some(counts.into_iter().map(|(kind, count)| (kind.to_string(), count)).collect())
    }
}
