//! `DescribeInstanceStatus` and `GetConsoleOutput`: how instances are.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::SignedDuration;

use super::api::{Answer, Api};
use super::filter::{self, Row};
use super::instances::{self, Seen, state_item};
use super::xml::{Xml, fields};
use super::{ids, render_instance};

/// `DescribeInstanceStatus`: of running instances, unless all are asked for.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let all = api.params.flag("IncludeAllInstances")?.unwrap_or(false);
    let mut seen = instances::named(api, &api.params.texts("InstanceId"))?;
    seen.retain(|seen| all || render_instance::state(*seen).1 == "running");
    let rows = seen.into_iter().map(|seen| {
        Row::new(seen.host.id, move |filter| {
            let state = render_instance::state(seen);
            Some(match filter {
                "instance-state-name" => vec![state.1.to_owned()],
                "instance-state-code" => vec![state.0.to_string()],
                "availability-zone" => vec![seen.host.zone.clone()],
                "instance-status.status" | "system-status.status" => vec![check(api, seen).0.to_owned()],
                "instance-status.reachability" | "system-status.reachability" => vec![check(api, seen).1.to_owned()],
                _ => return None,
            })
        })
        .showing(move |api| render(api, seen))
    });
    let (shown, next) = filter::page(api, rows.collect(), "InstanceId")?;
    Ok(fields! { "instanceStatusSet" => shown, "nextToken" => next })
}

/// `GetConsoleOutput`: in base64.
pub(super) fn console(api: &mut Api<'_>) -> Answer {
    api.params.flag("Latest")?;
    let number = instances::live(api, &api.params.required("InstanceId")?)?;
    let lines = api.world.host(number)?.console.join("\r\n");
    let output = BASE64_STANDARD.encode(format!("{lines}\r\n"));
    Ok(fields! { "instanceId" => ids::id("i", number), "timestamp" => api.now, "output" => output })
}

/// The status of both checks, and of the reachability in them.
fn check(api: &Api<'_>, seen: Seen<'_>) -> (&'static str, &'static str) {
    match render_instance::state(seen).1 {
        "running" if seen.notes.last_start + FIRST_CHECKS > api.now => ("initializing", "initializing"),
        "running" => ("ok", "passed"),
        _ => ("not-applicable", "not-applicable"),
    }
}

fn render(api: &Api<'_>, seen: Seen<'_>) -> Xml {
    let (status, reachability) = check(api, seen);
    let summary = || {
        let details = vec![fields! { "name" => "reachability", "status" => reachability }];
        let details = if status == "not-applicable" { Vec::new() } else { details };
        fields! { "status" => status, "details" => details }
    };
    fields! {
        "instanceId" => ids::id("i", seen.host.id),
        "availabilityZone" => seen.host.zone.as_str(),
        "availabilityZoneId" => seen.notes.place.zone_id(&seen.host.zone),
        "instanceState" => state_item(render_instance::state(seen)),
        "systemStatus" => summary(),
        "instanceStatus" => summary(),
    }
}

/// From the start until the checks have passed.
const FIRST_CHECKS: SignedDuration = SignedDuration::from_secs(60);
