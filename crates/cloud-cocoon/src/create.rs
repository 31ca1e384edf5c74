//! What this box can do of a create: the VM's name is made of owner and name, and is claimed with the whole VM in one step,
//! labels and all. So no second VM can come to be; what is left is to look at the one that has the name, which
//! [`create_once`](cloud_driver::create_once) does.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use cloud_driver::{Account, Candidate, Creates, Request, Sends, Surplus, Unique, delete_whole, found};
use cloud_types::{ErrorKind, GiB, HostRuntime, HostSpec, Region, Result};
use cocoon::{Ending, HostMark, HypervisorKind, NetworkChoice, Removal, Vm, VmSpec, VmState};

use crate::data_disk::DataDisks;
use crate::delete::Delete;
use crate::offers::boot_size;
use crate::parts::Parts;
use crate::{address, convert};

/// One create.
pub(crate) struct Create<'a> {
    parts: &'a Parts,
    /// Whether this call has made the VM, and so has started it too.
    has_made: AtomicBool,
}

/// The VM of a host, but for its labels.
pub(crate) struct Plan {
    vm: VmSpec,
    mark: HostMark,
    regions: [Region; 1],
}

impl<'a> Create<'a> {
    pub(crate) fn new(parts: &'a Parts) -> Self {
        Self { parts, has_made: AtomicBool::new(false) }
    }
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = Region;
    type Host = Vm;
    /// A data disk that is made for nothing is removed where it is made.
    type Made = ();

    const UNIQUE: Unique = Unique::Account;

    fn account(&self) -> &Account {
        &self.parts.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.parts.recent
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        self.parts.account.capabilities().check(spec)
    }

    /// The VM that a spec describes, once all in it is found to be right and there is room.
    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        let parts = self.parts;
        let name = convert::vm_name(parts.owner(), &spec.name)?;
        let machine = parts.offers.choose(spec).await?;
        let address = address::of(parts.cocoon.root_dir(), name.as_str());
        let network = match (&parts.network, parts.cocoon.named_hypervisor()) {
            (Some(network), _) => network.clone(),
            (None, Some(HypervisorKind::CloudHypervisor)) => NetworkChoice::default_network()?,
            (None, _) => NetworkChoice::User,
        };
        // In a network, all ports of a host are reached from this box, and none from elsewhere.
        let published = match network {
            NetworkChoice::User => address::published(address, &spec.inbound)?,
            _ => Vec::new(),
        };
        let image = parts.images.find(&spec.image).await?;
        let size = boot_size(spec, &machine, image.needs())?;
        let data = spec.data_disk.map_or(0, |disk| disk.size.0);
        parts.offers.free().await?.check(&machine, GiB(size.0.saturating_add(data)))?;
        DataDisks(parts).check(spec, &name).await?;
        let vm =
            VmSpec::new(name, image.disk).cpus(machine.vcpus).memory(machine.memory).storage(size).network(network);
        let mut vm = published.into_iter().fold(vm, VmSpec::publish);
        vm = spec.ssh_keys.iter().cloned().fold(vm, VmSpec::ssh_key);
        if let Some(kernel) = image.kernel {
            vm = vm.kernel(kernel);
        }
        if let Some(data) = &spec.user_data {
            vm = vm.user_data(data.clone());
        }
        let mark = HostMark {
            name: spec.name.clone(),
            labels: BTreeMap::new(),
            machine_type: machine.name,
            image: spec.image.to_string(),
            ssh_user: image.ssh_user,
            address,
            ran: false,
        };
        Ok(Plan { vm, mark, regions: [spec.region.clone()] })
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [Region] {
        &plan.regions
    }

    async fn candidates(&self, spec: &HostSpec) -> Result<Vec<Candidate<Vm>>> {
        let name = convert::vm_name(self.parts.owner(), &spec.name)?;
        Ok(found(self.parts.cocoon.settled(&name).await)?.map(candidate).into_iter().collect())
    }

    async fn launch(&self, request: &Request<'_, Plan>, _: &Region, (): &mut ()) -> Result<Candidate<Vm>> {
        let (cocoon, Plan { vm, mark, .. }) = (&self.parts.cocoon, &request.plan);
        let name = convert::vm_name(self.parts.owner(), &request.spec.name)?;
        let vm = vm.clone().host(HostMark { labels: request.labels.clone(), ..mark.clone() });
        let vm = DataDisks(self.parts).make(request.spec, &name, vm).await?;
        self.has_made.store(true, Ordering::Relaxed);
        match cocoon.launch(&vm.name, &vm.id).await {
            Ok(()) => {}
            // It was made and is gone again: somebody deleted it meanwhile, as it is their right.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                // What cannot be started is no host. Best effort: a repeat of the create finds what stays.
                if let Ok(locked) = cocoon.lock(&vm.name, &vm.id, "create").await {
                    let _ = cocoon.remove_locked(locked, Removal::OnlyStopped).await;
                }
                return Err(error);
            }
        }
        Ok(candidate(vm))
    }

    /// Goes on with a create that was broken off before the VM was started.
    async fn complete(&self, _: &HostSpec, _: Option<&Plan>, host: &Candidate<Vm>) -> Result<()> {
        let vm = &host.host;
        let ran = vm.host.as_ref().is_some_and(|host| host.ran);
        let broken_off = match vm.ending {
            Some(Ending::NeverStarted) => true,
            Some(Ending::FailedToStart) => !ran,
            _ => false,
        };
        if vm.state != VmState::Stopped || !broken_off || self.has_made.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.parts.cocoon.launch(&vm.name, &vm.id).await {
            // Deleted since it was read: it was there all the same.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            launched => launched,
        }
    }

    /// As it is now; or as it was last seen, where it is gone again.
    async fn host(&self, vm: Vm) -> Result<HostRuntime> {
        let seen = self.parts.cocoon.inspect(&vm.name).await.ok().filter(|seen| seen.id == vm.id);
        self.parts.host(&seen.unwrap_or(vm))
    }

    async fn remove(&self, host: &Candidate<Vm>, _: Surplus) -> Result<()> {
        delete_whole(&Delete(self.parts), &host.id).await
    }

    async fn undo(&self, _: &Request<'_, Plan>, (): ()) {}
}

/// A VM that has the name. One that is no host has no labels, and so is nobody's.
fn candidate(vm: Vm) -> Candidate<Vm> {
    let labels = vm.host.as_ref().map(|host| host.labels.clone()).unwrap_or_default();
    Candidate { id: convert::host_id(&vm.name, &vm.id), labels, created: Some(vm.created_at), host: vm }
}
