//! What the command takes.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use cloud_types::{Error, GiB, MiB, Name, Result, UserData};
use cocoon::{Acceleration, Config, DirectKernel, NetworkChoice, PublishedPort, VmSpec};

use super::config_file::Settings;
use super::images::PullArguments;
use super::resize::ResizeArguments;

/// Virtual machines on this box, without a daemon.
#[derive(Debug, Parser)]
#[command(name = "cocoon", disable_version_flag = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// A file of settings, TOML: `root_dir`, `run_dir`, `log_dir`, `hypervisor`, `acceleration`. Options and variables go
    /// before it [default: ~/.config/cocoon/config.toml, then /etc/cocoon/config.toml].
    #[arg(long, global = true, env = "COCOON_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where VMs and their disks are [default: /var/lib/cocoon].
    #[arg(long, visible_alias = "root", global = true, env = "COCOON_ROOT_DIR", value_name = "DIR")]
    root_dir: Option<PathBuf>,
    /// Where sockets are [default: `run` below the root directory, or /var/run/cocoon].
    #[arg(long, global = true, env = "COCOON_RUN_DIR", value_name = "DIR")]
    run_dir: Option<PathBuf>,
    /// Where logs are [default: `log` below the root directory, or /var/log/cocoon].
    #[arg(long, global = true, env = "COCOON_LOG_DIR", value_name = "DIR")]
    log_dir: Option<PathBuf>,
    /// The hypervisor's program [default: cloud-hypervisor where that is installed and can run the VM, or qemu-system-x86_64].
    #[arg(long, global = true, env = "COCOON_HYPERVISOR", value_name = "PROGRAM")]
    hypervisor: Option<PathBuf>,
    /// The processor's help: auto, kvm or none [default: auto].
    #[arg(long, global = true, env = "COCOON_ACCELERATION")]
    acceleration: Option<Acceleration>,
    /// Prints JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Global {
    /// # Errors
    /// `InvalidRequest` on field `config`, for the file.
    pub(crate) fn config(&self) -> Result<Config> {
        let file = Settings::find(self.config.as_deref())?;
        let acceleration = self.acceleration.map_or_else(|| file.acceleration(), |given| Ok(Some(given)))?;
        let mut config = Config::new().acceleration(acceleration.unwrap_or_default());
        if let Some(path) = self.root_dir.as_ref().or(file.root_dir.as_ref()) {
            config = config.root_dir(path);
        }
        if let Some(path) = self.run_dir.as_ref().or(file.run_dir.as_ref()) {
            config = config.run_dir(path);
        }
        if let Some(path) = self.log_dir.as_ref().or(file.log_dir.as_ref()) {
            config = config.log_dir(path);
        }
        if let Some(program) = self.hypervisor.as_ref().or(file.hypervisor.as_ref()) {
            config = config.hypervisor(program);
        }
        Ok(config)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Gets images from registries, addresses and files.
    Pull(PullArguments),
    /// Lists images.
    #[command(visible_alias = "ls")]
    List,
    /// Deletes images. VMs keep what they lie on.
    Delete {
        /// Their names, or the beginnings of their ids.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Makes a VM that does not run yet.
    Create(Create),
    /// Prints what a VM of this image would execute, and makes nothing.
    Run(Create),
    /// Makes a VM like another one that does not run, with a copy of its disks.
    Clone {
        #[arg(value_name = "VM")]
        from: Name,
        /// The new VM's name.
        #[arg(value_name = "NAME")]
        to: Name,
    },
    /// Keeps the disks of a VM that does not run, and goes back to what was kept.
    #[command(subcommand)]
    Snapshot(Snapshot),
    /// Gives a VM that does not run other CPUs, another amount of memory, or larger disks.
    Resize(ResizeArguments),
    /// Makes VMs run.
    Start {
        #[arg(required = true, value_name = "VM")]
        names: Vec<Name>,
    },
    /// Makes VMs power off.
    Stop {
        #[command(flatten)]
        how: Grace,
        #[arg(required = true, value_name = "VM")]
        names: Vec<Name>,
    },
    /// Stops VMs and starts them again.
    Restart {
        #[command(flatten)]
        how: Grace,
        #[arg(required = true, value_name = "VM")]
        names: Vec<Name>,
    },
    /// Lists VMs.
    Ps {
        /// Names alone.
        #[arg(short, long)]
        quiet: bool,
    },
    /// Shows all that is known of VMs, as JSON.
    Inspect {
        #[arg(required = true, value_name = "VM")]
        names: Vec<Name>,
    },
    /// Prints what a VM's console has said: at least the last 16 MiB of it.
    Logs(Logs),
    /// Connects this terminal with a VM's console; `~.` at the beginning of a line ends that.
    Console {
        #[arg(value_name = "VM")]
        name: Name,
    },
    /// Removes VMs with their disks.
    Rm {
        /// Also those that run.
        #[arg(short, long)]
        force: bool,
        #[arg(required = true, value_name = "VM")]
        names: Vec<Name>,
    },
    /// Removes images and blobs that nobody uses, and what commands that were killed have left.
    Gc {
        /// Only says what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Prints what makes a shell complete the command's words.
    #[command(after_help = "For bash: source <(cocoon completion bash)")]
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Shows the networks that `create --network NAME` has made.
    #[command(subcommand)]
    Network(NetworkCommand),
    /// Prints the version.
    Version,
}

/// What is printed of a console.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Goes on until the VM stops; a restart is no stop.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only this many lines at the end.
    #[arg(short = 'n', long, value_name = "LINES")]
    pub(crate) tail: Option<u64>,
    #[arg(value_name = "VM")]
    pub(crate) name: Name,
}

/// What is done about networks.
#[derive(Debug, Subcommand)]
pub(crate) enum NetworkCommand {
    /// Lists them. One is there from the creation of its first VM to the removal of its last.
    #[command(visible_alias = "ls")]
    List,
}

/// What is done with a snapshot.
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// Keeps the disks as they are now.
    Create {
        #[arg(value_name = "VM")]
        vm: Name,
        /// The snapshot's name.
        name: Name,
    },
    /// Makes the disks what they were; what was written since is lost.
    Restore {
        #[arg(value_name = "VM")]
        vm: Name,
        /// The snapshot's name.
        name: Name,
    },
    /// Gives a snapshot up.
    Rm {
        #[arg(value_name = "VM")]
        vm: Name,
        /// The snapshot's name.
        name: Name,
    },
}

