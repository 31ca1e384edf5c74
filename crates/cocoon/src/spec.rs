//! What a caller asks for.

use std::path::PathBuf;

use cloud_types::{Error, GiB, MiB, Name, Result, SshPublicKey, UserData};
use cocoon_images::DirectKernel;

use crate::network::NetworkChoice;
use crate::state::{AttachedVolume, HostMark, PublishedPort, VmId};

/// A VM to be made.
///
/// ```
/// # fn main() -> cloud_types::Result<()> {
/// use cloud_types::{MiB, Name};
///
/// let spec = cocoon::VmSpec::new(Name::new("web-1")?, "debian-12.qcow2").cpus(4).memory(MiB::from_gib(2));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct VmSpec {
    pub(crate) name: Name,
    pub(crate) image: PathBuf,
    pub(crate) cpus: u32,
    pub(crate) memory: MiB,
    pub(crate) storage: Option<GiB>,
    pub(crate) kernel: Option<DirectKernel>,
    pub(crate) data_disks: Vec<GiB>,
    pub(crate) published: Vec<PublishedPort>,
    pub(crate) ssh_keys: Vec<SshPublicKey>,
    pub(crate) user_data: Option<UserData>,
    pub(crate) network: Option<NetworkChoice>,
    pub(crate) host: Option<HostMark>,
    pub(crate) volumes: Vec<AttachedVolume>,
}

impl VmSpec {
    /// A VM with a system disk that begins as this image, a raw or qcow2 file or one that
    /// was pulled: 2 CPUs, 1 GiB of memory, 10 GiB of storage.
    #[must_use]
    pub fn new(name: Name, image: impl Into<PathBuf>) -> Self {
        Self {
            name,
            image: image.into(),
            cpus: 2,
            memory: MiB::from_gib(1),
            storage: None,
            kernel: None,
            data_disks: Vec::new(),
            published: Vec::new(),
            ssh_keys: Vec::new(),
            user_data: None,
            network: None,
            host: None,
            volumes: Vec::new(),
        }
    }

    /// Virtual CPUs, 1 to 255.
    #[must_use]
    pub fn cpus(mut self, cpus: u32) -> Self {
        self.cpus = cpus;
        self
    }

    /// Memory, from 16 MiB.
    #[must_use]
    pub fn memory(mut self, memory: MiB) -> Self {
        self.memory = memory;
        self
    }

    /// The system disk's size; not below the image's. Unless it is set, 10 GiB, or the image's size if that is more.
    #[must_use]
    pub fn storage(mut self, storage: GiB) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Boots this kernel, and not from the disk.
    #[must_use]
    pub fn kernel(mut self, kernel: DirectKernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Adds an empty disk.
    #[must_use]
    pub fn data_disk(mut self, size: GiB) -> Self {
        self.data_disks.push(size);
        self
    }

    /// Makes a port of this box lead to one of the VM.
    #[must_use]
    pub fn publish(mut self, port: PublishedPort) -> Self {
        self.published.push(port);
        self
    }

    /// The network. Unless it is set, QEMU's own one; under Cloud Hypervisor, which has none, the network `default`.
    #[must_use]
    pub fn network(mut self, network: NetworkChoice) -> Self {
        self.network = Some(network);
        self
    }

    /// Lets this key's owner in, where the image has cloud-init.
    #[must_use]
    pub fn ssh_key(mut self, key: SshPublicKey) -> Self {
        self.ssh_keys.push(key);
        self
    }

    /// What cloud-init does at the first boot. It is kept in the VM's directory, for this user alone.
    #[must_use]
    pub fn user_data(mut self, data: UserData) -> Self {
        self.user_data = Some(data);
        self
    }

    /// Makes it a host of a provider. It has a disk for its first boot then, also without keys and user data.
    #[must_use]
    pub fn host(mut self, mark: HostMark) -> Self {
        self.host = Some(mark);
        self
    }

    /// Adds the volume on this disk, a qcow2 that stays when the VM goes. The caller has made sure that no other VM has it.
    #[must_use]
    pub fn volume(mut self, id: VmId, file: impl Into<PathBuf>) -> Self {
        let slot = u32::try_from(self.volumes.len()).unwrap_or(u32::MAX);
        self.volumes.push(AttachedVolume { id, file: file.into(), slot });
        self
    }

    /// What can be said without looking at a file.
    pub(crate) fn check(&self) -> Result<()> {
        check_processors(Some(self.cpus))?;
        check_memory(Some(self.memory))?;
        self.storage.iter().chain(&self.data_disks).try_for_each(|size| check_size("storage", *size))?;
        if self.data_disks.len() > MOST_DISKS {
            let rule = format!("at most {MOST_DISKS} data disks, got {}", self.data_disks.len());
            return Err(Error::invalid("data_disk", rule));
        }
        Ok(())
    }
}

pub(crate) fn check_processors(cpus: Option<u32>) -> Result<()> {
    match cpus.filter(|cpus| !(1..=255).contains(cpus)) {
        Some(cpus) => Err(Error::invalid("cpus", format!("must be 1 to 255, got {cpus}"))),
        None => Ok(()),
    }
}

pub(crate) fn check_memory(memory: Option<MiB>) -> Result<()> {
    match memory.filter(|memory| !(16..=MOST_MEMORY).contains(&memory.0)) {
        Some(memory) => Err(Error::invalid("memory", format!("must be 16 MiB to 16 TiB, got {memory}"))),
        None => Ok(()),
    }
}

/// The size of a disk.
pub(crate) fn check_size(field: &'static str, size: GiB) -> Result<()> {
    match (1..=MOST_STORAGE).contains(&size.0) {
        true => Ok(()),
        false => Err(Error::invalid(field, format!("must be 1 GiB to 64 TiB, got {size}"))),
    }
}

const MOST_MEMORY: u64 = 16 << 20;
const MOST_STORAGE: u32 = 64 << 10;
const MOST_DISKS: usize = 20;
