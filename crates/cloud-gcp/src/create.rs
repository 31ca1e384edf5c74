//! What Google can do of a create, of which [`create_once`] makes one that happens exactly once.
//!
//! A name is unique in a zone alone, and a host's zone is ours to choose. So all creates of one owner and name try the
//! region's zones in one order, made of both: two that race meet in the same zone, where Google refuses the second. Where
//! they miss each other all the same, because a zone had no room for one of them or they ask for different regions, each
//! sees the other when it looks again after its create.
//!
//! The answer to an insert promises nothing: room and quota are known when its operation fails, or when the instance is past
//! `PROVISIONING`. A launch waits for one of both, which takes seconds, and not for the host to run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_driver::{
    Account, Candidate, Creates, Request, Sends, Surplus, Unique, create_once, found, labels as driver_labels,
    remove_unused,
};
use cloud_types::clock::within;
use cloud_types::{Created, Error, ErrorKind, HostRuntime, HostSpec, Result};

use crate::delete::{Delete, Part, delete_and_see_gone};
use crate::parts::Parts;
use crate::place::Place;
use crate::plan::Plan;
use crate::seen::{Address, Begun, Labels, Seen};
use crate::{convert, labels, planner};

/// Creates a host, and gives its address back where the host that has the name does without.
pub(crate) async fn create(parts: &Parts, spec: &HostSpec) -> Result<Created> {
    let create =
        Create { parts, address: Mutex::default(), refused: Mutex::default(), found_disk: AtomicBool::new(true) };
    let created = create_once(&create, spec).await?;
    let given = create.address().clone();
    if let Some(given) = given
        && created.host().addresses.public_v4.is_none_or(|has| has.to_string() != given.ip)
    {
        create.release(spec).await;
    }
    Ok(created)
}

/// One create.
struct Create<'a> {
    parts: &'a Parts,
    /// The address that was reserved for the host.
    address: Mutex<Option<Address>>,
    /// Why the host's address will never be free, where it is taken for good.
    refused: Mutex<Option<Error>>,
    /// Whether the data disk was there before, so that its marks may be those of an earlier host.
    found_disk: AtomicBool,
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = String;
    type Host = Seen;
    type Made = ();

    const UNIQUE: Unique = Unique::Place;

    fn account(&self) -> &Account {
        &self.parts.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.parts.reader.recent
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        planner::check(&self.parts.account, spec)
    }

    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        *self.address() = None;
        planner::plan(self.parts, spec).await
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [String] {
        &plan.zones
    }

    fn labels(&self, spec: &HostSpec, plan: &Plan) -> Labels {
        let address = self.parts.addresses.reserves(spec).then(|| self.parts.addresses.name(spec.name.as_str()));
        let tag = self.parts.firewalls.of(spec).map(|rules| rules.tag);
        labels::of_host(tag, address, plan.boot.system.ssh_user())
    }

    async fn candidates(&self, spec: &HostSpec) -> Result<Vec<Candidate<Seen>>> {
        let mut there = Vec::new();
        for seen in self.parts.reader.own(&[("name", spec.name.as_str())]).await? {
            if !self.parts.reader.is_leaving(&seen).await? {
                there.push(seen.into());
            }
        }
        Ok(there)
    }

    /// The instance that has the name in the zone. One that is being deleted, or made and not shown, holds it as well, and
    /// nobody sees it: then the launch is tried again.
    async fn holder(&self, request: &Request<'_, Plan>, zone: &String) -> Result<Option<Candidate<Seen>>> {
        if let Some(refused) = lock(&self.refused).take() {
            return Err(refused);
        }
        let place = Place::new(zone, request.spec.name.as_str());
        match found(self.parts.reader.get(&place).await)? {
            Some(seen) if !self.parts.reader.is_leaving(&seen).await? => Ok(Some(seen.into())),
            _ => Ok(None),
        }
    }

    async fn launch(&self, request: &Request<'_, Plan>, zone: &String, (): &mut ()) -> Result<Candidate<Seen>> {
        let parts = self.parts;
        self.found_disk.store(request.plan.disk.is_some(), Ordering::Relaxed);
        let address = self.ensure_address(request.spec).await?;
        if let Some(rules) = parts.firewalls.of(request.spec) {
            parts.firewalls.ensure(&rules).await?;
        }
        let body = convert::create_instance(request, zone, parts.account.owner(), &parts.network, address.as_ref());
        let launched = match parts.api.create_instance(zone, &body).await {
            Ok(operation) => self.decided(request, zone, operation.into()).await,
            // Nobody said whether it was done.
            Err(error) => Err(match error.kind() {
                ErrorKind::Unavailable | ErrorKind::Timeout => error.with_kind(ErrorKind::OutcomeUnknown),
                _ => error,
            }),
        };
        if launched.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict) {
            // Perhaps by the address, which is looked for again.
            *self.address() = None;
        }
        // The operation was begun by this request, and so is what it made, whatever a read shows of it yet.
        launched.map(|seen| Candidate { labels: request.labels.clone(), ..seen.into() })
    }

    /// The rules may have gone with another host before anybody saw this one. A data disk that an earlier host left gets the
    /// marks of this spec only now: as long as no host has it, it stays what it was.
    async fn complete(&self, spec: &HostSpec, plan: Option<&Plan>, host: &Candidate<Seen>) -> Result<()> {
        if let Some(rules) = self.parts.firewalls.of(spec) {
            self.parts.firewalls.check(rules).await?;
        }
        let Some(wanted) = &spec.data_disk else { return Ok(()) };
        let owner = self.parts.account.owner();
        let disk = match plan {
            Some(plan) => plan.disk.clone(),
            None => {
                let name = labels::data_disk_name(owner, spec.name.as_str());
                found(self.parts.disks.get(&Place::new(host.host.place.zone.as_str(), name)).await)?
            }
        };
        match disk {
            Some(disk) => {
                let marks = driver_labels::of_data_disk(owner, spec.name.as_str(), wanted);
                self.parts.disks.mark(disk, &marks).await
            }
            None => Ok(()),
        }
    }

    async fn host(&self, seen: Seen) -> Result<HostRuntime> {
        self.parts.reader.recent.made(seen.place.clone());
        self.parts.host(&seen).await
    }

    async fn remove(&self, host: &Candidate<Seen>, why: Surplus) -> Result<()> {
        delete_and_see_gone(self.parts, &host.id).await?;
        if why == Surplus::Lost && !self.found_disk.load(Ordering::Relaxed) {
            for kept in host.host.disks.iter().filter(|disk| !disk.auto_delete && !disk.boot) {
                self.parts.disks.remove(&Place::new(host.host.place.zone.as_str(), kept.name.as_str())).await?;
            }
        }
        Ok(())
    }

    async fn undo(&self, request: &Request<'_, Plan>, (): ()) {
        if let Some(rules) = self.parts.firewalls.of(request.spec) {
            let _ = remove_unused(&Delete(self.parts), Part::Rules(rules.tag, None), None).await;
        }
        self.release(request.spec).await;
    }

    /// Something of an earlier host was going with it: its data disk, or its address.
    async fn is_passing(&self, request: &Request<'_, Plan>, (): &(), error: &Error) -> Result<bool> {
        if let Some(disk) = &request.plan.disk
            && self.parts.disks.is_lost(disk).await?
        {
            return Ok(true);
        }
        let given = self.address().clone();
        self.parts.addresses.is_lost(request.spec, given.as_ref(), error).await
    }

    fn decision(&self) -> Duration {
        FREED
    }
}

