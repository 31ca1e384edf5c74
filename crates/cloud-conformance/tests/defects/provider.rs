//! A provider that breaks one promise: all else it leaves to the provider that it wraps.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Ability, Capabilities, Catalog, Clock, CloudProvider, CloudProviderExt, Console, Created, Error, ErrorKind, HostId,
    HostPage, HostRuntime, HostSpec, HostState, ListHosts, Name, Owner, Owners, ProviderId, Resize, Result, Snapshots,
    SshKeys, StopMode, Sweep, VolumeSpec, Volumes, Wait,
};
use futures::TryStreamExt;

use crate::Defect;

/// A provider with a defect.
pub(crate) struct Broken {
    pub(crate) inner: Arc<dyn CloudProvider>,
    pub(crate) defect: Defect,
    capabilities: Capabilities,
    /// How many injected troubles are still to be got wrong; shared with the backend.
    pub(crate) troubles: Arc<AtomicU32>,
    /// What tells this process from another.
    process: u32,
    printed: Mutex<String>,
    seen: Mutex<BTreeSet<String>>,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn CloudProvider>, defect: Defect, troubles: Arc<AtomicU32>) -> Self {
        let mut capabilities = inner.capabilities().clone();
        if defect == Defect::TakesWhatIsNotClaimed {
            capabilities.abilities.retain(|ability| *ability != Ability::Ipv6);
        }
        let (process, printed, seen) = (fastrand::u32(..), Mutex::default(), Mutex::default());
        Self { inner, defect, capabilities, troubles, process, printed, seen }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// Whether a trouble was injected that this call is to get wrong.
    fn meets_trouble(&self) -> bool {
        let take = |left: u32| left.checked_sub(1);
        self.troubles.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
    }

    /// A name that nothing else has, where the defect is to forget names.
    fn name_within(&self, name: &Name) -> Name {
        let mark = match self.defect {
            Defect::CreatesTwice => fastrand::u32(..),
            Defect::RemembersInItsProcessOnly => self.process,
            _ => return name.clone(),
        };
        Name::new(format!("{name}{MARK}{mark:08x}")).expect("a longer name")
    }

    /// An error where this id was given out before, and the defect is to refuse that.
    pub(crate) fn unless_seen_before(&self, id: &str) -> Result<()> {
        let new = self.seen.lock().expect("nobody panics with it").insert(id.to_owned());
        match self.has(Defect::RefusesWhatItHas) && !new {
            true => Err(Error::new(ErrorKind::AlreadyExists, "there is such a thing")),
            false => Ok(()),
        }
    }

    fn spoilt(&self, mut host: HostRuntime) -> HostRuntime {
        if let Some((name, _)) = host.name.split_once(MARK) {
            host.name = name.to_owned();
        }
        match self.defect {
            Defect::ShowsZerosForNoAddress => {
                host.addresses.public_v6 = host.addresses.public_v6.or(Some(Ipv6Addr::UNSPECIFIED));
            }
            Defect::ShowsItsOwnLabels => _ = host.labels.insert("cloud-owner".to_owned(), "someone".to_owned()),
            Defect::InventsStates if host.state != HostState::Running => {
                host.state = HostState::Unknown("warming up".to_owned());
            }
            _ => {}
        }
        host
    }

    async fn all(&self, query: &ListHosts) -> Result<Vec<HostRuntime>> {
        let mut everything = ListHosts::mine();
        everything.owners = query.owners;
        let hosts: Vec<_> = self.inner.hosts(everything).try_collect().await?;
        let mut hosts: Vec<_> = hosts.into_iter().map(|host| self.spoilt(host)).collect();
        hosts.retain(|host| query.name.as_ref().is_none_or(|name| host.name == name.as_str()));
        Ok(hosts)
    }

    fn forgets_names(&self) -> bool {
        matches!(self.defect, Defect::CreatesTwice | Defect::RemembersInItsProcessOnly)
    }
}

#[async_trait]
impl CloudProvider for Broken {
    fn id(&self) -> &ProviderId {
        self.inner.id()
    }

