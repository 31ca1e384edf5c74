//! What is sold, in our words.

use cloud_types::{
    Architecture, CpuKind, Currency, GiB, GpuInfo, MachineType, MachineTypeName, MiB, Money, Pricing, Region,
    RegionInfo, Result, Zone,
};
use cloud_world::{Cpu, Market, Price, World};
use rust_decimal::Decimal;

/// A region in our words.
pub(crate) fn region(region: &cloud_world::Region) -> Result<RegionInfo> {
    Ok(RegionInfo {
        name: Region::new(region.name.as_str())?,
        description: region.description.clone(),
        zones: region.zones.iter().map(|zone| Zone::new(zone.as_str())).collect::<Result<_>>()?,
    })
}

/// A machine type in our words.
pub(crate) fn machine_type(machine: &cloud_world::MachineType) -> Result<MachineType> {
    Ok(MachineType {
        name: MachineTypeName::new(machine.name.as_str())?,
        vcpus: machine.cores,
        cpu: match machine.cpu {
            Cpu::Shared => CpuKind::Shared,
            Cpu::Dedicated => CpuKind::Dedicated,
        },
        memory: MiB(machine.memory_mib),
        disk: Some(gib(machine.disk_gb)),
        architecture: architecture(machine.architecture),
        gpu: machine.gpu.as_ref().map(|gpu| GpuInfo { model: gpu.model.clone(), count: gpu.count, memory: None }),
        deprecated: machine.deprecated.is_some(),
    })
}

/// How a host is paid, in the cloud's words.
pub(crate) fn market(pricing: Pricing) -> Market {
    match pricing {
        Pricing::Spot => Market::Spot,
        _ => Market::OnDemand,
    }
}

/// The instruction set in our words.
pub(crate) fn architecture(architecture: cloud_world::Architecture) -> Architecture {
    match architecture {
        cloud_world::Architecture::X86 => Architecture::X86_64,
        cloud_world::Architecture::Arm => Architecture::Arm64,
    }
}

/// An amount in the cloud's currency.
pub(crate) fn money(world: &World, amount: Decimal) -> Result<Money> {
    Ok(Money::new(amount.normalize(), world.catalog.currency.parse::<Currency>()?))
}

/// The price of an hour; `None` where the machine type is not sold there like that.
pub(crate) fn hourly(world: &World, machine: &str, region: &str, market: Market) -> Result<Option<Money>> {
    let price = world.catalog.machine(machine).and_then(|machine| machine.prices.get(region));
    let hour = price.and_then(|price| hour(price, market));
    hour.map(|amount| money(world, amount)).transpose()
}

/// The price of an hour, where it is sold like that.
pub(crate) fn hour(price: &Price, market: Market) -> Option<Decimal> {
    match market {
        Market::OnDemand => Some(price.hourly),
        Market::Spot => price.spot_hourly,
    }
}

/// A size in our words.
pub(crate) fn gib(size: u64) -> GiB {
    GiB(u32::try_from(size).unwrap_or(u32::MAX))
}
