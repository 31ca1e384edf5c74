//! Small runs of chaos, and runs on providers that are broken on purpose.

use std::sync::Arc;

use async_trait::async_trait;
use cloud_trials::chaos::{self, Census, Field, HetznerField, LocalField, Menu, Settings};
use cloud_types::{
    Capabilities, Clock, CloudProvider, CreateToken, Created, HostId, HostPage, HostRuntime, HostSpec, ListHosts, Name,
    Owner, ProviderId, Resize, Result, Snapshots, StopMode, Sweep, Volumes,
};

fn small(seed: u64) -> Settings {
    Settings { hosts: 60, faults: 0.2, seed, tasks: 16 }
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_local_neither_doubles_nor_loses_nor_leaves_anything() {
    for seed in 1..=3 {
        let report = chaos::run(Arc::new(LocalField::open(0.2, seed).unwrap()), small(seed)).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.hosts_asked, report.hosts_existing), (60, 60));
        assert!(report.faults_injected > 0 && report.futures_dropped > 0, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_hetzner_neither_doubles_nor_loses_nor_leaves_anything() {
    for seed in 1..=3 {
        let report = chaos::run(Arc::new(HetznerField::start(0.2, seed).await.unwrap()), small(seed)).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.hosts_asked, report.hosts_existing), (60, 60));
        assert!(report.faults_injected > 0 && report.futures_dropped > 0, "{report:?}");
    }
}

#[cfg(feature = "gcp")]
#[tokio::test(flavor = "multi_thread")]
async fn chaos_on_gcp_neither_doubles_nor_loses_nor_leaves_anything() {
    for seed in 1..=3 {
        let field = chaos::GcpField::start(0.2, seed).await.unwrap();
        let report = chaos::run(Arc::new(field), small(seed)).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.hosts_asked, report.hosts_existing), (60, 60));
        assert!(report.faults_injected > 0 && report.futures_dropped > 0, "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_look_before_it_repeats_is_caught() {
    let field = Broken { field: LocalField::open(0.2, 1).unwrap(), flaw: Flaw::OtherNameOnEachCreate };
    let report = chaos::run(Arc::new(field), small(1)).await.unwrap();
    assert!(!report.is_clean() && report.duplicates > 0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_says_deleted_and_does_not_is_caught() {
    let field = Broken { field: HetznerField::start(0.2, 1).await.unwrap(), flaw: Flaw::ForgetsDeletes };
    let report = chaos::run(Arc::new(field), small(1)).await.unwrap();
    assert!(!report.is_clean() && !report.leftovers.is_empty(), "{report:?}");
}

/// What is broken.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    /// Each attempt is a wish of its own, that finds nothing of the one before.
    OtherNameOnEachCreate,
    /// One delete in eight is only said to be done.
    ForgetsDeletes,
}

#[derive(Debug)]
struct Broken<F> {
    field: F,
    flaw: Flaw,
}

impl<F: Field> Field for Broken<F> {
    fn provider(&self) -> &'static str {
        self.field.provider()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.field.clock()
    }

    fn process(&self, owner: &Owner) -> Result<Arc<dyn CloudProvider>> {
        Ok(Arc::new(BrokenProvider { whole: self.field.process(owner)?, flaw: self.flaw }))
    }

    fn menu(&self) -> Menu {
        self.field.menu()
    }

    fn census(&self) -> Census {
        let mut census = self.field.census();
        for (_, name, _) in &mut census.hosts {
            // Names of attempts count as the name that was wished.
            name.truncate(name.find("-try-").unwrap_or(name.len()));
        }
        census
    }
}

#[derive(Debug)]
struct BrokenProvider {
    whole: Arc<dyn CloudProvider>,
    flaw: Flaw,
}

#[async_trait]
impl CloudProvider for BrokenProvider {
    fn id(&self) -> &ProviderId {
        self.whole.id()
    }

    fn owner(&self) -> &Owner {
        self.whole.owner()
    }

    fn capabilities(&self) -> &Capabilities {
        self.whole.capabilities()
    }

    fn clock(&self) -> &dyn Clock {
        self.whole.clock()
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        let Flaw::OtherNameOnEachCreate = self.flaw else { return self.whole.create_host(spec).await };
        let attempt = fastrand::u32(..);
        let name = Name::new(format!("{}-try-{attempt}", spec.name))?;
        let spec = spec.clone().name(name).create_token(CreateToken::random());
        self.whole.create_host(&spec).await
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        self.whole.get_host(id).await
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        self.whole.list_hosts(query).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.whole.start_host(id).await
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        self.whole.stop_host(id, mode).await
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        self.whole.restart_host(id).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        let forgotten = matches!(self.flaw, Flaw::ForgetsDeletes) && id.as_str().ends_with(['0', '5']);
        if forgotten { Ok(()) } else { self.whole.delete_host(id).await }
    }

    fn resize(&self) -> Option<&dyn Resize> {
        self.whole.resize()
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        self.whole.snapshots()
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        self.whole.volumes()
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.whole.sweep()
    }
}
