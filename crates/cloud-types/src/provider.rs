//! The trait that every backend implements, and the plain data of its calls.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Capabilities, Catalog, Clock, Console, HostId, HostRuntime, HostSpec, Name, Owner, ProviderId, Resize, Result,
    Snapshots, SshKeys, Sweep, SystemClock, Volumes,
};

/// A place where hosts come from: one owner's view of one account of one provider.
///
/// Usable as `Arc<dyn CloudProvider>`; the conveniences are in [`CloudProviderExt`](crate::CloudProviderExt).
/// Every call may be dropped at any time: what is left behind is at most what a repeat of the same call adopts and
/// [`list_hosts`](Self::list_hosts) or [`Sweep`] shows. Every call ends: nothing waits without a deadline.
#[async_trait]
pub trait CloudProvider: Debug + Send + Sync {
    /// Which provider this is.
    fn id(&self) -> &ProviderId;

    /// Whose hosts this value creates, lists and deletes.
    fn owner(&self) -> &Owner;

    /// What it can do, its limits, and what stopping costs.
    fn capabilities(&self) -> &Capabilities;

    /// The clock that its waits run on.
    fn clock(&self) -> &dyn Clock {
        &SystemClock
    }

    /// Creates the host that `spec` describes, or finds the one that an equal wish made.
    ///
    /// # Contract
    /// - Answers as soon as the provider has an id; the host is not yet running (`create_answers_before_the_host_runs`).
    /// - (owner, name) identifies the host: the same spec again answers [`Created::Existing`] with the same id
    ///   (`creating_the_same_twice_gives_one_host`).
    /// - Another spec under a taken name changes nothing (`another_spec_under_a_taken_name_changes_nothing`).
    /// - However many tasks race on one name, one host is there in the end (`racing_creates_end_with_one_host`).
    /// - A lost answer neither makes a second host nor loses the first (`a_lost_answer_makes_no_second_host`).
    /// - A caller's [`CreateToken`](crate::CreateToken) finds the host after a crash (`a_token_finds_its_host_again`).
    /// - [`Created::New`] is a host that this very call may have made, also where its answer was lost; what an earlier
    ///   call made is `Existing`, whichever token it had (`a_host_is_new_to_the_call_that_made_it`).
    /// - A spec that breaks a known rule is refused before anything is changed (`a_broken_rule_is_refused_before_any_change`).
    ///
    /// # Errors
    /// `AlreadyExists` (another spec, or another owner's host, has the name), `InvalidRequest` (a field that it
    /// names is one of [`HostSpec::FIELDS`]) (`an_unknown_region_machine_or_image_is_refused`), `NoCapacity`,
    /// `QuotaExceeded`, `Unsupported`, and what every call can meet: `Unauthenticated`, `PermissionDenied`,
    /// `RateLimited`, `Unavailable`, `Timeout`, `Unexpected`; `OutcomeUnknown` where the provider did not say for so
    /// long that this call gave up: repeat it with the same spec.
    async fn create_host(&self, spec: &HostSpec) -> Result<Created>;

    /// Reads a host.
    ///
    /// # Contract
    /// - Reads any host of the account by its id, whoever owns it (`a_created_host_can_be_read`).
    /// - Where no answer ever comes it ends by its bound, as every call does (`a_call_without_an_answer_ends`).
    /// - A state that nobody knows is `Unknown`, never an error.
    ///
    /// # Errors
    /// `NotFound` only where the provider itself says so (`a_missing_host_is_not_found`), and what every call can meet.
    async fn get_host(&self, id: &HostId) -> Result<HostRuntime>;

