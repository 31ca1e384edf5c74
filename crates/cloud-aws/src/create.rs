//! What EC2 can do of a create: it takes a name any number of times, but a *client token* once.
//!
//! By [its token](crate::token) a launch whose answer is lost is sent again, and of two creates that race EC2 makes one host.
//! What is left are creates that miss each other: because a zone had no room for one of them, because the hour ended
//! between them, or because they ask for different zones or regions. [`create_once`](cloud_driver::create_once) ends those.
//!
//! EC2 makes the host before it looks for room everywhere, and may give it up a moment later: waits tell that.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_driver::{Account, Candidate, Creates, Request, Sends, Surplus, Unique, remove_unused};
use cloud_types::ownership::{self, CALL};
use cloud_types::{Error, ErrorKind, HostRuntime, HostSpec, Region, Result};

use crate::client::{filter, tagged};
use crate::convert::{self, Seen};
use crate::delete::{self, Delete};
use crate::dependents::Shared;
use crate::parts::Parts;
use crate::plan::{Plan, Subnet};
use crate::reader::{READ_LAG, staying};
use crate::{data_disk, first_boot, labels, planner};

/// One create.
pub(crate) struct Create<'a> {
    parts: &'a Parts,
    state: Mutex<State>,
}

/// What one create has met so far.
#[derive(Debug, Default)]
struct State {
    /// The mark of this call.
    call: Option<String>,
    /// The token that another create has used and that shows no host, and since when it is met.
    taken: Option<(String, Duration)>,
    /// How a launch ended that nobody answered, and whose token shows no host.
    unanswered: Option<Error>,
}

