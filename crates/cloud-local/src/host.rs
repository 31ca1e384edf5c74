//! Hosts: the contract's promises over the cloud's requests.

use async_trait::async_trait;
use cloud_types::{
    Capabilities, Catalog, Clock, CloudProvider, Console, Created, Error, ErrorKind, HostId, HostPage, HostRuntime,
    HostSpec, HostState, ListHosts, Owner, Owners, PageToken, ProviderId, Resize, Result, Snapshots, SshKeys, StopMode,
    Sweep, Volumes,
};
use cloud_world::{Command, HostState as Theirs};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::error::{not_found, refusal};
use crate::local::{ID, named};
use crate::{Local, Operation, convert};

#[async_trait]
impl CloudProvider for Local {
    fn id(&self) -> &ProviderId {
        const { &ID }
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn capabilities(&self) -> &Capabilities {
        &self.account.capabilities
    }

    fn clock(&self) -> &dyn Clock {
        &*self.account.clock
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        named("create_host", self.create(spec).await)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        named("get_host", self.get(id).await)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let page = self.account.page;
        let list = |cloud: &mut Cloud, now| list(cloud, &self.owner, query, page, now);
        named("list_hosts", self.repeat(Operation::ListHosts, list).await)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = |cloud: &mut Cloud, now| start(cloud, id, now);
        named("start_host", self.repeat(Operation::StartHost, start).await)
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = |cloud: &mut Cloud, now| stop(cloud, id, mode, now);
        named("stop_host", self.repeat(Operation::StopHost, stop).await)
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = |cloud: &mut Cloud, now| {
            let host = cloud.host(id.as_str())?.id;
            cloud.world.restart_host(host, Command::RebootHost, now).map(drop).map_err(refusal)
        };
        named("restart_host", self.repeat(Operation::RestartHost, restart).await)
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        named("delete_host", self.delete(id).await)
    }

    fn resize(&self) -> Option<&dyn Resize> {
        Some(self)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        Some(self)
    }

    fn ssh_keys(&self) -> Option<&dyn SshKeys> {
        Some(self)
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        Some(self)
    }

    fn catalog(&self) -> Option<&dyn Catalog> {
        Some(self)
    }

    fn console(&self) -> Option<&dyn Console> {
        Some(self)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        Some(self)
    }
}

impl Local {
    /// Reads a host; one that this process has just made is waited for as long as it may be hidden.
    pub(crate) async fn get(&self, id: &HostId) -> Result<HostRuntime> {
        let mut patience = self.patience();
        loop {
            let read = |cloud: &mut Cloud, now| {
                cloud.seen_host(id.as_str(), now).and_then(|host| convert::host(&cloud.world, host))
            };
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let hidden = self.recent.may_hide(id.as_str(), self.account.clock.monotonic());
            match self.repeat(Operation::GetHost, read).await {
                Err(error) if error.kind() == ErrorKind::NotFound && hidden => {
                    patience.wait(error).await?;
                }
                other => return other,
            }
        }
    }

    pub(crate) async fn delete(&self, id: &HostId) -> Result<()> {
        let gone = |cloud: &mut Cloud, now| absent_is_done(cloud.delete_host(id.as_str(), now));
        self.repeat(Operation::DeleteHost, gone).await?;
        self.recent.deleted(id.as_str());
        Ok(())
    }

    /// Deletes a host and comes back when it is gone.
    pub(crate) async fn delete_whole(&self, id: &HostId) -> Result<()> {
        let gone = |cloud: &mut Cloud, now| match cloud.delete_host(id.as_str(), now) {
            Ok(()) => Ok(cloud.host(id.as_str()).is_err().then_some(())),
            Err(error) => absent_is_done(Err(error)).map(Some),
        };
        self.until(Operation::DeleteHost, gone).await
    }
}

/// Deleting what is not there is success.
pub(crate) fn absent_is_done(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// One page: `page` hosts whose ids come after the token's.
fn list(cloud: &mut Cloud, owner: &Owner, query: &ListHosts, page: usize, now: Timestamp) -> Result<HostPage> {
    let after = match &query.page {
        Some(token) => {
            let wrong = || Error::invalid("page", "must be a token that this provider wrote");
            convert::world_id(token.as_str()).ok_or_else(wrong)?
        }
        None => 0,
    };
    let mine = (query.owners == Owners::Mine).then_some(owner.as_str());
    let name = query.name.as_ref().map(cloud_types::Name::as_str);
    let mut shown = cloud.listed_hosts(mine, name, now).filter(|host| host.id > after).peekable();
    let mut hosts = Vec::new();
    while let Some(host) = shown.next_if(|_| hosts.len() < page) {
        hosts.push(convert::host(&cloud.world, host)?);
    }
    let more = shown.peek().is_some();
    let next = hosts.last().filter(|_| more).map(|host: &HostRuntime| PageToken::new(host.id.as_str()));
    if mine.is_some() && name.is_some() {
        return Ok(HostPage { hosts: the_one(hosts), next: None });
    }
    Ok(HostPage { hosts, next })
}

/// Of one owner's hosts of one name the one that counts: the oldest that is not going. More than one is there only
/// while creates race, or a new host comes as the old one goes.
fn the_one(hosts: Vec<HostRuntime>) -> Vec<HostRuntime> {
    let key = |host: &HostRuntime| (host.state == HostState::Deleting, host.created_at);
    hosts.into_iter().min_by_key(key).into_iter().collect()
}

fn start(cloud: &mut Cloud, id: &HostId, now: Timestamp) -> Result<()> {
    let host = cloud.host(id.as_str())?;
    match host.state {
        Theirs::Running | Theirs::Starting => Ok(()),
        Theirs::Deleting => Err(not_found("host", id.as_str())),
        Theirs::Failed | Theirs::Preempted => Err(Error::new(
            ErrorKind::Conflict,
            format!("host {id} is {} and cannot be started", convert::state(host.state)),
        )),
        _ => {
            let host = host.id;
            cloud.world.start_host(host, now).map(drop).map_err(refusal)
        }
    }
}

fn stop(cloud: &mut Cloud, id: &HostId, mode: StopMode, now: Timestamp) -> Result<()> {
    let host = cloud.host(id.as_str())?;
    let (host, busy) = ((host.id, host.state), host.is_locked());
    match (host, mode) {
        ((_, Theirs::Off), _) | ((_, Theirs::Stopping), StopMode::Graceful) => Ok(()),
        ((_, Theirs::Stopping), StopMode::Hard) if busy => Ok(()),
        ((_, Theirs::Deleting), _) => Err(not_found("host", id.as_str())),
        ((host, _), StopMode::Hard) => cloud.world.stop_host(host, now).map(drop).map_err(refusal),
        ((host, _), StopMode::Graceful) => cloud.world.shutdown_host(host, now).map(drop).map_err(refusal),
    }
}