/// How long a VM has to power off.
#[derive(Debug, Args)]
pub(crate) struct Grace {
    /// Seconds that a VM has to power off, before its hypervisor is told to end.
    #[arg(long, visible_alias = "timeout", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) grace: Duration,
    /// Ends the hypervisor at once: what the guest had not written is lost.
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// The VM that is to be made.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// An image that was pulled; or a file, raw or qcow2, which has to stay as it is while the VM exists.
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// The VM's name [default: `cocoon-` and the image's].
    #[arg(long)]
    name: Option<Name>,
    /// Virtual CPUs.
    #[arg(long, default_value_t = 2)]
    cpu: u32,
    /// Memory, such as 512M or 2G.
    #[arg(long, default_value = "1G", value_parser = memory, value_name = "SIZE")]
    memory: MiB,
    /// The system disk's size, such as 20G [default: 10G, or the image's].
    #[arg(long, value_parser = storage, value_name = "SIZE")]
    storage: Option<GiB>,
    /// Adds an empty disk of this size; may be given again.
    #[arg(long, value_parser = storage, value_name = "SIZE")]
    data_disk: Vec<GiB>,
    /// Makes a TCP port of this box lead to one of the VM: HOST:GUEST or ADDRESS:HOST:GUEST; may be given again.
    #[arg(long, value_parser = port, value_name = "HOST:GUEST")]
    publish: Vec<PublishedPort>,
    /// The network: `user`, QEMU's own, which needs no rights; `none`; or a network's name. One that is not there is made, with
    /// DHCP, NAT and its VMs alone in it, and is removed with its last VM; that needs root [default: user, or under Cloud
    /// Hypervisor the network `default`].
    #[arg(long, value_name = "NETWORK")]
    network: Option<NetworkChoice>,
    /// A file with a public key whose owner is let in by the image's cloud-init; may be given again.
    #[arg(long, value_name = "FILE")]
    ssh_key: Vec<PathBuf>,
    /// A file with what cloud-init does at the first boot.
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// Boots this kernel, and not from the disk.
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,
    /// The kernel's initial file system.
    #[arg(long, requires = "kernel", value_name = "FILE")]
    initrd: Option<PathBuf>,
    /// The kernel's command line.
    #[arg(long, requires = "kernel", default_value = "", allow_hyphen_values = true)]
    append: String,
}

