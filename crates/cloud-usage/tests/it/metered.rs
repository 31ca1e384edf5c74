//! A metered provider in memory, on paused time: what is recorded, what a crash leaves out, and what a look mends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloud_local::{Config, Local};
use cloud_types::{
    CloudProvider, CloudProviderExt, CostKind, Currency, DataDisk, Error, ErrorKind, GiB, HostId, HostSpec, HostState,
    Image, Machine, MachineTypeName, Name, Region, ResizeDisk, Result, StopMode, Wait,
};
use cloud_usage::{
    Appended, Bill, Cost, DoubtKind, Entry, Event, EventLog, Hours, MemoryLog, Meter, Metered, Period, Query,
    SubjectKind,
};
use jiff::SignedDuration;

use crate::common::doubts;

const HOUR: Duration = Duration::from_secs(3600);

fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(600))
}

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("local-a").unwrap());
    HostSpec::new(name, region, Machine::named("small").unwrap(), Image::ubuntu("24.04"))
}

fn local() -> Arc<Local> {
    Arc::new(Config::instant().build().unwrap())
}

fn metered(local: &Arc<Local>) -> Metered {
    Metered::new(Arc::<Local>::clone(local), Meter::new(MemoryLog::new()))
}

async fn bill(meter: &Meter) -> Bill {
    meter.bill(&Query::new(Period::ALL)).await.unwrap()
}

/// The whole hours that the only host ran and was stopped: the test may run over the end of a month.
fn hours(bill: &Bill) -> (i64, i64) {
    let whole = |of: fn(&Hours) -> SignedDuration| bill.hours.iter().map(of).sum::<SignedDuration>().as_hours();
    (whole(|month| month.running), whole(|month| month.stopped))
}

async fn make(provider: &dyn CloudProvider, spec: &HostSpec) -> HostId {
    provider.create_and_wait(spec, wait()).await.unwrap().id
}

fn cost_of(bill: &Bill, kind: CostKind) -> Cost {
    bill.by_kind().unwrap()[&kind][&Currency::EUR]
}

#[tokio::test(start_paused = true)]
async fn what_is_done_through_a_metered_provider_is_billed_without_doubt() {
    let metered = metered(&local());
    let host = make(&metered, &spec("web-1")).await;
    tokio::time::sleep(2 * HOUR).await;
    metered.stop_host(&host, StopMode::Hard).await.unwrap();
    metered.wait_for_state(&host, HostState::Stopped, wait()).await.unwrap();
    tokio::time::sleep(10 * HOUR).await;
    let medium = MachineTypeName::new("medium").unwrap();
    metered.resize().unwrap().resize_host(&host, &medium, ResizeDisk::Keep).await.unwrap();
    metered.start_host(&host).await.unwrap();
    tokio::time::sleep(3 * HOUR).await;
    metered.delete_host(&host).await.unwrap();
    metered.delete_host(&host).await.unwrap();

    let bill = bill(metered.meter()).await;
    assert_eq!(doubts(&bill), []);
    // small 2 h, medium 3 h; the calls themselves take some seconds
    let machine = cost_of(&bill, CostKind::Machine).rounded(3);
    let catalog = metered.catalog().unwrap();
    let price = |machine| spec("x").name(Name::new(machine).unwrap());
    let hour = |machine: &'static str| {
        let mut spec = price(machine);
        spec.machine = Machine::named(machine).unwrap();
        async move { catalog.estimate(&spec).await.unwrap().items()[0].rate.hourly() }
    };
    let expected = hour("small").await.times(2).checked_add(hour("medium").await.times(3)).unwrap();
    assert_eq!(machine.amount, expected.amount.round_dp(3));
    assert_eq!(hours(&bill), (5, 10));
}

#[tokio::test(start_paused = true)]
async fn a_graceful_stop_counts_from_when_the_host_is_seen_stopped() {
    let metered = metered(&local());
    let host = make(&metered, &spec("web-1")).await;
    metered.stop_host(&host, StopMode::Graceful).await.unwrap();
    let subject = cloud_usage::Subject::host(metered.id(), &host);
    let power = async || metered.meter().standing(&subject).await.unwrap().unwrap().power;
    assert_eq!(power().await, cloud_usage::Power::Running);
    metered.wait_for_state(&host, HostState::Stopped, wait()).await.unwrap();
    assert_eq!(power().await, cloud_usage::Power::Stopped);
    assert_eq!(doubts(&bill(metered.meter()).await), []);
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_event_a_crash_has_lost_is_billed_from_its_creation() {
    let local = local();
    let meter = Meter::new(MemoryLog::new());
    let host = make(&*local, &spec("web-1")).await;
    tokio::time::sleep(5 * HOUR).await;
    let found = meter.reconcile(&*local).await.unwrap();
    assert_eq!((found.seen, found.news.len()), (1, 1));
    let bill_of_5_hours = bill(&meter).await;
    assert_eq!(hours(&bill_of_5_hours).0, 5);
    let kinds: Vec<_> = doubts(&bill_of_5_hours).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, [DoubtKind::CreationMissed, DoubtKind::PriceAssumed]);

    assert_eq!(meter.reconcile(&*local).await.unwrap().news, []);
    local.delete_host(&host).await.unwrap();
    tokio::time::sleep(HOUR).await;
    assert_eq!(meter.reconcile(&*local).await.unwrap().news.len(), 1);
    assert!(doubts(&bill(&meter).await).iter().any(|(kind, ..)| *kind == DoubtKind::DeletionMissed));
    assert!(meter.present().await.unwrap().is_empty());
    assert_eq!(meter.reconcile(&*local).await.unwrap().news, []);
}

