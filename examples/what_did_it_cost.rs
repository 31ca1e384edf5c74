//! What hosts have cost: two hosts run for some days, one is stopped, one is resized, a snapshot and a data disk outlive
//! theirs, and the meter says to the last digit what each came to.
//!
//! `cargo run --example what_did_it_cost --features usage` needs no account, and its days pass in seconds. `-- --json` prints the bill for
//! programs. In the end each item is compared with the provider's own estimate times the time that it was used.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use cloud::local::Config;
use cloud::usage::{Bill, Change, Cost, FileLog, Meter, Metered, Period, Query, Subject};
use cloud::{
    Catalog, Clock, CloudProvider, CloudProviderExt, CostKind, CreateToken, DataDisk, GiB, HostId, HostSpec, HostState,
    Image, Machine, MachineTypeName, Name, Rate, Region, ResizeDisk, Result, ScaledClock, StopMode, Wait,
};
use comfy_table::{Table, presets};
use jiff::Timestamp;

#[derive(Debug, Parser)]
#[command(about = "Lets hosts run for some days and says what they have cost.")]
struct Arguments {
    /// Prints the bill as JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = temporary_folder();
    let outcome = run(&arguments, folder.join("usage.redb")).await;
    // Best effort: the system clears its temporary folder anyway.
    let _ = std::fs::remove_dir_all(folder);
    outcome
}

async fn run(arguments: &Arguments, log: PathBuf) -> Result<()> {
    // A day of this clock passes in a second.
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(86_400.0));
    let patient = Config::default().patience(PATIENCE);
    let local = Arc::new(patient.clock(Arc::clone(&clock)).build()?);
    // All that is done through `provider` is written to the log before the call answers.
    let meter = Meter::new(FileLog::open(log).await?).clock(clock);
    let provider = Metered::new(local, meter);

    let [web, db] = some_days(&provider).await?;
    let news = provider.meter().reconcile(&provider).await?.news;

    let bill = provider.meter().bill(&Query::new(Period::ALL)).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&bill).expect("a bill has no keys but text"));
        return Ok(());
    }
    show(&bill)?;
    let one = provider.meter().bill(&Query::new(Period::ALL).label("role", "db")).await?;
    println!("Of that, hosts with the label role=db: {}", total(&one)?);
    println!("Doubts: {}, and {} that the provider had to tell", bill.doubts.len(), news.len());
    for host in [web, db] {
        check(&provider, &bill, &Subject::host(provider.id(), &host)).await?;
    }
    Ok(())
}

/// `web-1` is off for a night; `db-1` is resized after a day, and leaves its data disk and a snapshot behind.
async fn some_days(provider: &Metered) -> Result<[HostId; 2]> {
    let (resize, snapshots) = (provider.resize(), provider.snapshots());
    let resize = resize.expect("the in-memory provider claims Ability::Resize");
    let snapshots = snapshots.expect("the in-memory provider claims Ability::Snapshots");

    let disk = DataDisk::new(GiB(50)).keep();
    let web = provider.create_and_wait(&spec("web-1")?, soon()).await?.id;
    let db = provider.create_and_wait(&spec("db-1")?.label("role", "db")?.data_disk(disk), soon()).await?.id;

    hours(provider, 20).await;
    provider.stop_host(&web, StopMode::Graceful).await?;
    provider.wait_for_state(&web, HostState::Stopped, soon()).await?;
    hours(provider, 8).await;
    provider.start_host(&web).await?;

    provider.stop_host(&db, StopMode::Hard).await?;
    provider.wait_for_state(&db, HostState::Stopped, soon()).await?;
    let snapshot = snapshots.create_snapshot(&db, &Name::new("before-resize")?).await?;
    provider.wait_for_snapshot(&snapshot.id, PATIENCE).await?;
    resize.resize_host(&db, &MachineTypeName::new("medium")?, ResizeDisk::Keep).await?;
    provider.start_host(&db).await?;

    hours(provider, 30).await;
    provider.delete_host(&web).await?;
    provider.delete_host(&db).await?;
    hours(provider, 24).await; // the disk and the snapshot are still billed
    snapshots.delete_snapshot(&snapshot.id).await?;
    Ok([web, db])
}

