//! What one region sells: machine types by zone, and the GPUs that can be added to them. And images.

use std::collections::BTreeMap;

use cloud_driver::{nonsense, word};
use cloud_types::{
    Architecture, CpuKind, Error, GpuInfo, ImageInfo, MachineType, MachineTypeName, MiB, Region, RegionInfo, Result,
};

use super::zone;
use crate::place::{last, path_of};
use crate::plan::split;
use crate::wire;

/// What one region sells.
#[derive(Debug)]
pub(crate) struct RegionSold {
    pub(crate) zones: Vec<String>,
    /// By zone.
    machines: BTreeMap<String, Vec<MachineType>>,
}

impl RegionSold {
    /// From the lists of the zones, in their order.
    pub(crate) fn new(
        zones: Vec<String>,
        types: &[Vec<wire::MachineType>],
        gpus: &[Vec<wire::AcceleratorType>],
    ) -> Result<Self> {
        let mut machines = BTreeMap::new();
        for (zone, (types, gpus)) in zones.iter().zip(types.iter().zip(gpus)) {
            machines.insert(zone.clone(), machines_of(types, gpus)?);
        }
        Ok(Self { zones, machines })
    }

    /// Each zone and machine type.
    pub(crate) fn machines(&self) -> impl Iterator<Item = (&str, &MachineType)> {
        self.machines.iter().flat_map(|(zone, all)| all.iter().map(move |machine| (zone.as_str(), machine)))
    }

    /// A machine type by its name, also one of a size that the caller chose.
    pub(crate) fn machine(&self, name: &MachineTypeName) -> Result<MachineType> {
        if let Some((_, machine)) = self.machines().find(|(_, machine)| machine.name == *name) {
            return Ok(machine.clone());
        }
        let (base, gpu) = split(name)?;
        let mut machine = match self.find(base) {
            Some(machine) => machine.clone(),
            None => self.custom(base).ok_or_else(|| unknown(name.as_str()))?,
        };
        machine.name = name.clone();
        machine.gpu = gpu.map(|(model, count)| gpu_info(&model, count)).or(machine.gpu);
        Ok(machine)
    }

    /// The zones that sell it; `InvalidRequest` where there is no such machine type.
    pub(crate) fn zones_with(&self, name: &MachineTypeName) -> Result<Vec<&str>> {
        let (base, gpu) = split(name)?;
        self.machine(name)?;
        let family = |machine: &MachineType| family(machine.name.as_str()) == family(base);
        let custom = self.find(base).is_none();
        let sells = |machines: &[MachineType]| match &gpu {
            Some((model, _)) => {
                let with = format!("{SHOWN}:{model}:1");
                machines.iter().any(|one| one.name.as_str() == base)
                    && machines.iter().any(|one| one.name.as_str() == with)
            }
            None if custom => machines.iter().any(family),
            None => machines.iter().any(|one| one.name.as_str() == base),
        };
        Ok(self.machines.iter().filter(|(_, all)| sells(all)).map(|(zone, _)| zone.as_str()).collect())
    }

    pub(crate) fn architecture(&self, base: &str) -> Result<Architecture> {
        let machine = self.find(base).cloned().or_else(|| self.custom(base));
        machine.map(|machine| machine.architecture).ok_or_else(|| unknown(base))
    }

    pub(crate) fn has_gpu(&self, base: &str) -> bool {
        self.find(base).is_some_and(|machine| machine.gpu.is_some())
    }

    fn find(&self, base: &str) -> Option<&MachineType> {
        self.machines().map(|(_, machine)| machine).find(|machine| machine.name.as_str() == base)
    }

    /// `n2-custom-4-8192`: processors and MiB in the name
    /// (<https://cloud.google.com/compute/docs/instances/creating-instance-with-custom-machine-type>).
    fn custom(&self, base: &str) -> Option<MachineType> {
        let (prefix, numbers) = base.split_once("custom-")?;
        let (vcpus, memory) = numbers.split_once('-')?;
        let wished = if prefix.is_empty() { "n1" } else { prefix.trim_end_matches('-') };
        let kin = self.machines().map(|(_, machine)| machine).find(|one| family(one.name.as_str()) == wished)?;
        let mut machine = kin.clone();
        machine.name = MachineTypeName::new(base).ok()?;
        machine.vcpus = vcpus.parse().ok()?;
        machine.memory = MiB(memory.trim_end_matches("-ext").parse().ok()?);
        machine.gpu = None;
        Some(machine)
    }
}

/// The regions with their zones that are up.
pub(crate) fn regions(regions: &[wire::Region], zones: &[wire::Zone]) -> Result<Vec<RegionInfo>> {
    let of = |region: &wire::Region| {
        let here = zones.iter().filter(|zone| last(&zone.region) == region.name && zone.status != "DOWN");
        let zones = here.map(|one| zone(&one.name)).collect::<Result<_>>()?;
        let name = word(Region::new(region.name.as_str()))?;
        Ok(RegionInfo { name, description: region.description.clone(), zones })
    };
    regions.iter().map(of).collect()
}

