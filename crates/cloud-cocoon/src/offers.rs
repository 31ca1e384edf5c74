//! What this box offers now: its machine types, at their prices, as far as there is room.

use cloud_driver::Sold;
use cloud_types::{
    DiskClass, DiskClassInfo, Error, GiB, HostSpec, Machine, MachineType, Offering, Pricing, Region, RegionInfo, Result,
};
use cocoon::{Cocoon, Vm};

use crate::capacity::{Free, Limits};
use crate::machine;
use crate::price::{Prices, TERMS};

/// What this box offers.
pub(crate) struct Offers {
    pub(crate) cocoon: Cocoon,
    /// The one region.
    pub(crate) region: Region,
    pub(crate) machines: Vec<MachineType>,
    pub(crate) prices: Prices,
    pub(crate) limits: Limits,
}

impl Offers {
    /// The machine type that a request gets, whether there is room for it or not.
    ///
    /// # Errors
    /// `InvalidRequest` on field `region` or `machine`; `NoCapacity` where all that is enough is taken.
    pub(crate) async fn choose(&self, spec: &HostSpec) -> Result<MachineType> {
        let sold = self.sold().await?;
        sold.check_region(&spec.region)?;
        match &spec.machine {
            Machine::Named(name) => sold.machine_type(name, &spec.region).cloned(),
            Machine::AtLeast(required) => sold.cheapest(&spec.region, required).cloned(),
            _ => Err(Error::unsupported("this provider takes machine types by name or by requirements")),
        }
    }

    /// All that is sold, and for what of it there is room.
    pub(crate) async fn sold(&self) -> Result<Sold> {
        let free = self.free().await?;
        let offering = |machine: &MachineType| Offering {
            machine_type: machine.clone(),
            region: self.region.clone(),
            zone: None,
            pricing: Pricing::OnDemand,
            hourly: self.prices.hour(machine.vcpus, machine.memory),
            monthly_cap: None,
            orderable: free.fits(machine),
        };
        let offerings = self.machines.iter().map(offering).collect();
        Ok(Sold { regions: self.regions(), machine_types: self.machines.clone(), offerings })
    }

    pub(crate) fn regions(&self) -> Vec<RegionInfo> {
        vec![RegionInfo { name: self.region.clone(), description: "this box".to_owned(), zones: Vec::new() }]
    }

    pub(crate) fn check_region(&self, region: &Region) -> Result<()> {
        Sold { regions: self.regions(), ..Sold::default() }.check_region(region)
    }

    pub(crate) fn disk_classes(&self) -> Vec<DiskClassInfo> {
        let gib_month = self.prices.gib_month();
        vec![DiskClassInfo { class: DiskClass::Standard, name: "file".to_owned(), gib_month, terms: Some(TERMS) }]
    }

    /// What the box has left to give.
    pub(crate) async fn free(&self) -> Result<Free> {
        let vms = self.cocoon.list().await?;
        let (limits, disk) = (self.limits.resolved()?, self.cocoon.free_disk().await?);
        Ok(Free::beside(&vms, &limits, disk))
    }

    /// The size of a host's boot disk, in whole gibibytes.
    pub(crate) async fn boot_disk(&self, vm: &Vm) -> Result<GiB> {
        let bytes = self.cocoon.system_disk(vm).await?;
        Ok(GiB(u32::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u32::MAX)))
    }
}

/// The size of the boot disk: as requested, or the machine type's, or `needed` by the image where that is more.
///
/// # Errors
/// `InvalidRequest` on field `boot_disk` where the image needs more than was requested.
pub(crate) fn boot_size(spec: &HostSpec, machine: &MachineType, needed: GiB) -> Result<GiB> {
    match spec.boot_disk.size {
        Some(size) if size < needed => Err(Error::invalid(
            "boot_disk",
            format!("must be at least {needed}, which {} needs, got {size}", spec.image),
        )),
        Some(size) => Ok(size),
        None => Ok(machine::disk(machine).max(needed)),
    }
}
