//! Instances as reads see them: those of the world, and those that ended within the last hour.

use cloud_world::{Host, HostState, Kind};
use jiff::SignedDuration;

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::ledger;
use super::xml::{Xml, fields};
use super::{ids, render_instance};

/// An instance as a read sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) host: &'a Host,
    pub(super) notes: &'a ledger::Instance,
    /// Whether it has ended.
    pub(super) ended: bool,
}

/// `DescribeInstances`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let seen = named(api, &api.params.texts("InstanceId"))?;
    let rows = seen.into_iter().map(|seen| {
        let values = move |filter: &str| values(api, seen, filter);
        Row::new(seen.host.id, values).showing(move |api| render_instance::reservation(api, &[seen]))
    });
    let (shown, next) = filter::page(api, rows.collect(), "InstanceId")?;
    Ok(fields! { "reservationSet" => shown, "nextToken" => next })
}

/// All instances of the region that a read sees.
pub(super) fn all<'a>(api: &'a Api<'_>) -> Vec<Seen<'a>> {
    let live = api.world.hosts.listed(api.now).filter_map(|host| {
        let notes = api.ledger.instances.get(&host.id)?;
        (notes.place == api.place).then_some(Seen { host, notes, ended: false })
    });
    let mut seen: Vec<Seen<'a>> = live.collect();
    let gone = api.ledger.instances.iter().filter(|(_, notes)| notes.place == api.place);
    for (id, notes) in gone {
        let shown = notes.ended.is_some_and(|ended| ended + SHOWN_FOR > api.now);
        if shown && !seen.iter().any(|seen| seen.host.id == *id) {
            seen.push(Seen { host: &notes.last, notes, ended: true });
        }
    }
    seen.sort_by_key(|seen| seen.host.id);
    seen
}

/// The instances with these ids, or all where no id is given.
pub(super) fn named<'a>(api: &'a Api<'_>, ids: &[String]) -> Result<Vec<Seen<'a>>, ApiError> {
    if ids.is_empty() {
        return Ok(all(api));
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in ids {
        match one(api, ids::number("i", id)?) {
            Some(seen) => found.push(seen),
            None => missing.push(id.as_str()),
        }
    }
    match missing.as_slice() {
        [] => Ok(found),
        [id] => Err(ApiError::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))),
        several => {
            let message = format!("The instance IDs '{}' do not exist", several.join(", "));
            Err(ApiError::new("InvalidInstanceID.NotFound", message))
        }
    }
}

/// One instance of the region.
pub(super) fn one<'a>(api: &'a Api<'_>, number: u64) -> Option<Seen<'a>> {
    let notes = api.ledger.instances.get(&number).filter(|notes| notes.place == api.place)?;
    if let Ok(host) = api.world.host(number) {
        return api.sees(&api.world.hosts, number).then_some(Seen { host, notes, ended: false });
    }
    let shown = notes.ended.is_some_and(|ended| ended + SHOWN_FOR > api.now);
    shown.then_some(Seen { host: &notes.last, notes, ended: true })
}

/// The instance that a parameter names; it has not ended.
pub(super) fn live(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = ids::number("i", id)?;
    match one(api, number) {
        Some(seen) if !seen.ended => Ok(number),
        Some(_) => {
            let message = format!("The instance '{id}' is in the state 'terminated', which does not allow this.");
            Err(ApiError::new("IncorrectInstanceState", message))
        }
        None => Err(errors::not_found("i", id)),
    }
}

/// Whether an instance that has not ended uses a security group.
pub(super) fn users_of_group(api: &Api<'_>, group: u64) -> bool {
    let mut users = api.ledger.instances.iter().filter(|(_, notes)| notes.groups.contains(&group));
    users.any(|(id, _)| api.world.host(*id).is_ok())
}

/// Keeps an instance as it is now, for the time after its end.
pub(super) fn note(api: &mut Api<'_>, number: u64) {
    if let (Ok(host), Some(notes)) = (api.world.host(number), api.ledger.instances.get_mut(&number)) {
        notes.last = host.clone();
    }
}

