//! Hosts: our trait over the cloud's requests.

use async_trait::async_trait;
use cloud_driver::{create_once, delete_whole};
use cloud_types::{
    CloudProvider, Created, Error, ErrorKind, HostId, HostPage, HostRuntime, HostSpec, HostState, ListHosts, Name,
    Owner, Owners, PageToken, Result, StopMode,
};
use cloud_world::{Command, HostState as Theirs};
use jiff::Timestamp;

use crate::cloud::Cloud;
use crate::convert;
use crate::create::Create;
use crate::delete::Delete;
use crate::error::{not_found, refusal};
use crate::faults::Operation;
use crate::local::Local;

#[async_trait]
impl CloudProvider for Local {
    cloud_driver::provide!(
        resize: Resize,
        snapshots: Snapshots,
        ssh_keys: SshKeys,
        volumes: Volumes,
        catalog: Catalog,
        console: Console,
        sweep: Sweep,
    );

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.account.call("create_host", create_once(&Create(&self.0), spec)).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.0.account.call("get_host", self.0.reader.read(id)).await
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        let (owner, page) = (self.0.account.owner(), self.0.page);
        let list = |cloud: &mut Cloud, now| list(cloud, owner, query, page, now);
        self.0.account.call("list_hosts", self.0.client.repeat(Operation::ListHosts, list)).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let start = |cloud: &mut Cloud, now| start(cloud, id, now);
        self.0.account.call("start_host", self.0.client.repeat(Operation::StartHost, start)).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stop = |cloud: &mut Cloud, now| stop(cloud, id, mode, now);
        self.0.account.call("stop_host", self.0.client.repeat(Operation::StopHost, stop)).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        let restart = |cloud: &mut Cloud, now| {
            let host = cloud.host(id.as_str())?.id;
            cloud.world.restart_host(host, Command::RebootHost, now).map(drop).map_err(refusal)
        };
        self.0.account.call("restart_host", self.0.client.repeat(Operation::RestartHost, restart)).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("delete_host", delete_whole(&Delete(&self.0), id)).await
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
    let name = query.name.as_ref().map(Name::as_str);
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
