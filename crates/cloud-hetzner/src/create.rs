//! What Hetzner can do of a create: names are unique in a project, whoever owns them, so that a second server cannot come
//! to be. What is left is to find the first one, which [`create_once`](cloud_driver::create_once) does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use cloud_driver::{Account, Candidate, Creates, Request, Sends, Surplus, Unique, delete_whole, remove_unused};
use cloud_types::{ErrorKind, HostRuntime, HostSpec, HostState, Inbound, Region, Result};

use crate::convert::{self, Plan, Seen, Thing};
use crate::delete::Delete;
use crate::labels;
use crate::parts::Parts;
use crate::shelf::check;

/// One create.
pub(crate) struct Create<'a> {
    parts: &'a Parts,
    /// Whether the data disk was there before, so that its marks may be those of an earlier host.
    found_disk: AtomicBool,
}

impl<'a> Create<'a> {
    pub(crate) fn new(parts: &'a Parts) -> Self {
        Self { parts, found_disk: AtomicBool::new(true) }
    }
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = Region;
    type Host = Seen;
    type Made = Vec<Thing>;

    const UNIQUE: Unique = Unique::Account;

    fn account(&self) -> &Account {
        &self.parts.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.parts.reader.recent
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        check(&self.parts.account, spec)
    }

    /// Nothing is made before the server where all that it needs is there: then the create itself tells of a name that is
    /// taken.
    fn looks_first(&self, spec: &HostSpec) -> bool {
        !self.parts.dependents.has_all(spec)
    }

    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        self.parts.catalog.read().await?.plan(spec)
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [Region] {
        &plan.regions
    }

    fn labels(&self, spec: &HostSpec, _: &Plan) -> BTreeMap<String, String> {
        labels::of_host(spec)
    }

    /// The server that has a name now. What a list shows may be gone or going; its own address tells.
    async fn candidates(&self, spec: &HostSpec) -> Result<Vec<Candidate<Seen>>> {
        let Some(shown) = self.parts.api.find_server(spec.name.as_str()).await? else { return Ok(Vec::new()) };
        match self.parts.api.get_server(shown.id).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => {
                let server = convert::seen(other?)?;
                Ok(if server.host.state == HostState::Deleting { Vec::new() } else { vec![server.into()] })
            }
        }
    }

    async fn launch(&self, request: &Request<'_, Plan>, _: &Region, made: &mut Vec<Thing>) -> Result<Candidate<Seen>> {
        let ready = self.parts.dependents.ensure(request.spec, &self.parts.operations, made).await?;
        let new_disk = made.iter().any(|thing| Some(thing.id) == ready.volume);
        self.found_disk.store(!new_disk, Ordering::Relaxed);
        let body = convert::create_server(request, ready);
        let (server, actions) = convert::created(self.parts.api.create_server(&body).await?)?;
        self.parts.reader.made(&server, actions);
        Ok(server.into())
    }

    fn forget(&self, request: &Request<'_, Plan>, _: &Region) -> bool {
        self.parts.dependents.forget();
        let spec = request.spec;
        spec.data_disk.is_some() || !spec.ssh_keys.is_empty() || spec.inbound != Inbound::ProviderDefault
    }

    async fn complete(&self, spec: &HostSpec, _: Option<&Plan>, _: &Candidate<Seen>) -> Result<()> {
        match &spec.data_disk {
            Some(disk) if self.found_disk.load(Ordering::Relaxed) => {
                self.parts.dependents.mark_data_disk(spec.name.as_str(), disk).await
            }
            _ => Ok(()),
        }
    }

    async fn host(&self, server: Seen) -> Result<HostRuntime> {
        self.parts.reader.made(&server, []);
        Ok(self.parts.catalog.priced(server.host))
    }

    async fn remove(&self, host: &Candidate<Seen>, _: Surplus) -> Result<()> {
        delete_whole(&Delete(self.parts), &host.id).await
    }

    async fn undo(&self, _: &Request<'_, Plan>, made: Vec<Thing>) {
        for thing in made {
            let _ = remove_unused(&Delete(self.parts), thing, None).await;
        }
    }
}

impl From<Seen> for Candidate<Seen> {
    fn from(server: Seen) -> Self {
        let (id, labels, created) = (server.host.id.clone(), server.labels.clone(), server.host.created_at);
        Self { id, labels, created, host: server }
    }
}
