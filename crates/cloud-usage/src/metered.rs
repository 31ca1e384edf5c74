//! A provider that records what is done through it.
//!
//! An event is written after its call has succeeded, never before: what was not done is not billed. If the program ends
//! between the two, [`Meter::reconcile`] finds what was done.

mod abilities;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cloud_types::{
    Capabilities, Catalog, Clock, CloudProvider, Console, CostKind, Created, HostId, HostPage, HostRuntime, HostSpec,
    HostState, ListHosts, Owner, ProviderId, Resize, Result, Snapshots, SshKeys, StopMode, Sweep, Volume, Volumes,
};
use jiff::Timestamp;

use crate::observe::host_charges;
use crate::{Change, Charge, Charges, Event, Meter, Power, Sighting, Standing, Subject, Tags};

/// A provider whose hosts, snapshots and volumes are metered.
///
/// A call answers as the provider's own would, also where its event cannot be written: such an event is kept and written
/// before the next one, or by [`flush`](Self::flush). What is deleted by [`Sweep`] is found by [`Meter::reconcile`].
#[derive(Debug)]
pub struct Metered {
    provider: Arc<dyn CloudProvider>,
    meter: Meter,
    unwritten: Mutex<Vec<Event>>,
    /// Hosts that were asked to shut down, and may do so or not: recorded when somebody sees them stopped.
    stopping: Mutex<HashSet<HostId>>,
}

impl Metered {
    /// Meters what is done through `provider` from now on. The meter should have the provider's clock.
    #[must_use]
    pub fn new(provider: Arc<dyn CloudProvider>, meter: Meter) -> Self {
        Self { provider, meter, unwritten: Mutex::default(), stopping: Mutex::default() }
    }

    /// The meter that it records with.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Writes the events that could not be written before.
    ///
    /// # Errors
    /// As [`EventLog::append`](crate::EventLog::append); the events are kept.
    pub async fn flush(&self) -> Result<()> {
        let events = lock(&self.unwritten).clone();
        if events.is_empty() {
            return Ok(());
        }
        // Another call may be writing the same ones: a repeat changes nothing.
        self.meter.record_all(&events).await?;
        lock(&self.unwritten).retain(|kept| events.iter().all(|written| written.id != kept.id));
        Ok(())
    }

    /// Writes an event, now or later.
    async fn note(&self, at: Timestamp, subject: Subject, change: Change) {
        lock(&self.unwritten).push(Event::with_new_id(at, subject, change));
        if let Err(error) = self.flush().await {
            tracing::warn!(provider = %self.provider.id(), kind = %error.kind(), "an event could not be written yet");
        }
    }

    /// What the log says of a subject; nothing where it cannot be read.
    async fn standing(&self, subject: &Subject) -> Option<Standing> {
        self.meter.standing(subject).await.ok().flatten()
    }

    fn subject(&self, id: &HostId) -> Subject {
        Subject::host(self.provider.id(), id)
    }

    /// Records that a host runs or is stopped from now on, unless the log says so already.
    async fn switched(&self, id: &HostId, to: Power) {
        let subject = self.subject(id);
        if self.standing(&subject).await.is_none_or(|known| known.power != to && !known.gone) {
            let change = if to == Power::Running { Change::Started } else { Change::Stopped };
            self.note(self.meter.now(), subject, change).await;
        }
    }

    /// Records the end of a shutdown that was asked for here, where this is it.
    async fn notice(&self, host: &HostRuntime) {
        if host.state == HostState::Stopped && lock(&self.stopping).remove(&host.id) {
            self.switched(&host.id, Power::Stopped).await;
        }
    }

    /// The volumes that are billed with a host, and what it costs.
    async fn data_disks(&self, id: &HostId) -> Option<(Vec<Volume>, Charges)> {
        let charges = self.standing(&self.subject(id)).await?.charges?;
        if charges.count(CostKind::DataDisk) == 0 {
            return None;
        }
        let mut volumes = self.provider.volumes()?.list_volumes().await.ok()?;
        volumes.retain(|volume| volume.host.as_ref() == Some(id));
        Some((volumes, charges))
    }

    /// Records that a kept disk which a new host got back is billed with that host again.
    async fn taken_up(&self, host: &HostId, charges: Option<&Charges>, at: Timestamp) {
        let has_disk = charges.is_some_and(|charges| charges.count(CostKind::DataDisk) > 0);
        let Some(volumes) = self.provider.volumes().filter(|_| has_disk) else { return };
        for volume in volumes.list_volumes().await.unwrap_or_default() {
            let subject = Subject::volume(self.provider.id(), &volume.id);
            let alone = |known: Standing| !known.gone && known.power == Power::Running;
            if volume.host.as_ref() == Some(host) && self.standing(&subject).await.is_some_and(alone) {
                self.note(at, subject, Change::Stopped).await;
            }
        }
    }

