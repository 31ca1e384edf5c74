//! Creating a host exactly once: its VM's name is made of owner and name, and is claimed with the whole VM in one step.

use std::collections::BTreeMap;

use cloud_types::{CreateToken, Created, Error, ErrorKind, GiB, HostSpec, MachineType, Name, Result, ownership};
use cocoon::{Ending, HostMark, HypervisorKind, NetworkChoice, Removal, Vm, VmSpec, VmState};

use crate::error::taken;
use crate::host::Inner;
use crate::image::Bootable;
use crate::{address, convert, machine};

impl Inner {
    pub(crate) async fn create(&self, spec: &HostSpec) -> Result<Created> {
        self.capabilities.check(spec)?;
        let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
        let labels = ownership::host_labels(self.owner(), spec, &token);
        let name = convert::vm_name(self.owner(), &spec.name)?;
        for _ in 0..ATTEMPTS {
            match self.config.cocoon.settled(&name).await {
                Ok(vm) => match self.existing(&vm, &labels).await {
                    // Deleted since it was read.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    existing => return existing,
                },
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            let wish = self.vm_spec(spec, &labels, &name).await?;
            match self.make(spec, &name, wish).await {
                Ok(vm) => return self.begin(vm).await,
                // Somebody was quicker; whether it is the same wish is to be looked at.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("host {} is made and deleted all the time: repeat", spec.name)))
    }

    /// Starts a VM that this call has made.
    async fn begin(&self, vm: Vm) -> Result<Created> {
        match self.config.cocoon.launch(&vm.name, &vm.id).await {
            Ok(()) => {}
            // It was made and is gone again: somebody deleted it meanwhile, as it is their right.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Created::New(self.told(&vm)?)),
            Err(error) => {
                // What cannot be started is no host. Best effort: a repeat of the create finds what stays.
                if let Ok(locked) = self.config.cocoon.lock(&vm.name, &vm.id, "create").await {
                    let _ = self.config.cocoon.remove_locked(locked, Removal::OnlyStopped).await;
                }
                return Err(error);
            }
        }
        let seen = self.config.cocoon.inspect(&vm.name).await.ok().filter(|seen| seen.id == vm.id);
        Ok(Created::New(self.told(&seen.unwrap_or(vm))?))
    }

    /// Judges the VM that has the name, and goes on with its create where that was broken off.
    async fn existing(&self, vm: &Vm, wished: &BTreeMap<String, String>) -> Result<Created> {
        let found = vm.host.as_ref().map(|host| &host.labels);
        match found.map_or(ownership::Match::OtherOwner, |found| ownership::compare(found, wished)) {
            ownership::Match::SameWish | ownership::Match::SameSpec => {}
            ownership::Match::OtherSpec => {
                return Err(taken(&vm.name, "a host of another spec"));
            }
            ownership::Match::OtherOwner => return Err(taken(&vm.name, "a VM that is no host of this owner")),
        }
        let ran = vm.host.as_ref().is_some_and(|host| host.ran);
        let broken_off = match vm.ending {
            Some(Ending::NeverStarted) => true,
            Some(Ending::FailedToStart) => !ran,
            _ => false,
        };
        if vm.state == VmState::Stopped && broken_off {
            self.config.cocoon.launch(&vm.name, &vm.id).await?;
            let seen = self.config.cocoon.inspect(&vm.name).await?;
            return Ok(Created::Existing(self.told(&seen)?));
        }
        Ok(Created::Existing(self.told(vm)?))
    }

    /// The VM that a spec describes, once all in it is found to be right and there is room.
    async fn vm_spec(&self, spec: &HostSpec, labels: &BTreeMap<String, String>, name: &Name) -> Result<VmSpec> {
        let machine = self.choose(spec).await?;
        let address = address::of(self.config.cocoon.root_dir(), name.as_str());
        let network = match (&self.config.network, self.config.cocoon.named_hypervisor()) {
            (Some(network), _) => network.clone(),
            (None, Some(HypervisorKind::CloudHypervisor)) => NetworkChoice::default_network()?,
            (None, _) => NetworkChoice::User,
        };
        // In a network, all ports of a host are reached from this box, and none from elsewhere.
        let published = match network {
            NetworkChoice::User => address::published(address, &spec.inbound)?,
            _ => Vec::new(),
        };
        let image = self.image(&spec.image).await?;
        let size = boot_size(spec, machine, Some(&image))?;
        let data = spec.data_disk.map_or(0, |disk| disk.size.0);
        self.free().await?.check(machine, GiB(size.0.saturating_add(data)))?;
        let mark = HostMark {
            name: spec.name.clone(),
            labels: labels.clone(),
            machine_type: machine.name.clone(),
            image: spec.image.to_string(),
            ssh_user: image.ssh_user,
            address,
            ran: false,
        };
        let mut vm = VmSpec::new(name.clone(), image.disk).cpus(machine.vcpus).memory(machine.memory).storage(size);
        vm = published.into_iter().fold(vm.network(network).host(mark), VmSpec::publish);
        vm = spec.ssh_keys.iter().cloned().fold(vm, VmSpec::ssh_key);
        if let Some(kernel) = image.kernel {
            vm = vm.kernel(kernel);
        }
        if let Some(data) = &spec.user_data {
            vm = vm.user_data(data.clone());
        }
        Ok(vm)
    }
}

/// The size of the boot disk: as wished, or the machine type's, or the image's where that is more.
///
/// # Errors
/// `InvalidRequest` on field `boot_disk` where the image needs more than was wished.
pub(crate) fn boot_size(spec: &HostSpec, machine: &MachineType, image: Option<&Bootable>) -> Result<GiB> {
    let needed = image.map_or(0, |image| image.size.div_ceil(1 << 30));
    let needed = GiB(u32::try_from(needed).unwrap_or(u32::MAX));
    match spec.boot_disk.size {
        Some(size) if size < needed => Err(Error::invalid(
            "boot_disk",
            format!("must be at least {needed}, which {} needs, got {size}", spec.image),
        )),
        Some(size) => Ok(size),
        None => Ok(machine::disk(machine).max(needed)),
    }
}

/// How often a host of the same name may be made and deleted by others while this one is made.
const ATTEMPTS: u32 = 8;