#[tokio::test(start_paused = true)]
async fn a_kept_data_disk_and_a_snapshot_are_billed_when_their_host_is_gone() {
    let local = local();
    let metered = metered(&local);
    let host = make(&metered, &spec("db-1").data_disk(DataDisk::new(GiB(100)).keep())).await;
    let name = Name::new("before").unwrap();
    let snapshot = metered.snapshots().unwrap().create_snapshot(&host, &name).await.unwrap();
    metered.wait_for_snapshot(&snapshot.id, Duration::from_secs(60)).await.unwrap();
    tokio::time::sleep(HOUR).await;
    metered.delete_host(&host).await.unwrap();
    let until_deleted = bill(metered.meter()).await;
    tokio::time::sleep(730 * HOUR).await;

    let bill = bill(metered.meter()).await;
    let grown = |kind| {
        let (before, after) = (cost_of(&until_deleted, kind), cost_of(&bill, kind));
        (after.to_money().amount - before.to_money().amount).round_dp(6)
    };
    let catalog = metered.catalog().unwrap();
    let gib_month = catalog.disk_classes().await.unwrap()[0].gib_month;
    let kept = metered.snapshots().unwrap().get_snapshot(&snapshot.id).await.unwrap();
    assert_eq!(grown(CostKind::DataDisk), gib_month.times(100).amount);
    assert_eq!(grown(CostKind::Snapshot), catalog.snapshot_cost(&kept).await.unwrap().monthly_running().amount);
    let query = Query::new(Period::ALL).host(host);
    let of_host = metered.meter().bill(&query).await.unwrap();
    assert_eq!(of_host.totals().unwrap(), bill.totals().unwrap());
    let kinds: Vec<_> = of_host.by_subject().unwrap().into_keys().map(|subject| subject.kind).collect();
    assert_eq!(kinds, [SubjectKind::Host, SubjectKind::Volume, SubjectKind::Snapshot]);
    assert_eq!(metered.meter().reconcile(&*local).await.unwrap().news, []);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_a_new_host_gets_back_is_billed_once() {
    let local = local();
    let metered = metered(&local);
    let spec = spec("db-1").data_disk(DataDisk::new(GiB(100)).keep());
    let disk_seconds = async || {
        let bill = bill(metered.meter()).await;
        let disks = bill.lines.iter().filter(|line| line.kind == CostKind::DataDisk);
        disks.map(|line| line.seconds).sum::<u64>() / 3600
    };
    for hours in [2, 4, 6] {
        let host = make(&metered, &spec).await;
        tokio::time::sleep(HOUR).await;
        metered.delete_host(&host).await.unwrap();
        tokio::time::sleep(HOUR).await;
        assert_eq!(disk_seconds().await, hours);
    }
    assert_eq!(doubts(&bill(metered.meter()).await), []);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_an_unrecorded_call_has_made_is_a_doubt() {
    let local = local();
    let metered = metered(&local);
    make(&*local, &spec("web-1")).await;
    tokio::time::sleep(HOUR).await;
    make(&metered, &spec("web-1")).await;
    let bill = bill(metered.meter()).await;
    assert_eq!(hours(&bill).0, 1);
    assert_eq!(doubts(&bill)[0].0, DoubtKind::CreationMissed);
}

/// A log that is out of order for a while.
#[derive(Debug, Default)]
struct Broken {
    log: MemoryLog,
    broken: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl EventLog for Broken {
    async fn append(&self, events: &[Event]) -> Result<Vec<Appended>> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Unavailable, "out of order"));
        }
        self.log.append(events).await
    }

    async fn read(&self, after: u64, most: usize) -> Result<Vec<Entry>> {
        self.log.read(after, most).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_written_is_written_later_and_fails_no_call() {
    let log = Broken::default();
    let broken = Arc::clone(&log.broken);
    let metered = Metered::new(local(), Meter::new(log));
    broken.store(true, Ordering::Relaxed);
    make(&metered, &spec("web-1")).await;
    tokio::time::sleep(HOUR).await;
    assert_eq!(metered.flush().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(metered.meter().present().await.unwrap().is_empty());
    broken.store(false, Ordering::Relaxed);
    metered.flush().await.unwrap();
    let bill = bill(metered.meter()).await;
    assert_eq!((hours(&bill).0, bill.doubts.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_bill_is_found_by_owner_and_label() {
    let metered = metered(&local());
    make(&metered, &spec("web-1").label("role", "web").unwrap()).await;
    make(&metered, &spec("db-1").label("role", "db").unwrap()).await;
    tokio::time::sleep(HOUR).await;
    let names = async |query: Query| {
        let bill = metered.meter().bill(&query).await.unwrap();
        let mut names: Vec<_> = bill.lines.into_iter().filter_map(|line| line.tags.name).collect();
        names.dedup();
        names
    };
    assert_eq!(names(Query::new(Period::ALL).label("role", "db")).await, ["db-1"]);
    assert_eq!(names(Query::new(Period::ALL).owner(metered.owner().clone())).await.len(), 2);
    let other = cloud_types::Owner::new("other").unwrap();
    assert!(names(Query::new(Period::ALL).owner(other)).await.is_empty());
}
