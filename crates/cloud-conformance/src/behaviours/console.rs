//! The console of a host.

use cloud_types::ErrorKind;

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// A console opens at an address that is never printed, and not for a host that is gone.
pub async fn a_console_opens(case: &Case) -> Outcome {
    let host = case.running("console").await?;
    let access = case.console()?.open_console(&host.id).await.or_fail("the console of a running host opens")?;
    ensure!(access.url().contains("://"), "a console has an address");
    let printed = format!("{access:?}");
    let shown = printed.contains(access.url()) || access.password().is_some_and(|password| printed.contains(password));
    ensure!(!shown, "neither the console's address nor its password is printed");
    let id = case.gone("gone").await?;
    let opened = case.console()?.open_console(&id).await;
    opened.refused_as(&[ErrorKind::NotFound], "the console of a host that is gone is not found")?;
    Ok(())
}

/// What a host writes to its console can be read, and not of a host that is gone.
pub async fn console_output_is_read(case: &Case) -> Outcome {
    let host = case.running("output").await?;
    case.console()?.console_output(&host.id).await.or_fail("what a running host wrote can be read")?;
    let id = case.gone("gone").await?;
    let output = case.console()?.console_output(&id).await;
    output.refused_as(&[ErrorKind::NotFound], "what a host that is gone wrote is not found")?;
    Ok(())
}
