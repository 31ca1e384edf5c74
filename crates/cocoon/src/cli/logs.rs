//! `cocoon logs`: what a console has said, and what it goes on to say.

use std::io::Write;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use cocoon::{Cocoon, VmState};

use super::arguments::Logs;

/// Prints it, and where it is followed goes on until the VM has stopped and stays so.
pub(crate) async fn logs(cocoon: &Cocoon, arguments: &Logs) -> Result<()> {
    let mut logs = cocoon.logs(&arguments.name).await?;
    if let Some(lines) = arguments.tail {
        logs.skip_to_last_lines(lines).await?;
    }
    let mut looks = 0;
    loop {
        // Before what is read: what a VM says to its end is read then.
        let stopped = !arguments.follow || cocoon.inspect(&arguments.name).await?.state == VmState::Stopped;
        looks = if stopped { looks + 1 } else { 0 };
        loop {
            let part = logs.next().await?;
            if part.is_empty() {
                break;
            }
            let mut out = std::io::stdout();
            let written = out.write_all(&part).and_then(|()| out.flush());
            written.map_err(|error| Error::new(ErrorKind::Unavailable, format!("writing to the output: {error}")))?;
        }
        if !arguments.follow || looks > RESTART {
            return Ok(());
        }
        tokio::time::sleep(FOLLOW).await;
    }
}

/// Between two looks at a console's log.
const FOLLOW: Duration = Duration::from_millis(100);

/// How many looks a VM may be stopped for while it is started again.
const RESTART: u32 = 5;
