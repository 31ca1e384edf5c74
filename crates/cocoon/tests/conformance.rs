//! The provider keeps the contract, on real guests: QEMU's processes with the test guest in them.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::Backend;
use cloud_types::{
    Architecture, CloudProvider, CpuKind, GiB, HostId, HostRuntime, HostSpec, Image, Machine, MachineType,
    MachineTypeName, MiB, Name, Owner, Region, UserData,
};
use cocoon::provider::{Config, HostImage, Prices, Provider};
use cocoon::{Acceleration, Cocoon, DirectKernel};
use support::Installation;

cloud_conformance::conformance_tests!(this_box);

async fn this_box() -> ThisBox {
    ThisBox(Installation::new())
}

/// An installation, where this box has what guests need.
struct ThisBox(Option<Installation>);

impl ThisBox {
    fn installation(&self) -> &Installation {
        self.0.as_ref().expect("nothing is tried where it lacks")
    }

    fn cocoon(&self) -> Cocoon {
        cocoon::Config::new().root_dir(self.installation().root()).acceleration(Acceleration::None).build()
    }

    fn provider_of(&self, owner: &str) -> Provider {
        let kernel = support::guest().expect("looked for before").to_owned();
        let kernel = DirectKernel { kernel, ..DirectKernel::default() };
        let disk = self.installation().disk().to_str().expect("a path of ours").to_owned();
        let config = Config::new(self.cocoon())
            .owner(Owner::new(owner).expect("a valid owner"))
            .image(Image::debian("12"), HostImage::new(disk).kernel(kernel))
            .prices("EUR vcpu=0.004 memory=0.002 disk=0.05".parse::<Prices>().expect("prices"))
            .memory_limit(MiB(4096))
            .vcpu_limit(64)
            // So small that lists have several pages.
            .page_size(2);
        let machines = [("small", 1, 1), ("medium", 2, 2)].map(|(name, vcpus, disk)| MachineType {
            name: MachineTypeName::new(name).expect("a valid name"),
            vcpus,
            cpu: CpuKind::Shared,
            memory: MiB(32),
            disk: Some(GiB(disk)),
            architecture: Architecture::X86_64,
            gpu: None,
            deprecated: false,
        });
        machines.into_iter().fold(config, Config::machine_type).build().expect("valid settings")
    }
}

#[async_trait]
impl Backend for ThisBox {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.provider_of("conformance"))
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.provider_of("conformance"))
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(self.provider_of("somebody-else"))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        let machine = Machine::named("small").expect("a valid machine type");
        HostSpec::new(name.clone(), Region::new("local").expect("a valid region"), machine, Image::debian("12"))
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("medium").expect("a valid machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// The disk that the guest is given, with all that is on it.
    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        let vm = vm_of(&host.id);
        let disk = fs::read(self.installation().root().join("vms").join(vm).join("seed.iso")).ok()?;
        Some(UserData::new(String::from_utf8_lossy(&disk)))
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        let root = self.installation().root();
        let is_kept = |entry: &fs::DirEntry| entry.file_name() != "lock";
        let count = |path: &Path| fs::read_dir(path).map_or(0, |entries| entries.flatten().filter(is_kept).count());
        let mut counts: BTreeMap<String, usize> =
            ["vms", "run", "log", "volumes", "ssh-keys"].map(|kind| (kind.to_owned(), count(&root.join(kind)))).into();
        counts.insert("processes".to_owned(), self.installation().hypervisors().len());
        Some(counts)
    }

    fn lacks(&self) -> Option<String> {
        self.0.is_none().then(|| "this box has not got what guests need".to_owned())
    }

    fn has_public_addresses(&self) -> bool {
        false
    }

    fn is_simulated(&self) -> bool {
        false
    }
}

fn vm_of(id: &HostId) -> &str {
    id.as_str().split('/').next().unwrap_or_default()
}
