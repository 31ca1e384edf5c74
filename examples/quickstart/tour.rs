//! The tour itself: it speaks to a provider, whichever it is.

use std::time::Duration;

use cloud::{
    AfterResize, CloudProvider, CloudProviderExt, Error, HostRuntime, HostSpec, HostState, Image, Name, Resize,
    ResizeDisk, Result, Snapshot, Snapshots, StopMode, StoppedBilling, Wait,
};
use futures::future::try_join_all;

use crate::plan::{self, Plan};
use crate::show;

/// Makes hosts, uses them and deletes them.
pub(crate) async fn run(provider: &dyn CloudProvider) -> Result<()> {
    let catalog = provider.catalog().ok_or_else(|| missing("catalog"))?;
    let plan = plan::choose(catalog).await?;
    show::plan(&plan);

    let mut hosts = make_three(provider, &plan).await?;
    show::hosts(catalog, &hosts).await?;

    resize(provider, &hosts[0], &plan).await?;
    let snapshots = provider.snapshots().ok_or_else(|| missing("snapshots"))?;
    let snapshot = take_snapshot(provider, snapshots, &hosts[0]).await?;
    hosts.push(restore(provider, &plan, &snapshot).await?);
    stop_one(provider, &hosts[1]).await?;

    let hosts = read_again(provider, &hosts).await?;
    show::hosts(catalog, &hosts).await?;
    show::month(catalog, &hosts, &snapshot).await?;

    println!("\nDelete everything");
    try_join_all(hosts.iter().map(|host| provider.delete_and_wait(&host.id, minutes(5)))).await?;
    snapshots.delete_snapshot(&snapshot.id).await
}

/// Three hosts at once: each create answers as soon as there is an id, and waiting is apart.
async fn make_three(provider: &dyn CloudProvider, plan: &Plan) -> Result<Vec<HostRuntime>> {
    let specs = (1..=3).map(|number| spec(provider, plan, &number.to_string(), Image::ubuntu("24.04")));
    let specs = specs.collect::<Result<Vec<_>>>()?;
    let created = try_join_all(specs.iter().map(|spec| provider.create_host(spec))).await?;
    show::progress(provider, created.iter().map(cloud::Created::host)).await
}

async fn resize(provider: &dyn CloudProvider, host: &HostRuntime, plan: &Plan) -> Result<()> {
    let ability: &dyn Resize = provider.resize().ok_or_else(|| missing("resize"))?;
    let to = &plan.larger.machine_type.name;
    println!("\nResize {} from {} to {to}: stop, resize, start", host.name, host.machine_type);
    provider.stop_host(&host.id, StopMode::Graceful).await?;
    provider.wait_for_state(&host.id, HostState::Stopped, minutes(5)).await?;
    ability.resize_host(&host.id, to, ResizeDisk::Keep).await?;
    if provider.capabilities().after_resize == AfterResize::Stopped {
        provider.start_host(&host.id).await?;
    }
    provider.wait_for_state(&host.id, HostState::Running, minutes(10)).await?;
    Ok(())
}

async fn take_snapshot(
    provider: &dyn CloudProvider,
    snapshots: &dyn Snapshots,
    host: &HostRuntime,
) -> Result<Snapshot> {
    let name = Name::new(format!("{}-copy", host.name))?;
    println!("Snapshot {} as {name}", host.name);
    let snapshot = snapshots.create_snapshot(&host.id, &name).await?;
    provider.wait_for_snapshot(&snapshot.id, Duration::from_secs(20 * 60)).await
}

async fn restore(provider: &dyn CloudProvider, plan: &Plan, snapshot: &Snapshot) -> Result<HostRuntime> {
    let spec = spec(provider, plan, "restored", Image::Snapshot(snapshot.id.clone()))?;
    println!("Restore {} from the snapshot", spec.name);
    provider.create_and_wait(&spec, minutes(10)).await
}

async fn stop_one(provider: &dyn CloudProvider, host: &HostRuntime) -> Result<()> {
    let costs = match provider.capabilities().stopped_billing {
        StoppedBilling::Nothing => "costs nothing",
        StoppedBilling::DisksOnly => "costs its disks and addresses only",
        _ => "costs as much as when it runs; delete it to save money",
    };
    println!("Stop {}: stopped, it {costs}", host.name);
    provider.stop_host(&host.id, StopMode::Graceful).await?;
    provider.wait_for_state(&host.id, HostState::Stopped, minutes(5)).await?;
    Ok(())
}

async fn read_again(provider: &dyn CloudProvider, hosts: &[HostRuntime]) -> Result<Vec<HostRuntime>> {
    try_join_all(hosts.iter().map(|host| provider.get_host(&host.id))).await
}

/// A host named after its owner, since some providers want names unique in the whole account.
fn spec(provider: &dyn CloudProvider, plan: &Plan, tail: &str, image: Image) -> Result<HostSpec> {
    let name = Name::new(format!("{}-{tail}", provider.owner()))?;
    let machine = plan.small.machine_type.name.clone();
    Ok(HostSpec::new(name, plan.small.region.clone(), machine, image))
}

fn minutes(count: u64) -> Wait<'static> {
    Wait::within(Duration::from_secs(60 * count))
}

fn missing(ability: &str) -> Error {
    Error::unsupported(format!("the quickstart needs a provider with {ability}"))
}
