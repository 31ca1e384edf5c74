//! Actions: changes that take time, and what happens when they end.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::time::Duration;

use crate::lifecycle::Change;
use crate::{Kind, Result, World, WorldError};

/// A change that takes time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Its id.
    pub id: u64,
    /// What is done.
    pub command: Command,
    /// How it stands; [`World::advance`] keeps it right.
    pub status: ActionStatus,
    /// When it was asked for.
    pub started: Timestamp,
    /// When it began to make progress: later than `started` where it waits for another action.
    pub begins: Timestamp,
    /// When it ends or ended.
    pub ends: Timestamp,
    /// What it changes.
    pub resources: Vec<(Kind, u64)>,
    /// Why it failed.
    pub error: Option<ActionError>,
    /// The error it is going to end with.
    #[serde(skip)]
    pub(crate) doom: Option<ActionError>,
    /// The action it waits for; it fails where that one fails.
    #[serde(skip)]
    pub(crate) after: Option<u64>,
}

impl Action {
    /// How far it is at `now`, 0 to 100; 100 only once it has ended.
    #[must_use]
    pub fn progress(&self, now: Timestamp) -> u8 {
        if self.status != ActionStatus::Running {
            return 100;
        }
        let whole = self.ends.duration_since(self.begins).as_millis().max(1);
        let done = now.duration_since(self.begins).as_millis();
        u8::try_from((done * 100 / whole).clamp(0, 99)).unwrap_or(99)
    }

    /// When it ended; `None` while it runs.
    #[must_use]
    pub fn finished(&self) -> Option<Timestamp> {
        (self.status != ActionStatus::Running).then_some(self.ends)
    }
}

/// How an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// It is being done.
    Running,
    /// It is done.
    Success,
    /// It failed.
    Error,
}

/// Why an action failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionError {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Makes a host.
    CreateHost,
    /// Boots a host.
    StartHost,
    /// Cuts a host's power.
    StopHost,
    /// Suspends a host to disk.
    SuspendHost,
    /// Sends a host the shutdown signal.
    ShutdownHost,
    /// Boots a host again by a signal.
    RebootHost,
    /// Boots a host again by cutting its power.
    ResetHost,
    /// Writes a host's boot disk anew.
    RebuildHost,
    /// Moves a host to another machine type.
    ResizeHost,
    /// Deletes a host.
    DeleteHost,
    /// Makes an image from a host.
    CreateImage,
    /// Deletes an image.
    DeleteImage,
    /// Turns a host's rescue system on.
    EnableRescue,
    /// Turns a host's rescue system off.
    DisableRescue,
    /// Sets a new root password.
    ResetPassword,
    /// Opens a console.
    RequestConsole,
    /// Turns backups on.
    EnableBackup,
    /// Turns backups off.
    DisableBackup,
    /// Changes what is refused.
    ChangeProtection,
    /// Changes a reverse name.
    ChangeReverseName,
    /// Makes a volume.
    CreateVolume,
    /// Attaches a volume.
    AttachVolume,
    /// Detaches a volume.
    DetachVolume,
    /// Grows a volume.
    ResizeVolume,
    /// Deletes a volume.
    DeleteVolume,
    /// Makes an address.
    CreateAddress,
    /// Deletes an address.
    DeleteAddress,
    /// Assigns an address to a host.
    AssignAddress,
    /// Takes an address from a host.
    UnassignAddress,
    /// Replaces a firewall's rules.
    SetFirewallRules,
    /// Applies a firewall.
    ApplyFirewall,
    /// Takes a firewall off.
    RemoveFirewall,
    /// Deletes a firewall.
    DeleteFirewall,
}

