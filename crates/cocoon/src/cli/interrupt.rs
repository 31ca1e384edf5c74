//! Ctrl-C and `kill`: what was begun is undone, or it is said what is left.

use std::process::ExitCode;

use cloud_types::Name;
use cocoon::{Cocoon, VmState};
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::arguments::Command;
use super::output::Output;

/// What a command is about, and what may be left of it.
#[derive(Debug)]
pub(crate) enum Subject {
    /// Nothing that outlives the command.
    Nothing,
    /// Downloads, which are kept.
    Downloads,
    /// A VM that is being made.
    New(Option<Name>, Timestamp),
    /// VMs that are being started.
    Starting(Vec<Name>),
    /// VMs whose state changes otherwise.
    Changing(Vec<Name>),
    /// Disks that are being taken back to a snapshot.
    Restoring(Name),
}

impl Subject {
    pub(crate) fn of(command: &Command) -> Self {
        match command {
            Command::Pull(_) => Self::Downloads,
            Command::Create(create) => Self::New(create.vm().ok(), Timestamp::now()),
            Command::Clone { to, .. } => Self::New(Some(to.clone()), Timestamp::now()),
            Command::Start { names } | Command::Restart { names, .. } => Self::Starting(names.clone()),
            Command::Stop { names, .. } | Command::Rm { names, .. } => Self::Changing(names.clone()),
            Command::Snapshot(super::arguments::Snapshot::Restore { vm, .. }) => Self::Restoring(vm.clone()),
            _ => Self::Nothing,
        }
    }
}

/// Does the work, unless a signal comes first: then it is broken off, and what is half done is undone. A second signal ends
/// that too.
pub(crate) async fn unless_interrupted(
    work: impl Future<Output = ExitCode>,
    cocoon: &Cocoon,
    subject: &Subject,
) -> ExitCode {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return work.await;
    };
    let number = {
        let work = std::pin::pin!(work);
        tokio::select! {
            code = work => return code,
            number = either(&mut interrupt, &mut terminate) => number,
        }
        // Here the work is dropped, and with it what it had locked and the programs that it ran.
    };
    tokio::select! {
        () = undo(cocoon, subject) => {}
        _ = either(&mut interrupt, &mut terminate) => {}
    }
    ExitCode::from(128 + number)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}

async fn undo(cocoon: &Cocoon, subject: &Subject) {
    let left = cocoon.abandon().await;
    for path in left {
        Output::notice(format_args!("cocoon: {} is left: `cocoon gc` removes it", path.display()));
    }
    match subject {
        Subject::Nothing => {}
        Subject::Downloads => Output::notice(
            "cocoon: interrupted: what was downloaded is kept, and the same pull goes on with it; `cocoon gc` removes it",
        ),
        Subject::New(name, begun) => {
            let vm = match name {
                Some(name) => cocoon.inspect(name).await.ok(),
                None => None,
            };
            let what = match vm.filter(|vm| vm.created_at >= *begun) {
                Some(vm) => format!("{} was complete already, and stays", vm.name),
                None => "nothing was made".to_owned(),
            };
            Output::notice(format_args!("cocoon: interrupted: {what}"));
        }
        Subject::Starting(names) => {
            for name in names {
                if let Err(error) = cocoon.give_up_start(name).await {
                    Output::notice(format_args!("cocoon: {name}: {}", error.message()));
                }
            }
            tell_states(cocoon, names).await;
        }
        Subject::Changing(names) => tell_states(cocoon, names).await,
        Subject::Restoring(name) => Output::notice(format_args!(
            "cocoon: interrupted: if the restore of {name} had begun, the next command on its disks finishes it"
        )),
    }
}

async fn tell_states(cocoon: &Cocoon, names: &[Name]) {
    for name in names {
        match cocoon.inspect(name).await {
            Ok(vm) => {
                let state = if vm.state == VmState::Stopping { VmState::Running } else { vm.state };
                Output::notice(format_args!("cocoon: interrupted: {name} is {state}"));
            }
            Err(error) => Output::notice(format_args!("cocoon: interrupted: {}", error.message())),
        }
    }
}
