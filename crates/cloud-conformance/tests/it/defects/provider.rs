//! A provider that breaks one promise: all else it leaves to the provider that it wraps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{
    Ability, Capabilities, Catalog, Clock, CloudProvider, CloudProviderExt, Console, Created, Error, ErrorKind, HostId,
    HostPage, HostRuntime, HostSpec, HostState, ListHosts, Name, Owner, Owners, ProviderId, PublicNetwork, Resize,
    Result, Snapshots, SshKeys, StopMode, Sweep, UserData, Volume, VolumeSpec, Volumes, Wait,
};
use futures::TryStreamExt;

use super::Defect;

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
    created: Mutex<BTreeMap<String, HostRuntime>>,
    /// Whether a key is there twice.
    pub(crate) twin: AtomicBool,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn CloudProvider>, defect: Defect, troubles: Arc<AtomicU32>) -> Self {
        let mut capabilities = inner.capabilities().clone();
        match defect {
            Defect::TakesWhatIsNotClaimed => capabilities.abilities.retain(|ability| *ability != Ability::Ipv6),
            Defect::OpensAnyConsole => capabilities.abilities.push(Ability::Console),
            Defect::MakesAnotherUnderTrouble => capabilities.read_lag = Duration::from_secs(1),
            _ => {}
        }
        Self {
            inner,
            defect,
            capabilities,
            troubles,
            process: fastrand::u32(..),
            printed: Mutex::default(),
            seen: Mutex::default(),
            created: Mutex::default(),
            twin: AtomicBool::new(false),
        }
    }

    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// Whether a trouble was injected that this call is to get wrong.
    pub(crate) fn meets_trouble(&self) -> bool {
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
        marked(name, mark)
    }

    /// An error where this id was given out before, and the defect is to refuse that.
    pub(crate) fn unless_seen_before(&self, id: &str) -> Result<()> {
        match self.has(Defect::RefusesWhatItHas) && !self.sees_first(id) {
            true => Err(Error::new(ErrorKind::AlreadyExists, "there is such a thing")),
            false => Ok(()),
        }
    }

    fn sees_first(&self, id: &str) -> bool {
        self.seen.lock().expect("nobody panics with it").insert(id.to_owned())
    }

    fn spoilt(&self, mut host: HostRuntime) -> HostRuntime {
        host.name = unmarked(&host.name);
        match self.defect {
            Defect::ShowsZerosForNoAddress => {
                host.addresses.public_v6 = host.addresses.public_v6.or(Some(Ipv6Addr::UNSPECIFIED));
            }
            Defect::HidesTheZone => host.zone = None,
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

    /// Lets go of the disk, then of the host, then of the disk again: who stops in between has lost the disk, since nothing
    /// is looked for once the host is going.
    async fn delete_in_steps(&self, id: &HostId) -> Result<()> {
        match self.inner.get_host(id).await {
            Ok(host) if host.state == HostState::Deleting => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            other => _ = other?,
        }
        let volumes = self.inner.volumes().expect("they are claimed");
        let mut disks = volumes.list_volumes().await?;
        disks.retain(|disk| disk.host.as_ref() == Some(id));
        for disk in &disks {
            volumes.detach_volume(&disk.id).await?;
        }
        // Long enough that some drop of many falls into it.
        for _ in 0..60 {
            self.clock().sleep(Duration::from_millis(1)).await;
        }
        self.inner.delete_host(id).await?;
        for disk in &disks {
            volumes.delete_volume(&disk.id).await?;
        }
        Ok(())
    }

    fn forgets_names(&self) -> bool {
        use Defect::{CreatesTwice, MakesAnotherUnderTrouble, RemembersInItsProcessOnly};
        matches!(self.defect, CreatesTwice | MakesAnotherUnderTrouble | RemembersInItsProcessOnly)
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
            Defect::TrimsUserData => {
                wish.user_data = spec.user_data.as_ref().map(|data| UserData::new(data.expose().trim()));
            }
            Defect::IgnoresTheNetwork => wish.public_network = PublicNetwork::default(),
            Defect::ShowsHostsKeysAsKept => {
                for key in &spec.ssh_keys {
                    self.inner.ssh_keys().expect("they are claimed").create_ssh_key(&spec.name, key).await?;
                }
            }
            Defect::MakesAnotherUnderTrouble if self.meets_trouble() => {
                self.inner.create_host(&wish.clone().name(marked(&spec.name, 0))).await?;
            }
            Defect::RemembersTheDead => {
                if let Some(host) = self.created.lock().expect("nobody panics with it").get(spec.name.as_str()) {
                    return Ok(Created::Existing(host.clone()));
                }
            }
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
        let host = created.host().clone();
        self.created.lock().expect("nobody panics with it").insert(host.name.clone(), host);
        Ok(match created {
            Created::New(host) => Created::New(self.spoilt(host)),
            Created::Existing(host) if self.has(Defect::CallsEverythingNew) => Created::New(host),
            Created::Existing(host) => Created::Existing(self.spoilt(host)),
        })
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        assert!(!self.has(Defect::Panics), "it panics on purpose");
        if self.has(Defect::NeverAnswers) {
            return std::future::pending().await;
        }
        if self.has(Defect::MistakesRefusalsForAbsence) && self.meets_trouble() {
            return Err(Error::new(ErrorKind::NotFound, "no such host"));
        }
        self.inner.get_host(id).await.map(|host| self.spoilt(host))
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let host = self.get_host(id).await?;
        if self.has(Defect::TiresOfWaiting) && host.state == HostState::Running && !self.sees_first(id.as_str()) {
            return Err(Error::new(ErrorKind::Timeout, "this takes too long"));
        }
        Ok(host)
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
        if self.has(Defect::SwallowsErrors) && self.meets_trouble() {
            return Ok(());
        }
        let running = self.inner.get_host(id).await?.state == HostState::Running;
        if self.has(Defect::RefusesToStartWhatRuns) && running {
            return Err(Error::new(ErrorKind::Conflict, "it runs"));
        }
        self.inner.start_host(id).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        let stopped = self.inner.get_host(id).await?.state == HostState::Stopped;
        match self.defect {
            Defect::SwallowsErrors if self.meets_trouble() => Ok(()),
            Defect::StartsWhatIsStoppedAgain if stopped => self.inner.start_host(id).await,
            Defect::StopsNothing => Ok(()),
            _ => self.inner.stop_host(id, mode).await,
        }
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        if self.has(Defect::StopsInsteadOfRestarting) {
            self.inner.stop_host(id, StopMode::Hard).await?;
            return self.inner.wait_for_state(id, HostState::Stopped, minute()).await.map(|_| ());
        }
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
            Defect::DeletesSnapshotsToo => {
                let snapshots = self.inner.snapshots().expect("they are claimed");
                for snapshot in snapshots.list_snapshots().await? {
                    snapshots.delete_snapshot(&snapshot.id).await?;
                }
            }
            Defect::DeletesInSteps => return self.delete_in_steps(id).await,
            Defect::FailsToDeleteTheMissing => _ = self.inner.get_host(id).await?,
            Defect::DeletesWhatIsKept | Defect::DeletesWhatOthersUse => {
                let volumes = self.inner.volumes().expect("volumes are claimed");
                let others = self.has(Defect::DeletesWhatOthersUse);
                let goes = |disk: &Volume| disk.host.as_ref() == Some(id) || others;
                for disk in volumes.list_volumes().await?.into_iter().filter(goes) {
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
        match self.defect {
            Defect::OpensAnyConsole | Defect::CallsTheMissingUnexpected => Some(self),
            _ => self.inner.console(),
        }
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

/// A name that is no other's, and shows which one it stands for.
pub(crate) fn marked(name: &Name, mark: u32) -> Name {
    Name::new(format!("{name}{MARK}{mark:08x}")).expect("a longer name")
}

/// The name that a marked one stands for.
pub(crate) fn unmarked(name: &str) -> String {
    name.split_once(MARK).map_or(name, |(name, _)| name).to_owned()
}

pub(crate) fn minute() -> Wait<'static> {
    Wait::within(Duration::from_secs(60))
}

/// Stands between a name and what makes it unlike any other.
const MARK: &str = "-mark-";
