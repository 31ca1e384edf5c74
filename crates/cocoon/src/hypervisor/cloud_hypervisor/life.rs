//! Whether a guest lives: asked where this box gives reason for doubt, and answered within a bound.
//!
//! A KVM that is not the processor's may start a guest and let it die without a word, or reset it for ever, while the program
//! reports that it runs. So the guest's own signs count: what it says on its serial port, and what it reads of its disks.

use std::path::PathBuf;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use cocoon_images::system::blocking;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::client::Client;
use super::events;
use crate::state::VmPaths;

/// Waits for the guest's first sign of life.
///
/// The first bytes of the serial port are taken off it, as by whoever looks at a console.
///
/// # Errors
/// `Unsupported` where the guest dies or shows none within `patience`: with this KVM, `kvm`, it will not boot.
pub(super) async fn wait(paths: &VmPaths, kvm: &str, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    let client = Client::new(paths.control_socket()).with_deadline(patience);
    let speaks = timeout_at(deadline, speaks(paths.console_socket()));
    let reads = timeout_at(deadline, reads_a_disk(&client));
    let dies = timeout_at(deadline, dies(paths));
    let reason = tokio::select! {
        Ok(()) = speaks => return Ok(()),
        Ok(()) = reads => return Ok(()),
        Ok(reason) = dies => reason,
        else => format!("has shown no sign of life within {patience:?}"),
    };
    Err(Error::new(
        ErrorKind::Unsupported,
        format!(
            "the guest {reason}: /dev/kvm is not served by this box's processor but by {kvm}, in which Linux may not boot: run \
             the VM under QEMU, which emulates a processor (hypervisor: qemu-system-x86_64)"
        ),
    ))
}

/// Waits for a byte on the serial port.
async fn speaks(socket: PathBuf) {
    loop {
        if let Ok(mut stream) = UnixStream::connect(&socket).await
            && stream.read_u8().await.is_ok()
        {
            return;
        }
        sleep(PACE).await;
    }
}

/// Waits for a read from any disk.
async fn reads_a_disk(client: &Client) {
    loop {
        let counters = client.counters().await.unwrap_or_default();
        if counters.values().any(|device| device.get("read_ops").is_some_and(|reads| *reads > 0)) {
            return;
        }
        sleep(PACE).await;
    }
}

/// Waits for the guest to fall over its own faults, and answers how.
async fn dies(paths: &VmPaths) -> String {
    loop {
        let (log, events) = (paths.hypervisor_log(), events::file(paths));
        let death = blocking(move || {
            let log = std::fs::read(log).unwrap_or_default();
            if String::from_utf8_lossy(&log).contains("triple-fault") {
                return Some("has died of a triple fault");
            }
            let events = events::read(&events).unwrap_or_default();
            events
                .iter()
                .any(|event| event.event == "rebooted")
                .then_some("was reset before it had shown a sign of life")
        });
        if let Some(death) = death.await {
            return death.to_owned();
        }
        sleep(PACE).await;
    }
}

const PACE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::state::{Layout, VmId};

    /// The directories of a VM, removed when the test is over.
    struct Place(PathBuf, VmPaths);

    impl Place {
        fn new() -> Self {
            let root = std::env::temp_dir().join(format!("cocoon-life-{:016x}", fastrand::u64(..)));
            let layout = Layout { root: root.clone(), run: root.join("run"), log: root.join("log") };
            let paths = layout.paths("web-1", &VmId::random());
            fs::create_dir_all(paths.run()).unwrap();
            fs::create_dir_all(paths.log()).unwrap();
            Self(root, paths)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[tokio::test]
    async fn a_guest_that_says_something_lives() {
        let place = Place::new();
        let serial = UnixListener::bind(place.1.console_socket()).unwrap();
        std::thread::spawn(move || serial.accept().unwrap().0.write_all(b"Linux version 6.18").unwrap());
        wait(&place.1, "kvm_pvm", Duration::from_secs(10)).await.unwrap();
    }

    #[tokio::test]
    async fn a_guest_that_shows_nothing_is_given_up_after_its_time() {
        let place = Place::new();
        let _serial = UnixListener::bind(place.1.console_socket()).unwrap();
        let error = wait(&place.1, "kvm_pvm", Duration::from_millis(30)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        for words in ["no sign of life within 30ms", "kvm_pvm", "run the VM under QEMU"] {
            assert!(error.message().contains(words), "{words}: {error}");
        }
    }

    #[tokio::test]
    async fn a_guest_that_falls_over_its_faults_is_given_up_at_once() {
        let place = Place::new();
        fs::write(place.1.hypervisor_log(), "ERROR:hypervisor/src/kvm/mod.rs:2531 -- Guest likely triple-faulted")
            .unwrap();
        let error = wait(&place.1, "kvm_pvm", Duration::from_secs(600)).await.unwrap_err();
        assert!(error.message().contains("has died of a triple fault"), "{error}");
    }

    #[tokio::test]
    async fn a_guest_that_is_reset_before_it_lives_is_given_up_at_once() {
        let place = Place::new();
        fs::write(events::file(&place.1), r#"{"source": "vm", "event": "rebooted"}"#).unwrap();
        let error = wait(&place.1, "kvm_pvm", Duration::from_secs(600)).await.unwrap_err();
        assert!(error.message().contains("was reset"), "{error}");
    }
}
