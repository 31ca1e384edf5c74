//! `addresses`: reserved regional addresses. Ephemeral ones are no resources of their own.

use cloud_world::{Address, AddressVersion, Command, WorldError};
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Target};
use super::body;
use super::errors::{self, ApiError};
use super::{fingerprint, links, paging};

/// `GET …/regions/{region}/addresses`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let region = api.region()?;
    let addresses = api.world.addresses.listed(api.now);
    let addresses = addresses.filter(|address| is_reserved(address) && address.region == region).collect();
    paging::list(api, "compute#addressList", addresses, key, |api, address| render(api, address))
}

/// `GET …/aggregated/addresses`.
pub(super) fn aggregated(api: &mut Api<'_>) -> Answer {
    let addresses = api.world.addresses.listed(api.now).filter(|address| is_reserved(address));
    let addresses = addresses.map(|address| (format!("regions/{}", address.region), address)).collect();
    let view = paging::View { kind: "compute#addressAggregatedList", field: "addresses" };
    paging::aggregated(api, view, addresses, key, |api, address| render(api, address))
}

/// `GET …/addresses/{address}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    api::ok(&render(api, api.world.addresses.find(id)?))
}

/// `POST …/regions/{region}/addresses`.
pub(super) fn insert(api: &mut Api<'_>) -> Answer {
    let region = api.region()?;
    let body = api.body()?;
    body.only(ADDRESS)?;
    let name = body::name(&body)?;
    // Checked and not kept: they "can only be added or modified by the setLabels method".
    body::labels(&body)?;
    if body.text("addressType")?.is_some_and(|kind| kind != "EXTERNAL") {
        return Err(errors::invalid("resource.addressType", "only EXTERNAL addresses are simulated"));
    }
    let version = match body.text("ipVersion")?.unwrap_or("IPV4") {
        "IPV4" => AddressVersion::V4,
        "IPV6" => AddressVersion::V6,
        other => return Err(errors::invalid("resource.ipVersion", format!("'{other}'"))),
    };
    if api.world.addresses.named(&name).any(|address| address.region == region) {
        return Err(errors::already_exists(&links::regional(api.project(), &region, "addresses", &name)));
    }
    let id = match api.world.create_address(&name, version, &region, None, api.now) {
        Err(WorldError::QuotaFull { .. }) => return Err(errors::no_static_address(&region)),
        other => other?,
    };
    api.ledger.addresses.insert(id, body.as_map().clone());
    done(api, Command::CreateAddress, "insert", id)
}

/// `DELETE …/addresses/{address}`: it must be used by nothing.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let address = api.world.addresses.find(id)?;
    let target = target(api, "delete", id)?;
    if let Some(user) = user(api, address) {
        return Err(errors::in_use(&target.path, &user));
    }
    let outcome = api.world.begin_delete_address(id, api.now);
    api.outcome(outcome, Command::DeleteAddress, target)
}

/// `POST …/addresses/{resource}/setLabels`.
pub(super) fn set_labels(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let body = api.body()?;
    body.only(&["labelFingerprint", "labels"])?;
    let labels = body::labels(&body)?;
    let present = fingerprint::of(&api.world.addresses.find(id)?.labels);
    fingerprint::check(body.text("labelFingerprint")?, &present, "labels")?;
    api.world.addresses.find_mut(id)?.labels = labels;
    done(api, Command::ChangeProtection, "setLabels", id)
}

fn done(api: &mut Api<'_>, command: Command, verb: &'static str, id: u64) -> Answer {
    let target = target(api, verb, id)?;
    let outcome = api.world.note(command, &[], api.now);
    api.outcome(outcome, command, target)
}

fn is_reserved(address: &Address) -> bool {
    !address.auto_delete
}

fn key(_: &Api<'_>, address: &&Address) -> (u64, String) {
    (address.id, address.name.clone())
}

fn seen(api: &Api<'_>) -> Result<u64, ApiError> {
    let region = api.region()?;
    let name = if api.param("address").is_empty() { api.param("resource") } else { api.param("address") };
    let mut named = api.world.addresses.named(name).filter(|address| is_reserved(address) && address.region == region);
    let found = named.find(|address| api.sees(&api.world.addresses, address.id));
    let missing = || errors::not_found(&links::regional(api.project(), &region, "addresses", name));
    found.map(|address| address.id).ok_or_else(missing)
}

fn target(api: &Api<'_>, verb: &'static str, id: u64) -> Result<Target, ApiError> {
    Ok(api.regional(verb, "addresses", &api.world.addresses.find(id)?.name, id))
}

/// The path of the instance that uses an address.
fn user(api: &Api<'_>, address: &Address) -> Option<String> {
    let host = api.world.host(address.host?).ok()?;
    Some(links::zonal(api.project(), &host.zone, "instances", &host.name))
}

fn render(api: &Api<'_>, address: &Address) -> Value {
    let project = api.project();
    let sent = api.ledger.addresses.get(&address.id);
    let user = user(api, address);
    let mut shown = json!({
        "kind": "compute#address",
        "id": address.id.to_string(),
        "name": address.name,
        "address": address.ip.to_string(),
        "addressType": "EXTERNAL",
        "creationTimestamp": api::moment(address.created),
        "status": if user.is_some() { "IN_USE" } else { "RESERVED" },
        "networkTier": sent.and_then(|sent| sent.get("networkTier")).cloned().unwrap_or_else(|| json!("PREMIUM")),
        "ipVersion": if address.version == AddressVersion::V6 { "IPV6" } else { "IPV4" },
        "region": links::full(&format!("projects/{project}/regions/{}", address.region)),
        "selfLink": links::full(&links::regional(project, &address.region, "addresses", &address.name)),
        "labelFingerprint": fingerprint::of(&address.labels),
        "description": sent.and_then(|sent| sent.get("description")).cloned().unwrap_or_else(|| json!("")),
    });
    if !address.labels.is_empty() {
        shown["labels"] = json!(address.labels);
    }
    if let Some(user) = user {
        shown["users"] = json!([links::full(&user)]);
    }
    shown
}

#[rustfmt::skip]
const ADDRESS: &[&str] = &[
    "address", "addressType", "description", "ipVersion", "kind", "labels", "name", "networkTier", "purpose", "region",
];
