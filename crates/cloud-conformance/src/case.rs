//! One behaviour's stage: the backend, names that nobody else uses, and steps that many behaviours begin with.

use std::sync::Arc;

use cloud_types::clock::within;
use cloud_types::{
    Ability, Clock, CloudProvider, CloudProviderExt, DataDisk, Error, ErrorKind, HostId, HostRuntime, HostSpec,
    HostState, InboundPort, ListHosts, MachineTypeName, Name, PublicNetwork, Result, StopMode, UserData, Wait,
};
use futures::TryStreamExt;

use crate::fixtures;
use crate::outcome::Expect;
use crate::{Backend, Fault, Injected, Operation, Outcome, Stop, Trouble};

/// What one behaviour plays on. It makes names that nobody else uses, and cleans up all that bears them.
pub struct Case {
    pub(crate) backend: Box<dyn Backend>,
    provider: Arc<dyn CloudProvider>,
    pub(crate) prefix: String,
}

impl Case {
    /// A stage on this backend.
    #[must_use]
    pub fn new(backend: Box<dyn Backend>) -> Self {
        let provider = backend.provider();
        Self { backend, provider, prefix: format!("conf-{:08x}-", fastrand::u32(..)) }
    }

    /// The service as this process and its owner see it.
    #[must_use]
    pub fn provider(&self) -> &dyn CloudProvider {
        &*self.provider
    }

    pub(crate) fn shared_provider(&self) -> Arc<dyn CloudProvider> {
        Arc::clone(&self.provider)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.provider.clock()
    }

    /// A name of this case alone.
    pub(crate) fn name(&self, role: &str) -> Name {
        Name::new(format!("{}{role}", self.prefix)).expect("a prefix and a short lower-case word make a name")
    }

    /// The cheapest host under a name of this case alone.
    pub(crate) fn spec(&self, role: &str) -> HostSpec {
        self.backend.spec(&self.name(role))
    }

    /// A machine type that no provider has.
    pub(crate) fn unknown_machine(&self) -> MachineTypeName {
        MachineTypeName::new("no-such-machine").expect("a well-formed name")
    }