impl<'a> Create<'a> {
    pub(crate) fn new(parts: &'a Parts) -> Self {
        Self { parts, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this very call launched the host.
    fn is_mine(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.get(CALL).is_some_and(|call| self.state().call.as_ref() == Some(call))
    }

    /// The instance that was launched with a client token, where it is shown; it may have ended.
    async fn by_token(&self, region: &Region, token: &str) -> Result<Option<Seen>> {
        Ok(self.parts.reader.list(region, &[filter("client-token", [token])]).await?.into_iter().next())
    }

    /// Whether a token is met for so long that its host would be shown. Should it be shown all the same, it is the older one.
    fn is_in_vain(&self, token: &str) -> bool {
        let now = self.parts.account.clock().monotonic();
        let mut state = self.state();
        let since = match &state.taken {
            Some((known, since)) if known == token => *since,
            _ => state.taken.insert((token.to_owned(), now)).1,
        };
        now.saturating_sub(since) >= READ_LAG
    }

    /// A host that a list has shown as it is by its id, unless it is being deleted.
    async fn still(&self, shown: Seen) -> Result<Option<Seen>> {
        match self.parts.reader.get(&shown.place).await {
            Ok(seen) => Ok(Some(seen).filter(|seen| !seen.is_leaving())),
            // One that has only just been made is not known everywhere yet.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let certain = self.parts.account.clock().now() - READ_LAG * 2;
                Ok(Some(shown).filter(|one| one.host.created_at.is_none_or(|at| at > certain)))
            }
            Err(error) => Err(error),
        }
    }
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = Subnet;
    type Host = Seen;
    type Made = Vec<Shared>;

    const UNIQUE: Unique = Unique::Nowhere;

    fn account(&self) -> &Account {
        &self.parts.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.parts.tokens
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        self.parts.account.capabilities().check(spec)?;
        first_boot::user_data(spec).map(drop)
    }

    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        planner::plan(self.parts, spec).await
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [Subnet] {
        &plan.places
    }

    fn labels(&self, _: &HostSpec, plan: &Plan) -> BTreeMap<String, String> {
        BTreeMap::from([(labels::SSH_USER.to_owned(), plan.boot.ssh_user.clone())])
    }

    /// This owner's hosts of the name in all regions.
    async fn candidates(&self, spec: &HostSpec) -> Result<Vec<Candidate<Seen>>> {
        let owner = self.parts.account.owner().as_str();
        let filters = &[tagged(ownership::OWNER, owner), tagged(ownership::NAME, spec.name.as_str()), staying()];
        let found = self.parts.api.everywhere(async |region| self.parts.reader.list(&region, filters).await).await?;
        // A list may show one for some time that is being deleted; its own id tells.
        let mut there = Vec::with_capacity(found.len());
        for shown in found {
            there.extend(self.still(shown).await?.map(Candidate::from));
        }
        Ok(there)
    }

    /// A launch that nobody answered was repeated by its token until its deadline: if there is a host, a repeat of the call
    /// finds it.
    async fn holder(&self, _: &Request<'_, Plan>, _: &Subnet) -> Result<Option<Candidate<Seen>>> {
        self.state().unanswered.take().map_or(Ok(None), Err)
    }

    async fn launch(
        &self,
        request: &Request<'_, Plan>,
        subnet: &Subnet,
        made: &mut Vec<Shared>,
    ) -> Result<Candidate<Seen>> {
        let Parts { account, api, reader, dependents, tokens, .. } = self.parts;
        let (spec, region) = (request.spec, &request.spec.region);
        self.state().call = request.labels.get(CALL).cloned();
        loop {
            let token = tokens.unspent(spec, &subnet.zone);
            let ready = dependents.ensure(spec, &subnet.network, made).await?;
            let body = convert::run_instance(account.owner(), request, subnet, ready, &token)?;
            let launched = api.create_instance(region, &body).await;
            let seen = match launched.and_then(|instance| convert::seen(region, instance)) {
                Ok(seen) => seen,
                Err(error) => match (error.kind(), error.code()) {
                    (_, Some("IdempotentInstanceTerminated")) => {
                        tokens.spend(token);
                        continue;
                    }
                    // Another create of the name was first, here or in an earlier try that found no room.
                    (_, Some("IdempotentParameterMismatch")) => match self.by_token(region, &token).await? {
                        Some(seen) => seen,
                        None => return Err(self.refused(error, token)),
                    },
                    // Nobody said whether it was done, or nobody could read it: the token tells.
                    (ErrorKind::OutcomeUnknown | ErrorKind::Unexpected, _) => {
                        let error = error.with_kind(ErrorKind::OutcomeUnknown);
                        match self.by_token(region, &token).await {
                            Ok(Some(seen)) if !seen.is_leaving() => seen,
                            _ => {
                                self.state().unanswered = Some(error.clone());
                                return Err(error);
                            }
                        }
                    }
                    _ => return Err(self.refused(error, token)),
                },
            };
            if seen.is_leaving() {
                // The token's host is on its way out, and EC2 remembers it.
                tokens.spend(token);
                continue;
            }
            if self.is_mine(&seen.labels) {
                reader.made(&seen.place);
            }
            return Ok(seen.into());
        }
    }

    /// Just made and not known everywhere yet, or gone with the last host that used it.
    fn forget(&self, request: &Request<'_, Plan>, subnet: &Subnet) -> bool {
        self.parts.dependents.forget(request.spec, &subnet.network)
    }

    async fn complete(&self, spec: &HostSpec, plan: Option<&Plan>, host: &Candidate<Seen>) -> Result<()> {
        let place = &host.host.place;
        match plan.filter(|_| self.is_mine(&host.labels)).map(|plan| plan.left_disk.as_deref()) {
            Some(Some(disk)) => data_disk::hand_over(self.parts, place, spec, disk).await,
            // The launch brought what it needs.
            Some(None) => Ok(()),
            None => data_disk::complete(self.parts, place, spec).await,
        }
    }

    async fn host(&self, seen: Seen) -> Result<HostRuntime> {
        if self.is_mine(&seen.labels) {
            self.parts.reader.made(&seen.place);
        }
        Ok(self.parts.stock.priced(&seen))
    }

    async fn remove(&self, host: &Candidate<Seen>, why: Surplus) -> Result<()> {
        match why {
            Surplus::Lost => delete::delete_loser(self.parts, &host.host).await,
            Surplus::Younger => delete::delete(self.parts, &host.id).await,
        }
    }

    async fn undo(&self, _: &Request<'_, Plan>, made: Vec<Shared>) {
        for shared in made {
            let _ = remove_unused(&Delete(self.parts), shared.into(), None).await;
        }
    }

    fn decision(&self) -> Duration {
        DECISION
    }
}

impl Create<'_> {
    /// What a refusal means for the launch, and for its token.
    fn refused(&self, error: Error, token: String) -> Error {
        let spend = |token| self.parts.tokens.spend(token);
        match (error.kind(), error.code()) {
            (_, Some("IdempotentParameterMismatch")) if self.is_in_vain(&token) => spend(token),
            // Of this zone's subnet: another zone's may have some left.
            (_, Some("InsufficientFreeAddressesInSubnet")) => {
                spend(token);
                return error.with_kind(ErrorKind::NoCapacity);
            }
            (ErrorKind::NoCapacity | ErrorKind::QuotaExceeded, _) => spend(token),
            (ErrorKind::NotFound, Some("InvalidGroup.NotFound" | "InvalidKeyPair.NotFound")) => {}
            // Something that the spec names went after the plan was made.
            (ErrorKind::NotFound, _) => return error.with_kind(ErrorKind::InvalidRequest),
            _ => {}
        }
        error
    }
}

/// How long a create looks for a token that launches something.
const DECISION: Duration = Duration::from_secs(300);
