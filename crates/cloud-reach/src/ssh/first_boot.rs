//! How a host's first boot ended, asked on the host itself: its signal, or what cloud-init says.

use std::time::Duration;

use cloud_types::clock::within;
use cloud_types::{BootId, BootResult, BootSignal, Clock, Result, Sight};

use super::cloud_init::{CloudInit, Stage};
use super::{Command, Exit, Session};

/// Looks once. With a boot id its signal alone makes the host ready, and cloud-init is asked why there is none.
pub(super) async fn look(session: &Session, clock: &dyn Clock, boot: Option<&BootId>) -> Sight {
    match within(clock, LIMIT, ask(session, boot)).await {
        Some(Ok(sight)) => sight,
        Some(Err(error)) => Sight::NotYet(error.message().to_owned()),
        None => Sight::NotYet(format!("the host did not say how its first boot goes in {LIMIT:?}")),
    }
}

async fn ask(session: &Session, boot: Option<&BootId>) -> Result<Sight> {
    if let Some(id) = boot {
        let signal = session.run(command(&format!("cat {}", BootSignal::PATH))).await?;
        match BootSignal::find(&signal.text(), id).map(|signal| signal.result) {
            Some(BootResult::Ready) => return Ok(Sight::Reached("the host signals ready".to_owned())),
            Some(BootResult::Failed { step, detail }) => return Ok(Sight::Never(format!("{step}: {detail}"))),
            None => {}
        }
    }
    let missing = boot.map(|id| format!("no signal of first boot {id}"));
    let Some(report) = report(session).await? else {
        let evidence = "cloud-init is not installed";
        return Ok(missing.map_or_else(
            || Sight::Reached(evidence.to_owned()),
            |missing| Sight::NotYet(format!("{missing}, and {evidence}")),
        ));
    };
    let said = match report.stage {
        Stage::Underway => "cloud-init is at work",
        Stage::Done => "cloud-init is done",
        Stage::Degraded => "cloud-init is done, degraded",
        Stage::Failed => "cloud-init failed",
        Stage::Disabled => "cloud-init is disabled",
    };
    let mut evidence = missing.as_ref().map_or_else(|| said.to_owned(), |missing| format!("{missing}, and {said}"));
    if let Some(first) = report.lines.first() {
        evidence = format!("{evidence}: {first}");
    }
    for line in report.lines.iter().skip(1) {
        evidence = format!("{evidence}\n{line}");
    }
    Ok(match report.stage {
        Stage::Failed => Sight::Never(format!("{evidence}{}", log(session).await)),
        Stage::Done | Stage::Degraded | Stage::Disabled if missing.is_none() => Sight::Reached(evidence),
        _ => Sight::NotYet(evidence),
    })
}

/// What cloud-init says of this boot; `None` where the host has none.
async fn report(session: &Session) -> Result<Option<CloudInit>> {
    let status = session.run(command("cloud-init status --format json")).await?;
    if status.exit == Exit::Status(NO_SUCH_COMMAND) {
        return Ok(None);
    }
    if let Some(report) = CloudInit::parse(&status.text()) {
        return Ok(Some(report));
    }
    let status = session.run(command("cloud-init status --long")).await?;
    let unknown = || {
        let message = format!("cloud-init status ended with {} and said nothing that is known", status.exit);
        cloud_types::Error::new(cloud_types::ErrorKind::Unexpected, message)
    };
    CloudInit::parse(&status.text()).ok_or_else(unknown).map(Some)
}

/// The last warnings and errors of cloud-init's log, a line each, or nothing.
async fn log(session: &Session) -> String {
    let grep = "grep -E 'WARNING|ERROR|Traceback' /var/log/cloud-init.log 2>/dev/null";
    let line = format!("({grep} || sudo -n {grep}) | tail -n 20 | cut -c -300");
    let output = session.run(command(&line)).await.map(|output| output.text()).unwrap_or_default();
    output.lines().fold(String::new(), |lines, line| format!("{lines}\n{line}"))
}

fn command(line: &str) -> Command {
    Command::new(line).limit(LIMIT).output_bytes(64 * 1024)
}

/// How long all questions of a look may take together.
const LIMIT: Duration = Duration::from_secs(10);
/// What a shell ends with that does not find a command.
const NO_SUCH_COMMAND: u32 = 127;
