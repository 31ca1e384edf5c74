//! Cloud Hypervisor as one of the hypervisors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use super::arguments::{self, FIRMWARE};
use super::client::Client;
use super::kvm::Kvm;
use super::life;
use super::wire::VmState;
use crate::config::Acceleration;
use crate::hypervisor::{CommandLine, Control, Hypervisor};
use crate::program;
use crate::state::{Record, VmPaths};

/// Cloud Hypervisor, which runs VMs by KVM alone.
///
/// Other than under QEMU: the serial port is served to whoever came last; the log of the console has what the guest says on its
/// virtio console (`hvc0`) since its last start; and there is no network of its own.
#[derive(Debug)]
pub(crate) struct CloudHypervisor {
    /// The program, where the user names one.
    program: Option<PathBuf>,
    acceleration: Acceleration,
    kvm: Kvm,
}

impl CloudHypervisor {
    pub(crate) fn new(program: Option<PathBuf>, acceleration: Acceleration) -> Self {
        Self { program, acceleration, kvm: Kvm::of_this_box() }
    }

    fn program(&self) -> Result<PathBuf> {
        let found = match &self.program {
            Some(path) => program::find(&path.to_string_lossy()),
            None => program::find(PROGRAM),
        };
        found.ok_or_else(|| match &self.program {
            Some(path) => Error::invalid("hypervisor", format!("there is no program {}", path.display())),
            None => Error::unsupported(format!(
                "{PROGRAM} is not in PATH, and in few distributions: take it from \
                 https://github.com/cloud-hypervisor/cloud-hypervisor/releases, or run the VM under QEMU"
            )),
        })
    }

    /// Whether it is installed, and VMs can be expected to run in it here.
    pub(crate) fn runs_here(&self) -> bool {
        self.check_box().is_ok() && self.program().is_ok()
    }

    /// The firmware that boots disks, where it is installed.
    pub(crate) fn firmware() -> Option<&'static Path> {
        FIRMWARE.iter().map(Path::new).find(|path| path.exists())
    }

    /// Whether a VM can be expected to run here at all. Who insists on KVM is believed.
    fn check_box(&self) -> Result<()> {
        let reason = match (self.acceleration, &self.kvm) {
            (Acceleration::Kvm, _) | (Acceleration::Auto, Kvm::Processor) => return Ok(()),
            (Acceleration::None, _) => "it cannot emulate a processor".to_owned(),
            (Acceleration::Auto, Kvm::Absent) => "there is no /dev/kvm on this box".to_owned(),
            (Acceleration::Auto, Kvm::Other(module)) => format!(
                "/dev/kvm is not served by this box's processor but by {module}, in which Linux may not boot \
                 (acceleration `kvm` tries all the same)"
            ),
        };
        Err(Error::unsupported(format!("Cloud Hypervisor cannot be used: {reason}: run the VM under QEMU")))
    }
}

const PROGRAM: &str = "cloud-hypervisor";

#[async_trait]
impl Hypervisor for CloudHypervisor {
    fn command(&self, record: &Record, paths: &VmPaths) -> Result<CommandLine> {
        self.check_box()?;
        let program = self.program()?;
        Ok(CommandLine { program, arguments: arguments::of(record, paths, Self::firmware())? })
    }

    /// The socket answers before the VM is made: only one that has booted counts.
    async fn connect(&self, paths: &VmPaths, patience: Duration) -> Result<Box<dyn Control>> {
        let deadline = Instant::now() + patience;
        let client = Client::new(paths.control_socket());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let trouble = match client.clone().with_deadline(left.max(RETRY)).info().await {
                Ok(info) if info.state != VmState::Created => return Ok(Box::new(client)),
                Ok(_) => "it has not booted".to_owned(),
                Err(error) if not_yet(error.kind()) => error.message().to_owned(),
                Err(error) => return Err(error),
            };
            if left.is_zero() {
                let message = format!("Cloud Hypervisor runs no VM after {patience:?}: {trouble}");
                return Err(Error::new(ErrorKind::Timeout, message));
            }
            sleep(RETRY.min(left)).await;
        }
    }

    async fn shows_life(&self, paths: &VmPaths, patience: Duration) -> Result<()> {
        match &self.kvm {
            Kvm::Processor => Ok(()),
            Kvm::Other(module) => life::wait(paths, module, patience).await,
            // What runs without the device is no Cloud Hypervisor of ours to judge.
            Kvm::Absent => Ok(()),
        }
    }
}

/// Whether this is how it begins: nobody listens, somebody is slow, or the VM is about to be made.
fn not_yet(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Conflict)
}

const RETRY: Duration = Duration::from_millis(5);

#[async_trait]
impl Control for Client {
    async fn press_power_button(&mut self) -> Result<()> {
        Client::press_power_button(self).await
    }

    async fn quit(&mut self) -> Result<()> {
        match self.shutdown_vmm().await {
            // It may end faster than it answers; whoever told it to waits for its end.
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => Ok(()),
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(acceleration: Acceleration, kvm: Kvm) -> Option<String> {
        let program = Some(PathBuf::from("/nonexistent/cloud-hypervisor"));
        let result = CloudHypervisor { program, acceleration, kvm }.check_box();
        result.err().map(|error| error.message().to_owned())
    }

    #[test]
    fn a_kvm_in_which_linux_may_not_boot_is_told_before_anything_starts() {
        let refused = refusal(Acceleration::Auto, Kvm::Other("kvm_pvm".to_owned())).expect("refused");
        assert!(refused.contains("kvm_pvm") && refused.contains("run the VM under QEMU"), "{refused}");
        let refused = refusal(Acceleration::Auto, Kvm::Absent).expect("refused");
        assert!(refused.contains("/dev/kvm"), "{refused}");
        assert!(refusal(Acceleration::None, Kvm::Processor).is_some());
        assert_eq!(refusal(Acceleration::Auto, Kvm::Processor), None);
        assert_eq!(refusal(Acceleration::Kvm, Kvm::Other("kvm_pvm".to_owned())), None);
    }
}
