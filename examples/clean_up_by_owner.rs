//! Cleaning up after a crash: all that one owner has goes, whatever it is; others' things and kept disks stay.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use cloud::local::{Config, Local};
use cloud::{
    CloudProvider, CloudProviderExt, DataDisk, GiB, HostSpec, Image, InboundPort, Machine, Name, Owner, Region, Result,
};

#[tokio::main]
async fn main() -> Result<()> {
    let production = Config::default().owner(Owner::new("production")?).build()?;
    production.create_host(&spec("web-1")?).await?;

    // The same account, another owner: a test run that made this much and then crashed.
    let tests = production.with_owner(Owner::new("nightly-tests")?);
    tests.create_host(&spec("runner-1")?.inbound(InboundPort::tcp(22)?)).await?;
    tests.create_host(&spec("runner-2")?.data_disk(DataDisk::new(GiB(10)).keep())).await?;
    show("Before", &tests).await?;

    // The next run begins by sweeping what is older than itself.
    let report = tests.sweep_before(tests.clock().now()).await?;
    for resource in &report.deleted {
        println!("Deleted {} {}", resource.kind, resource.name);
    }
    for resource in &report.spared {
        println!("Spared {} {}, which was marked to be kept", resource.kind, resource.name);
    }
    for (resource, error) in &report.failed {
        println!("Could not delete {} {}: {error}", resource.kind, resource.name);
    }
    show("After", &tests).await?;
    show("Untouched", &production).await
}

async fn show(when: &str, provider: &Local) -> Result<()> {
    let sweep = provider.sweep().expect("the in-memory provider claims Ability::Sweep");
    let resources = sweep.list_resources().await?;
    let names: Vec<_> = resources.iter().map(|resource| format!("{} {}", resource.kind, resource.name)).collect();
    println!("{when}: {} has {}", provider.owner(), names.join(", "));
    Ok(())
}

fn spec(name: &str) -> Result<HostSpec> {
    Ok(HostSpec::new(Name::new(name)?, Region::new("local-a")?, Machine::named("small")?, Image::debian("12")))
}
