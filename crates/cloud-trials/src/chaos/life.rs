//! The life of one host, from its create to its delete, as callers under stress lead it.

use std::sync::Arc;
use std::time::Duration;

use cloud_types::{
    CloudProvider, CloudProviderExt, Created, Error, HostId, HostState, ListHosts, MachineTypeName, Name, Resize,
    ResizeDisk, Resource, ResourceKind, Result, Snapshot, SnapshotId, Snapshots, StopMode, Sweep, VolumeId, Volumes,
    Wait,
};
use futures::TryStreamExt;

use super::Field;
use super::caller::{Caller, Tally};
use super::plan::{self, Plan};

/// All who share the account: for every owner two processes.
#[derive(Debug)]
pub(super) struct Crowd {
    field: Arc<dyn Field>,
    processes: Vec<[Arc<dyn CloudProvider>; 2]>,
    pub(super) tally: Tally,
}

impl Crowd {
    pub(super) fn new(field: Arc<dyn Field>) -> Result<Self> {
        let processes = plan::owners()?
            .iter()
            .map(|owner| Ok([field.process(owner)?, field.process(owner)?]))
            .collect::<Result<_>>()?;
        Ok(Self { field, processes, tally: Tally::default() })
    }

    fn caller(&self, seed: u64) -> Caller<'_> {
        Caller::new(self.field.clock(), &self.tally, seed)
    }
}

/// What a life has come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Lived {
    /// Every id that a create answered for the host that should be there.
    pub(super) ids: Vec<HostId>,
    pub(super) snapshot: Option<SnapshotId>,
}

/// What is to be deleted in the end.
#[derive(Debug)]
pub(super) struct End {
    pub(super) plan: Plan,
    pub(super) lived: Lived,
}

/// Creates, resizes and snapshots a host as planned.
pub(super) async fn live(crowd: &Crowd, plan: &Plan) -> Result<Lived> {
    let mut caller = crowd.caller(plan.seed);
    let [one, _] = &crowd.processes[plan.owner];
    let mut ids = create(crowd, plan, &mut caller).await?;
    if plan.reborn {
        for id in &ids {
            delete(crowd, plan, &mut caller, id).await?;
        }
        ids = create(crowd, plan, &mut caller).await?;
    }
    let mut lived = Lived { ids, snapshot: None };
    let id = lived.ids[0].clone();
    if let Some(to) = &plan.resize {
        caller.insist("resize", || resize(&**one, &id, to)).await?;
    }
    if let Some(name) = &plan.snapshot {
        let made = caller.insist("snapshot", || snapshot(&**one, &id, name)).await?;
        lived.snapshot = Some(made.id);
    }
    Ok(lived)
}

/// Deletes a host and its snapshot.
pub(super) async fn end(crowd: &Crowd, end: &End) -> Result<()> {
    let mut caller = crowd.caller(end.plan.seed.wrapping_add(1));
    for id in &end.lived.ids {
        delete(crowd, &end.plan, &mut caller, id).await?;
    }
    let [one, _] = &crowd.processes[end.plan.owner];
    if let Some(id) = &end.lived.snapshot {
        caller.insist("delete snapshot", || async { snapshots(&**one)?.delete_snapshot(id).await }).await?;
    }
    Ok(())
}

/// Every host that the providers show: owner and id.
pub(super) async fn shown(crowd: &Crowd) -> Result<Vec<(String, String)>> {
    let mut shown = Vec::new();
    for [one, _] in &crowd.processes {
        let list = || async { one.hosts(ListHosts::mine()).try_collect::<Vec<_>>().await };
        let hosts = crowd.caller(0).insist("list", list).await?;
        shown.extend(hosts.into_iter().map(|host| (one.owner().to_string(), host.id.as_str().to_owned())));
    }
    Ok(shown)
}

/// Deletes, as volumes, the data disks that were to outlive their hosts.
pub(super) async fn delete_kept_disks(crowd: &Crowd) -> Result<()> {
    for [one, _] in &crowd.processes {
        let mut caller = crowd.caller(1);
        let list = || async { sweep(&**one)?.list_resources().await };
        let resources: Vec<Resource> = caller.insist("list resources", list).await?;
        for disk in resources.into_iter().filter(|resource| resource.kept && resource.kind == ResourceKind::Volume) {
            let id = VolumeId::new(disk.id);
            caller.insist("delete volume", || async { volumes(&**one)?.delete_volume(&id).await }).await?;
        }
    }
    Ok(())
}

/// The ids that one or two racing creates were answered.
async fn create(crowd: &Crowd, plan: &Plan, caller: &mut Caller<'_>) -> Result<Vec<HostId>> {
    let [one, other] = &crowd.processes[plan.owner];
    let mut twin = caller.twin();
    let first = caller.insist("create", || one.create_host(&plan.spec));
    if !plan.raced {
        return Ok(vec![first.await?.into_host().id]);
    }
    let second = twin.insist("create", || other.create_host(&plan.spec));
    let (first, second): (Result<Created>, Result<Created>) = futures::join!(first, second);
    let mut ids = vec![first?.into_host().id, second?.into_host().id];
    ids.dedup();
    Ok(ids)
}

async fn delete(crowd: &Crowd, plan: &Plan, caller: &mut Caller<'_>, id: &HostId) -> Result<()> {
    let [one, other] = &crowd.processes[plan.owner];
    let mut twin = caller.twin();
    let first = caller.insist("delete", || one.delete_host(id));
    if !plan.raced {
        return first.await;
    }
    let second = twin.insist("delete", || other.delete_host(id));
    let (first, second) = futures::join!(first, second);
    first.and(second)
}

/// Everything that a resize takes, so that it can be repeated from any point.
async fn resize(provider: &dyn CloudProvider, id: &HostId, to: &MachineTypeName) -> Result<()> {
    let host = provider.get_host(id).await?;
    if host.machine_type == *to {
        return Ok(());
    }
    if host.state != HostState::Stopped {
        provider.wait_for_state(id, HostState::Running, Wait::within(PATIENCE)).await?;
        provider.stop_host(id, StopMode::Hard).await?;
        provider.wait_for_state(id, HostState::Stopped, Wait::within(PATIENCE)).await?;
    }
    let resize: &dyn Resize = provider.resize().ok_or_else(|| Error::unsupported("no resize"))?;
    resize.resize_host(id, to, ResizeDisk::Keep).await
}

async fn snapshot(provider: &dyn CloudProvider, id: &HostId, name: &Name) -> Result<Snapshot> {
    let made = snapshots(provider)?.create_snapshot(id, name).await?;
    provider.wait_for_snapshot(&made.id, PATIENCE).await
}

fn snapshots(provider: &dyn CloudProvider) -> Result<&dyn Snapshots> {
    provider.snapshots().ok_or_else(|| Error::unsupported("no snapshots"))
}

fn volumes(provider: &dyn CloudProvider) -> Result<&dyn Volumes> {
    provider.volumes().ok_or_else(|| Error::unsupported("no volumes"))
}

fn sweep(provider: &dyn CloudProvider) -> Result<&dyn Sweep> {
    provider.sweep().ok_or_else(|| Error::unsupported("no sweep"))
}

/// How long one wait may take.
const PATIENCE: Duration = Duration::from_secs(600);
