//! The provider keeps the contract, on real guests: QEMU's processes with the test guest in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{Backend, Fault, Injected, Operation, Trouble};
use cloud_types::{CloudProvider, HostId, HostRuntime, HostSpec, MachineTypeName, MiB, Name, UserData};
use cocoon::{Removal, VmSpec};

use crate::folder::Folder;
use crate::provider;

cloud_conformance::conformance_tests!(this_box);

async fn this_box() -> ThisBox {
    ThisBox(provider::installation())
}

/// An installation, where this box has what guests need.
struct ThisBox(Option<Folder>);

impl ThisBox {
    fn installation(&self) -> &Folder {
        self.0.as_ref().expect("nothing is tried where it lacks")
    }

    /// Has another VM take all the memory that this box gives, until some seconds have passed.
    async fn crowd_for_a_while(&self) {
        let cocoon = provider::cocoon(self.installation());
        let name = Name::new("crowd").expect("a valid name");
        let crowd = VmSpec::new(name.clone(), self.installation().disk()).memory(MiB(provider::MEMORY.0 - 16));
        cocoon.create(&crowd.kernel(provider::kernel())).await.expect("a VM can be made");
        cocoon.start(&name).await.expect("it can be started");
        tokio::spawn(async move {
            tokio::time::sleep(A_WHILE).await;
            cocoon.remove(&name, Removal::EvenRunning).await.expect("it can be removed");
        });
    }

    /// Keeps every create waiting, as a slow command beside it does.
    async fn hold_staging_for_a_while(&self) {
        let root = self.installation().root();
        fs::create_dir_all(&root).expect("a root of our own");
        let lock = fs::File::options().append(true).create(true).open(root.join("staging.lock")).expect("a file in it");
        lock.lock().expect("nobody has it");
        tokio::spawn(async move {
            tokio::time::sleep(A_WHILE).await;
            drop(lock);
        });
    }
}

#[async_trait]
impl Backend for ThisBox {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        Arc::new(provider::of(self.installation(), "conformance"))
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        Arc::new(provider::of(self.installation(), "conformance"))
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        Arc::new(provider::of(self.installation(), "somebody-else"))
    }

    fn spec(&self, name: &Name) -> HostSpec {
        provider::spec(name)
    }

    fn larger_machine(&self) -> MachineTypeName {
        MachineTypeName::new("medium").expect("a valid machine type")
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn inject(&self, fault: Fault) -> Injected {
        match (fault.on, fault.what) {
            (Operation::CreateHost, Trouble::NoCapacity) => self.crowd_for_a_while().await,
            (Operation::CreateHost, Trouble::Slow) => self.hold_staging_for_a_while().await,
            _ => return Injected::Impossible,
        }
        Injected::Done
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

/// Long enough for a create under way to meet it.
const A_WHILE: Duration = Duration::from_secs(2);