impl Create<'_> {
    /// Reserves the host's address, where it is to have one and this create has none.
    async fn ensure_address(&self, spec: &HostSpec) -> Result<Option<Address>> {
        if !self.parts.addresses.reserves(spec) {
            return Ok(None);
        }
        let given = self.address().clone();
        if given.is_some() {
            return Ok(given);
        }
        let address = self.parts.addresses.ensure(spec).await.inspect_err(|error| {
            if error.kind() == ErrorKind::AlreadyExists {
                *lock(&self.refused) = Some(error.clone());
            }
        })?;
        *self.address() = Some(address.clone());
        Ok(Some(address))
    }

    /// Waits until Google has decided about an insert.
    async fn decided(&self, request: &Request<'_, Plan>, zone: &str, begun: Begun) -> Result<Seen> {
        let (reader, operations) = (&self.parts.reader, &self.parts.operations);
        let place = Place { number: begun.target.clone(), ..Place::new(zone, request.spec.name.as_str()) };
        reader.recent.made(place.clone());
        reader.recent.begun(place.clone(), [begun.clone()]);
        let unknown = |error: Error| error.with_kind(ErrorKind::OutcomeUnknown);
        let deciding = async {
            loop {
                let seen = found(reader.get(&place).await).map_err(unknown)?;
                let seen = match seen {
                    Some(seen) if !seen.is_provisioning => return Ok(seen),
                    other => other,
                };
                match (operations.look(&begun).await.map_err(unknown)?, seen) {
                    (Some(Err(failed)), _) => {
                        reader.recent.forget(&place);
                        return Err(failed);
                    }
                    (Some(Ok(())), Some(seen)) => return Ok(seen),
                    // It was made and is gone again, or it is not shown yet.
                    (Some(Ok(())), None) => {
                        return reader.read_alone(&place).await.map_err(|error| match error.kind() {
                            ErrorKind::NotFound => error
                                .with_kind(ErrorKind::Conflict)
                                .with_context("the host was deleted while it was made"),
                            _ => unknown(error),
                        });
                    }
                    (None, _) => {}
                }
            }
        };
        within(self.parts.account.clock(), DECISION, deciding).await.unwrap_or_else(|| {
            let message = format!("Google has not decided about host {} after {DECISION:?}", place.host_id());
            Err(Error::new(ErrorKind::OutcomeUnknown, message))
        })
    }

    /// Gives the host's address back, unless a host has it. Best effort: a repeat of the create, a delete of the host and a
    /// sweep find it too.
    async fn release(&self, spec: &HostSpec) {
        if self.parts.addresses.reserves(spec) {
            let name = self.parts.addresses.name(spec.name.as_str());
            if let Ok(Some(part)) = Delete(self.parts).address(spec.region.as_str(), &name, None).await {
                let _ = remove_unused(&Delete(self.parts), part, None).await;
            }
        }
    }

    fn address(&self) -> MutexGuard<'_, Option<Address>> {
        lock(&self.address)
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<Seen> for Candidate<Seen> {
    fn from(seen: Seen) -> Self {
        Self { id: seen.place.host_id(), labels: seen.labels.clone(), created: seen.created, host: seen }
    }
}

/// How long a name is waited for that something invisible has: an instance is made or deleted within a minute or two.
const FREED: Duration = Duration::from_secs(180);
/// How long a create waits for Google to find room or not: mostly seconds.
const DECISION: Duration = Duration::from_secs(300);