    /// A wait with the backend's patience.
    pub(crate) fn wait(&self) -> Wait<'static> {
        Wait::within(self.backend.patience())
    }

    /// Creates the cheapest host, without waiting for it.
    pub(crate) async fn create(&self, role: &str) -> Outcome<HostRuntime> {
        let created = self.provider.create_host(&self.spec(role)).await;
        Ok(created.or_fail("a plain host can be created")?.into_host())
    }

    /// Creates the cheapest host and waits until it runs.
    pub(crate) async fn running(&self, role: &str) -> Outcome<HostRuntime> {
        self.running_as(&self.spec(role)).await
    }

    /// Creates a host and waits until it runs.
    pub(crate) async fn running_as(&self, spec: &HostSpec) -> Outcome<HostRuntime> {
        self.provider.create_and_wait(spec, self.wait()).await.or_fail("a new host comes to run")
    }

    /// Waits until a host is in a state.
    pub(crate) async fn reaches(&self, id: &HostId, state: HostState) -> Outcome<HostRuntime> {
        let expected = format!("the host becomes {state}");
        self.provider.wait_for_state(id, state, self.wait()).await.or_fail(expected)
    }

    /// Waits for as long as answers may be old.
    pub(crate) async fn settle(&self) {
        self.clock().sleep(self.provider.capabilities().read_lag).await;
    }

    /// All hosts of this owner that bear the name, looked for among everybody's so that no filter hides one.
    pub(crate) async fn hosts_named(&self, name: &Name) -> Outcome<Vec<HostRuntime>> {
        let listed = self.provider.hosts(ListHosts::everyone()).try_collect::<Vec<_>>().await;
        let mut hosts = listed.or_fail("all hosts of the account can be listed")?;
        hosts.retain(|host| host.name == name.as_str() && host.owner.as_ref() == Some(self.provider.owner()));
        Ok(hosts)
    }

    /// The one host of this owner that bears the name, once answers are no longer old.
    pub(crate) async fn the_one_host_named(&self, name: &Name) -> Outcome<HostRuntime> {
        self.settle().await;
        let mut hosts = self.hosts_named(name).await?;
        match (hosts.pop(), hosts.len()) {
            (Some(host), 0) => Ok(host),
            (Some(_), others) => Err(Stop::Failed(format!("one host bears the name; there are {}", others + 1))),
            (None, _) => Err(Stop::Failed("one host bears the name; there is none".to_owned())),
        }
    }

    /// Creates the cheapest host, waits until it runs, and takes its power.
    pub(crate) async fn stopped(&self, role: &str) -> Outcome<HostRuntime> {
        let host = self.running(role).await?;
        self.provider.stop_host(&host.id, StopMode::Hard).await.or_fail("a running host can be stopped")?;
        self.reaches(&host.id, HostState::Stopped).await
    }

    /// The id of a host that was there and is gone.
    pub(crate) async fn gone(&self, role: &str) -> Outcome<HostId> {
        let host = self.running(role).await?;
        self.provider.delete_host(&host.id).await.or_fail("a running host can be deleted")?;
        self.is_gone(&host.id).await?;
        Ok(host.id)
    }

    /// Reads a host that must be there.
    pub(crate) async fn read(&self, id: &HostId) -> Outcome<HostRuntime> {
        self.provider.get_host(id).await.or_fail("a host that is there can be read")
    }

    /// Waits until a host is no longer there.
    pub(crate) async fn is_gone(&self, id: &HostId) -> Outcome {
        let looking = async {
            loop {
                match self.provider.get_host(id).await {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                    Err(error) if error.is_retryable() => {}
                    Err(error) => return Err(error).or_fail("a deleted host is not found in the end"),
                    Ok(_) => {}
                }
                self.clock().sleep(*self.provider.capabilities().poll.start()).await;
            }
        };
        let still_there = || Err(Stop::Failed("a deleted host goes; it is there still".to_owned()));
        within(self.clock(), self.backend.patience(), looking).await.unwrap_or_else(still_there)
    }

    /// Whether hosts cost nothing here: on a backend whose account can be counted, they are simulated, unless it says more.
    pub(crate) async fn is_free(&self) -> bool {
        self.backend.is_simulated() && self.is_counted().await
    }

    /// Whether the provider's side of the account can be looked at.
    pub(crate) async fn is_counted(&self) -> bool {
        self.backend.left_behind().await.is_some()
    }

    /// A host with all that a create may have to make besides it, as far as the provider claims it.
    pub(crate) fn rich_spec(&self, role: &str) -> HostSpec {
        let claims = self.provider.capabilities();
        let mut spec = self.spec(role).ssh_key(fixtures::ssh_key());
        if claims.can(Ability::InboundPorts) {
            spec = spec.inbound(InboundPort::tcp(22).expect("22 is a port"));
        }
        if claims.can(Ability::Ipv6) {
            spec = spec.public_network(PublicNetwork::BOTH);
        }
        if claims.can(Ability::DataDisk) {
            spec = spec.data_disk(DataDisk::new(*claims.data_disk.start()));
        }
        if claims.can(Ability::UserData) {
            spec = spec.user_data(UserData::new("#cloud-config\n"));
        }
        spec
    }

    /// Makes the next requests of an operation fail, or ends the behaviour as skipped where that cannot be done.
    pub(crate) async fn inject(&self, on: Operation, what: Trouble, times: u32) -> Outcome {
        match self.backend.inject(Fault { on, what, times }).await {
            Injected::Done => Ok(()),
            Injected::Impossible => Err(Stop::Skipped(format!("{what:?} on {on:?} cannot be arranged here"))),
        }
    }

    /// Repeats a call for as long as a caller sensibly would: while a repeat may help, within the patience.
    pub(crate) async fn patiently<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let pause = *self.provider.capabilities().poll.end();
        let mut last = None;
        let attempts = async {
            loop {
                match call().await {
                    Err(error) if is_worth_a_repeat(&error) => last = Some(error),
                    other => return other,
                }
                self.clock().sleep(pause).await;
            }
        };
        match within(self.clock(), self.backend.patience(), attempts).await {
            Some(outcome) => outcome,
            None => Err(last.unwrap_or_else(never_answered)),
        }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("provider", &self.provider).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn is_worth_a_repeat(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::OutcomeUnknown
}

fn never_answered() -> Error {
    Error::new(ErrorKind::Timeout, "the call did not answer within the backend's patience")
}
