//! What the catalog makes of a spec, as plain data: machine, zones, image and disks in Google's words.

use cloud_types::{Error, GiB, HostSpec, MachineTypeName, Result};

use crate::seen::Disk;

/// What a host will be.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Google's machine type.
    pub(crate) machine: String,
    /// GPUs that are added to it, and how many.
    pub(crate) accelerator: Option<(String, u32)>,
    /// Whether it has GPUs, its own or added.
    pub(crate) has_gpu: bool,
    /// Where it may live, in the order in which the zones are tried.
    pub(crate) zones: Vec<String>,
    pub(crate) boot: Boot,
    pub(crate) boot_disk: GiB,
    /// The data disk that an earlier host of the name left.
    pub(crate) disk: Option<Disk>,
}

/// What a host boots.
#[derive(Debug, Clone)]
pub(crate) struct Boot {
    pub(crate) source: Source,
    pub(crate) system: System,
    /// The smallest boot disk that it fits on.
    pub(crate) disk: Option<GiB>,
}

/// Where its disk comes from, as a path.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Image(String),
    Snapshot(String),
}

/// Who reads what a host is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// cloud-init does.
    Ubuntu,
    /// No cloud-init is there: the guest agent runs a startup script
    /// (<https://cloud.google.com/compute/docs/images/os-details#debian>).
    Debian,
    /// Not known; most images have cloud-init.
    Other,
}

impl System {
    /// The system that a project, a path or a user's name is of.
    pub(crate) fn of(text: &str) -> Self {
        match (text.contains("ubuntu"), text.contains("debian")) {
            (true, _) => Self::Ubuntu,
            (false, true) => Self::Debian,
            (false, false) => Self::Other,
        }
    }

    /// The name that SSH keys log in by.
    pub(crate) fn ssh_user(self) -> &'static str {
        match self {
            Self::Ubuntu => "ubuntu",
            Self::Debian => "debian",
            Self::Other => "cloud",
        }
    }

    /// Refuses user data that nothing on this system would read.
    pub(crate) fn check(self, spec: &HostSpec) -> Result<()> {
        match &spec.user_data {
            Some(data) if self == Self::Debian && !data.expose().starts_with("#!") => Err(Error::invalid(
                "user_data",
                "must be a script that begins with #! here: Google's Debian images have no cloud-init",
            )),
            _ => Ok(()),
        }
    }
}

impl Plan {
    /// The name of the whole machine, as the catalog has it.
    pub(crate) fn machine_name(&self) -> Result<MachineTypeName> {
        match &self.accelerator {
            Some((gpu, count)) => MachineTypeName::new(format!("{}:{gpu}:{count}", self.machine)),
            None => MachineTypeName::new(self.machine.as_str()),
        }
    }
}

/// Splits `n1-standard-4:nvidia-tesla-t4:1` into the machine type and the GPUs that are added to it.
pub(crate) fn split(name: &MachineTypeName) -> Result<(&str, Option<(String, u32)>)> {
    let mut parts = name.as_str().split(':');
    let machine = parts.next().unwrap_or_default();
    match (parts.next(), parts.next().map(str::parse::<u32>), parts.next()) {
        (None, None, None) => Ok((machine, None)),
        (Some(gpu), Some(Ok(count @ 1..)), None) if machine.starts_with("n1-") => {
            Ok((machine, Some((gpu.to_owned(), count))))
        }
        _ => Err(Error::invalid("machine", "must be a machine type, or an n1 type with :GPU:COUNT behind it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_added_to_n1_alone() {
        let name = |text: &str| MachineTypeName::new(text).unwrap();
        assert_eq!(split(&name("e2-small")).unwrap(), ("e2-small", None));
        let with = name("n1-standard-4:nvidia-tesla-t4:2");
        assert_eq!(split(&with).unwrap(), ("n1-standard-4", Some(("nvidia-tesla-t4".to_owned(), 2))));
        for wrong in ["e2-small:nvidia-tesla-t4:1", "n1-standard-4:gpu", "n1-standard-4:gpu:0", "n1-standard-4:a:1:2"] {
            assert_eq!(split(&name(wrong)).unwrap_err().field(), Some("machine"), "{wrong}");
        }
    }
}
