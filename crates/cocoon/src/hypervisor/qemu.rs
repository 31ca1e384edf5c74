//! QEMU: its command line, and its control socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Error, Result};
use serde_json::Value;

use super::qemu_volume;
use super::qmp::Qmp;
use super::{CommandLine, Control, Hypervisor, firmware, text};
use crate::config::Acceleration;
use crate::network::Connection;
use crate::state::{AttachedVolume, Disk, Kernel, PublishedPort, Record, Uefi, VmId, VmPaths};
use crate::{error, program};

/// QEMU on x86-64, with a q35 board: <https://www.qemu.org/docs/master/system/i386/pc.html>.
#[derive(Debug)]
pub(crate) struct Qemu {
    /// The program, where the user names one.
    program: Option<PathBuf>,
    acceleration: Acceleration,
}

impl Qemu {
    pub(crate) fn new(program: Option<PathBuf>, acceleration: Acceleration) -> Self {
        Self { program, acceleration }
    }

    fn program(&self) -> Result<PathBuf> {
        let found = match &self.program {
            Some(path) => program::find(&path.to_string_lossy()),
            None => program::find(PROGRAM),
        };
        found.ok_or_else(|| match &self.program {
            Some(path) => Error::invalid("hypervisor", format!("there is no program {}", path.display())),
            None => error::missing_program(PROGRAM, "qemu-system-x86 qemu-utils"),
        })
    }
}

const PROGRAM: &str = "qemu-system-x86_64";

#[async_trait]
impl Hypervisor for Qemu {
    fn command(&self, record: &Record, paths: &VmPaths) -> Result<CommandLine> {
        let hardware = &record.hardware;
        let (machine, processor) = match self.acceleration.hardware() {
            true => ("q35,accel=kvm", "host"),
            false => ("q35,accel=tcg", "max"),
        };
        let mut arguments = Arguments::default();
        arguments.add("-name", record.name.as_str());
        match &hardware.uefi {
            Some(uefi) => arguments.uefi(uefi, machine, &paths.directory)?,
            None => arguments.add("-machine", machine),
        }
        arguments.add("-cpu", processor);
        arguments.add("-smp", hardware.cpus.to_string());
        arguments.add("-m", format!("{}M", hardware.memory.0));
        // Nothing that was not asked for: no default devices, no screen, no files of this box's administrator.
        arguments.0.extend(["-nodefaults", "-no-user-config"].map(str::to_owned));
        arguments.add("-display", "none");
        arguments.add("-chardev", format!("socket,id=control,{LISTEN},path={}", option(&paths.control_socket())?));
        arguments.add("-mon", "chardev=control,mode=control");
        let (socket, log) = (option(&paths.console_socket())?, option(&paths.console_log())?);
        arguments.add("-chardev", format!("socket,id=console,{LISTEN},path={socket},logfile={log},logappend=on"));
        arguments.add("-serial", "chardev:console");
        arguments.add("-device", "virtio-rng-pci");
        for (number, disk) in hardware.disks.iter().enumerate() {
            arguments.disk(number, disk, &paths.directory)?;
        }
        if record.host.is_some() {
            arguments.volumes(&hardware.volumes)?;
        }
        match &hardware.connection {
            Connection::User => arguments.network(&hardware.mac, &hardware.published),
            Connection::Network(address) => arguments.tap(&hardware.mac, &address.tap, self.acceleration.hardware()),
            Connection::None => {}
        }
        if let Some(kernel) = &hardware.kernel {
            arguments.kernel(kernel, &paths.directory)?;
        }
        Ok(CommandLine { program: self.program()?, arguments: arguments.0 })
    }

    async fn connect(&self, paths: &VmPaths, patience: Duration) -> Result<Box<dyn Control>> {
        Ok(Box::new(Qmp::connect(&paths.control_socket(), patience).await?))
    }
}

#[async_trait]
impl Control for Qmp {
    async fn press_power_button(&mut self) -> Result<()> {
        self.execute("system_powerdown", Value::Null).await.map(drop)
    }

    async fn quit(&mut self) -> Result<()> {
        self.execute("quit", Value::Null).await.map(drop)
    }

    async fn copy_disk(&mut self, number: usize, to: &Path) -> Result<()> {
        self.copy(number, to).await
    }

    async fn plug(&mut self, volume: &AttachedVolume) -> Result<()> {
        self.plug_volume(volume).await
    }

    async fn unplug(&mut self, id: &VmId) -> Result<()> {
        self.unplug_volume(id).await
    }
}