/// Notes the instances that ended since the last call, and ends those that were taken away.
pub(super) fn settle(api: &mut Api<'_>) {
    let open = api.ledger.instances.iter().filter(|(_, notes)| notes.ended.is_none());
    let open: Vec<u64> = open.map(|(id, _)| *id).collect();
    for id in open {
        let state = api.world.host(id).map(|host| host.state).ok();
        if state == Some(HostState::Preempted) {
            note(api, id);
            let reason =
                ("Server.SpotInstanceTermination", "Server.SpotInstanceTermination: Spot instance termination");
            if let Some(notes) = api.ledger.instances.get_mut(&id) {
                notes.state_reason = Some((reason.0.to_owned(), reason.1.to_owned()));
            }
            if let Err(error) = api.world.delete_host(id, api.now) {
                tracing::debug!(%error, "a taken instance stays");
            }
        }
        if state.is_some() {
            continue;
        }
        let mut actions = api.world.actions_on(Kind::Host, id);
        let failed = actions.find(|action| action.error.is_some());
        let last = failed.or_else(|| api.world.actions_on(Kind::Host, id).last());
        let ended = last.map_or(api.now, |action| action.ends);
        let failed = failed.and_then(|action| action.error.clone());
        let Some(notes) = api.ledger.instances.get_mut(&id) else { continue };
        notes.ended = Some(ended);
        if let Some(error) = failed {
            notes.state_reason = Some((error.code.clone(), format!("{}: {}", error.code, error.message)));
            notes.transition = error.code;
        }
    }
}

fn values(api: &Api<'_>, seen: Seen<'_>, filter: &str) -> Option<Vec<String>> {
    let (host, notes) = (seen.host, seen.notes);
    if let Some(values) = filter::tag_values(&host.labels, filter) {
        return Some(values);
    }
    let (code, state) = render_instance::state(seen);
    Some(match filter {
        "instance-state-name" => vec![state.to_owned()],
        "instance-state-code" => vec![code.to_string()],
        "instance-id" => vec![ids::id("i", host.id)],
        "instance-type" => vec![host.machine.clone()],
        "image-id" => vec![ids::id("ami", host.image)],
        "availability-zone" => vec![host.zone.clone()],
        "client-token" => notes.client_token.clone().into_iter().collect(),
        "key-name" => notes.key_name.clone().into_iter().collect(),
        "instance-lifecycle" => notes.spot.iter().map(|_| "spot".to_owned()).collect(),
        "spot-instance-request-id" => notes.spot.iter().map(|spot| ids::request_id(spot.number)).collect(),
        "reservation-id" => vec![ids::id("r", notes.reservation)],
        "owner-id" => vec![super::api::ACCOUNT.to_owned()],
        "architecture" => {
            let machine = super::machines::Machine::named(&host.machine);
            vec![machine.map_or("x86_64", |machine| machine.architecture()).to_owned()]
        }
        "vpc-id" | "network-interface.vpc-id" => vec![ids::id("vpc", api.place.vpc())],
        "subnet-id" | "network-interface.subnet-id" => vec![ids::id("subnet", api.place.subnet(&host.zone))],
        "instance.group-id" | "network-interface.group-id" | "group-id" => {
            notes.groups.iter().map(|group| ids::id("sg", *group)).collect()
        }
        "instance.group-name" | "group-name" => {
            let groups = notes.groups.iter().filter_map(|group| api.ledger.groups.get(group));
            groups.map(|group| group.name.clone()).collect()
        }
        "ip-address" => render_instance::public_ip(api, seen).into_iter().collect(),
        "private-ip-address" => vec![render_instance::private_ip(api.place, host)],
        "root-device-name" => vec![notes.root_device.to_owned()],
        "block-device-mapping.volume-id" => host.volumes.iter().map(|volume| ids::id("vol", *volume)).collect(),
        "tenancy" => vec!["default".to_owned()],
        "monitoring-state" => vec![if notes.monitored { "enabled" } else { "disabled" }.to_owned()],
        _ => return None,
    })
}

/// An instance and its state, as the power actions answer it.
pub(super) fn state_item(code: (i32, &'static str)) -> Xml {
    fields! { "code" => code.0, "name" => code.1 }
}

/// How long an ended instance is shown.
const SHOWN_FOR: SignedDuration = SignedDuration::from_hours(1);
