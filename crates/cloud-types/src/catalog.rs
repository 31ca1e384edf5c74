//! What a provider sells: places, machine types, images, disks, and what they cost.

use async_trait::async_trait;

use crate::{
    Architecture, DiskClass, Error, ErrorKind, Estimate, GiB, HostRuntime, HostSpec, MachineTypeName, MiB, Money,
    Pricing, Region, Requirements, Result, Snapshot, Terms, Zone,
};

/// The ability to tell what can be had and what it costs. Answers may be some minutes old; stock changes within hours.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The regions and their zones.
    ///
    /// # Errors
    /// What every call can meet.
    async fn regions(&self) -> Result<Vec<RegionInfo>>;

    /// The machine types.
    ///
    /// # Errors
    /// What every call can meet.
    async fn machine_types(&self) -> Result<Vec<MachineType>>;

    /// The system images that hosts can boot, snapshots not among them.
    ///
    /// # Errors
    /// What every call can meet.
    async fn images(&self) -> Result<Vec<ImageInfo>>;

    /// The disk classes and what a gibibyte costs.
    ///
    /// # Errors
    /// What every call can meet.
    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>>;

    /// What can be ordered where and at which price, also what is sold out right now.
    ///
    /// # Errors
    /// `InvalidRequest` (a region that the provider does not have), and what every call can meet.
    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>>;

    /// What a host like this would cost, item by item; nothing is made.
    ///
    /// # Contract
    /// - The items are those that the created host is billed for, and each says how its use is counted
    ///   (`an_estimate_is_what_the_host_costs`).
    ///
    /// # Errors
    /// As [`create_host`](crate::CloudProvider::create_host) for a spec that cannot be met, and what every call can meet.
    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate>;

    /// What a host costs as it is now, item by item.
    ///
    /// # Errors
    /// `NotFound`, and what every call can meet.
    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate>;

    /// What a snapshot costs while it is kept.
    ///
    /// # Errors
    /// What every call can meet.
    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate>;
}

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RegionInfo {
    /// Its name, as a spec takes it.
    pub name: Region,
    /// For people, such as `Falkenstein, DE`.
    pub description: String,
    /// Its zones; none where the provider has none.
    pub zones: Vec<Zone>,
}

/// A machine type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MachineType {
    /// Its name, as a spec takes it.
    pub name: MachineTypeName,
    /// Virtual processors.
    pub vcpus: u32,
    /// Whether the processors are its own.
    pub cpu: CpuKind,
    /// Memory.
    pub memory: MiB,
    /// The boot disk that comes with it; `None` where it is asked for apart.
    pub disk: Option<GiB>,
    /// Instruction set.
    pub architecture: Architecture,
    /// Its GPUs.
    pub gpu: Option<GpuInfo>,
    /// Whether the provider is giving it up: existing hosts run on, new ones may be refused.
    pub deprecated: bool,
}

/// Whether processors are a machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CpuKind {
    /// Shared with other machines.
    Shared,
    /// Its own.
    Dedicated,
}

/// The GPUs of a machine type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GpuInfo {
    /// The model, such as `H100`.
    pub model: String,
    /// How many.
    pub count: u32,
    /// The memory of each, where the provider says so.
    pub memory: Option<MiB>,
}

/// A system image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ImageInfo {
    /// The provider's id or name, as [`Image::Id`](crate::Image::Id) takes it.
    pub id: String,
    /// For people.
    pub description: String,
    /// Instruction set.
    pub architecture: Architecture,
    /// Whether the provider is giving it up.
    pub deprecated: bool,
}

/// A disk class and its price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DiskClassInfo {
    /// Which one.
    pub class: DiskClass,
    /// The provider's own name of it.
    pub name: String,
    /// What a gibibyte costs a month.
    pub gib_month: Money,
    /// How its use is counted; `None` where the provider does not tell.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub terms: Option<Terms>,
}

/// A machine type in a place at a price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Offering {
    /// What.
    pub machine_type: MachineType,
    /// Where.
    pub region: Region,
    /// Which zone of it, on a provider that has zones.
    pub zone: Option<Zone>,
    /// On demand or spot.
    pub pricing: Pricing,
    /// What an hour of the running machine costs, without disks and addresses.
    pub hourly: Money,
    /// The most that a calendar month costs.
    pub monthly_cap: Option<Money>,
    /// Whether it can be ordered now. An indication, not a reservation.
    pub orderable: bool,
}

impl Offering {
    /// Whether it has at least what is required, and costs no more.
    #[must_use]
    pub fn fits(&self, required: &Requirements) -> bool {
        let machine = &self.machine_type;
        let architecture = required.architecture.unwrap_or(Architecture::X86_64);
        machine.vcpus >= required.vcpus
            && required.memory.is_none_or(|memory| machine.memory >= memory)
            && machine.architecture == architecture
            && required.gpu.as_ref().is_none_or(|wanted| {
                machine.gpu.as_ref().is_some_and(|gpu| gpu.model == wanted.model && gpu.count >= wanted.count)
            })
            && required
                .max_hourly
                .is_none_or(|max| max.currency == self.hourly.currency && self.hourly.amount <= max.amount)
    }

    /// The cheapest of those that can be ordered now and fit; of equally cheap ones the first by name.
    ///
    /// # Errors
    /// `InvalidRequest` where the highest price is in another currency than the offerings, or nothing on sale fits at
    /// all; `NoCapacity` where what fits is sold out.
    pub fn cheapest<'a>(offerings: &'a [Self], required: &Requirements) -> Result<&'a Self> {
        if let (Some(max), Some(first)) = (required.max_hourly, offerings.first())
            && max.currency != first.hourly.currency
        {
            let rule = format!("the highest price must be in {}, got {}", first.hourly.currency, max.currency);
            return Err(Error::invalid("machine", rule));
        }
        let key = |offering: &&Self| (offering.hourly.amount, offering.machine_type.name.clone());
        let fitting = || offerings.iter().filter(|o| o.fits(required) && !o.machine_type.deprecated);
        match fitting().filter(|offering| offering.orderable).min_by_key(key) {
            Some(offering) => Ok(offering),
            None if fitting().next().is_some() => {
                Err(Error::new(ErrorKind::NoCapacity, format!("all that has {required} is sold out here")))
            }
            None => Err(Error::invalid("machine", format!("nothing on sale here has {required}"))),
        }
    }
}

/// Which offerings to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OfferingFilter {
    /// Only in this region.
    pub region: Option<Region>,
    /// Only what fits this.
    pub requirements: Option<Requirements>,
    /// Only what is paid so; `None` is both.
    pub pricing: Option<Pricing>,
}

impl OfferingFilter {
    /// Everything, everywhere.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only in this region.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Only what fits this.
    #[must_use]
    pub fn requirements(mut self, requirements: Requirements) -> Self {
        self.requirements = Some(requirements);
        self
    }

    /// Only what is paid so.
    #[must_use]
    pub fn pricing(mut self, pricing: Pricing) -> Self {
        self.pricing = Some(pricing);
        self
    }

    /// Whether an offering passes.
    #[must_use]
    pub fn passes(&self, offering: &Offering) -> bool {
        self.region.as_ref().is_none_or(|region| *region == offering.region)
            && self.pricing.is_none_or(|pricing| pricing == offering.pricing)
            && self.requirements.as_ref().is_none_or(|required| offering.fits(required))
    }
}
