//! Instance types and where they are offered.

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::machines::{MACHINES, Machine};
use super::xml::{Xml, fields};

/// `DescribeInstanceTypes`: those of the region.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let named = api.params.texts("InstanceType");
    let offered = |machine: &&Machine| !machine.zones(api.place).is_empty();
    let missing: Vec<&str> = named
        .iter()
        .filter(|name| Machine::named(name).filter(|machine| offered(machine)).is_none())
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let message = format!("The following supplied instance types do not exist: [{}]", missing.join(", "));
        return Err(ApiError::new("InvalidInstanceType", message));
    }
    if named.len() > MOST_NAMED {
        return Err(errors::invalid("InstanceType", format!("at most {MOST_NAMED} can be named")));
    }
    let wanted = |(_, machine): &(u64, &Machine)| {
        offered(machine) && (named.is_empty() || named.iter().any(|name| name == machine.name))
    };
    let rows = (1..)
        .zip(&MACHINES)
        .filter(wanted)
        .map(|(number, machine)| Row::new(number, |filter| values(machine, filter)).showing(|_| render(machine)));
    let (shown, next) = filter::page_of(api, rows.collect(), "InstanceType", LARGEST_PAGE)?;
    Ok(fields! { "instanceTypeSet" => shown, "nextToken" => next })
}

/// `DescribeInstanceTypeOfferings`: of the region, or of its zones.
pub(super) fn offerings(api: &mut Api<'_>) -> Answer {
    let place = api.place;
    let kind = api.params.text("LocationType").unwrap_or_else(|| "region".to_owned());
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for machine in &MACHINES {
        let zones = machine.zones(place);
        match kind.as_str() {
            "region" if zones.is_empty() => {}
            "region" => found.push((machine.name, place.name().to_owned())),
            "availability-zone" => found.extend(zones.into_iter().map(|zone| (machine.name, zone))),
            "availability-zone-id" => {
                found.extend(zones.into_iter().map(|zone| (machine.name, place.zone_id(&zone))));
            }
            other => return Err(errors::invalid("LocationType", format!("'{other}'"))),
        }
    }
    let kind = kind.as_str();
    let rows = (1..).zip(&found).map(|(number, (machine, location))| {
        Row::new(number, |filter| {
            Some(match filter {
                "instance-type" => vec![(*machine).to_owned()],
                "location" => vec![location.clone()],
                _ => return None,
            })
        })
        .showing(move |_| {
            fields! { "instanceType" => *machine, "locationType" => kind, "location" => location.as_str() }
        })
    });
    let (shown, next) = filter::page(api, rows.collect(), "-")?;
    Ok(fields! { "instanceTypeOfferingSet" => shown, "nextToken" => next })
}

fn values(machine: &Machine, filter: &str) -> Option<Vec<String>> {
    let one = |text: &str| vec![text.to_owned()];
    Some(match filter {
        "instance-type" => one(machine.name),
        "processor-info.supported-architecture" => one(machine.architecture()),
        "current-generation" => one("true"),
        "bare-metal" => one("false"),
        "hypervisor" => one("nitro"),
        "burstable-performance-supported" => vec![machine.is_burstable().to_string()],
        "supported-usage-class" => usage_classes(machine).into_iter().map(str::to_owned).collect(),
        "supported-virtualization-type" => one("hvm"),
        "supported-root-device-type" => one("ebs"),
        "vcpu-info.default-vcpus" => vec![machine.cores.to_string()],
        "memory-info.size-in-mib" => vec![machine.memory_mib.to_string()],
        "instance-storage-supported" => vec![has_storage(machine).to_string()],
        _ => return None,
    })
}

fn usage_classes(machine: &Machine) -> Vec<&'static str> {
    match machine.family() {
        "p5" => vec!["on-demand", "spot", "capacity-block"],
        _ => vec!["on-demand", "spot"],
    }
}

fn has_storage(machine: &Machine) -> bool {
    machine.gpu.is_some()
}

fn texts(values: &[&'static str]) -> Vec<Xml> {
    values.iter().map(|text| Xml::from(*text)).collect()
}

fn render(machine: &Machine) -> Xml {
    let mut shown = fields! {
        "instanceType" => machine.name,
        "currentGeneration" => true,
        "freeTierEligible" => machine.name == "t3.micro",
        "supportedUsageClasses" => texts(&usage_classes(machine)),
        "supportedRootDeviceTypes" => texts(&["ebs"]),
        "supportedVirtualizationTypes" => texts(&["hvm"]),
        "bareMetal" => false,
        "hypervisor" => "nitro",
        "processorInfo" => fields! {
            "supportedArchitectures" => texts(&[machine.architecture()]),
            "sustainedClockSpeedInGhz" => "3.2",
            "manufacturer" => machine.maker(),
        },
        "vCpuInfo" => fields! {
            "defaultVCpus" => machine.cores,
            "defaultCores" => machine.cores / machine.threads(),
            "defaultThreadsPerCore" => machine.threads(),
        },
        "memoryInfo" => fields! { "sizeInMiB" => machine.memory_mib },
        "instanceStorageSupported" => has_storage(machine),
        "ebsInfo" => fields! {
            "ebsOptimizedSupport" => "default",
            "encryptionSupport" => "supported",
            "ebsOptimizedInfo" => fields! {
                "baselineBandwidthInMbps" => 650,
                "baselineThroughputInMBps" => "81.25",
                "baselineIops" => 3600,
                "maximumBandwidthInMbps" => 10_000,
                "maximumThroughputInMBps" => "1250.0",
                "maximumIops" => 40_000,
            },
            "nvmeSupport" => "required",
            "maximumEbsAttachments" => 27,
        },
        "networkInfo" => fields! {
            "networkPerformance" => "Up to 12.5 Gigabit",
            "maximumNetworkInterfaces" => 3,
            "maximumNetworkCards" => 1,
            "ipv4AddressesPerInterface" => 10,
            "ipv6AddressesPerInterface" => 10,
            "ipv6Supported" => true,
            "enaSupport" => "required",
            "efaSupported" => false,
        },
        "placementGroupInfo" => fields! { "supportedStrategies" => texts(&["partition", "spread"]) },
        "hibernationSupported" => false,
        "burstablePerformanceSupported" => machine.is_burstable(),
        "dedicatedHostsSupported" => false,
        "autoRecoverySupported" => true,
        "supportedBootModes" => texts(if machine.is_arm() { &["uefi"] } else { &["legacy-bios", "uefi"] }),
    };
    if let Some((model, memory_mib, count)) = machine.gpu {
        let gpu = fields! {
            "name" => model,
            "manufacturer" => "NVIDIA",
            "count" => count,
            "memoryInfo" => fields! { "sizeInMiB" => memory_mib },
        };
        let total = memory_mib * u64::from(count);
        shown.push("gpuInfo", fields! { "gpus" => vec![gpu], "totalGpuMemoryInMiB" => total });
    }
    shown
}

const MOST_NAMED: usize = 100;
const LARGEST_PAGE: u64 = 100;
