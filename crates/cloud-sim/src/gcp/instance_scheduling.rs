//! How an instance is kept running, and its accelerators: read, checked, and filled in.

use serde_json::{Map, Value, json};

use super::api::Api;
use super::body;
use super::errors::{self, ApiError};
use super::links::Link;
use super::machines;
use crate::face::Fields;

/// The scheduling with its defaults filled in, and whether it is spot.
pub(super) fn read_scheduling(
    api: &Api<'_>,
    body: &Fields,
    machine: &str,
) -> Result<(Map<String, Value>, bool), ApiError> {
    let sent = body.object("scheduling")?;
    let mut kept = sent.as_ref().map(|sent| sent.as_map().clone()).unwrap_or_default();
    let text = |name: &str| -> Result<Option<String>, ApiError> {
        Ok(sent.as_ref().map(|sent| sent.text(name)).transpose()?.flatten().map(str::to_owned))
    };
    if let Some(sent) = &sent {
        sent.only(SCHEDULING)?;
    }
    let preemptible = kept.get("preemptible") == Some(&Value::Bool(true));
    let spot = text("provisioningModel")?.as_deref() == Some("SPOT") || preemptible;
    let restart = sent.as_ref().map(|sent| sent.flag("automaticRestart")).transpose()?.flatten();
    let maintenance = text("onHostMaintenance")?;
    let field = body.field("scheduling");
    if spot && restart == Some(true) {
        let rule = "'true'. Automatic restart is not supported for spot instances.";
        return Err(errors::invalid(&format!("{field}.automaticRestart"), rule));
    }
    let accelerated = !body.objects("guestAccelerators")?.is_empty() || machines::has_gpu(api, machine);
    check_accelerators(body, machine)?;
    let must_end = spot || accelerated;
    let given = maintenance.as_deref();
    if given == Some("MIGRATE") && must_end || given.is_none() && accelerated && !spot {
        let rule = "''. Instances with guest accelerators do not support live migration.";
        return Err(errors::invalid(&format!("{field}.onHostMaintenance"), rule));
    }
    let ends = text("instanceTerminationAction")?;
    if ends.is_some() && !spot && !kept.contains_key("maxRunDuration") {
        let rule = "''. A termination action needs spot provisioning or a limited run duration.";
        return Err(errors::invalid(&format!("{field}.instanceTerminationAction"), rule));
    }
    let maintenance = maintenance.unwrap_or_else(|| if must_end { "TERMINATE" } else { "MIGRATE" }.to_owned());
    kept.insert("onHostMaintenance".to_owned(), json!(maintenance));
    kept.insert("automaticRestart".to_owned(), json!(restart.unwrap_or(!spot)));
    kept.insert("preemptible".to_owned(), json!(spot));
    kept.insert("provisioningModel".to_owned(), json!(if spot { "SPOT" } else { "STANDARD" }));
    if spot {
        kept.insert("instanceTerminationAction".to_owned(), json!(ends.unwrap_or_else(|| "STOP".to_owned())));
    }
    Ok((kept, spot))
}

/// Accelerators are added to N1 only; other families have theirs built in.
fn check_accelerators(body: &Fields, machine: &str) -> Result<(), ApiError> {
    for accelerator in body.objects("guestAccelerators")? {
        accelerator.only(&["acceleratorCount", "acceleratorType"])?;
        let kind = accelerator.required_text("acceleratorType")?;
        let count = body::number(&accelerator, "acceleratorCount")?.unwrap_or(0);
        let name = Link::parse(kind).filter(|link| link.collection == "acceleratorTypes").map(|link| link.name);
        let known = name.as_deref().is_some_and(machines::is_accelerator);
        if !known || count == 0 {
            return Err(errors::invalid(&accelerator.field("acceleratorType"), format!("'{kind}'.")));
        }
        let builtin = machines::builtin_accelerator(machine);
        if !machine.starts_with("n1-") && builtin.map(|(name, _)| name) != name.as_deref() {
            let text = format!("[{machine}] features are not compatible with guest accelerators.");
            return Err(errors::bad_request(text));
        }
    }
    Ok(())
}

#[rustfmt::skip]
const SCHEDULING: &[&str] = &[
    "automaticRestart", "instanceTerminationAction", "maxRunDuration", "minNodeCpus", "nodeAffinities",
    "onHostMaintenance", "preemptible", "provisioningModel", "terminationTime",
];
