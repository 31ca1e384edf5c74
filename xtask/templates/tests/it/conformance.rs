//! The behaviours that every backend must show. They fail until they are built, one by one.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, conformance_tests};
use cloud_http::FakeTransport;
use cloud_types::{CloudProvider, HostSpec, Image, Machine, MachineTypeName, Name, Owner, Region};
use cloud_{{module}}::{Config, {{Type}}};

conformance_tests!(account);

/// An account without anything behind it; a simulator's comes in its place.
struct Account(Arc<FakeTransport>);

async fn account() -> Account {
    Account(FakeTransport::new())
}

impl Account {
    fn provider_of(&self, owner: &str) -> Arc<{{Type}}> {
        let owner = Owner::new(owner).expect("an owner's name");
        let config = Config::new("token").owner(owner).transport(self.0.clone());
        Arc::new(config.build().expect("settings that are right"))
    }
}

#[async_trait]
impl Backend for Account {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.provider_of("mine")
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        self.provider_of("mine")
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        self.provider_of("theirs")
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let region = Region::new("region-1").expect("a region's name");
        HostSpec::new(name.clone(), region, Machine::named("small").expect("a type's name"), Image::ubuntu("24.04"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("large").expect("a type's name")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(5)
    }
}
