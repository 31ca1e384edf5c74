//! The boots, and what each has to show.

use std::time::Instant;

use cloud_bootstrap::{Format, Sha256};
use cloud_types::{Error, ErrorKind, NotReady, Rung};

use crate::guest::Guest;
use crate::report::{Report, Scenario};
use crate::trial::Trial;
use crate::{Result, expect};

/// Boots all: two rows of hosts beside each other, as a machine boots alone for the most part.
pub(crate) async fn run(trial: &Trial) -> Result<Report> {
    let started = Instant::now();
    let (mut one, mut other) = tokio::try_join!(one_disk_and_two_hosts(trial), other_ways(trial))?;
    one.append(&mut other);
    Ok(Report::new(started, one))
}

/// A first boot, a second one, and another host with the first one's data disk.
async fn one_disk_and_two_hosts(trial: &Trial) -> Result<Vec<Scenario>> {
    let data = trial.data_disk("data")?;
    let guest = Guest::new(trial, "first", &data, Format::CloudConfig, trial.bundle_sum()).await?;
    let mut scenarios = vec![all_comes_to_be(&guest, "first boot", 1).await];
    if !scenarios[0].is_clean() {
        // The others would say the same once more.
        return Ok(scenarios);
    }
    let mut again = all_comes_to_be(&guest, "second boot", 2).await;
    again.note(
        "nothing is fetched again",
        match guest.server.asked().len() {
            2 => Ok("2 requests in all".to_owned()),
            other => Err(format!("{other} requests in all")),
        },
    );
    scenarios.push(again);
    drop(guest);

    let guest = Guest::new(trial, "moved", &data, Format::CloudConfig, trial.bundle_sum()).await?;
    scenarios.push(all_comes_to_be(&guest, "data disk moved", 3).await);
    Ok(scenarios)
}

/// The same as a script, and a bundle that is not the one that was meant.
async fn other_ways(trial: &Trial) -> Result<Vec<Scenario>> {
    let data = trial.data_disk("script-data")?;
    let guest = Guest::new(trial, "script", &data, Format::Script, trial.bundle_sum()).await?;
    let script = all_comes_to_be(&guest, "script", 1).await;
    drop(guest);
    Ok(vec![script, a_wrong_checksum_is_refused(trial).await?])
}

/// Boots a host, looks at everything, and shuts it down.
async fn all_comes_to_be(guest: &Guest, name: &'static str, starts: usize) -> Scenario {
    let mut scenario = Scenario::new(name);
    let ready =
        guest.boot().await.map(|rungs| rungs.iter().map(|(rung, at)| format!("{rung} {at} s")).collect::<Vec<_>>());
    let is_ready = ready.is_ok();
    scenario.note(
        "is ready, the announced host key shown",
        ready.map(|rungs| rungs.join(", ")).map_err(|error| explain(&error)),
    );
    if !is_ready {
        return scenario;
    }
    match guest.session().await {
        Ok(session) => expect::all_is_there(guest, &session, starts, &mut scenario).await,
        Err(error) => scenario.note("the user's key is accepted", Err(error.to_string())),
    }
    scenario.note(
        "a broken download goes on where it ended",
        match guest.server.asked().as_slice() {
            [0, resumed] if *resumed > 0 => Ok(format!("from byte {resumed}")),
            other => Err(format!("asked from {other:?}")),
        },
    );
    scenario.note(
        "the ready signal is posted once",
        match guest.server.heard().as_slice() {
            [line] if line.ends_with(": ready") => Ok(line.clone()),
            other => Err(format!("heard {other:?}")),
        },
    );
    let off = guest.shut_down().await;
    scenario.note("shuts down when asked", off.map(|()| "stopped".to_owned()).map_err(|error| error.to_string()));
    scenario
}

async fn a_wrong_checksum_is_refused(trial: &Trial) -> Result<Scenario> {
    let mut scenario = Scenario::new("wrong checksum");
    let expected = Sha256::of(b"what the service's owner has built");
    let data = trial.data_disk("refused-data")?;
    let guest = Guest::new(trial, "refused", &data, Format::CloudConfig, expected.clone()).await?;
    let outcome = match guest.boot().await {
        Ok(_) => Err("it is ready".to_owned()),
        Err(error) => names_the_sums(&error, &expected, &trial.bundle_sum()),
    };
    scenario.note("never becomes ready, and the error says which rung and why", outcome);
    scenario.note(
        "the failure is posted, too",
        match guest.server.heard().as_slice() {
            [line] if line.contains(": failed: bundle: ") => Ok(line.clone()),
            other => Err(format!("heard {other:?}")),
        },
    );
    match guest.session().await {
        Ok(session) => expect::only_the_first_steps_were_taken(&session, &mut scenario).await,
        Err(error) => scenario.note("can be looked at all the same", Err(error.to_string())),
    }
    Ok(scenario)
}

/// Whether the error is one that cannot be waited away, of the first boot, and names both checksums.
fn names_the_sums(error: &Error, expected: &Sha256, got: &Sha256) -> std::result::Result<String, String> {
    let Some(reason) = NotReady::of(error) else { return Err(format!("gives no reason: {error}")) };
    let evidence = reason.evidence();
    let says = ["checksum", expected.as_str(), got.as_str()].iter().all(|word| evidence.contains(word));
    if error.kind() == ErrorKind::Conflict && reason.rung() == Rung::FirstBoot && says {
        return Ok(error.to_string());
    }
    Err(explain(error))
}

/// The error with all that it carries.
fn explain(error: &Error) -> String {
    let reason = NotReady::of(error);
    let evidence = reason.map(NotReady::evidence).unwrap_or_default();
    let console = reason.and_then(NotReady::console).unwrap_or("no console");
    format!("{error}\n{evidence}\n{console}")
}
