//! The provider: the contract over the library.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_driver::{create_once, delete_whole};
use cloud_types::{
    Ability, AfterResize, Capabilities, CloudProvider, Created, ErrorKind, GiB, HostId, HostPage, HostRuntime,
    HostSpec, ListHosts, Owners, Result, StopMode, StoppedBilling, Volumes,
};
use cocoon::HypervisorKind;

use crate::convert;
use crate::create::Create;
use crate::delete::Delete;
use crate::parts::Parts;
use crate::power::Power;

/// This box, for one owner. Clones are cheap and mean the same.
#[derive(Clone)]
pub struct Provider(pub(crate) Arc<Parts>);

#[async_trait]
impl CloudProvider for Provider {
    cloud_driver::provide!(
        resize: Resize,
        snapshots: Snapshots,
        ssh_keys: SshKeys,
        catalog: Catalog,
        console: Console,
        sweep: Sweep,
    );

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        self.0.account.call("create_host", create_once(&Create::new(&self.0), spec)).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let get = async { self.0.host(&self.0.vm(id).await?) };
        self.0.account.call("get_host", get).await
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.0.account.call("get_host", Power(&self.0).poll(id)).await
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        self.0.account.call("list_hosts", list(&self.0, query)).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("start_host", Power(&self.0).start(id)).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        self.0.account.call("stop_host", Power(&self.0).stop(id, mode)).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        self.0.account.call("restart_host", Power(&self.0).restart(id)).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        if convert::vm_of(id).is_err() {
            return Ok(());
        }
        self.0.account.call("delete_host", delete_whole(&Delete(&self.0), id)).await
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        self.0.account.capabilities().can(Ability::Volumes).then_some(self as _)
    }
}

async fn list(parts: &Parts, query: &ListHosts) -> Result<HostPage> {
    let after = query.page.as_ref().map(convert::after).transpose()?;
    let mut names = parts.cocoon.names().await?;
    if let (Owners::Mine, Some(name)) = (query.owners, &query.name) {
        let own = convert::vm_name(parts.owner(), name)?;
        names.retain(|name| *name == own);
    }
    let (mut hosts, mut last) = (Vec::new(), None);
    for name in names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after)) {
        if hosts.len() == parts.page {
            return Ok(HostPage { hosts, next: last.as_ref().map(convert::page) });
        }
        let vm = match parts.cocoon.settled(&name).await {
            // Removed since the names were read.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            vm => vm?,
        };
        last = Some(name);
        let host = parts.host(&vm)?;
        let shown = query.owners == Owners::All || host.owner.as_ref() == Some(parts.owner());
        if shown && query.name.as_ref().is_none_or(|name| host.name == name.as_str()) {
            hosts.push(host);
        }
    }
    Ok(HostPage { hosts, next: None })
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("owner", self.0.account.owner())
            .field("region", &self.0.offers.region)
            .finish_non_exhaustive()
    }
}

/// What this box can do, with this hypervisor where the settings name one.
pub(crate) fn capabilities(hypervisor: Option<HypervisorKind>) -> Capabilities {
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
