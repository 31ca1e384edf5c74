//! What kind of machine is wanted: by its name, or by what it must at least have.

use std::fmt;

use crate::{MachineTypeName, MiB, Money};

/// The machine that a host runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Machine {
    /// This machine type of the provider.
    Named(MachineTypeName),
    /// The cheapest orderable machine type that has at least this.
    AtLeast(Requirements),
}

impl Machine {
    /// The provider's machine type of this name.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `machine` where no machine type can be called so.
    pub fn named(name: impl Into<String>) -> crate::Result<Self> {
        MachineTypeName::new(name).map(Self::Named)
    }
}

impl From<MachineTypeName> for Machine {
    fn from(name: MachineTypeName) -> Self {
        Self::Named(name)
    }
}

impl From<Requirements> for Machine {
    fn from(requirements: Requirements) -> Self {
        Self::AtLeast(requirements)
    }
}

/// What a machine must at least have. Nothing said is nothing required.
///
/// ```
/// use cloud_types::{Architecture, MiB, Requirements};
///
/// let small = Requirements::new().vcpus(2).memory(MiB::from_gib(4)).architecture(Architecture::X86_64);
/// assert_eq!(small.vcpus, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Requirements {
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory; `None` is any.
    pub memory: Option<MiB>,
    /// GPUs; `None` is none needed.
    pub gpu: Option<GpuRequirement>,
    /// Instruction set; `None` is x86-64, on which every image runs.
    pub architecture: Option<Architecture>,
    /// The most that an hour may cost, in the provider's currency.
    pub max_hourly: Option<Money>,
}

impl Requirements {
    /// No requirements yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At least so many virtual processors.
    #[must_use]
    pub fn vcpus(mut self, count: u32) -> Self {
        self.vcpus = count;
        self
    }

    /// At least so much memory.
    #[must_use]
    pub fn memory(mut self, memory: MiB) -> Self {
        self.memory = Some(memory);
        self
    }

    /// At least so many GPUs of a model, by the catalog's name.
    #[must_use]
    pub fn gpu(mut self, model: impl Into<String>, count: u32) -> Self {
        self.gpu = Some(GpuRequirement { model: model.into(), count });
        self
    }

    /// This instruction set.
    #[must_use]
    pub fn architecture(mut self, architecture: Architecture) -> Self {
        self.architecture = Some(architecture);
        self
    }

    /// At most this price an hour.
    #[must_use]
    pub fn max_hourly(mut self, price: Money) -> Self {
        self.max_hourly = Some(price);
        self
    }
}

impl fmt::Display for Requirements {
    /// One line for people, such as `2 vCPUs, 4 GiB, X86_64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} vCPUs", self.vcpus)?;
        if let Some(memory) = self.memory {
            write!(f, ", {memory}")?;
        }
        if let Some(gpu) = &self.gpu {
            write!(f, ", {} × {}", gpu.count, gpu.model)?;
        }
        write!(f, ", {:?}", self.architecture.unwrap_or(Architecture::X86_64))?;
        match self.max_hourly {
            Some(price) => write!(f, ", at most {price} an hour"),
            None => Ok(()),
        }
    }
}

/// GPUs that a machine must have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GpuRequirement {
    /// The model by the catalog's name, such as `H100`.
    pub model: String,
    /// How many, at least.
    pub count: u32,
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Architecture {
    /// 64-bit x86, also called amd64.
    X86_64,
    /// 64-bit Arm, also called aarch64.
    Arm64,
}
