//! What the tour prints: a progress bar on a terminal, tables everywhere.

use std::time::Duration;

use cloud::{Catalog, CloudProvider, CloudProviderExt, HostRuntime, HostState, Money, Result, Snapshot, Wait};
use comfy_table::{Table, presets};
use futures::future::try_join_all;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::plan::Plan;

/// What was chosen from the catalog.
pub(crate) fn plan(plan: &Plan) {
    let (small, larger) = (&plan.small, &plan.larger);
    let (from, to) = (&small.machine_type, &larger.machine_type);
    let (low, high) = (amount(small.hourly, 4), amount(larger.hourly, 4));
    println!("Cheapest: {} in {}, {} vCPUs, {}, {low} an hour", from.name, small.region, from.vcpus, from.memory);
    println!("Larger:   {}, {} vCPUs, {}, {high} an hour", to.name, to.vcpus, to.memory);
}

/// Waits until all hosts can be reached; a line a host shows how far it is, on a terminal.
pub(crate) async fn progress(
    provider: &dyn CloudProvider,
    hosts: impl Iterator<Item = &HostRuntime>,
) -> Result<Vec<HostRuntime>> {
    println!("\nMake three hosts and wait until they are ready");
    let lines = MultiProgress::new();
    let hosts: Vec<_> = hosts.map(|host| (host, lines.add(bar(&host.name)))).collect();
    let ready = try_join_all(hosts.iter().map(|(host, bar)| {
        let wait = Wait::within(Duration::from_secs(600)).on_progress(|seen| {
            bar.set_message(seen.host.state.to_string());
            bar.set_position(steps(&seen.host.state));
        });
        provider.wait_ready(&host.id, wait)
    }));
    let ready = ready.await;
    for (_, bar) in &hosts {
        bar.finish_and_clear();
    }
    ready
}

/// The hosts as a table, with what an hour of each costs while it runs and while it is stopped.
pub(crate) async fn hosts(catalog: &dyn Catalog, hosts: &[HostRuntime]) -> Result<()> {
    let costs = try_join_all(hosts.iter().map(|host| catalog.host_cost(host))).await?;
    let mut table = table(&["name", "state", "address", "type", "zone", "an hour running", "an hour stopped"]);
    for (host, cost) in hosts.iter().zip(costs) {
        table.add_row([
            host.name.clone(),
            host.state.to_string(),
            host.addresses
                .public_v4
                .or(host.addresses.private_v4)
                .map_or_else(String::new, |address| address.to_string()),
            host.machine_type.to_string(),
            host.zone.as_ref().map_or_else(|| host.region.to_string(), ToString::to_string),
            amount(cost.hourly_running(), 4),
            amount(cost.hourly_stopped(), 4),
        ]);
    }
    println!("\n{table}");
    Ok(())
}

/// What a month would cost if everything stayed as it is now, running or stopped.
pub(crate) async fn month(catalog: &dyn Catalog, hosts: &[HostRuntime], snapshot: &Snapshot) -> Result<()> {
    let mut table = table(&["what", "a month"]);
    let kept = catalog.snapshot_cost(snapshot).await?.monthly_running();
    let mut total = kept;
    for host in hosts {
        let cost = catalog.host_cost(host).await?;
        let stopped = host.state == HostState::Stopped;
        let month = if stopped { cost.monthly_stopped() } else { cost.monthly_running() };
        table.add_row([format!("{} ({})", host.name, host.state), amount(month, 2)]);
        total = sum(total, month);
    }
    table.add_row(["the snapshot".to_owned(), amount(kept, 2)]);
    table.add_row(["all of it, before tax".to_owned(), amount(total, 2)]);
    println!("\nIf it all stayed for a month\n{table}");
    Ok(())
}

/// Prices are exact decimals; different currencies do not add up.
fn sum(left: Money, right: Money) -> Money {
    left.checked_add(right).expect("a provider bills in one currency")
}

/// An amount rounded for people: amounts themselves are exact.
fn amount(money: Money, decimals: usize) -> String {
    format!("{:.decimals$} {}", money.amount, money.currency)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(header);
    table
}

fn bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:24}] {msg}").expect("a template that is well-formed");
    ProgressBar::new(steps(&HostState::Running)).with_style(style.progress_chars("=> ")).with_prefix(name.to_owned())
}

/// How far a host is on its way to running.
fn steps(state: &HostState) -> u64 {
    match state {
        HostState::Running => 3,
        HostState::Starting => 2,
        _ => 1,
    }
}
