//! The rules of a create, each on an API of a few lines that does what the rule is there for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloud_types::{
    Capabilities, Clock, HostState, Image, Machine, MachineTypeName, Name, Owner, ProviderId, Region, SystemClock,
};

use super::*;
use crate::Recent;

const ACME: ProviderId = ProviderId::new("acme");

/// An API that takes a name any number of times.
struct Api {
    account: Account,
    recent: Recent<String>,
    hosts: Mutex<Vec<Candidate<()>>>,
    /// What becomes of the next launches; then all go well.
    script: Mutex<VecDeque<Fate>>,
    two_places: bool,
    launches: AtomicUsize,
    undone: AtomicUsize,
    forgets: bool,
}

/// What becomes of a launch.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It is carried out, and the answer is lost.
    Lost,
    /// It is not carried out, and nobody says so.
    Vanished,
    Refused(ErrorKind),
}

use Fate::{Lost, Refused, Vanished};

impl Api {
    fn new(script: impl IntoIterator<Item = Fate>) -> Self {
        let mut capabilities = Capabilities::none();
        capabilities.read_lag = Duration::from_secs(5);
        let account = Account::new(ACME, Owner::default(), Arc::new(SystemClock), capabilities);
        Self {
            recent: Recent::new(&account),
            account,
            hosts: Mutex::default(),
            script: Mutex::new(script.into_iter().collect()),
            two_places: false,
            launches: AtomicUsize::new(0),
            undone: AtomicUsize::new(0),
            forgets: false,
        }
    }

    fn add(&self, labels: BTreeMap<String, String>, age: Duration) -> HostId {
        let mut hosts = self.hosts.lock().unwrap();
        let id = HostId::new(format!("{}", hosts.len() + 1));
        let created = Some(SystemClock.now() - age);
        hosts.push(Candidate { id: id.clone(), labels, created, host: () });
        id
    }

    fn ids(&self) -> Vec<String> {
        self.hosts.lock().unwrap().iter().map(|host| host.id.to_string()).collect()
    }
}

impl Creates for Api {
    type Plan = ();
    type Place = &'static str;
    type Host = ();
    type Made = u32;

    const UNIQUE: Unique = Unique::Nowhere;

    fn account(&self) -> &Account {
        &self.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.recent
    }

    fn check(&self, _: &HostSpec) -> Result<()> {
        Ok(())
    }

    async fn plan(&self, _: &HostSpec) -> Result<()> {
        Ok(())
    }

    fn places<'a>(&self, (): &'a ()) -> &'a [&'static str] {
        if self.two_places { &["a", "b"] } else { &["a"] }
    }

    async fn candidates(&self, _: &HostSpec) -> Result<Vec<Candidate<()>>> {
        Ok(self.hosts.lock().unwrap().clone())
    }

    async fn launch(&self, request: &Request<'_, ()>, _: &&'static str, made: &mut u32) -> Result<Candidate<()>> {
        self.launches.fetch_add(1, Ordering::Relaxed);
        *made += 1;
        let fate = self.script.lock().unwrap().pop_front();
        if let None | Some(Lost) = fate {
            let id = self.add(request.labels.clone(), Duration::ZERO);
            if fate.is_none() {
                return Ok(self.hosts.lock().unwrap().iter().find(|host| host.id == id).cloned().unwrap());
            }
        }
        Err(match fate {
            Some(Refused(kind)) => Error::new(kind, "refused"),
            _ => Error::new(ErrorKind::OutcomeUnknown, "no answer"),
        })
    }

    fn forget(&self, _: &Request<'_, ()>, _: &&'static str) -> bool {
        self.forgets
    }

    async fn host(&self, (): ()) -> Result<HostRuntime> {
        let (id, region) = (HostId::new("1"), Region::new("r").unwrap());
        let machine = MachineTypeName::new("m").unwrap();
        Ok(HostRuntime::new(ACME, id, "web".to_owned(), HostState::Provisioning, region, machine))
    }

    async fn remove(&self, host: &Candidate<()>, _: Surplus) -> Result<()> {
        self.hosts.lock().unwrap().retain(|one| one.id != host.id);
        Ok(())
    }

    async fn undo(&self, _: &Request<'_, ()>, _: u32) {
        self.undone.fetch_add(1, Ordering::Relaxed);
    }
}

fn spec() -> HostSpec {
    let (name, region) = (Name::new("web").unwrap(), Region::new("r").unwrap());
    HostSpec::new(name, region, Machine::named("m").unwrap(), Image::debian("12"))
}

/// The labels of a host that another call with the same spec made.
fn of_another_call() -> BTreeMap<String, String> {
    let mut labels = ownership::host_labels(&Owner::default(), &spec(), &CreateToken::random());
    labels.insert(ownership::CALL.to_owned(), CreateToken::random().to_string());
    labels
}

