//! What this box sells: one region, its machine types, and what is left of it.

use async_trait::async_trait;
use cloud_types::{
    Catalog, CostKind, DiskClass, DiskClassInfo, Error, Estimate, GiB, HostRuntime, HostSpec, ImageInfo, Machine,
    MachineType, Offering, OfferingFilter, Pricing, Region, RegionInfo, Result, Snapshot,
};
use cocoon::Vm;

use crate::create::boot_size;
use crate::error::named;
use crate::host::{Inner, Provider};
use crate::machine;
use crate::price::TERMS;

#[async_trait]
impl Catalog for Provider {
    async fn regions(&self) -> Result<Vec<RegionInfo>> {
        let name = self.0.region.clone();
        Ok(vec![RegionInfo { name, description: "this box".to_owned(), zones: Vec::new() }])
    }

    async fn machine_types(&self) -> Result<Vec<MachineType>> {
        Ok(self.0.config.machines.clone())
    }

    async fn images(&self) -> Result<Vec<ImageInfo>> {
        named("images", self.0.known_images().await)
    }

    async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>> {
        let gib_month = self.0.config.prices.gib_month();
        Ok(vec![DiskClassInfo { class: DiskClass::Standard, name: "file".to_owned(), gib_month, terms: Some(TERMS) }])
    }

    async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>> {
        let list = async {
            if let Some(region) = &filter.region {
                self.0.check_region(region)?;
            }
            let mut offerings = self.0.offerings().await?;
            offerings.retain(|offering| filter.passes(offering));
            Ok(offerings)
        };
        named("offerings", list.await)
    }

    async fn estimate(&self, spec: &HostSpec) -> Result<Estimate> {
        let estimate = async {
            self.0.capabilities.check(spec)?;
            let machine = self.0.choose(spec).await?;
            let data: Vec<GiB> = spec.data_disk.iter().map(|disk| disk.size).collect();
            // What an image that is not here would need is not known.
            self.0.config.prices.host(machine, boot_size(spec, machine, None)?, &data)
        };
        named("estimate", estimate.await)
    }

    async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate> {
        let cost = async {
            let vm = self.0.vm(&host.id).await?;
            let boot = self.0.boot_disk(&vm).await?;
            let told = self.0.told(&vm)?;
            // As it is now, whatever the catalog says of its type.
            let machine = MachineType {
                name: told.machine_type,
                vcpus: vm.hardware.cpus,
                memory: vm.hardware.memory,
                ..machine::custom()?
            };
            let data = self.0.disks_of(&vm.name).await?;
            let is_here = |id: &cocoon::VmId| vm.hardware.volumes.iter().any(|volume| volume.id == *id);
            let data: Vec<GiB> = data.iter().filter(|disk| is_here(&disk.id)).map(|disk| disk.size).collect();
            self.0.config.prices.host(&machine, boot, &data)
        };
        named("host_cost", cost.await)
    }

    async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate> {
        let size = snapshot.size.or(snapshot.disk_size).unwrap_or(GiB(0));
        named("snapshot_cost", Estimate::new(vec![self.0.config.prices.disk(CostKind::Snapshot, size)]))
    }
}

impl Inner {
    /// The machine type that a wish gets, whether there is room for it or not.
    ///
    /// # Errors
    /// `InvalidRequest` on field `region` or `machine`; `NoCapacity` where all that is enough is taken.
    pub(crate) async fn choose(&self, spec: &HostSpec) -> Result<&MachineType> {
        self.check_region(&spec.region)?;
        match &spec.machine {
            Machine::Named(name) => machine::find(&self.config.machines, name),
            Machine::AtLeast(required) => {
                let offerings = self.offerings().await?;
                let name = &Offering::cheapest(&offerings, required)?.machine_type.name;
                machine::find(&self.config.machines, name)
            }
            _ => Err(Error::unsupported("this provider takes machine types by name or by requirements")),
        }
    }

    async fn offerings(&self) -> Result<Vec<Offering>> {
        let free = self.free().await?;
        let offering = |machine: &MachineType| Offering {
            machine_type: machine.clone(),
            region: self.region.clone(),
            zone: None,
            pricing: Pricing::OnDemand,
            hourly: self.config.prices.hour(machine.vcpus, machine.memory),
            monthly_cap: None,
            orderable: free.fits(machine),
        };
        Ok(self.config.machines.iter().map(offering).collect())
    }

    pub(crate) fn check_region(&self, region: &Region) -> Result<()> {
        if *region == self.region {
            return Ok(());
        }
        Err(Error::invalid("region", format!("there is {} alone, got {region}", self.region)))
    }

    /// The size of a host's boot disk, in whole gibibytes.
    pub(crate) async fn boot_disk(&self, vm: &Vm) -> Result<GiB> {
        let bytes = self.config.cocoon.system_disk(vm).await?;
        Ok(GiB(u32::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u32::MAX)))
    }
}
