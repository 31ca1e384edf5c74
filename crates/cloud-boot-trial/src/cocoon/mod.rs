//! `cloud-boot-trial cocoon`: the command `cocoon` with guests that boot for real, from pulls to an empty root directory.
//!
//! All is done by the command itself, as a user does it; what the guests are is asked of themselves, over SSH, HTTP and their
//! consoles.

mod console;
mod debian;
mod files;
mod http;
mod installation;
mod networks;
mod registry;
mod small;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::Result;
use crate::report::{Report, Scenario};
use installation::Installation;

/// What is booted by what.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder that `xtask/boot/cloud.sh` has filled.
    #[arg(long)]
    images: PathBuf,
    /// The program `cocoon`.
    #[arg(long)]
    program: PathBuf,
    /// Also makes networks, which needs root: in this namespace, which should be no one else's.
    #[arg(long)]
    networks: bool,
}

/// Runs both rows beside each other, and looks at what is left.
pub(crate) async fn run(arguments: &Arguments) -> Result<Report> {
    let started = Instant::now();
    let here = Installation::new(&arguments.program)?;
    let (mut scenarios, debian) = tokio::join!(small_systems(&here, arguments), debian::run(&here, &arguments.images));
    scenarios.push(debian);
    scenarios.push(nothing_is_left(&here).await);
    Ok(Report::new(started, scenarios))
}

/// What the small system shows, alone and with others of its kind.
async fn small_systems(here: &Installation, arguments: &Arguments) -> Vec<Scenario> {
    let mut scenario = Scenario::new("small system");
    let image = small::pull(here, &arguments.images, &mut scenario).await;
    let lived = async { small::live(here, &image?, &mut scenario).await };
    let lived = lived.await;
    scenario.end(lived);
    let mut scenarios = vec![scenario];
    if arguments.networks && scenarios[0].is_clean() {
        scenarios.push(networks::run(here).await);
    }
    scenarios
}

/// Removes the images, and looks for what nobody needs any more.
async fn nothing_is_left(here: &Installation) -> Scenario {
    let mut scenario = Scenario::new("the end");
    let deleted = async {
        let listed: serde_json::Value = serde_json::from_str(&here.run(&["list", "--json"]).await?)?;
        for image in listed.as_array().ok_or("`list --json` is no list")? {
            here.run(&["delete", image["name"].as_str().unwrap_or_default()]).await?;
        }
        here.run(&["gc"]).await?;
        crate::Result::Ok(())
    };
    let deleted = deleted.await.map(|()| "all of them".to_owned());
    scenario.note("images are deleted, and gc runs", deleted.map_err(|error| error.to_string()));
    scenario.note("the root directory holds nothing any more", here.is_empty());
    scenario.note(
        "no hypervisor runs",
        match here.hypervisors() {
            none if none.is_empty() => Ok("none".to_owned()),
            some => Err(format!("{some:?}")),
        },
    );
    scenario
}
