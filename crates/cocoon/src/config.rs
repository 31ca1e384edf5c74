//! The settings of a [`Cocoon`], from code or from the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{Error, Result};

use crate::hypervisor::Hypervisors;
use crate::notice::Listener;
use crate::state::{Layout, Store};
use crate::{Cocoon, Notice};

/// Settings of a [`Cocoon`].
///
/// ```
/// let cocoon = cocoon::Config::new().root_dir("/srv/vms").build();
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    root_dir: Option<PathBuf>,
    run_dir: Option<PathBuf>,
    log_dir: Option<PathBuf>,
    hypervisor: Option<PathBuf>,
    acceleration: Acceleration,
    patience: Duration,
    start_within: Duration,
    listener: Listener,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Settings for the box as a whole: state in `/var/lib/cocoon`, sockets in `/var/run/cocoon`, logs in
    /// `/var/log/cocoon`, QEMU from `PATH`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            root_dir: None,
            run_dir: None,
            log_dir: None,
            hypervisor: None,
            acceleration: Acceleration::Auto,
            patience: Duration::from_secs(60),
            start_within: Duration::from_secs(30),
            listener: Listener::default(),
        }
    }

    /// Settings from the environment.
    ///
    /// | Variable | What it sets |
    /// |---|---|
    /// | `COCOON_ROOT_DIR` | see [`root_dir`](Self::root_dir) |
    /// | `COCOON_RUN_DIR` | see [`run_dir`](Self::run_dir) |
    /// | `COCOON_LOG_DIR` | see [`log_dir`](Self::log_dir) |
    /// | `COCOON_HYPERVISOR` | see [`hypervisor`](Self::hypervisor) |
    /// | `COCOON_ACCELERATION` | see [`acceleration`](Self::acceleration): `auto`, `kvm` or `none` |
    ///
    /// # Errors
    /// `InvalidRequest` on field `acceleration`.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(variable)
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let path = |variable| read(variable).map(PathBuf::from);
        let mut config = Self::new();
        config.root_dir = path("COCOON_ROOT_DIR");
        config.run_dir = path("COCOON_RUN_DIR");
        config.log_dir = path("COCOON_LOG_DIR");
        config.hypervisor = path("COCOON_HYPERVISOR");
        if let Some(text) = read("COCOON_ACCELERATION") {
            config.acceleration = text.parse()?;
        }
        Ok(config)
    }

    /// Where VMs and their disks are. Sockets and logs are in `run` and `log` below it, unless they are set too.
    #[must_use]
    pub fn root_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.root_dir = Some(path.into());
        self
    }

    /// Where the sockets of running VMs are. A path of at most some 70 bytes: a socket's may have 107 in all.
    #[must_use]
    pub fn run_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.run_dir = Some(path.into());
        self
    }

    /// Where consoles' output and hypervisors' messages are.
    #[must_use]
    pub fn log_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.log_dir = Some(path.into());
        self
    }

    /// The hypervisor's program, by its path or by its name in `PATH`: Cloud Hypervisor where the name begins with
    /// `cloud-hypervisor`, QEMU otherwise. Without it, Cloud Hypervisor runs what is created where it is in `PATH`, KVM is the
    /// processor's own, it can boot the VM, and the VM may have a network of this installation or none; QEMU all else.
    ///
    /// Cloud Hypervisor, from version 53, needs KVM; without it, or where KVM is not the processor's own, it is refused. It has
    /// no network of its own, so that a VM on it needs one of this installation, and root; its logs have what the guest says on its virtio console (`hvc0`) since the last start. A second
    /// client of its serial port takes the first one's place.
    #[must_use]
    pub fn hypervisor(mut self, program: impl Into<PathBuf>) -> Self {
        self.hypervisor = Some(program.into());
        self
    }

    /// Whether the processor's help is used.
    #[must_use]
    pub fn acceleration(mut self, acceleration: Acceleration) -> Self {
        self.acceleration = acceleration;
        self
    }

    /// How long a VM that another command is changing is waited for; a minute unless it is set.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a hypervisor may take until it answers; 30 seconds unless it is set.
    #[must_use]
    pub fn start_within(mut self, time: Duration) -> Self {
        self.start_within = time;
        self
    }

    /// Who is told of what takes time or does not go as asked, while it happens.
    #[must_use]
    pub fn on_notice(mut self, listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// The VMs below these directories. Nothing is made or read before it is needed.
    #[must_use]
    pub fn build(self) -> Cocoon {
        let beside = |name: &str, default: &str| match &self.root_dir {
            Some(root) => root.join(name),
            None => PathBuf::from(default),
        };
        let layout = Layout {
            run: absolute(&self.run_dir.clone().unwrap_or_else(|| beside("run", "/var/run/cocoon"))),
            log: absolute(&self.log_dir.clone().unwrap_or_else(|| beside("log", "/var/log/cocoon"))),
            root: absolute(&self.root_dir.clone().unwrap_or_else(|| PathBuf::from("/var/lib/cocoon"))),
        };
        Cocoon {
            store: Store::new(layout, self.patience),
            hypervisors: Arc::new(Hypervisors::new(self.hypervisor.as_deref(), self.acceleration)),
            start_within: self.start_within,
            listener: self.listener,
        }
    }
}

