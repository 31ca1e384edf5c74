//! Cloud Hypervisor's API: one function for each call.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use hyper::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error;
use super::http::{self, Answer, Call};
use super::wire::{Counters, DeviceInfo, DiskDevice, NetDevice, Ping, Resize, Restore, VmConfig, VmInfo};

/// The API of one Cloud Hypervisor, on the Unix socket of its `--api-socket`.
///
/// Every call has a deadline, ten seconds unless it is set. A call that changes something and gets no answer is
/// `OutcomeUnknown`: [`info`](Self::info) tells.
///
/// ```no_run
/// # async fn run() -> cloud_types::Result<()> {
/// let client = cocoon::cloud_hypervisor::Client::new("/run/vm.sock");
/// client.pause().await?;
/// client.snapshot("/srv/snapshots/1".as_ref()).await?;
/// client.resume().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    deadline: Duration,
}

impl Client {
    /// The API on this socket. Nothing is sent before a call.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), deadline: Duration::from_secs(10) }
    }

    /// The same, with another deadline for each call.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Whether the program answers, and what it is.
    ///
    /// # Errors
    /// `Unavailable` where nobody listens.
    pub async fn ping(&self) -> Result<Ping> {
        self.read("vmm.ping").await
    }

    /// What the VM is and does.
    ///
    /// # Errors
    /// `Conflict` before there is a VM.
    pub async fn info(&self) -> Result<VmInfo> {
        self.read("vm.info").await
    }

    /// What the VM's devices have done.
    ///
    /// # Errors
    /// `Conflict` before the VM runs.
    pub async fn counters(&self) -> Result<Counters> {
        self.read("vm.counters").await
    }

    /// Makes the VM. Next to nothing of the configuration is looked at before [`boot`](Self::boot).
    ///
    /// # Errors
    /// `Conflict` where there is a VM already; `InvalidRequest` where the configuration cannot be read.
    pub async fn create(&self, config: &VmConfig) -> Result<()> {
        self.change_with("vm.create", config).await
    }

    /// Boots the VM.
    ///
    /// # Errors
    /// `Conflict` without a VM, or when it runs; `InvalidRequest` where its configuration cannot be booted.
    pub async fn boot(&self) -> Result<()> {
        self.change("vm.boot").await
    }

    /// Takes the VM's power. It stays, as if it had never booted.
    ///
    /// # Errors
    /// `Conflict` where it does not run.
    pub async fn shutdown(&self) -> Result<()> {
        self.change("vm.shutdown").await
    }

    /// Removes the VM, running or not. That there is none is no error.
    ///
    /// # Errors
    /// Those of the connection alone.
    pub async fn delete(&self) -> Result<()> {
        self.change("vm.delete").await
    }

    /// Presses the power button (ACPI). What the guest does about it is the guest's to decide.
    ///
    /// # Errors
    /// `Conflict` where it does not run.
    pub async fn press_power_button(&self) -> Result<()> {
        self.change("vm.power-button").await
    }

    /// Resets the VM.
    ///
    /// # Errors
    /// `Conflict` where it does not run.
    pub async fn reboot(&self) -> Result<()> {
        self.change("vm.reboot").await
    }

    /// Holds the VM's processors.
    ///
    /// # Errors
    /// `Conflict` where it does not run, or is held already.
    pub async fn pause(&self) -> Result<()> {
        self.change("vm.pause").await
    }

    /// Lets the VM's processors go on.
    ///
    /// # Errors
    /// `Conflict` where they run.
    pub async fn resume(&self) -> Result<()> {
        self.change("vm.resume").await
    }

    /// Sends the VM a non-maskable interrupt. Version 38 has no such call.
    ///
    /// # Errors
    /// `Conflict` where it does not run; `Unsupported` by an older program.
    pub async fn interrupt(&self) -> Result<()> {
        self.change("vm.nmi").await
    }

    /// Changes the VM's processors and memory while it runs.
    ///
    /// # Errors
    /// `InvalidRequest` beyond what it was made for, or for a size of memory that is no step of 128 MiB; `Conflict` while
    /// a processor is being removed.
    pub async fn resize(&self, size: &Resize) -> Result<()> {
        self.change_with("vm.resize", size).await
    }

    /// Grows a disk, in bytes. Version 38 has no such call.
    ///
    /// # Errors
    /// `NotFound` without such a disk; `Unsupported` by an older program.
    pub async fn resize_disk(&self, id: &str, bytes: u64) -> Result<()> {
        self.change_with("vm.resize-disk", &json!({ "id": id, "desired_size": bytes })).await
    }

    /// Adds a disk. `None` where the VM does not run: it has the disk from its next boot on.
    ///
    /// # Errors
    /// `NotFound` where its file does not exist; `InvalidRequest` where the name is taken.
    pub async fn add_disk(&self, disk: &DiskDevice) -> Result<Option<DeviceInfo>> {
        self.add("vm.add-disk", disk).await
    }

    /// Adds a network card. `None` where the VM does not run: it has the card from its next boot on.
    ///
    /// # Errors
    /// `InvalidRequest` where the name is taken.
    pub async fn add_net(&self, net: &NetDevice) -> Result<Option<DeviceInfo>> {
        self.add("vm.add-net", net).await
    }

    /// Asks the guest to let go of a device; it is gone when the guest has.
    ///
    /// # Errors
    /// `NotFound` without such a device.
    pub async fn remove_device(&self, id: &str) -> Result<()> {
        self.change_with("vm.remove-device", &json!({ "id": id })).await
    }

    /// Writes a snapshot of memory and devices, not of disks, into a directory that exists.
    ///
    /// # Errors
    /// `Conflict` where the VM is not paused; `Unsupported` where this box's KVM cannot tell a processor's state.
    pub async fn snapshot(&self, directory: &Path) -> Result<()> {
        let url = format!("file://{}", directory.display());
        self.change_with("vm.snapshot", &json!({ "destination_url": url })).await
    }

    /// Makes the VM of a snapshot.
    ///
    /// # Errors
    /// `Conflict` where there is a VM already; `NotFound` without such a snapshot.
    pub async fn restore(&self, restore: &Restore) -> Result<()> {
        self.change_with("vm.restore", restore).await
    }

    /// Ends the program, and the VM with it. The program answers 200 where 204 is described.
    ///
    /// # Errors
    /// `Unavailable` where it has ended already.
    pub async fn shutdown_vmm(&self) -> Result<()> {
        self.change("vmm.shutdown").await
    }

    async fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        parse(name, &self.send(Call { method: Method::GET, name, body: None }).await?)
    }

    async fn change(&self, name: &str) -> Result<()> {
        self.send(Call { method: Method::PUT, name, body: None }).await.map(drop)
    }

    async fn change_with(&self, name: &str, body: &impl Serialize) -> Result<()> {
        self.send(Call { method: Method::PUT, name, body: Some(json(body)?) }).await.map(drop)
    }

    async fn add(&self, name: &str, body: &impl Serialize) -> Result<Option<DeviceInfo>> {
        let answer = self.send(Call { method: Method::PUT, name, body: Some(json(body)?) }).await?;
        if answer.body.is_empty() { Ok(None) } else { parse(name, &answer).map(Some) }
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer> {
        let name = call.name.to_owned();
        let answer = http::send(&self.socket, self.deadline, call).await?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(error::refusal(&name, &answer)) }
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    // A path that is no UTF-8 is the one thing here that JSON cannot say.
    serde_json::to_vec(body).map_err(|error| Error::invalid("path", error.to_string()))
}

fn parse<T: DeserializeOwned>(name: &str, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let message = format!("Cloud Hypervisor's answer to `{name}` cannot be read: {error}");
        Error::new(ErrorKind::Unexpected, message).with_status(answer.status).with_source(error)
    })
}