/// Each line, the sum of each currency, and how long the hosts ran.
fn show(bill: &Bill) -> Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_header(["what", "name", "item", "month", "hours", "cost"]);
    for line in &bill.lines {
        table.add_row([
            line.subject.kind.to_string(),
            line.tags.name.clone().unwrap_or_else(|| line.subject.id.clone()),
            format!("{}, {}", line.kind, line.description),
            line.month.to_string(),
            format!("{}:{:02}", line.seconds / 3600, line.seconds / 60 % 60),
            line.cost.rounded(6).to_string(),
        ]);
    }
    println!("{table}");
    println!("All of it, before tax: {}", total(bill)?);
    Ok(())
}

/// The exact sums, and what a person would be told.
fn total(bill: &Bill) -> Result<String> {
    let totals = bill.totals()?;
    Ok(totals.values().map(|cost| format!("{} (exactly {cost})", cost.rounded(2))).collect::<Vec<_>>().join(", "))
}

/// Compares a host's items with the provider's own estimates times the seconds between the log's events.
async fn check(provider: &Metered, bill: &Bill, host: &Subject) -> Result<()> {
    let catalog = provider.catalog().expect("the in-memory provider claims Ability::Catalog");
    let mut expected: Option<Cost> = None;
    let (mut machine, mut running): (&str, Option<Timestamp>) = ("small", None);
    let mut born = None;
    for entry in provider.meter().log().read(0, 1000).await? {
        let event = entry.event;
        if event.subject != *host {
            continue;
        }
        let stops = matches!(event.change, Change::Stopped | Change::Deleted);
        if let Some(since) = running.filter(|_| stops) {
            expected = add(expected, rate(catalog, machine, CostKind::Machine).await?, since, event.at)?;
            running = None;
        }
        match event.change {
            Change::Created { .. } => (born, running) = (Some(event.at), Some(event.at)),
            Change::Started => running = Some(event.at),
            Change::Resized { .. } => machine = "medium",
            _ => {}
        }
        if let (Change::Deleted, Some(born)) = (&event.change, born) {
            for kind in [CostKind::BootDisk, CostKind::Address] {
                expected = add(expected, rate(catalog, "small", kind).await?, born, event.at)?;
            }
        }
    }
    let items = [CostKind::Machine, CostKind::BootDisk, CostKind::Address];
    let lines = bill.lines.iter().filter(|line| line.subject == *host && items.contains(&line.kind));
    let billed = lines.map(|line| line.cost).reduce(|sum, cost| sum.checked_add(cost).unwrap_or(sum));
    let equal = if billed == expected { "equal to the last digit" } else { "NOT EQUAL" };
    let shown = |cost: Option<Cost>| cost.map_or_else(|| "nothing".to_owned(), |cost| cost.to_string());
    println!("{host}: billed {}\n    estimate × time: {} — {equal}", shown(billed), shown(expected));
    Ok(())
}

/// Adds what a rate comes to from one event to another; a started second counts whole.
fn add(sum: Option<Cost>, rate: Rate, from: Timestamp, to: Timestamp) -> Result<Option<Cost>> {
    let used = to.duration_since(from);
    let seconds = used.as_secs().unsigned_abs() + u64::from(used.subsec_nanos() > 0);
    let cost = Cost::over(rate, seconds)?;
    Ok(Some(sum.map_or(cost, |sum| sum.checked_add(cost).expect("a provider bills in one currency"))))
}

/// The provider's own price of one item of a host of this machine type.
async fn rate(catalog: &dyn Catalog, machine: &str, kind: CostKind) -> Result<Rate> {
    let mut spec = spec("estimate")?;
    spec.machine = Machine::named(machine)?;
    let estimate = catalog.estimate(&spec).await?;
    let item = estimate.items().iter().find(|item| item.kind == kind);
    Ok(item.expect("an estimate has a machine, a boot disk and an address").rate)
}

fn spec(name: &str) -> Result<HostSpec> {
    Ok(HostSpec::new(Name::new(name)?, Region::new("local-a")?, Machine::named("small")?, Image::ubuntu("24.04")))
}

async fn hours(provider: &Metered, hours: u64) {
    provider.clock().sleep(Duration::from_secs(hours * 3600)).await;
}

fn soon() -> Wait<'static> {
    Wait::within(PATIENCE)
}

fn temporary_folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("what-did-it-cost-{}", CreateToken::random()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
}

/// A minute of real time: a day of the scaled clock is a second.
const PATIENCE: Duration = Duration::from_secs(60 * 86_400);
