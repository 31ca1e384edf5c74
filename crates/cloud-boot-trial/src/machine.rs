//! One QEMU process: a machine with its disks, ended when this value goes, and when this process ends in whatever way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::Result;
use crate::image::{HARDWARE_ADDRESS, Image};

/// What a machine is made of.
#[derive(Debug, Clone)]
pub(crate) struct Disks {
    /// Written over the image.
    pub(crate) boot: PathBuf,
    /// Outlives machines.
    pub(crate) data: PathBuf,
    /// Read once, at the first boot.
    pub(crate) seed: PathBuf,
}

/// A machine that was started.
#[derive(Debug)]
pub(crate) struct Machine {
    process: Child,
    monitor: PathBuf,
}

impl Machine {
    /// Turns a machine on. Its SSH server is at this port of the loopback; what it writes to its console is in `console`.
    pub(crate) fn start(image: &Image, disks: &Disks, ssh_port: u16, console: &Path) -> Result<Self> {
        let monitor = console.with_extension("qmp");
        let _ = fs::remove_file(&monitor);
        // The kernel ends QEMU when we are gone, even by SIGKILL.
        let mut qemu = Command::new("setpriv");
        qemu.args(["--pdeathsig", "KILL", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot"]);
        qemu.args(["-display", "none", "-smp", "2", "-m", "1024"]).args(accelerator());
        qemu.arg("-serial").arg(option("file:", console, ""));
        qemu.arg("-qmp").arg(option("unix:", &monitor, ",server=on,wait=off"));
        qemu.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(&image.initrd).args(["-append", KERNEL]);
        qemu.args([
            "-device",
            "virtio-rng-pci",
            "-device",
            &format!("virtio-net-pci,netdev=net,mac={HARDWARE_ADDRESS}"),
        ]);
        qemu.args(["-netdev", &format!("user,id=net,hostfwd=tcp:127.0.0.1:{ssh_port}-:22")]);
        // Nothing here has to outlive a power cut of the machine that runs this.
        qemu.arg("-drive").arg(option("if=none,id=boot,format=qcow2,cache=unsafe,file=", &disks.boot, ""));
        qemu.arg("-drive").arg(option("if=none,id=data,format=raw,cache=unsafe,file=", &disks.data, ""));
        qemu.arg("-drive").arg(option("if=none,id=seed,format=raw,readonly=on,media=cdrom,file=", &disks.seed, ""));
        qemu.args([
            "-device",
            "virtio-blk-pci,drive=boot,serial=boot",
            "-device",
            "virtio-blk-pci,drive=data,serial=data",
        ]);
        qemu.args(["-device", "virtio-scsi-pci", "-device", "scsi-cd,drive=seed"]);
        let process = qemu.stdin(Stdio::null()).spawn().map_err(|error| format!("QEMU cannot be started: {error}"))?;
        Ok(Self { process, monitor })
    }

    /// Whether it is turned on.
    pub(crate) fn is_on(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Its power button, which can be pressed while others look at the machine.
    pub(crate) fn power_button(&self) -> PowerButton {
        PowerButton(self.monitor.clone())
    }
}

/// Asks a machine's system to shut down.
#[derive(Debug)]
pub(crate) struct PowerButton(PathBuf);

impl PowerButton {
    /// Presses it, by QEMU's monitor: <https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html>
    pub(crate) async fn press(&self) -> Result {
        tokio::time::timeout(ANSWER, self.talk()).await.map_err(|_| "QEMU's monitor does not answer")?
    }

    async fn talk(&self) -> Result {
        let mut monitor = BufReader::new(UnixStream::connect(&self.0).await?);
        let mut answer = String::new();
        monitor.read_line(&mut answer).await?;
        for command in ["qmp_capabilities", "system_powerdown"] {
            monitor.write_all(format!("{{\"execute\":\"{command}\"}}\n").as_bytes()).await?;
            answer.clear();
            monitor.read_line(&mut answer).await?;
            if answer.contains("\"error\"") {
                return Err(format!("QEMU refuses {command}: {}", answer.trim()).into());
            }
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Both fail only where it has ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The CPU's own virtualization where it is known to work: `/dev/kvm` alone says too little. Otherwise emulation.
fn accelerator() -> [&'static str; 4] {
    let real = ["kvm_intel", "kvm_amd"].iter().any(|module| Path::new("/sys/module").join(module).exists());
    if real && Path::new("/dev/kvm").exists() {
        ["-M", "q35,accel=kvm:tcg", "-cpu", "max"]
    } else {
        ["-M", "q35,accel=tcg", "-cpu", "max"]
    }
}

/// A QEMU option that holds a path; a comma in it is written twice.
fn option(before: &str, path: &Path, after: &str) -> String {
    format!("{before}{}{after}", path.display().to_string().replace(',', ",,"))
}

/// How long its monitor may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

const KERNEL: &str = "root=/dev/vda rw console=ttyS0 mitigations=off";