    /// Reads a host once it may have changed: what every wait calls in its loop.
    ///
    /// Like [`get_host`](Self::get_host), but a provider may take its time, up to its longest
    /// [poll interval](Capabilities::poll), and answer many waiting callers by one request.
    ///
    /// # Errors
    /// As [`get_host`](Self::get_host).
    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.get_host(id).await
    }

    /// Reads one page of hosts.
    ///
    /// # Contract
    /// - All pages together show every host of this owner, or of all where asked, once (`lists_are_whole`).
    /// - Other owners' hosts are shown only when asked for (`owners_do_not_see_each_other`).
    /// - A name finds at most its host (`a_host_is_found_by_its_name`).
    ///
    /// # Errors
    /// What every call can meet; `InvalidRequest` for a page token that this provider did not write.
    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage>;

    /// Starts a stopped host; returns when the provider has accepted it.
    ///
    /// # Contract
    /// - A host that runs or starts already is left alone (`starting_a_running_host_changes_nothing`).
    ///
    /// # Errors
    /// `NotFound`, `NoCapacity`, `Conflict` (busy for longer than this call waits), and what every call can meet.
    async fn start_host(&self, id: &HostId) -> Result<()>;

    /// Stops a host; returns when the provider has accepted it.
    ///
    /// What a stopped host still costs is in [`Capabilities::stopped_billing`].
    ///
    /// # Contract
    /// - A host that is stopped already is left alone (`stopping_a_stopped_host_changes_nothing`).
    /// - [`StopMode::Graceful`] asks the host's system and does not force it: wait for `Stopped`, then force
    ///   (`a_host_stops_and_starts`).
    ///
    /// # Errors
    /// `NotFound`, `Conflict`, `Unsupported` (a graceful stop where the provider has none), and what every call can meet.
    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()>;

    /// Restarts a running host through its system where possible; returns when the provider has accepted it.
    ///
    /// # Contract
    /// - The host comes back with the same id and disks (`a_host_restarts`).
    ///
    /// # Errors
    /// `NotFound`, `Conflict` (it does not run), and what every call can meet.
    async fn restart_host(&self, id: &HostId) -> Result<()>;

    /// Deletes a host and all that its create made; returns when the provider has accepted all of it.
    ///
    /// # Contract
    /// - Addresses, disks, firewalls and keys that the create made go too (`deleting_leaves_nothing_behind`), unless another
    ///   host uses them (`deleting_spares_what_another_host_uses`).
    /// - A host that is not there is success (`deleting_a_missing_host_succeeds`), so it can be repeated
    ///   (`deleting_twice_succeeds`).
    /// - A data disk marked to be kept stays (`a_kept_data_disk_outlives_its_host`).
    /// - After a partial failure, which names what remains, repeating the call finishes
    ///   (`a_delete_under_faults_can_be_repeated`).
    ///
    /// # Errors
    /// `Conflict` (busy), `PermissionDenied` (protected), and what every call can meet.
    async fn delete_host(&self, id: &HostId) -> Result<()>;

    /// Changing a host's machine type, where the provider can.
    fn resize(&self) -> Option<&dyn Resize> {
        None
    }

    /// Snapshots, where the provider has them.
    fn snapshots(&self) -> Option<&dyn Snapshots> {
        None
    }

    /// SSH keys kept by the provider, where it has them.
    fn ssh_keys(&self) -> Option<&dyn SshKeys> {
        None
    }

    /// Volumes, where the provider has them.
    fn volumes(&self) -> Option<&dyn Volumes> {
        None
    }

    /// Machine types, images and prices, where the provider tells them.
    fn catalog(&self) -> Option<&dyn Catalog> {
        None
    }

    /// The hosts' consoles, where the provider opens them.
    fn console(&self) -> Option<&dyn Console> {
        None
    }

    /// All that an owner has, for cleaning up, where the provider can list it.
    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }
}

/// What [`create_host`](CloudProvider::create_host) did.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// This call made the host.
    New(HostRuntime),
    /// An equal wish had made it before.
    Existing(HostRuntime),
}

impl Created {
    /// The host, however it came to be.
    #[must_use]
    pub fn host(&self) -> &HostRuntime {
        match self {
            Self::New(host) | Self::Existing(host) => host,
        }
    }

    /// The host, however it came to be.
    #[must_use]
    pub fn into_host(self) -> HostRuntime {
        match self {
            Self::New(host) | Self::Existing(host) => host,
        }
    }
}

/// How a host is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopMode {
    /// Its system is asked to shut down, as by the power button; it may take its time or ignore it.
    Graceful,
    /// It loses power at once.
    Hard,
}

/// Which hosts to list, and from where on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ListHosts {
    /// Whose hosts.
    pub owners: Owners,
    /// Only the one of this name.
    pub name: Option<Name>,
    /// The page to read; `None` is the first.
    pub page: Option<PageToken>,
}

/// Whose hosts a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Owners {
    /// The provider value's own.
    #[default]
    Mine,
    /// Everybody's in the account, also those that this library did not make.
    All,
}

impl ListHosts {
    /// The hosts of the provider value's owner, from the first page on.
    #[must_use]
    pub fn mine() -> Self {
        Self::default()
    }

    /// Every host in the account, from the first page on.
    #[must_use]
    pub fn everyone() -> Self {
        Self { owners: Owners::All, ..Self::default() }
    }

    /// Only the host of this name.
    #[must_use]
    pub fn name(mut self, name: Name) -> Self {
        self.name = Some(name);
        self
    }

    /// From this page on.
    #[must_use]
    pub fn page(mut self, page: PageToken) -> Self {
        self.page = Some(page);
        self
    }
}

/// Where the next page begins: written and read by one provider's crate only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageToken(String);

impl PageToken {
    /// A token in the provider's own form.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The provider's own form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of hosts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostPage {
    /// The hosts of this page, possibly none even where more pages follow.
    pub hosts: Vec<HostRuntime>,
    /// The next page; `None` ends the list.
    pub next: Option<PageToken>,
}
