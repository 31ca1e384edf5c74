//! What the command does.

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use cloud_types::{Name, Result};
use cocoon::{Cocoon, Ending, Removal, Started, Stop, Stopped};
use serde_json::{Value, json};

use super::arguments::{Arguments, Command, Grace, NetworkCommand, Snapshot};
use super::attach::attach;
use super::images;
use super::interrupt::{Subject, unless_interrupted};
use super::logs::logs;
use super::output::{Output, outcome};
use super::resize::resize;

/// Runs what the arguments say. The exit code is 0 where all of it was done, 1 where not, 2 for wrong arguments, and 128 and
/// the signal's number where one ended it.
pub(crate) async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output { json: arguments.global.json };
    let cocoon = match arguments.global.config() {
        Ok(config) => config.on_notice(|notice| Output::notice(notice)).build(),
        Err(error) => {
            output.error(&error);
            return ExitCode::from(2);
        }
    };
    let subject = Subject::of(&arguments.command);
    let work = async {
        execute(&cocoon, output, arguments.command).await.unwrap_or_else(|error| {
            output.error(&error);
            ExitCode::FAILURE
        })
    };
    unless_interrupted(work, &cocoon, &subject).await
}

async fn execute(cocoon: &Cocoon, output: Output, command: Command) -> Result<ExitCode> {
    match command {
        Command::Pull(arguments) => return images::pull(cocoon, output, arguments).await,
        Command::List => images::list(cocoon, output).await?,
        Command::Delete { ids } => return Ok(images::delete(cocoon, output, ids).await),
        Command::Create(create) => {
            let vm = cocoon.create(&create.spec()?).await?;
            output.value(&vm);
            output.line(vm.name);
        }
        Command::Clone { from, to } => {
            let vm = cocoon.clone_vm(&from, &to).await?;
            output.value(&vm);
            output.line(vm.name);
        }
        Command::Snapshot(snapshot) => {
            let (vm, what) = match &snapshot {
                Snapshot::Create { vm, name } => (vm, cocoon.snapshot(vm, name).await.map(|()| "kept")?),
                Snapshot::Restore { vm, name } => (vm, cocoon.restore(vm, name).await.map(|()| "restored")?),
                Snapshot::Rm { vm, name } => (vm, cocoon.remove_snapshot(vm, name).await.map(|()| "given up")?),
            };
            output.value(&outcome(vm, what));
            output.line(format_args!("{vm}: {what}"));
        }
        Command::Resize(arguments) => {
            let vm = resize(cocoon, arguments).await?;
            output.value(&vm);
            output.line(format_args!("{}: resized", vm.name));
        }
        Command::Run(create) => {
            let line = cocoon.plan(&create.spec()?).await?;
            output.value(&json!({ "program": line.program, "arguments": line.arguments }));
            output.line(line);
        }
        Command::Start { names } => {
            return Ok(each(output, names, async |name| start(cocoon, name).await).await);
        }
        Command::Stop { how, names } => {
            return Ok(each(output, names, async |name| stop(cocoon, name, &how).await).await);
        }
        Command::Restart { how, names } => {
            let restart = async |name: &Name| {
                stop(cocoon, name, &how).await?;
                start(cocoon, name).await
            };
            return Ok(each(output, names, restart).await);
        }
        Command::Ps { quiet } => {
            let vms = cocoon.list().await?;
            match quiet {
                true => vms.iter().for_each(|vm| output.line(&vm.name)),
                false => output.vms(&vms),
            }
        }
        Command::Inspect { names } => {
            let mut vms = Vec::new();
            for name in &names {
                vms.push(cocoon.inspect(name).await?);
            }
            Output::always_value(&vms);
        }
        Command::Logs(arguments) => logs(cocoon, &arguments).await?,
        Command::Console { name } => attach(cocoon.console(&name).await?).await?,
        Command::Rm { force, names } => {
            let removal = if force { Removal::EvenRunning } else { Removal::OnlyStopped };
            let remove = async |name: &Name| cocoon.remove(name, removal).await.map(|()| "removed".to_owned());
            return Ok(each(output, names, remove).await);
        }
        Command::Gc { dry_run } => gc(cocoon, output, dry_run).await?,
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "cocoon", &mut script);
            // That nobody reads it any more is no failure.
            let _ = std::io::stdout().write_all(&script);
        }
        Command::Network(NetworkCommand::List) => output.networks(&cocoon.list_networks().await?),
        Command::Version => {
            output.value(&json!({ "version": env!("CARGO_PKG_VERSION") }));
            output.line(format_args!("cocoon {}", env!("CARGO_PKG_VERSION")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does the same with each VM, says what became of it, and does not let one's failure keep the others from it.
async fn each(output: Output, names: Vec<Name>, work: impl AsyncFn(&Name) -> Result<String>) -> ExitCode {
    let (mut outcomes, mut code) = (Vec::<Value>::new(), ExitCode::SUCCESS);
    for name in names {
        match work(&name).await {
            Ok(what) => {
                output.line(format_args!("{name}: {what}"));
                outcomes.push(outcome(&name, &what));
            }
            Err(error) => {
                code = ExitCode::FAILURE;
                output.error(&error);
                outcomes.push(json!({ "name": name, "error": error.message() }));
            }
        }
    }
    output.value(&outcomes);
    code
}

async fn start(cocoon: &Cocoon, name: &Name) -> Result<String> {
    Ok(match cocoon.start(name).await? {
        Started::Now(_) => "started".to_owned(),
        Started::Already(_) => "runs already".to_owned(),
    })
}

async fn stop(cocoon: &Cocoon, name: &Name, how: &Grace) -> Result<String> {
    let how = if how.force { Stop::Now } else { Stop::Within(how.grace) };
    Ok(match cocoon.stop(name, how).await? {
        Stopped::Now(Ending::PoweredOff) => "powered off".to_owned(),
        Stopped::Now(ending) => format!("stopped ({ending})"),
        Stopped::Already => "did not run".to_owned(),
    })
}

async fn gc(cocoon: &Cocoon, output: Output, dry_run: bool) -> Result<()> {
    let mut found = if dry_run { cocoon.stale().await? } else { cocoon.collect().await? };
    let images = cocoon.images();
    let unused = if dry_run { images.unused().await? } else { images.collect().await? };
    found.extend(unused.into_iter().map(|unused| unused.path));
    let networks = if dry_run { cocoon.stale_networks().await? } else { cocoon.collect_networks().await? };
    let networks: Vec<String> = networks.iter().map(ToString::to_string).collect();
    output.value(&json!({ "removed": !dry_run, "paths": found, "networks": networks }));
    for what in networks {
        output.line(format_args!("{} {what}", if dry_run { "would remove" } else { "removed" }));
    }
    for path in found {
        output.line(format_args!("{} {}", if dry_run { "would remove" } else { "removed" }, path.display()));
    }
    Ok(())
}