    fn owner(&self) -> &Owner {
        self.inner.owner()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn clock(&self) -> &dyn Clock {
        self.inner.clock()
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        if self.has(Defect::MistakesRefusals) && self.meets_trouble() {
            return Err(Error::new(ErrorKind::Unexpected, "the cloud said no"));
        }
        if self.has(Defect::PrintsUserData) {
            self.printed
                .lock()
                .expect("nobody panics with it")
                .push_str(spec.user_data.as_ref().map_or("", |data| data.expose()));
        }
        if self.has(Defect::LeavesAVolume)
            && let Some(volumes) = self.inner.volumes()
        {
            let size = *self.capabilities.data_disk.start();
            let name = Name::new(format!("stray-{:x}", fastrand::u64(..)))?;
            volumes.create_volume(&VolumeSpec::new(name, spec.region.clone(), size)).await?;
        }
        let mut wish = spec.clone().name(self.name_within(&spec.name));
        match self.defect {
            Defect::ForgetsLabels => wish.labels = cloud_types::Labels::new(),
            Defect::ForgetsTheDataDisk => wish.data_disk = None,
            _ => {}
        }
        let created = match self.inner.create_host(&wish).await {
            Err(error) if self.has(Defect::AdoptsAnything) && error.kind() == ErrorKind::AlreadyExists => {
                Created::Existing(self.inner.find_host(&spec.name).await?.expect("the name is taken"))
            }
            Err(error) if self.has(Defect::DoesNotNameTheField) => {
                return Err(Error::new(error.kind(), "something is wrong"));
            }
            Err(error) if self.has(Defect::CallsWrongInputUnexpected) => {
                return Err(error.with_kind(ErrorKind::Unexpected));
            }
            other => other?,
        };
        if self.has(Defect::WaitsInCreate) {
            let running = self.inner.wait_for_state(&created.host().id, HostState::Running, minute()).await?;
            return Ok(Created::New(running));
        }
        Ok(match created {
            Created::New(host) => Created::New(self.spoilt(host)),
            Created::Existing(host) if self.has(Defect::CallsEverythingNew) => Created::New(host),
            Created::Existing(host) => Created::Existing(self.spoilt(host)),
        })
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        if self.has(Defect::NeverAnswers) {
            return std::future::pending().await;
        }
        if self.has(Defect::MistakesRefusalsForAbsence) && self.meets_trouble() {
            return Err(Error::new(ErrorKind::NotFound, "no such host"));
        }
        self.inner.get_host(id).await.map(|host| self.spoilt(host))
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        if self.forgets_names() {
            return Ok(HostPage { hosts: self.all(query).await?, next: None });
        }
        let mut query = query.clone();
        match self.defect {
            Defect::ShowsOtherOwners => query.owners = Owners::All,
            Defect::IgnoresTheName => query.name = None,
            Defect::TakesAnyPageToken if query.page.as_ref().is_some_and(|page| page.as_str().contains(' ')) => {
                query.page = None;
            }
            _ => {}
        }
        let mut page = self.inner.list_hosts(&query).await?;
        page.hosts = page.hosts.into_iter().map(|host| self.spoilt(host)).collect();
        match self.defect {
            Defect::ForgetsPages => page.next = None,
            Defect::ShowsHostsTwice => page.hosts.extend(page.hosts.clone()),
            Defect::ListsShortUnderFaults if self.meets_trouble() => page.hosts.clear(),
            _ => {}
        }
        Ok(page)
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        let running = self.inner.get_host(id).await?.state == HostState::Running;
        if self.has(Defect::RefusesToStartWhatRuns) && running {
            return Err(Error::new(ErrorKind::Conflict, "it runs"));
        }
        self.inner.start_host(id).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stopped = self.inner.get_host(id).await?.state == HostState::Stopped;
        match self.defect {
            Defect::StartsWhatIsStoppedAgain if stopped => self.inner.start_host(id).await,
            Defect::StopsNothing => Ok(()),
            _ => self.inner.stop_host(id, mode).await,
        }
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        match self.inner.restart_host(id).await {
            Err(error) if self.has(Defect::RestartsWhatIsOff) && error.kind() == ErrorKind::Conflict => {
                self.inner.start_host(id).await
            }
            other => other,
        }
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        match self.defect {
            Defect::DeletesNothing => return Ok(()),
            Defect::SwallowsErrors if self.meets_trouble() => return Ok(()),
            Defect::FailsToDeleteTheMissing => _ = self.inner.get_host(id).await?,
            Defect::DeletesWhatIsKept => {
                let volumes = self.inner.volumes().expect("volumes are claimed");
                for disk in volumes.list_volumes().await?.into_iter().filter(|disk| disk.host.as_ref() == Some(id)) {
                    volumes.detach_volume(&disk.id).await?;
                    volumes.delete_volume(&disk.id).await?;
                }
            }
            _ => {}
        }
        self.inner.delete_host(id).await
    }

    fn resize(&self) -> Option<&dyn Resize> {
        match self.defect {
            Defect::ClaimsWhatItLacks => None,
            _ => self.inner.resize().map(|_| self as &dyn Resize),
        }
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        self.inner.snapshots().map(|_| self as &dyn Snapshots)
    }

    fn ssh_keys(&self) -> Option<&dyn SshKeys> {
        self.inner.ssh_keys().map(|_| self as &dyn SshKeys)
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        self.inner.volumes().map(|_| self as &dyn Volumes)
    }

    fn catalog(&self) -> Option<&dyn Catalog> {
        self.inner.catalog().map(|_| self as &dyn Catalog)
    }

    fn console(&self) -> Option<&dyn Console> {
        self.inner.console()
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.inner.sweep().map(|_| self as &dyn Sweep)
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broken").field("defect", &self.defect).field("printed", &self.printed).finish()
    }
}

pub(crate) fn minute() -> Wait<'static> {
    Wait::within(Duration::from_secs(60))
}

/// Stands between a name and what makes it unlike any other.
const MARK: &str = "-mark-";
