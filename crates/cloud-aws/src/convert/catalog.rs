//! Machine types, zones and subnets, from AWS's words to ours.

use aws_sdk_ec2::types::{
    ArchitectureType, ArchitectureValues, AvailabilityZone, GpuDeviceInfo, GpuDeviceMemoryInfo, InstanceTypeInfo,
    MemoryInfo, Subnet as TheirSubnet, UsageClassType, VCpuInfo,
};
use cloud_driver::{nonsense, one_line, word};
use cloud_types::{Architecture, CpuKind, GpuInfo, MachineType, MachineTypeName, MiB, Pricing, Result, Zone};

use crate::plan::Subnet;

/// A machine type; none where this library can run nothing on it: a Mac, or 32 bits alone.
pub(super) fn machine_type(from: &InstanceTypeInfo) -> Result<Option<MachineType>> {
    let Some(architecture) = architecture_of(from) else { return Ok(None) };
    let name = from.instance_type().map_or("", |name| name.as_str());
    let vcpus = from.v_cpu_info().and_then(VCpuInfo::default_v_cpus);
    let memory = from.memory_info().and_then(MemoryInfo::size_in_mib);
    let (Some(vcpus), Some(memory)) = (vcpus, memory) else { return Err(nonsense("a machine type")) };
    let gpus = from.gpu_info().map_or(&[][..], |gpus| gpus.gpus());
    Ok(Some(MachineType {
        name: word(MachineTypeName::new(name))?,
        vcpus: u32::try_from(vcpus).map_err(|_| nonsense("a number of processors"))?,
        cpu: if from.burstable_performance_supported() == Some(true) { CpuKind::Shared } else { CpuKind::Dedicated },
        memory: MiB(u64::try_from(memory).map_err(|_| nonsense("an amount of memory"))?),
        disk: None,
        architecture,
        gpu: gpus.first().and_then(gpu),
        // Of an earlier generation: <https://aws.amazon.com/ec2/previous-generation/>.
        deprecated: from.current_generation() == Some(false),
    }))
}

/// How a machine type is sold here. What is sold by reservation alone is in neither list.
pub(super) fn pricings(from: &InstanceTypeInfo) -> Vec<Pricing> {
    let sold = |class: &UsageClassType| match class {
        UsageClassType::OnDemand => Some(Pricing::OnDemand),
        UsageClassType::Spot => Some(Pricing::Spot),
        _ => None,
    };
    from.supported_usage_classes().iter().filter_map(sold).collect()
}

/// A machine with a part of a GPU counts as one without: half of one is not the one that was asked for.
fn gpu(from: &GpuDeviceInfo) -> Option<GpuInfo> {
    let count = from.count().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0)?;
    if from.gpu_partition_size().is_some_and(|part| part < 1.0) {
        return None;
    }
    let memory = from.memory_info().and_then(GpuDeviceMemoryInfo::size_in_mib);
    let memory = memory.and_then(|mib| u64::try_from(mib).ok()).filter(|mib| *mib > 0).map(MiB);
    Some(GpuInfo { model: from.name()?.to_owned(), count, memory })
}

fn architecture_of(from: &InstanceTypeInfo) -> Option<Architecture> {
    let all = from.processor_info().map_or(&[][..], |processor| processor.supported_architectures());
    let known = |one: &ArchitectureType| match one {
        ArchitectureType::X8664 => Some(Architecture::X86_64),
        ArchitectureType::Arm64 => Some(Architecture::Arm64),
        _ => None,
    };
    all.iter().find_map(known)
}

/// The architecture of an image.
pub(super) fn architecture(theirs: Option<&ArchitectureValues>) -> Option<Architecture> {
    match theirs? {
        ArchitectureValues::X8664 => Some(Architecture::X86_64),
        ArchitectureValues::Arm64 => Some(Architecture::Arm64),
        _ => None,
    }
}

/// AWS's word for an architecture, as filters of images take it.
pub(crate) fn architecture_word(architecture: Architecture) -> &'static str {
    if architecture == Architecture::Arm64 { "arm64" } else { "x86_64" }
}

/// The zones of the region itself, by name, without those in a city or an operator's network, which sell little.
pub(crate) fn zones(theirs: &[AvailabilityZone]) -> Result<Vec<Zone>> {
    let own = theirs.iter().filter(|zone| zone.zone_type().is_none_or(|kind| kind == "availability-zone"));
    let name = |zone: &AvailabilityZone| word(Zone::new(zone.zone_name().ok_or_else(|| nonsense("a zone"))?));
    let mut zones = own.map(name).collect::<Result<Vec<_>>>()?;
    zones.sort_unstable();
    Ok(zones)
}