/// The path as the hypervisor understands it, whose working directory is another.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether the processor's help is used to run VMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acceleration {
    /// KVM where it is known to work: with Intel's or AMD's module. The device alone says little: other ones that serve
    /// `/dev/kvm` let guests die.
    #[default]
    Auto,
    /// KVM, whatever this box looks like.
    Kvm,
    /// None: the processor is emulated, ten times slower and more, anywhere.
    None,
}

impl Acceleration {
    /// Whether KVM is to be used on this box.
    pub(crate) fn hardware(self) -> bool {
        match self {
            Self::Kvm => true,
            Self::None => false,
            Self::Auto => {
                let module = ["kvm_intel", "kvm_amd"].iter().any(|name| Path::new("/sys/module").join(name).exists());
                module && Path::new("/dev/kvm").exists()
            }
        }
    }
}

impl FromStr for Acceleration {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "kvm" => Ok(Self::Kvm),
            "none" => Ok(Self::None),
            _ => Err(Error::invalid("acceleration", format!("must be auto, kvm or none, got {text:?}"))),
        }
    }
}

impl fmt::Display for Acceleration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::None => "none",
        })
    }
}

/// Where Docker's tools note who is who to a registry: <https://docs.docker.com/reference/cli/docker/#environment-variables>.
pub(crate) fn docker_config() -> Option<PathBuf> {
    let directory = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = directory("DOCKER_CONFIG").or_else(|| directory("HOME").map(|home| home.join(".docker")));
    directory.map(|directory| directory.join("config.json"))
}

/// What the environment sets, unless it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_logs_follow_the_root_unless_they_are_set() {
        let layout = |config: Config| config.build().store.layout().clone();
        assert_eq!(layout(Config::new()).run, Path::new("/var/run/cocoon"));
        assert_eq!(layout(Config::new().root_dir("/x")).run, Path::new("/x/run"));
        assert_eq!(layout(Config::new().root_dir("/x").run_dir("/y")).run, Path::new("/y"));
    }

    #[test]
    fn the_environment_sets_what_code_can_set() {
        let config = Config::from_variables(|variable| match variable {
            "COCOON_ROOT_DIR" => Some("/x".to_owned()),
            "COCOON_ACCELERATION" => Some("none".to_owned()),
            _ => None,
        });
        let config = config.unwrap();
        assert_eq!((config.root_dir.as_deref(), config.acceleration), (Some(Path::new("/x")), Acceleration::None));
        let wrong = Config::from_variables(|variable| (variable == "COCOON_ACCELERATION").then(|| "yes".to_owned()));
        assert_eq!(wrong.unwrap_err().field(), Some("acceleration"));
    }
}
