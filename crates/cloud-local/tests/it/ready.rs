//! The ladder of `wait_ready`, with a script in the place of a network.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloud_local::{Config, Fault, FaultKind, Local, Operation};
use cloud_types::{
    Addresses, BootId, Capabilities, Clock, CloudProvider, CloudProviderExt, Console, ConsoleSignal, Created, Error,
    ErrorKind, HostId, HostPage, HostRuntime, HostSpec, HostState, ListHosts, NotReady, Owner, ProviderId,
    PublicNetwork, Reach, Result, Rung, ScaledClock, Sight, StopMode, Wait,
};

use crate::common::{minute, spec};

/// Answers for each rung in turn; the last answer stays.
#[derive(Debug, Default)]
struct Script {
    rungs: Vec<Rung>,
    answers: Mutex<BTreeMap<Rung, VecDeque<Option<Sight>>>>,
    looked: Mutex<Vec<(Rung, IpAddr)>>,
}

impl Script {
    fn new(rungs: impl IntoIterator<Item = (Rung, Vec<Option<Sight>>)>) -> Self {
        let answers: BTreeMap<_, VecDeque<_>> =
            rungs.into_iter().map(|(rung, answers)| (rung, answers.into())).collect();
        Self { rungs: answers.keys().copied().collect(), answers: Mutex::new(answers), looked: Mutex::default() }
    }

    fn looks(&self) -> usize {
        self.looked.lock().expect("no panic").len()
    }
}

#[async_trait]
impl Reach for Script {
    fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    async fn look(&self, rung: Rung, _host: &HostRuntime, at: IpAddr) -> Sight {
        self.looked.lock().expect("no panic").push((rung, at));
        let answer = {
            let mut answers = self.answers.lock().expect("no panic");
            let left = answers.get_mut(&rung).expect("a rung of the script");
            if left.len() > 1 { left.pop_front().expect("more than one") } else { left[0].clone() }
        };
        match answer {
            Some(sight) => sight,
            None => std::future::pending().await,
        }
    }
}

fn reached(evidence: &str) -> Option<Sight> {
    Some(Sight::Reached(evidence.to_owned()))
}

fn not_yet(evidence: &str) -> Option<Sight> {
    Some(Sight::NotYet(evidence.to_owned()))
}

fn never(evidence: &str) -> Option<Sight> {
    Some(Sight::Never(evidence.to_owned()))
}

/// A look that never comes back.
const HANGS: Option<Sight> = None;

/// A cloud on tokio's clock, which the tests pause.
fn local() -> Local {
    Config::default().clock(Arc::new(ScaledClock::new(1.0))).build().expect("valid settings")
}

async fn host(local: &Local) -> HostId {
    local.create_host(&spec("web")).await.expect("a host can be made").into_host().id
}

fn stuck(error: &Error) -> &NotReady {
    NotReady::of(error).unwrap_or_else(|| panic!("{error} has no NotReady"))
}

/// A cloud that forgets to give addresses.
#[derive(Debug)]
struct Bare(Local);

#[async_trait]
impl CloudProvider for Bare {
    fn id(&self) -> &ProviderId {
        self.0.id()
    }

    fn owner(&self) -> &Owner {
        self.0.owner()
    }

    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    fn clock(&self) -> &dyn Clock {
        self.0.clock()
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.create_host(spec).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let mut host = self.0.get_host(id).await?;
        host.addresses = Addresses::default();
        Ok(host)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        self.0.list_hosts(query).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.0.start_host(id).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        self.0.stop_host(id, mode).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        self.0.restart_host(id).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        self.0.delete_host(id).await
    }
}