/// The region for people: a zone bears its region's name and its own number, `Europe (Ireland) 1`.
pub(crate) fn region_words(zones: &[AvailabilityZone]) -> Option<String> {
    let words = zones.iter().filter_map(|zone| zone.group_long_name());
    let words = words.map(|words| words.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end());
    words.into_iter().find(|words| !words.is_empty()).map(one_line)
}

pub(crate) fn subnet(from: &TheirSubnet) -> Result<Subnet> {
    let of = |text: &Option<String>| text.clone().ok_or_else(|| nonsense("a subnet"));
    let blocks = from.ipv6_cidr_block_association_set.iter().flatten();
    let mut ipv6 = blocks.filter_map(|block| block.ipv6_cidr_block_state.as_ref()?.state.as_ref());
    Ok(Subnet {
        id: of(&from.subnet_id)?,
        zone: of(&from.availability_zone)?,
        network: of(&from.vpc_id)?,
        ipv6: ipv6.any(|state| state.as_str() == "associated"),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{GpuInfo as Gpus, InstanceType, ProcessorInfo};

    use super::*;

    fn sold(name: &str, architecture: &str) -> aws_sdk_ec2::types::builders::InstanceTypeInfoBuilder {
        InstanceTypeInfo::builder()
            .instance_type(InstanceType::from(name))
            .current_generation(true)
            .v_cpu_info(VCpuInfo::builder().default_v_cpus(4).build())
            .memory_info(MemoryInfo::builder().size_in_mib(16_384).build())
            .processor_info(
                ProcessorInfo::builder().supported_architectures(ArchitectureType::from(architecture)).build(),
            )
    }

    #[test]
    fn a_machine_with_gpus_tells_model_count_and_memory() {
        let memory = GpuDeviceMemoryInfo::builder().size_in_mib(24_576).build();
        let gpu = GpuDeviceInfo::builder().name("L4").manufacturer("NVIDIA").count(4).memory_info(memory).build();
        let machine = sold("g6.12xlarge", "x86_64").gpu_info(Gpus::builder().gpus(gpu).build()).build();
        let machine = machine_type(&machine).unwrap().unwrap();
        assert_eq!(machine.gpu, Some(GpuInfo { model: "L4".to_owned(), count: 4, memory: Some(MiB(24_576)) }));
        assert_eq!((machine.vcpus, machine.memory, machine.cpu), (4, MiB::from_gib(16), CpuKind::Dedicated));
    }

    #[test]
    fn a_part_of_a_gpu_is_none() {
        let gpu = GpuDeviceInfo::builder().name("L4").count(1).gpu_partition_size(0.125).build();
        let machine = sold("g6f.large", "x86_64").gpu_info(Gpus::builder().gpus(gpu).build()).build();
        assert_eq!(machine_type(&machine).unwrap().unwrap().gpu, None);
    }

    #[test]
    fn macs_are_left_out_and_arm_is_told() {
        assert_eq!(machine_type(&sold("mac2.metal", "arm64_mac").build()).unwrap(), None);
        let arm = machine_type(&sold("t4g.small", "arm64").burstable_performance_supported(true).build());
        let arm = arm.unwrap().unwrap();
        assert_eq!((arm.architecture, arm.cpu), (Architecture::Arm64, CpuKind::Shared));
    }

    #[test]
    fn a_machine_without_processors_is_an_error_and_not_a_gap() {
        let broken = sold("x.large", "x86_64").set_v_cpu_info(None).build();
        assert_eq!(machine_type(&broken).unwrap_err().kind(), cloud_types::ErrorKind::Unexpected);
    }

    #[test]
    fn a_region_is_told_without_the_number_of_its_zone() {
        let zone = |words: &str| [AvailabilityZone::builder().group_long_name(words).build()];
        assert_eq!(region_words(&zone("Europe (Ireland) 1")).as_deref(), Some("Europe (Ireland)"));
        assert_eq!(region_words(&zone("7")), None);
    }

    #[test]
    fn a_zone_in_a_city_is_left_out() {
        let city = AvailabilityZone::builder().zone_name("us-west-2-lax-1a").zone_type("local-zone").build();
        assert_eq!(zones(&[city]).unwrap(), []);
    }
}