    /// Records the disks that have outlived their host: they are billed alone from now on, at the price that they had.
    async fn kept(&self, host: &HostId, disks: Vec<Volume>, charges: &Charges, at: Timestamp) {
        let Some(volumes) = self.provider.volumes() else { return };
        let only = <[Volume; 1]>::try_from(disks);
        for disk in only.as_ref().map_or_else(Vec::as_slice, |only| only.as_slice()) {
            if !volumes.get_volume(&disk.id).await.is_ok_and(|disk| disk.host.is_none()) {
                continue;
            }
            let subject = Subject::volume(self.provider.id(), &disk.id);
            // Of several disks nobody tells which charge is whose.
            let price = charges.as_slice().iter().filter(|charge| only.is_ok() && charge.kind == CostKind::DataDisk);
            let alone = price.cloned().map(Charge::not_billed_when_stopped).collect::<Vec<_>>();
            let charges = Charges::new(alone).ok().filter(|charges| charges.as_slice().len() == 1);
            let tags = Tags { host: Some(host.clone()), ..Tags::of_volume(disk) };
            let change = match self.standing(&subject).await {
                None => Change::Created { power: Power::Running, charges, tags },
                Some(_) => Change::Started,
            };
            self.note(at, subject, change).await;
        }
    }
}

#[async_trait]
impl CloudProvider for Metered {
    fn id(&self) -> &ProviderId {
        self.provider.id()
    }

    fn owner(&self) -> &Owner {
        self.provider.owner()
    }

    fn capabilities(&self) -> &Capabilities {
        self.provider.capabilities()
    }

    fn clock(&self) -> &dyn Clock {
        self.provider.clock()
    }

    async fn create_host(&self, spec: &HostSpec) -> Result<Created> {
        let created = self.provider.create_host(spec).await?;
        let host = created.host();
        let subject = self.subject(&host.id);
        if self.standing(&subject).await.is_some() {
            return Ok(created);
        }
        let charges = host_charges(&*self.provider, host).await;
        let tags = Tags::of_host(host);
        let now = self.meter.now();
        self.taken_up(&host.id, charges.as_ref(), now).await;
        match &created {
            Created::New(host) => {
                let change = Change::Created { power: Power::Running, charges, tags };
                self.note(host.created_at.unwrap_or(now), subject, change).await;
            }
            // Made by an earlier call that nobody recorded.
            Created::Existing(host) => {
                let (state, created_at) = (Sighting::of(&host.state), host.created_at);
                self.note(now, subject, Change::Seen { state, created_at, charges, tags: Some(tags) }).await;
            }
        }
        Ok(created)
    }

    async fn get_host(&self, id: &HostId) -> Result<HostRuntime> {
        let host = self.provider.get_host(id).await?;
        self.notice(&host).await;
        Ok(host)
    }

    async fn poll_host(&self, id: &HostId) -> Result<HostRuntime> {
        let host = self.provider.poll_host(id).await?;
        self.notice(&host).await;
        Ok(host)
    }

    async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage> {
        self.provider.list_hosts(query).await
    }

    async fn start_host(&self, id: &HostId) -> Result<()> {
        self.provider.start_host(id).await?;
        lock(&self.stopping).remove(id);
        self.switched(id, Power::Running).await;
        Ok(())
    }

    async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()> {
        self.provider.stop_host(id, mode).await?;
        match mode {
            StopMode::Graceful => drop(lock(&self.stopping).insert(id.clone())),
            StopMode::Hard => self.switched(id, Power::Stopped).await,
        }
        Ok(())
    }

    async fn restart_host(&self, id: &HostId) -> Result<()> {
        self.provider.restart_host(id).await
    }

    async fn delete_host(&self, id: &HostId) -> Result<()> {
        let disks = self.data_disks(id).await;
        self.provider.delete_host(id).await?;
        let (at, subject) = (self.meter.now(), self.subject(id));
        lock(&self.stopping).remove(id);
        if self.standing(&subject).await.is_some_and(|known| !known.gone) {
            self.note(at, subject, Change::Deleted).await;
        }
        if let Some((disks, charges)) = disks {
            self.kept(id, disks, &charges, at).await;
        }
        Ok(())
    }

    fn resize(&self) -> Option<&dyn Resize> {
        self.provider.resize().map(|_| self as _)
    }

    fn snapshots(&self) -> Option<&dyn Snapshots> {
        self.provider.snapshots().map(|_| self as _)
    }

    fn volumes(&self) -> Option<&dyn Volumes> {
        self.provider.volumes().map(|_| self as _)
    }

    fn ssh_keys(&self) -> Option<&dyn SshKeys> {
        self.provider.ssh_keys()
    }

    fn catalog(&self) -> Option<&dyn Catalog> {
        self.provider.catalog()
    }

    fn console(&self) -> Option<&dyn Console> {
        self.provider.console()
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.provider.sweep()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