#[tokio::test(start_paused = true)]
async fn each_rung_is_told_once_and_in_order() {
    let local = local();
    let id = host(&local).await;
    let script = Script::new([
        (Rung::Banner, vec![not_yet("refused"), not_yet("refused"), reached("SSH-2.0-x")]),
        (Rung::HostKey, vec![reached("SHA256:x")]),
        (Rung::FirstBoot, vec![not_yet("at work"), reached("done")]),
    ]);
    let (mut rungs, mut seen) = (Vec::new(), Vec::new());
    let wait = minute().through(&script).on_progress(|progress| {
        rungs.extend(progress.reached);
        seen.push(progress.evidence.to_owned());
    });
    let ready = local.wait_ready(&id, wait).await.unwrap();
    assert_eq!(ready.state, HostState::Running);
    assert_eq!(rungs, [Rung::Running, Rung::Address, Rung::Banner, Rung::HostKey, Rung::FirstBoot]);
    let looks = ["refused", "refused", "SSH-2.0-x", "SHA256:x", "at work", "done"];
    assert_eq!(seen[seen.len() - looks.len()..], looks);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_names_the_rung_and_what_was_seen_there_last() {
    let outer = [Rung::Banner, Rung::HostKey, Rung::FirstBoot];
    for missed in outer {
        let local = local();
        let id = host(&local).await;
        let answer = |rung| if rung < missed { reached("fine") } else { not_yet("the last\nand its details") };
        let script = Script::new(outer.map(|rung| (rung, vec![answer(rung)])));
        let clock = local.clock().monotonic();
        let error = local.wait_ready(&id, minute().through(&script)).await.unwrap_err();
        let took = local.clock().monotonic() - clock;
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(
            error.to_string(),
            format!("local wait_ready: host web is not ready after 60s: {missed}: the last (Timeout)")
        );
        assert_eq!((stuck(&error).rung(), stuck(&error).evidence()), (missed, "the last\nand its details"));
        assert!((60..62).contains(&took.as_secs()), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_lowest_rungs_are_named_too() {
    let local = local();
    let id = host(&local).await;
    let error = local.wait_ready(&id, Wait::within(Duration::from_millis(300))).await.unwrap_err();
    assert_eq!((error.kind(), stuck(&error).rung()), (ErrorKind::Timeout, Rung::Running));
    assert_eq!(stuck(&error).evidence(), "the host is Provisioning");
    assert_eq!(stuck(&error).console(), None);
    let bare = Bare(local);
    let error = bare.wait_ready(&id, minute()).await.unwrap_err();
    assert_eq!((error.kind(), stuck(&error).rung()), (ErrorKind::Timeout, Rung::Address));
    assert_eq!(stuck(&error).evidence(), "the host runs and has none");
}

#[tokio::test(start_paused = true)]
async fn without_a_public_address_the_private_one_is_looked_at() {
    let local = local();
    let wish = spec("hidden").public_network(PublicNetwork::NONE);
    let id = local.create_host(&wish).await.unwrap().into_host().id;
    let script = Script::new([(Rung::Banner, vec![reached("SSH-2.0-x")])]);
    let ready = local.wait_ready(&id, minute().through(&script)).await.unwrap();
    let private: IpAddr = ready.addresses.private_v4.unwrap().into();
    assert_eq!(*script.looked.lock().unwrap(), [(Rung::Banner, private)]);
}

#[tokio::test(start_paused = true)]
async fn a_first_boot_that_failed_ends_the_wait_at_once() {
    let local = local();
    let id = host(&local).await;
    let script =
        Script::new([(Rung::FirstBoot, vec![not_yet("at work"), never("bundle: the checksum differs\nline 2")])]);
    let error = local.wait_ready(&id, minute().through(&script)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.message(), "host web will not become ready: first boot: bundle: the checksum differs");
    assert_eq!(stuck(&error).evidence(), "bundle: the checksum differs\nline 2");
    assert_eq!(script.looks(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_is_cut_and_looked_again() {
    let local = local();
    let id = host(&local).await;
    let script = Script::new([(Rung::Banner, vec![HANGS, reached("SSH-2.0-x")])]);
    let mut seen = Vec::new();
    let wait = minute().through(&script).on_progress(|progress| seen.push(progress.evidence.to_owned()));
    local.wait_ready(&id, wait).await.unwrap();
    assert!(seen.iter().any(|line| line.ends_with("no answer in 30s")), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_stopped_or_deleted_meanwhile_ends_the_wait() {
    for (deletes, kinds) in
        [(false, [ErrorKind::Conflict].as_slice()), (true, &[ErrorKind::Conflict, ErrorKind::NotFound])]
    {
        let local = local();
        let id = host(&local).await;
        let script = Script::new([(Rung::Banner, vec![not_yet("connection refused")])]);
        let started = local.clock().monotonic();
        let meanwhile = async {
            local.clock().sleep(Duration::from_secs(20)).await;
            if deletes { local.delete_host(&id).await } else { local.stop_host(&id, StopMode::Hard).await }.unwrap();
        };
        let wait = Wait::within(Duration::from_secs(600)).through(&script);
        let (waited, ()) = futures::join!(local.wait_ready(&id, wait), meanwhile);
        let error = waited.unwrap_err();
        assert!(kinds.contains(&error.kind()), "{error}");
        assert!(error.message().contains("SSH banner"), "{error}");
        let took = local.clock().monotonic() - started;
        assert!(took < Duration::from_secs(45), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_address_is_looked_at_and_the_first_that_answers_counts() {
    let local = local();
    let wish = spec("both").public_network(PublicNetwork::BOTH);
    let id = local.create_host(&wish).await.unwrap().into_host().id;
    // Both are looked at, in this order; the second answers.
    let script = Script::new([
        (Rung::Banner, vec![not_yet("refused"), reached("SSH-2.0-x")]),
        (Rung::HostKey, vec![not_yet("closed"), reached("SHA256:x")]),
    ]);
    let ready = local.wait_ready(&id, minute().through(&script)).await.unwrap();
    let (v4, v6) = (ready.addresses.public_v4.unwrap().into(), ready.addresses.public_v6.unwrap().into());
    let expected = [(Rung::Banner, v4), (Rung::Banner, v6), (Rung::HostKey, v6), (Rung::HostKey, v6)];
    assert_eq!(*script.looked.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn several_ways_to_look_are_climbed_lowest_first() {
    let local = local();
    let id = host(&local).await;
    let boot = Script::new([(Rung::FirstBoot, vec![reached("done")])]);
    let banner = Script::new([(Rung::Banner, vec![reached("SSH-2.0-x")])]);
    let mut rungs = Vec::new();
    let wait = minute().through(&boot).through(&banner).on_progress(|progress| rungs.extend(progress.reached));
    local.wait_ready(&id, wait).await.unwrap();
    assert_eq!(rungs, [Rung::Running, Rung::Address, Rung::Banner, Rung::FirstBoot]);
}

#[tokio::test(start_paused = true)]
async fn a_create_goes_to_ready_with_a_wait_that_looks() {
    let local = local();
    let script = Script::new([(Rung::Banner, vec![not_yet("refused"), reached("SSH-2.0-x")])]);
    local.create_and_wait(&spec("web"), minute().through(&script)).await.unwrap();
    assert_eq!(script.looks(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_error_carries_the_end_of_the_console() {
    let local = local();
    let id = host(&local).await;
    let script = Script::new([(Rung::Banner, vec![not_yet("connection refused")])]);
    let error = local.wait_ready(&id, minute().through(&script)).await.unwrap_err();
    let console = stuck(&error).console().expect("the host wrote something");
    let all = local.console().unwrap().console_output(&id).await.unwrap();
    assert!(!console.is_empty() && all.trim_end().ends_with(console), "{console}");
    assert!(!error.to_string().contains(console) && !format!("{error:?}").contains(console));
}

#[tokio::test(start_paused = true)]
async fn a_console_that_fails_or_hangs_hides_nothing() {
    let day = Duration::from_secs(24 * 3600);
    for trouble in [FaultKind::UnavailableBefore, FaultKind::Slow(day)] {
        let local = local();
        let id = host(&local).await;
        let script = Script::new([(Rung::Banner, vec![not_yet("connection refused")])]);
        local.inject(Fault::new(trouble, Operation::ReadConsole).times(1000));
        let started = local.clock().monotonic();
        let error = local.wait_ready(&id, minute().through(&script)).await.unwrap_err();
        assert_eq!((error.kind(), stuck(&error).evidence()), (ErrorKind::Timeout, "connection refused"));
        assert_eq!(stuck(&error).console(), None, "{trouble:?}");
        let took = local.clock().monotonic() - started;
        assert!(took <= Duration::from_secs(71), "{trouble:?}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_failing_does_not_end_the_climb() {
    let local =
        Config::default().clock(Arc::new(ScaledClock::new(1.0))).patience(Duration::from_secs(1)).build().unwrap();
    let id = host(&local).await;
    let script =
        Script::new([(Rung::Banner, vec![not_yet("refused"); 40].into_iter().chain([reached("up")]).collect())]);
    local.inject(Fault::new(FaultKind::UnavailableBefore, Operation::GetHost).after(8).times(50));
    let ready = local.wait_ready(&id, Wait::within(Duration::from_secs(600)).through(&script)).await;
    assert_eq!(ready.unwrap().state, HostState::Running);
    assert!(local.inspect().faults > 0, "the provider did fail");
}

/// A console on which this is written.
struct Screen(Result<&'static str, ErrorKind>);

#[async_trait]
impl Console for Screen {
    async fn console_output(&self, _id: &HostId) -> Result<String> {
        self.0.map(str::to_owned).map_err(|kind| Error::new(kind, "no console"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_boots_end_is_found_on_the_console() {
    for (written, kind, evidence) in [
        (Ok("[ 9.1] cloud-boot: 0123456789abcdef: ready\r\nlogin: "), None, ""),
        (
            Ok("cloud-boot: 0123456789abcdef: failed: bundle: it differs"),
            Some(ErrorKind::Conflict),
            "bundle: it differs",
        ),
        (
            Ok("cloud-boot: fedcba9876543210: ready"),
            Some(ErrorKind::Timeout),
            "no signal of first boot 0123456789abcdef on the console",
        ),
        (Err(ErrorKind::Unavailable), Some(ErrorKind::Timeout), "no console (Unavailable)"),
        (Err(ErrorKind::Unsupported), Some(ErrorKind::Conflict), "no console (Unsupported)"),
    ] {
        let local = local();
        let id = host(&local).await;
        let screen = Screen(written);
        let signal = ConsoleSignal::new(&screen, "0123456789abcdef".parse::<BootId>().unwrap());
        let error = local.wait_ready(&id, minute().through(&signal)).await.err();
        assert_eq!(error.as_ref().map(Error::kind), kind, "{written:?}");
        assert_eq!(error.as_ref().map_or("", |error| stuck(error).evidence()), evidence);
    }
}
