//! The settings of a [`Provider`], from code or from the environment.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Known, Recent};
use cloud_types::{Error, Image, MachineType, MiB, Owner, Region, Result, SystemClock};
use cocoon::{Cocoon, NetworkChoice};

use crate::capacity::Limits;
use crate::disks::Disks;
use crate::host::capabilities;
use crate::image::{HostImage, Images, Names};
use crate::offers::Offers;
use crate::parts::Parts;
use crate::price::Prices;
use crate::{ID, Provider, machine};

/// Settings of a [`Provider`].
///
/// ```
/// use cloud_types::Owner;
///
/// let cocoon = cocoon::Config::new().root_dir("/srv/vms").build();
/// let provider = cloud_cocoon::Config::new(cocoon).owner(Owner::new("billing")?).build()?;
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) cocoon: Cocoon,
    pub(crate) owner: Owner,
    pub(crate) region: Option<Region>,
    pub(crate) machines: Vec<MachineType>,
    pub(crate) images: Names,
    pub(crate) prices: Prices,
    pub(crate) limits: Limits,
    pub(crate) network: Option<NetworkChoice>,
    pub(crate) page: usize,
    pub(crate) grace: Duration,
}

impl Config {
    /// Hosts of the owner that is everybody's default, in this installation.
    #[must_use]
    pub fn new(cocoon: Cocoon) -> Self {
        Self {
            cocoon,
            owner: Owner::default(),
            region: None,
            machines: Vec::new(),
            images: Names::default(),
            prices: Prices::default(),
            limits: Limits::default(),
            network: None,
            page: 50,
            grace: Duration::from_secs(30),
        }
    }

    /// Settings from the environment: those of [`cocoon::Config::from_env`], and these.
    ///
    /// | Variable | What it sets |
    /// |---|---|
    /// | `CLOUD_OWNER` | see [`owner`](Self::owner) |
    /// | `COCOON_IMAGES` | see [`image`](Self::image): `ubuntu:24.04=/srv/u.img debian:12=https://…`, with blanks between |
    /// | `COCOON_NETWORK` | see [`network`](Self::network) |
    /// | `COCOON_PRICES` | see [`prices`](Self::prices): `EUR vcpu=0.004 memory=0.002 disk=0.05` |
    ///
    /// # Errors
    /// `InvalidRequest` on field `owner`, `images`, `prices` or `acceleration`.
    pub fn from_env() -> Result<Self> {
        let mut config = Self::new(cocoon::Config::from_env()?.build());
        if let Some(owner) = variable("CLOUD_OWNER") {
            config.owner = Owner::new(owner)?;
        }
        if let Some(images) = variable("COCOON_IMAGES") {
            config.images = images.parse()?;
        }
        if let Some(network) = variable("COCOON_NETWORK") {
            config.network = Some(network.parse()?);
        }
        if let Some(prices) = variable("COCOON_PRICES") {
            config.prices = prices.parse()?;
        }
        Ok(config)
    }

    /// Whose hosts these are.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// What the one region is called; `local` unless it is set.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Adds a machine type. Those that one adds replace the built-in ones: `tiny`, `small`, `medium`, `large` and `xlarge`,
    /// as far as the box has the processors and the memory.
    #[must_use]
    pub fn machine_type(mut self, machine: MachineType) -> Self {
        self.machines.push(machine);
        self
    }

    /// What an image's name means here, in place of the distribution's own cloud image.
    #[must_use]
    pub fn image(mut self, name: Image, image: HostImage) -> Self {
        self.images.add(name, image);
        self
    }

    /// The network that hosts are in; QEMU's own unless it is set, which needs no rights, and `default`
    /// under Cloud Hypervisor, which has none of its own. In one of this installation's
    /// networks, which needs root, they have addresses there, reach each other, and are reached from this box at all ports.
    #[must_use]
    pub fn network(mut self, network: NetworkChoice) -> Self {
        self.network = Some(network);
        self
    }

    /// What things cost; nothing unless it is set. The catalog, the estimates and a meter count with it.
    #[must_use]
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// The memory that all hosts that run may have together; nine tenths of the box's unless it is set.
    #[must_use]
    pub fn memory_limit(mut self, memory: MiB) -> Self {
        self.limits.memory = Some(memory);
        self
    }

    /// The virtual processors that all hosts that run may have together; eight times the box's unless it is set.
    #[must_use]
    pub fn vcpu_limit(mut self, vcpus: u32) -> Self {
        self.limits.vcpus = Some(vcpus);
        self
    }

    /// How many hosts a page of a list holds; 50 unless it is set.
    #[must_use]
    pub fn page_size(mut self, hosts: usize) -> Self {
        self.page = hosts;
        self
    }

    /// How long a restart waits for the guest to power off by itself; 30 seconds unless it is set.
    #[must_use]
    pub fn restart_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The provider. Nothing is made or read before it is needed, but for what the box has.
    ///
    /// # Errors
    /// `InvalidRequest` on field `page_size` for 0.
    pub fn build(mut self) -> Result<Provider> {
        if self.page == 0 {
            return Err(Error::invalid("page_size", "must be at least 1"));
        }
        if self.machines.is_empty() {
            let limits = self.limits.resolved()?;
            self.machines = machine::built_in(limits.box_cpus, limits.memory)?;
        }
        let region = self.region.take().map_or_else(|| Region::new("local"), Ok)?;
        let capabilities = capabilities(self.cocoon.named_hypervisor());
        let pace = capabilities.poll.clone();
        let account = Account::new(ID, self.owner.clone(), Arc::new(SystemClock), capabilities).pace(pace);
        let Self { cocoon, owner, machines, images, prices, limits, network, page, grace, .. } = self;
        Ok(Provider(Arc::new(Parts {
            recent: Recent::new(&account),
            offers: Offers { cocoon: cocoon.clone(), region, machines, prices, limits },
            images: Images::new(cocoon.clone(), images),
            disks: Disks::new(cocoon.clone(), owner),
            asked: Known::default(),
            account,
            cocoon,
            network,
            page,
            grace,
        })))
    }
}

/// What the environment sets, unless it is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
