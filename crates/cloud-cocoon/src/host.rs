//! The provider: the contract over the library.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Ability, AfterResize, Capabilities, Catalog, CloudProvider, Console, Created, ErrorKind, GiB, HostId, HostPage,
    HostRuntime, HostSpec, ListHosts, Owner, Owners, ProviderId, Region, Resize, Result, Snapshots, SshKeys, StopMode,
    StoppedBilling, Sweep, Volumes,
};
use cocoon::{HypervisorKind, Vm};
use tokio::time::Instant;

use crate::capacity::Free;
use crate::error::{named, no_such_host};
use crate::{Config, convert};

/// This box, for one owner. Clones are cheap and mean the same.
#[derive(Clone)]
pub struct Provider(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) region: Region,
    pub(crate) capabilities: Capabilities,
    /// The hosts that were asked to shut down, and when their power button was pressed last.
    pub(crate) asked: Mutex<HashMap<HostId, Instant>>,
}

impl Provider {
    pub(crate) fn new(config: Config, region: Region) -> Self {
        let capabilities = capabilities(config.cocoon.named_hypervisor());
        Self(Arc::new(Inner { config, region, capabilities, asked: Mutex::default() }))
    }
}

impl Inner {
    pub(crate) fn owner(&self) -> &Owner {
        &self.config.owner
    }

    /// The VM of a host, as it is now.
    ///
    /// # Errors
    /// `NotFound` where that incarnation of it is not there.
    pub(crate) async fn vm(&self, id: &HostId) -> Result<Vm> {
        let (name, incarnation) = convert::vm_of(id)?;
        match self.config.cocoon.settled(&name).await {
            Ok(vm) if vm.id == incarnation => Ok(vm),
            Ok(_) => Err(no_such_host(id)),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_such_host(id)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn told(&self, vm: &Vm) -> Result<HostRuntime> {
        convert::host(vm, &self.region, &self.config.prices)
    }

    /// What the box has left to give.
    pub(crate) async fn free(&self) -> Result<Free> {
        let vms = self.config.cocoon.list().await?;
        let (limits, disk) = (self.config.limits.resolved()?, self.config.cocoon.free_disk().await?);
        Ok(Free::beside(&vms, &limits, disk))
    }

    async fn list(&self, query: &ListHosts) -> Result<HostPage> {
        let after = query.page.as_ref().map(convert::after).transpose()?;
        let mut names = self.config.cocoon.names().await?;
        if let (Owners::Mine, Some(name)) = (query.owners, &query.name) {
            let own = convert::vm_name(self.owner(), name)?;
            names.retain(|name| *name == own);
        }
        let (mut hosts, mut last) = (Vec::new(), None);
        for name in names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after)) {
            if hosts.len() == self.config.page {
                return Ok(HostPage { hosts, next: last.as_ref().map(convert::page) });
            }
            let vm = match self.config.cocoon.settled(&name).await {
                // Removed since the names were read.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                vm => vm?,
            };
            last = Some(name);
            let host = self.told(&vm)?;
            let shown = query.owners == Owners::All || host.owner.as_ref() == Some(self.owner());
            if shown && query.name.as_ref().is_none_or(|name| host.name == name.as_str()) {
                hosts.push(host);
            }
        }
        Ok(HostPage { hosts, next: None })
    }
}

#[async_trait]
impl CloudProvider for Provider {
    fn id(&self) -> &ProviderId {
        const { &crate::ID }
    }

    fn owner(&self) -> &Owner {
        self.0.owner()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        named("create_host", self.0.create(spec).await)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        named("get_host", self.0.vm(id).await.and_then(|vm| self.0.told(&vm)))
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        named("get_host", self.0.poll(id).await)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        named("list_hosts", self.0.list(query).await)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        named("start_host", self.0.start(id).await)
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        named("stop_host", self.0.stop(id, mode).await)
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        named("restart_host", self.0.restart(id).await)
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        named("delete_host", self.0.delete(id).await)
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
        self.0.capabilities.can(Ability::Volumes).then_some(self as _)
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

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("owner", self.0.owner())
            .field("region", &self.0.region)
            .finish_non_exhaustive()
    }
}

fn capabilities(hypervisor: Option<HypervisorKind>) -> Capabilities {
    let mut claims = Capabilities::none();
    claims.abilities = vec![
        Ability::GracefulStop,
        Ability::Resize,
        Ability::GrowBootDisk,
        Ability::Snapshots,
        Ability::SshKeys,
        Ability::Volumes,
        Ability::DataDisk,
        Ability::Catalog,
        Ability::Console,
        Ability::ConsoleOutput,
        Ability::Sweep,
        Ability::UserData,
        Ability::InboundPorts,
        // No host has a public address here.
        Ability::WithoutIpv4,
    ];
    if hypervisor == Some(HypervisorKind::CloudHypervisor) {
        claims.abilities.retain(|ability| !matches!(ability, Ability::Volumes | Ability::DataDisk));
    }
    claims.stopped_billing = StoppedBilling::DisksOnly;
    claims.after_resize = AfterResize::Stopped;
    claims.user_data_bytes = 1 << 20;
    claims.boot_disk = Some(GiB(1)..=GiB(64 << 10));
    claims.data_disk = GiB(1)..=GiB(64 << 10);
    claims.poll = Duration::from_millis(50)..=Duration::from_millis(500);
    claims
}
