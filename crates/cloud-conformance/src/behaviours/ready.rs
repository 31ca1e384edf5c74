//! The way of a host to where it can be used: the rungs of a wait for it, and what its first boot is given.

use std::net::IpAddr;

use async_trait::async_trait;
use cloud_types::{CloudProviderExt, ErrorKind, HostRuntime, NotReady, Reach, Rung, Sight, StopMode, UserData, Wait};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome, Stop};

/// A wait for a host on which nobody answers is told of the rungs below, and names the one that was not reached.
pub async fn a_wait_for_ready_names_the_rung_it_missed(case: &Case) -> Outcome {
    let host = case.running("mute").await?;
    let limit = *case.provider().capabilities().poll.end() * 3;
    let mut rungs = Vec::new();
    let wait = Wait::within(limit).through(&Nobody).on_progress(|seen| rungs.extend(seen.reached));
    let waited = case.provider().wait_ready(&host.id, wait).await;
    let error = waited.refused_as(&[ErrorKind::Timeout], "a wait for a host on which nobody answers ends")?;
    ensure!(
        rungs == [Rung::Running, Rung::Address],
        "each rung is told once, the lowest first; it told of {rungs:?}, and ended with: {error}"
    );
    let stuck = NotReady::of(&error).map(|stuck| (stuck.rung(), stuck.evidence()));
    ensure!(
        stuck == Some((Rung::Banner, NOBODY)) && error.message().contains(NOBODY),
        "the error names the rung and what was seen there; it says: {error}"
    );
    Ok(())
}

/// A wait for a host that is stopped meanwhile ends early, and says so.
pub async fn a_wait_for_ready_ends_when_its_host_is_stopped(case: &Case) -> Outcome {
    let host = case.running("stopped").await?;
    case.provider().stop_host(&host.id, StopMode::Hard).await.or_fail("a running host can be stopped")?;
    let waited = case.provider().wait_ready(&host.id, case.wait().through(&Nobody)).await;
    waited.refused_as(&[ErrorKind::Conflict], "a wait for a host that is stopped ends early")?;
    Ok(())
}

/// What is to be read at the first boot is there as it was given, alone and beside what the provider needs for keys.
pub async fn user_data_reaches_the_first_boot_unchanged(case: &Case) -> Outcome {
    if !case.is_counted().await {
        return Err(Stop::Skipped("a real provider does not show it; a host would cost, and tell nothing".to_owned()));
    }
    for (role, keys) in [("alone", 0), ("beside", 2)] {
        let text = format!("#cloud-config\n# {role}: \"ü€\" \\n $HOME %20 &lt; <<EOF\nruncmd:\n  - [ 'true' ]\t\n\n");
        let keys = [crate::fixtures::ssh_key(), crate::fixtures::other_ssh_key()].into_iter().take(keys);
        let spec = keys.fold(case.spec(role).user_data(UserData::new(&text)), cloud_types::HostSpec::ssh_key);
        let created = case.provider().create_host(&spec).await.or_fail("a host with user data can be created")?;
        let Some(held) = case.backend.user_data(created.host()).await else {
            return Err(Stop::Skipped("nobody can look at what the first boot is given".to_owned()));
        };
        ensure!(
            held.expose().contains(&text),
            "the first boot is given the user data unchanged, {} bytes of it; it is given {} others",
            text.len(),
            held.len()
        );
    }
    Ok(())
}

/// A look at a host on which nobody answers.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Reach for Nobody {
    fn rungs(&self) -> &[Rung] {
        &[Rung::Banner]
    }

    async fn look(&self, _rung: Rung, _host: &HostRuntime, _at: IpAddr) -> Sight {
        Sight::NotYet(NOBODY.to_owned())
    }
}

const NOBODY: &str = "nobody answers";
