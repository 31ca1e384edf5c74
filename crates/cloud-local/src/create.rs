//! What this cloud can do of a create. It takes any name twice, as many APIs do, and loses answers: whoever made a host
//! looks again, and the oldest stays, for which [`create_once`](cloud_driver::create_once) sees.

use std::time::Duration;

use cloud_driver::{Account, Candidate, Creates, Request, Sends, Surplus, Unique};
use cloud_types::{ErrorKind, HostRuntime, HostSpec, HostState, MachineTypeName, Region, Result};
use cloud_world::{Host, World};

use crate::cloud::Cloud;
use crate::delete::Delete;
use crate::faults::Operation;
use crate::local::Parts;
use crate::{catalog, convert, dependents};

/// One create.
pub(crate) struct Create<'a>(pub(crate) &'a Parts);

/// What the catalog made of a spec.
pub(crate) struct Plan {
    machine: MachineTypeName,
    /// The cloud itself looks for a zone with room, in one request.
    places: [Region; 1],
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = Region;
    type Host = HostRuntime;
    /// A data disk bears the mark of the call that made it.
    type Made = ();

    const UNIQUE: Unique = Unique::Nowhere;

    fn account(&self) -> &Account {
        &self.0.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.0.reader.recent
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        self.0.account.capabilities().check(spec)
    }

    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        let owner = self.0.account.owner().as_str();
        let plan = |cloud: &mut Cloud, now| {
            let machine = catalog::choose(&cloud.world, spec, now)?;
            if let Some(disk) = &spec.data_disk {
                dependents::find_disk(cloud, owner, spec, disk)?;
            }
            Ok(Plan { machine, places: [spec.region.clone()] })
        };
        self.0.client.repeat(Operation::ReadCatalog, plan).await
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [Region] {
        &plan.places
    }

    async fn candidates(&self, spec: &HostSpec) -> Result<Vec<Candidate<HostRuntime>>> {
        let (owner, name) = (self.0.account.owner().as_str(), spec.name.as_str());
        let list = |cloud: &mut Cloud, now| -> Result<Vec<_>> {
            let shown = cloud.listed_hosts(Some(owner), Some(name), now);
            shown.map(|host| candidate(&cloud.world, host)).collect()
        };
        let mut found = self.0.client.repeat(Operation::ListHosts, list).await?;
        found.retain(|one| one.host.state != HostState::Deleting);
        if self.0.account.lag().is_zero() {
            return Ok(found);
        }
        let mut there = Vec::with_capacity(found.len());
        for one in found {
            if self.is_there(&one).await? {
                there.push(one);
            }
        }
        Ok(there)
    }

    async fn launch(&self, request: &Request<'_, Plan>, _: &Region, (): &mut ()) -> Result<Candidate<HostRuntime>> {
        let Request { spec, labels, plan } = request;
        let owner = self.0.account.owner().as_str();
        let disk = self.0.dependents.ensure(spec, labels).await?;
        let rules = convert::firewall_rules(&spec.inbound);
        let make = |cloud: &mut Cloud, now| {
            cloud.check_name_is_free(owner, spec.name.as_str())?;
            let mut wanted = convert::host_request(&cloud.world, spec, &plan.machine, labels)?;
            wanted.volumes.extend(disk);
            let id = cloud.create_host(wanted, rules.as_deref(), now)?;
            if let (Some(volume), Some(disk)) = (disk, &spec.data_disk) {
                cloud.mark_disk(volume, disk.on_delete);
            }
            candidate(&cloud.world, cloud.host(&id.to_string())?)
        };
        self.0.client.once(Operation::CreateHost, make).await
    }

    async fn host(&self, host: HostRuntime) -> Result<HostRuntime> {
        self.0.reader.recent.made(host.id.clone());
        Ok(host)
    }

    async fn remove(&self, host: &Candidate<HostRuntime>, _: Surplus) -> Result<()> {
        Delete(self.0).host_and_wait(&host.id).await
    }

    async fn undo(&self, request: &Request<'_, Plan>, (): ()) {
        self.0.dependents.drop_made(request.spec, &request.labels).await;
    }

    fn decision(&self) -> Duration {
        self.0.client.patience()
    }
}

impl Create<'_> {
    /// A list shows for a while what is gone; the host itself does not.
    async fn is_there(&self, one: &Candidate<HostRuntime>) -> Result<bool> {
        let read = |cloud: &mut Cloud, now| cloud.seen_host(one.id.as_str(), now).map(drop);
        match self.0.client.repeat(Operation::GetHost, read).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true),
        }
    }
}

fn candidate(world: &World, host: &Host) -> Result<Candidate<HostRuntime>> {
    let (labels, created) = (host.labels.clone(), Some(host.created));
    let host = convert::host(world, host)?;
    Ok(Candidate { id: host.id.clone(), labels, created, host })
}