fn is_new(created: &Created) -> bool {
    matches!(created, Created::New(_))
}

#[tokio::test(start_paused = true)]
async fn a_host_whose_answer_was_lost_is_this_calls_own() {
    let api = Api::new([Lost]);
    assert!(is_new(&create_once(&api, &spec()).await.unwrap()));
    assert_eq!((api.ids().len(), api.launches.load(Ordering::Relaxed)), (1, 1));
    assert!(!is_new(&create_once(&api, &spec()).await.unwrap()), "the next call finds it");
}

#[tokio::test(start_paused = true)]
async fn a_callers_token_does_not_make_a_host_of_an_earlier_call_new() {
    let api = Api::new([Lost]);
    let spec = spec().create_token(CreateToken::random());
    assert!(is_new(&create_once(&api, &spec).await.unwrap()));
    assert!(!is_new(&create_once(&api, &spec).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_was_not_carried_out_is_sent_again_after_a_look() {
    let api = Api::new([Vanished, Vanished]);
    assert!(is_new(&create_once(&api, &spec()).await.unwrap()));
    assert_eq!((api.ids().len(), api.launches.load(Ordering::Relaxed)), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_older_host_that_comes_to_light_stays_and_the_new_one_goes() {
    let api = Api::new([]);
    let spec = spec();
    let creating = create_once(&api, &spec);
    let meanwhile = async {
        api.account.clock().sleep(Duration::from_secs(1)).await;
        api.add(of_another_call(), Duration::from_secs(2));
    };
    let (created, ()) = futures::join!(creating, meanwhile);
    assert!(!is_new(&created.unwrap()));
    assert_eq!(api.ids(), ["2"], "the host that was there before");
}

#[tokio::test(start_paused = true)]
async fn a_younger_host_is_deleted_and_a_copy_made_by_hand_stays() {
    let api = Api::new([]);
    let oldest = of_another_call();
    api.add(oldest.clone(), Duration::from_secs(300));
    api.add(of_another_call(), Duration::from_secs(200));
    api.add(oldest, Duration::from_secs(100));
    let mut unmarked = of_another_call();
    unmarked.remove(ownership::CALL);
    api.add(unmarked, Duration::from_secs(50));
    assert!(!is_new(&create_once(&api, &spec()).await.unwrap()));
    assert_eq!(api.ids(), ["1", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_spec_has_is_refused_and_nothing_is_launched() {
    let api = Api::new([]);
    api.add(of_another_call(), Duration::from_secs(300));
    let other = spec().label("role", "db").unwrap();
    assert_eq!(create_once(&api, &other).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(api.launches.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_removed_where_certainly_no_host_came_of_it() {
    for (script, kind, undone) in [
        (vec![Refused(ErrorKind::QuotaExceeded)], ErrorKind::QuotaExceeded, 1),
        (vec![Refused(ErrorKind::Unauthenticated)], ErrorKind::Unauthenticated, 1),
        (vec![Refused(ErrorKind::Unavailable)], ErrorKind::Unavailable, 0),
        // A launch is in doubt: what the host needs stays, and the caller is told of the doubt.
        (vec![Vanished, Refused(ErrorKind::Unavailable)], ErrorKind::OutcomeUnknown, 0),
        (vec![Vanished, Refused(ErrorKind::Unauthenticated)], ErrorKind::OutcomeUnknown, 0),
        (vec![Vanished, Refused(ErrorKind::QuotaExceeded)], ErrorKind::QuotaExceeded, 0),
        (vec![Vanished; 20], ErrorKind::OutcomeUnknown, 0),
        (vec![Refused(ErrorKind::AlreadyExists); 20], ErrorKind::Conflict, 1),
    ] {
        let api = Api::new(script.clone());
        assert_eq!(create_once(&api, &spec()).await.unwrap_err().kind(), kind, "{script:?}");
        assert_eq!(api.undone.load(Ordering::Relaxed), undone, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dependent_that_vanished_is_made_again_and_what_the_spec_names_is_not() {
    let mut api = Api::new([Refused(ErrorKind::NotFound)]);
    assert_eq!(create_once(&api, &spec()).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    api = Api { forgets: true, ..Api::new([Refused(ErrorKind::NotFound)]) };
    assert!(is_new(&create_once(&api, &spec()).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_place_without_room_is_followed_by_the_next_and_the_error_names_all() {
    let full = || Refused(ErrorKind::NoCapacity);
    let api = Api { two_places: true, ..Api::new([full()]) };
    assert!(is_new(&create_once(&api, &spec()).await.unwrap()));
    let api = Api { two_places: true, ..Api::new([full(), full()]) };
    let error = create_once(&api, &spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoCapacity);
    assert!(error.message().contains("in none of a, b"), "{error}");
}
