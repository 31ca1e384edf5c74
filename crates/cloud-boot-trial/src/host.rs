//! A host that is a QEMU machine, as a provider sees it: enough of [`CloudProvider`] to be waited for, stopped and started.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Ability, Capabilities, CloudProvider, Console, Created, Error, ErrorKind, HostId, HostPage, HostRuntime, HostSpec,
    HostState, ListHosts, MachineTypeName, Owner, ProviderId, Region, StopMode,
};

use crate::image::Image;
use crate::machine::{Disks, Machine};

/// A provider with one host, which is off at first.
pub(crate) struct Host {
    provider: ProviderId,
    owner: Owner,
    capabilities: Capabilities,
    id: HostId,
    image: Image,
    disks: Disks,
    console: PathBuf,
    ssh_port: u16,
    machine: Mutex<Option<Machine>>,
}

impl Host {
    /// A host of these disks; what it writes to its console goes into that file.
    pub(crate) fn new(id: &str, image: Image, disks: Disks, console: PathBuf) -> crate::Result<Self> {
        let ssh_port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut capabilities = Capabilities::none();
        capabilities.abilities = vec![Ability::GracefulStop, Ability::ConsoleOutput, Ability::UserData];
        // Each look is an SSH session, which costs an emulated host a second of its time.
        capabilities.poll = Duration::from_secs(2)..=Duration::from_secs(5);
        let (provider, owner, id) = (ProviderId::new("qemu"), Owner::new("boot")?, HostId::new(id));
        Ok(Self { provider, owner, capabilities, id, image, disks, console, ssh_port, machine: Mutex::new(None) })
    }

    /// Its id, the only one that the provider knows.
    pub(crate) fn host_id(&self) -> &HostId {
        &self.id
    }

    /// The port on the loopback that leads to its SSH server.
    pub(crate) fn ssh_port(&self) -> u16 {
        self.ssh_port
    }

    fn machine(&self) -> MutexGuard<'_, Option<Machine>> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, id: &HostId) -> cloud_types::Result<()> {
        if *id == self.id { Ok(()) } else { Err(Error::new(ErrorKind::NotFound, format!("there is no host {id}"))) }
    }

    fn runtime(&self) -> cloud_types::Result<HostRuntime> {
        let on = self.machine().as_mut().is_some_and(Machine::is_on);
        let state = if on { HostState::Running } else { HostState::Stopped };
        let (region, machine_type) = (Region::new("here")?, MachineTypeName::new("q35")?);
        let name = self.id.as_str();
        let mut host = HostRuntime::new(self.provider.clone(), self.id.clone(), name, state, region, machine_type);
        host.addresses.private_v4 = on.then_some(Ipv4Addr::LOCALHOST);
        Ok(host)
    }
}

#[async_trait]
impl CloudProvider for Host {
    fn id(&self) -> &ProviderId {
        &self.provider
    }

    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn create_host(&self, _: &HostSpec) -> cloud_types::Result<Created> {
        Err(Error::unsupported("the one host is there from the beginning"))
    }

    async fn get_host(&self, id: &HostId) -> cloud_types::Result<HostRuntime> {
        self.check(id)?;
        self.runtime()
    }

    async fn list_hosts(&self, _: &ListHosts) -> cloud_types::Result<HostPage> {
        Ok(HostPage { hosts: vec![self.runtime()?], next: None })
    }

    async fn start_host(&self, id: &HostId) -> cloud_types::Result<()> {
        self.check(id)?;
        let mut machine = self.machine();
        if !machine.as_mut().is_some_and(Machine::is_on) {
            *machine = Some(
                Machine::start(&self.image, &self.disks, self.ssh_port, &self.console)
                    .map_err(|error| failed(&error))?,
            );
        }
        Ok(())
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> cloud_types::Result<()> {
        self.check(id)?;
        match mode {
            StopMode::Hard => *self.machine() = None,
            StopMode::Graceful => {
                let button = self.machine().as_ref().map(Machine::power_button);
                if let Some(button) = button {
                    button.press().await.map_err(|error| failed(&error))?;
                }
            }
        }
        Ok(())
    }

    async fn restart_host(&self, id: &HostId) -> cloud_types::Result<()> {
        self.stop_host(id, StopMode::Hard).await?;
        self.start_host(id).await
    }

    async fn delete_host(&self, id: &HostId) -> cloud_types::Result<()> {
        self.stop_host(id, StopMode::Hard).await
    }

    fn console(&self) -> Option<&dyn Console> {
        Some(self)
    }
}

#[async_trait]
impl Console for Host {
    async fn console_output(&self, id: &HostId) -> cloud_types::Result<String> {
        self.check(id)?;
        std::fs::read(&self.console)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| failed(&error))
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("id", &self.id).finish_non_exhaustive()
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unexpected, error.to_string())
}