impl Create {
    /// The VM's name.
    pub(crate) fn vm(&self) -> Result<Name> {
        self.name.clone().map_or_else(|| default_name(&self.image), Ok)
    }

    pub(crate) fn spec(self) -> Result<VmSpec> {
        let mut spec = VmSpec::new(self.vm()?, self.image).cpus(self.cpu).memory(self.memory);
        if let Some(size) = self.storage {
            spec = spec.storage(size);
        }
        if let Some(kernel) = self.kernel {
            spec = spec.kernel(DirectKernel { kernel, initrd: self.initrd, command_line: self.append });
        }
        if let Some(network) = self.network {
            spec = spec.network(network);
        }
        for file in &self.ssh_key {
            spec = spec.ssh_key(read("ssh_key", file)?.trim().parse()?);
        }
        if let Some(file) = &self.user_data {
            spec = spec.user_data(UserData::new(read("user_data", file)?));
        }
        spec = self.data_disk.into_iter().fold(spec, VmSpec::data_disk);
        Ok(self.publish.into_iter().fold(spec, VmSpec::publish))
    }
}

fn read(field: &'static str, file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file);
    text.map_err(|error| Error::invalid(field, format!("{}: {error}", file.display())))
}

/// `cocoon-` and what of the image's name may be in a VM's.
fn default_name(image: &Path) -> Result<Name> {
    let stem = image.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let allowed = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    let text: String = format!("cocoon-{stem}").chars().map(allowed).take(63).collect();
    Name::new(text.trim_end_matches('-'))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|_| "give seconds, such as 30".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A size in mebibytes.
fn mebibytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no size: give one such as 512M, 2G or 1T");
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "M" | "MB" | "MIB" => 1,
        "G" | "GB" | "GIB" => 1 << 10,
        "T" | "TB" | "TIB" => 1 << 20,
        _ => return Err(wrong()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

pub(super) fn memory(text: &str) -> Result<MiB, String> {
    mebibytes(text).map(MiB)
}

pub(super) fn storage(text: &str) -> Result<GiB, String> {
    let mebibytes = mebibytes(text)?;
    if mebibytes % 1024 != 0 {
        return Err("give whole gibibytes, such as 20G".to_owned());
    }
    u32::try_from(mebibytes / 1024).map(GiB).map_err(|_| "too large".to_owned())
}

fn port(text: &str) -> Result<PublishedPort, String> {
    let wrong = || format!("{text:?} is no port: give HOST:GUEST, such as 8080:80, or ADDRESS:HOST:GUEST");
    let (text, address) = match text.match_indices(':').count() {
        1 => (text, Ipv4Addr::LOCALHOST),
        2 => {
            let (address, ports) = text.split_once(':').ok_or_else(wrong)?;
            (ports, address.parse().map_err(|_| wrong())?)
        }
        _ => return Err(wrong()),
    };
    let (host, guest) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong);
    Ok(PublishedPort { address, host: number(host)?, guest: number(guest)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn sizes_have_a_unit_and_are_exact() {
        assert_eq!((memory("512M"), memory("2G")), (Ok(MiB(512)), Ok(MiB(2048))));
        assert_eq!((storage("10G"), storage("1T")), (Ok(GiB(10)), Ok(GiB(1024))));
        for text in ["", "512", "G", "1.5G", "-1G", "1X", "99999999999999T"] {
            assert!(memory(text).is_err(), "{text}");
        }
        assert!(storage("512M").is_err());
    }

    #[test]
    fn a_port_is_published_on_loopback_unless_an_address_is_given() {
        let published = |address, host, guest| Ok(PublishedPort { address, host, guest });
        assert_eq!(port("8080:80"), published(Ipv4Addr::LOCALHOST, 8080, 80));
        assert_eq!(port("0.0.0.0:2222:22"), published(Ipv4Addr::UNSPECIFIED, 2222, 22));
        for text in ["80", "0:80", "80:0", "a:80", "1:2:3:4", "::80", "70000:80", "1.2.3:1:2"] {
            assert!(port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_default_name_is_made_of_the_images() {
        let name = |image: &str| default_name(image.as_ref()).unwrap().to_string();
        assert_eq!(name("/x/debian-12-genericcloud.qcow2"), "cocoon-debian-12-genericcloud");
        assert_eq!(name("/x/Ubuntu 24.04!.img"), "cocoon-ubuntu-24-04");
    }
}
