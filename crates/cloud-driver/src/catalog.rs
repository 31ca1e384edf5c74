//! What a provider sells in some places, and what a spec finds in it.

use cloud_types::{
    Error, HostRuntime, MachineType, MachineTypeName, Offering, Pricing, Region, RegionInfo, Requirements, Result,
};

/// What is sold, in the contract's words.
#[derive(Debug, Clone, Default)]
pub struct Sold {
    /// The regions.
    pub regions: Vec<RegionInfo>,
    /// The machine types, also those that are sold nowhere.
    pub machine_types: Vec<MachineType>,
    /// Machine types in their places, at their prices.
    pub offerings: Vec<Offering>,
}

impl Sold {
    /// Whether there is such a region.
    ///
    /// # Errors
    /// `InvalidRequest` on `region`, which lists those that there are.
    pub fn check_region(&self, region: &Region) -> Result<()> {
        if self.regions.iter().any(|known| known.name == *region) {
            return Ok(());
        }
        let known: Vec<&str> = self.regions.iter().map(|known| known.name.as_str()).collect();
        Err(Error::invalid("region", format!("must be one of {}, got {region}", known.join(", "))))
    }

    /// The offering of a machine type in a region.
    #[must_use]
    pub fn offering(&self, name: &MachineTypeName, region: &Region) -> Option<&Offering> {
        self.offerings.iter().find(|one| one.machine_type.name == *name && one.region == *region)
    }

    /// A machine type that is sold in a region.
    ///
    /// # Errors
    /// `InvalidRequest` on `machine`.
    pub fn machine_type(&self, name: &MachineTypeName, region: &Region) -> Result<&MachineType> {
        match self.offering(name, region) {
            Some(offering) => Ok(&offering.machine_type),
            None if self.machine_types.iter().any(|known| known.name == *name) => {
                Err(Error::invalid("machine", format!("{name} is not sold in {region}")))
            }
            None => Err(Error::invalid("machine", format!("there is no machine type {name}"))),
        }
    }

    /// The cheapest machine type in a region that fits and can be ordered.
    ///
    /// # Errors
    /// Those of [`Offering::cheapest`].
    pub fn cheapest(&self, region: &Region, required: &Requirements) -> Result<&MachineType> {
        let here: Vec<Offering> = self.offerings.iter().filter(|one| one.region == *region).cloned().collect();
        let name = Offering::cheapest(&here, required)?.machine_type.name.clone();
        self.machine_type(&name, region)
    }

    /// The host with its price on demand, where it is known.
    #[must_use]
    pub fn priced(&self, mut host: HostRuntime) -> HostRuntime {
        let offering = self.offering(&host.machine_type, &host.region);
        host.hourly_price = offering.filter(|one| one.pricing == Pricing::OnDemand).map(|one| one.hourly);
        host
    }
}