impl World {
    /// Starts an action that does `change` when it ends; `after` is an action that must end first.
    pub(crate) fn begin(&mut self, plan: Plan, now: Timestamp) -> u64 {
        let id = self.fresh_id();
        let begins = plan.after.and_then(|before| self.actions.get(&before)).map_or(now, |before| before.ends);
        let ends = begins + self.vary(plan.takes);
        let doom = self.take_doom(plan.command);
        for (kind, resource) in &plan.resources {
            if plan.locks.contains(kind) {
                self.lock(*kind, *resource, id);
            }
            self.actions_of.entry((*kind, *resource)).or_default().push(id);
        }
        self.actions.insert(
            id,
            Action {
                id,
                command: plan.command,
                status: ActionStatus::Running,
                started: now,
                begins,
                ends,
                resources: plan.resources,
                error: None,
                doom,
                after: plan.after,
            },
        );
        self.agenda(ends, Change::Finish(id, Box::new(plan.change)));
        self.advance(now);
        id
    }

    /// An action that changes nothing in the world beyond taking its time.
    ///
    /// # Errors
    /// [`WorldError::NotFound`] or [`WorldError::Locked`] for a resource.
    pub fn note(&mut self, command: Command, resources: &[(Kind, u64)], now: Timestamp) -> Result<u64> {
        self.advance(now);
        for (kind, id) in resources {
            self.check_unlocked(*kind, *id)?;
        }
        let takes = self.timings.small;
        Ok(self.begin(Plan::new(command, resources, takes, Change::Nothing), now))
    }

    /// Starts an action that deletes a resource when it ends; the caller checked that it may go.
    pub(crate) fn begin_removal(
        &mut self,
        command: Command,
        kind: Kind,
        id: u64,
        takes: Duration,
        now: Timestamp,
    ) -> u64 {
        self.begin(Plan::new(command, &[(kind, id)], takes, Change::Removed { kind, id }), now)
    }

    /// The actions on a resource, oldest first.
    pub fn actions_on(&self, kind: Kind, id: u64) -> impl Iterator<Item = &Action> {
        self.actions_of.get(&(kind, id)).into_iter().flatten().filter_map(|action| self.actions.get(action))
    }

    /// The action with this id.
    ///
    /// # Errors
    /// [`WorldError::NotFound`].
    pub fn action(&self, id: u64) -> Result<&Action> {
        self.actions.get(&id).ok_or_else(|| WorldError::not_found(Kind::Action, id))
    }

    /// Makes the next action of that command end in an error; several calls add up.
    pub fn fail_next(&mut self, command: Command, error: ActionError) {
        self.doomed.entry(command).or_default().push(error);
    }

    fn take_doom(&mut self, command: Command) -> Option<ActionError> {
        self.doomed.get_mut(&command).and_then(Vec::pop)
    }

    /// The duration with the jitter of the settings.
    fn vary(&mut self, duration: Duration) -> SignedDuration {
        let factor = 1.0 + self.timings.jitter * (self.random.f64() * 2.0 - 1.0);
        SignedDuration::from_secs_f64(duration.as_secs_f64() * factor.max(0.0))
    }
}

/// What [`World::begin`] starts.
pub(crate) struct Plan {
    command: Command,
    resources: Vec<(Kind, u64)>,
    takes: Duration,
    change: Change,
    after: Option<u64>,
    locks: Vec<Kind>,
}

impl Plan {
    pub(crate) fn new(command: Command, resources: &[(Kind, u64)], takes: Duration, change: Change) -> Self {
        let locks = resources.iter().map(|(kind, _)| *kind).collect();
        Self { command, resources: resources.to_vec(), takes, change, after: None, locks }
    }

    pub(crate) fn after(mut self, action: u64) -> Self {
        self.after = Some(action);
        self
    }

    /// Leaves the resources free for other actions.
    pub(crate) fn unlocked(mut self) -> Self {
        self.locks.clear();
        self
    }

    /// Leaves resources of one kind free for other actions.
    pub(crate) fn without_lock_of(mut self, kind: Kind) -> Self {
        self.locks.retain(|other| *other != kind);
        self
    }
}