/// A socket that QEMU serves, and boots without waiting for somebody there.
const LISTEN: &str = "server=on,wait=off";

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }

    /// A machine with UEFI firmware in its flash memory: <https://www.qemu.org/docs/master/system/i386/pc.html>.
    fn uefi(&mut self, uefi: &Uefi, machine: &str, directory: &Path) -> Result<()> {
        firmware::check(&uefi.code)?;
        let (code, variables) = (option(&uefi.code)?, option(&directory.join(&uefi.variables))?);
        self.add("-machine", format!("{machine},pflash0=firmware,pflash1=variables"));
        let node = "driver=raw,node-name=firmware,read-only=on,file.driver=file";
        self.add("-blockdev", format!("{node},file.filename={code}"));
        self.add("-blockdev", format!("driver=qcow2,node-name=variables,file.driver=file,file.filename={variables}"));
        Ok(())
    }

    /// A virtio disk; the first is booted from.
    fn disk(&mut self, number: usize, disk: &Disk, directory: &Path) -> Result<()> {
        let (format, file) = (disk.format.as_str(), option(&directory.join(&disk.file))?);
        let access = if disk.read_only { "on" } else { "off" };
        let node = format!("driver={format},node-name=disk{number},read-only={access},discard=unmap");
        self.add("-blockdev", format!("{node},file.driver=file,file.filename={file}"));
        // A kernel that is booted directly has index 0.
        self.add("-device", format!("virtio-blk-pci,drive=disk{number},bootindex={}", number + 1));
        Ok(())
    }

    /// Slots for volumes, and those that are in them.
    fn volumes(&mut self, volumes: &[AttachedVolume]) -> Result<()> {
        qemu_volume::slots().for_each(|(name, value)| self.add(name, value));
        for AttachedVolume { id, file, slot } in volumes {
            let (name, file) = (qemu_volume::name(id), option(file)?);
            let node = format!("driver=qcow2,node-name={name},discard=unmap");
            self.add("-blockdev", format!("{node},file.driver=file,file.filename={file}"));
            self.add("-device", format!("virtio-blk-pci,id={name},drive={name},serial={id},bus=slot{slot}"));
        }
        Ok(())
    }

    /// A card on QEMU's own network, which needs no rights: outward through this box, inward by published ports.
    fn network(&mut self, mac: &str, published: &[PublishedPort]) {
        let mut network = "user,id=net0".to_owned();
        for PublishedPort { address, host, guest } in published {
            network.push_str(&format!(",hostfwd=tcp:{address}:{host}-:{guest}"));
        }
        self.add("-netdev", network);
        // Without its ROM: no boot from the network.
        self.add("-device", format!("virtio-net-pci,netdev=net0,mac={mac},romfile="));
    }

    /// A card on an interface of this box, which is there before. With KVM the kernel moves the packets, where it can.
    fn tap(&mut self, mac: &str, tap: &str, hardware: bool) {
        let vhost = if hardware && Path::new("/dev/vhost-net").exists() { ",vhost=on" } else { "" };
        self.add("-netdev", format!("tap,id=net0,ifname={tap},script=no,downscript=no{vhost}"));
        self.add("-device", format!("virtio-net-pci,netdev=net0,mac={mac},romfile="));
    }

    fn kernel(&mut self, kernel: &Kernel, directory: &Path) -> Result<()> {
        self.add("-kernel", text(&directory.join(&kernel.file))?);
        if let Some(initrd) = &kernel.initrd {
            self.add("-initrd", text(&directory.join(initrd))?);
        }
        if !kernel.command_line.is_empty() {
            self.add("-append", kernel.command_line.clone());
        }
        Ok(())
    }
}

/// A path within an option, where a comma is said by two: <https://www.qemu.org/docs/master/system/invocation.html>.
fn option(path: &Path) -> Result<String> {
    text(path).map(|text| text.replace(',', ",,"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_path_opens_no_further_option() {
        assert_eq!(option(Path::new("/a,readonly=off/b")).unwrap(), "/a,,readonly=off/b");
    }

    #[test]
    fn published_ports_are_forwarded_from_their_address() {
        let mut arguments = Arguments::default();
        let port = PublishedPort { address: [127, 0, 0, 1].into(), host: 8080, guest: 80 };
        arguments.network("52:54:00:00:00:01", &[port]);
        assert_eq!(arguments.0[1], "user,id=net0,hostfwd=tcp:127.0.0.1:8080-:80");
    }

    #[test]
    fn a_program_that_is_missing_names_the_option_that_named_it() {
        let qemu = Qemu::new(Some("/nonexistent/qemu".into()), Acceleration::None);
        assert_eq!(qemu.program().unwrap_err().field(), Some("hypervisor"));
    }
}
