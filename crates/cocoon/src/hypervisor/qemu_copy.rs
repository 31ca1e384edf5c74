//! QEMU's words for copying a disk while a VM runs: as it is at one moment, as after a power cut.

use std::path::Path;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::qmp::Qmp;

impl Qmp {
    /// Copies the disk of this number, with all that lies below it, to an empty qcow2 of its size. What the guest writes
    /// from now on is not in it.
    ///
    /// # Errors
    /// `Timeout` where it takes too long, and is given up; `Unexpected` with QEMU's words.
    pub(super) async fn copy(&mut self, number: usize, to: &Path) -> Result<()> {
        // One that a killed command has left has another name.
        let name = format!("copy-{:016x}", fastrand::u64(..));
        let node = json!({ "driver": "qcow2", "node-name": name, "file": { "driver": "file", "filename": to } });
        self.asked("blockdev-add", node).await?;
        let copied = self.run_copy(number, &name).await;
        let removed = self.asked("blockdev-del", json!({ "node-name": name })).await;
        copied.and(removed)
    }

    async fn run_copy(&mut self, number: usize, name: &str) -> Result<()> {
        let job = json!({
            "job-id": name,
            "device": format!("disk{number}"),
            "target": name,
            "sync": "full",
            "auto-dismiss": false,
        });
        self.asked("blockdev-backup", job).await?;
        let deadline = Instant::now() + PATIENCE;
        let mut outcome = Ok(());
        loop {
            let jobs = self.execute("query-jobs", Value::Null).await?;
            let job = jobs.as_array().and_then(|jobs| jobs.iter().find(|job| job["id"] == name));
            let Some(job) = job else { return outcome };
            if job["status"] == "concluded" {
                if let (Ok(()), Some(words)) = (&outcome, job["error"].as_str()) {
                    outcome = Err(Error::new(ErrorKind::Unexpected, format!("QEMU cannot copy the disk: {words}")));
                }
                self.asked("job-dismiss", json!({ "id": name })).await?;
                return outcome;
            }
            if outcome.is_ok() && Instant::now() > deadline {
                let message = format!("the disk was not copied within {} s", PATIENCE.as_secs());
                outcome = Err(Error::new(ErrorKind::Timeout, message));
                self.asked("job-cancel", json!({ "id": name })).await?;
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What QEMU refuses is not the caller's wish.
    async fn asked(&mut self, command: &str, arguments: Value) -> Result<()> {
        match self.execute(command, arguments).await {
            Err(error) if error.kind() == ErrorKind::InvalidRequest => Err(error.with_kind(ErrorKind::Unexpected)),
            done => done.map(drop),
        }
    }
}

/// For the largest disks.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

const LOOK_AGAIN: Duration = Duration::from_millis(50);