/// All machine types of all zones, each once.
pub(crate) fn everywhere(types: Vec<wire::MachineType>, gpus: Vec<wire::AcceleratorType>) -> Result<Vec<MachineType>> {
    let mut zones: BTreeMap<String, (Vec<wire::MachineType>, Vec<wire::AcceleratorType>)> = BTreeMap::new();
    for one in types {
        zones.entry(last(&one.zone).to_owned()).or_default().0.push(one);
    }
    for one in gpus {
        zones.entry(last(&one.zone).to_owned()).or_default().1.push(one);
    }
    let mut all = BTreeMap::new();
    for (types, gpus) in zones.values() {
        for machine in machines_of(types, gpus)? {
            all.entry(machine.name.clone()).or_insert(machine);
        }
    }
    Ok(all.into_values().collect())
}

/// The machine types of a zone, and N1 machines with each of the GPUs that can be added to them there
/// (<https://cloud.google.com/compute/docs/gpus#n1-gpus>).
fn machines_of(types: &[wire::MachineType], gpus: &[wire::AcceleratorType]) -> Result<Vec<MachineType>> {
    let mut machines = types.iter().map(machine_type).collect::<Result<Vec<_>>>()?;
    let plain: Vec<MachineType> =
        machines.iter().filter(|machine| WITH_GPUS.contains(&machine.name.as_str())).cloned().collect();
    for gpu in gpus.iter().filter(|gpu| ADDED_GPUS.contains(&gpu.name.as_str())) {
        for count in [1, 2, 4].into_iter().filter(|count| *count <= gpu.maximum_cards_per_instance.unwrap_or(1)) {
            for machine in &plain {
                let name = MachineTypeName::new(format!("{}:{}:{count}", machine.name, gpu.name));
                machines.push(MachineType {
                    name: name.map_err(|_| nonsense("a machine type"))?,
                    gpu: Some(gpu_info(&gpu.name, count)),
                    ..machine.clone()
                });
            }
        }
    }
    Ok(machines)
}

fn machine_type(from: &wire::MachineType) -> Result<MachineType> {
    Ok(MachineType {
        name: word(MachineTypeName::new(from.name.as_str()))?,
        vcpus: from.guest_cpus,
        cpu: if from.is_shared_cpu { CpuKind::Shared } else { CpuKind::Dedicated },
        memory: MiB(from.memory_mb),
        disk: None,
        architecture: architecture(from.architecture.as_deref())?,
        gpu: from.accelerators.first().map(|gpu| gpu_info(&gpu.guest_accelerator_type, gpu.guest_accelerator_count)),
        deprecated: is_deprecated(from.deprecated.as_ref()),
    })
}

/// A GPU by Google's name of it, such as `nvidia-l4`: the catalog's and a requirement's model too.
pub(super) fn gpu_info(model: &str, count: u32) -> GpuInfo {
    GpuInfo { model: last(model).to_owned(), count, memory: None }
}

/// What is not said is x86: machine types and images from before Arm say nothing.
pub(crate) fn architecture(theirs: Option<&str>) -> Result<Architecture> {
    match theirs {
        None | Some("" | "X86_64" | "ARCHITECTURE_UNSPECIFIED") => Ok(Architecture::X86_64),
        Some("ARM64") => Ok(Architecture::Arm64),
        Some(_) => Err(nonsense("an architecture")),
    }
}

pub(crate) fn is_deprecated(state: Option<&wire::Deprecation>) -> bool {
    state.is_some_and(|state| !matches!(state.state.as_str(), "" | "ACTIVE"))
}

pub(crate) fn image(image: &wire::Image) -> Result<ImageInfo> {
    let id = if image.self_link.is_empty() { &image.name } else { path_of(&image.self_link) };
    Ok(ImageInfo {
        id: id.to_owned(),
        description: if image.description.is_empty() { image.name.clone() } else { image.description.clone() },
        architecture: architecture(image.architecture.as_deref())?,
        deprecated: is_deprecated(image.deprecated.as_ref()),
    })
}

fn family(machine: &str) -> &str {
    machine.split('-').next().unwrap_or_default()
}

fn unknown(name: &str) -> Error {
    Error::invalid("machine", format!("there is no machine type {name}"))
}

/// The N1 machines that are shown with GPUs; others can be asked for by name.
const WITH_GPUS: &[&str] = &[SHOWN, "n1-standard-8", "n1-standard-16", "n1-standard-32"];
const SHOWN: &str = "n1-standard-4";
/// The GPUs that N1 machines take.
const ADDED_GPUS: &[&str] = &["nvidia-tesla-p100", "nvidia-tesla-p4", "nvidia-tesla-t4", "nvidia-tesla-v100"];
