//! `/servers`: making, reading, changing and deleting servers.

use cloud_world::{AddressChoice, Host, HostRequest, Secret};
use http::StatusCode;
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Reference};
use super::errors::{self, ApiError};
use super::labels::Selector;
use super::{paging, render_server};
use crate::Reply;
use crate::face::Gathering;

/// `GET /servers`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let statuses = paging::choices(request, "status", &STATUSES)?;
    let name = request.param("name");
    let fits = |host: &Host| {
        (statuses.is_empty() || statuses.contains(&super::words::status(host.state))) && selector.matches(&host.labels)
    };
    let mut hosts: Vec<&Host> = api.world.hosts.search(name, api.now).filter(|host| fits(host)).collect();
    paging::sort(request, &mut hosts, &["id", "name", "created"])?;
    let servers = render_server::Servers::new(api.world, api.now);
    paging::page(request, "servers", hosts, |host| servers.server(host))
}

/// `GET /servers/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    answer(api, host, StatusCode::OK, json!({}))
}

/// `POST /servers`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let name = fields.required_text("name");
    if !name.is_empty() && !is_hostname(&name) {
        fields.problem("name", "must be a valid hostname as per RFC 1123");
    }
    let machine: Reference = fields.required("server_type");
    let image: Reference = fields.required("image");
    let location: Option<Reference> = fields.get("location");
    let keys: Vec<Reference> = fields.list("ssh_keys");
    let labels = api::labels(&mut fields).unwrap_or_default();
    let user_data = user_data(&mut fields);
    let start = fields.flag("start_after_create").unwrap_or(true);
    fields.flag("automount");
    let volumes = fields.list::<u64>("volumes");
    let firewalls = firewall_ids(&mut fields);
    let networks = fields.list::<u64>("networks");
    let group = fields.number("placement_group");
    let [ipv4, ipv6] = public_net(&mut fields);
    fields.done()?;
    refuse_unsupported(&networks, group)?;
    let machine = machine_named(api, &machine)?;
    let region = region_for(api, location.as_ref(), &machine)?;
    let image = image_for(api, &image, &machine)?;
    let has_keys = !keys.is_empty();
    let request = HostRequest {
        labels,
        user_data,
        ssh_keys: key_ids(api, &keys)?,
        firewalls,
        volumes,
        ipv4,
        ipv6,
        start,
        ..HostRequest::new(name, machine, image, region)
    };
    let made = api.world.create_host(request, api.now)?;
    let next: Vec<Value> = made.next.iter().map(|id| api.action(*id)).collect();
    let password = (!has_keys).then(|| password(made.host));
    let rest = json!({
        "action": api.action(made.action),
        "next_actions": next,
        "root_password": password,
    });
    answer(api, made.host, StatusCode::CREATED, rest)
}

/// `PUT /servers/{id}`: labels are replaced as a whole.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let name = fields.text("name");
    if name.as_deref().is_some_and(|name| !is_hostname(name)) {
        fields.problem("name", "must be a valid hostname as per RFC 1123");
    }
    let labels = api::labels(&mut fields);
    fields.done()?;
    if let Some(name) = name {
        api.world.rename_host(host, &name)?;
    }
    if let Some(labels) = labels {
        api.world.relabel_host(host, labels)?;
    }
    answer(api, host, StatusCode::OK, json!({}))
}

/// `DELETE /servers/{id}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let action = api.world.delete_host(host, api.now)?;
    api::ok(&json!({"action": api.action(action)}))
}

/// The name of a server type that is given by id or name.
pub(super) fn machine_named(api: &Api<'_>, machine: &Reference) -> Result<String, ApiError> {
    let mut machines = api.world.catalog.machines.iter();
    let found = machines.find(|known| machine.means(known.id, &known.name));
    let found = found.ok_or_else(|| errors::invalid("server_type", "server type not found"))?;
    if found.deprecated.is_some() {
        return Err(errors::invalid("server_type", "server type is deprecated"));
    }
    Ok(found.name.clone())
}

/// An image by id, or by name and the architecture of the server type.
pub(super) fn image_for(api: &Api<'_>, image: &Reference, machine: &str) -> Result<u64, ApiError> {
    let architecture = api.world.catalog.machine(machine).map(|it| it.architecture);
    let found = match image {
        Reference::Id(id) => api.world.images.seen(*id, api.now),
        Reference::Name(name) => api.world.images.named(name).find(|image| Some(image.architecture) == architecture),
    };
    found.map(|image| image.id).ok_or_else(|| errors::invalid("image", "image not found"))
}

/// First-boot data within its limit.
pub(super) fn user_data(fields: &mut Gathering) -> Option<Secret> {
    let text = fields.text("user_data")?;
    if text.len() > LARGEST_USER_DATA {
        fields.problem("user_data", "must not be larger than 32 KiB");
    }
    Some(Secret::new(text))
}

/// A password that is made anew for each action or server.
pub(super) fn password(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..20).map(|_| random.alphanumeric()).collect()
}

fn answer(api: &Api<'_>, host: u64, status: StatusCode, mut rest: Value) -> Answer {
    let servers = render_server::Servers::new(api.world, api.now);
    let server = servers.server(api.world.host(host)?);
    if let Value::Object(fields) = &mut rest
        && fields.is_empty()
    {
        return Ok(Reply::json(status, &Only { server }));
    }
    Ok(Reply::json(status, &With { server, rest }))
}

#[derive(serde::Serialize)]
struct Only<'w> {
    server: render_server::Server<'w>,
}

#[derive(serde::Serialize)]
struct With<'w> {
    server: render_server::Server<'w>,
    #[serde(flatten)]
    rest: Value,
}

fn region_for(api: &Api<'_>, location: Option<&Reference>, machine: &str) -> Result<String, ApiError> {
    let regions = &api.world.catalog.regions;
    let Some(location) = location else {
        let orderable = regions.iter().find(|region| api.world.orderable(&region.name, machine, api.now));
        let offered = api.world.catalog.machine(machine);
        let any = offered.and_then(|machine| machine.prices.keys().next().cloned());
        let chosen = orderable.map(|region| region.name.clone()).or(any);
        return chosen.ok_or_else(|| errors::invalid("location", "no location offers this"));
    };
    let found = regions.iter().find(|region| location.means(region.id, &region.name));
    found.map(|region| region.name.clone()).ok_or_else(|| errors::invalid("location", "location not found"))
}

fn key_ids(api: &Api<'_>, keys: &[Reference]) -> Result<Vec<u64>, ApiError> {
    let keys = keys.iter().map(|key| match key {
        Reference::Id(id) => Ok(*id),
        Reference::Name(name) => {
            api.world.ssh_keys.named(name).next().map(|key| key.id).ok_or_else(|| errors::not_found("ssh_key", name))
        }
    });
    keys.collect()
}

fn firewall_ids(fields: &mut Gathering) -> Vec<u64> {
    let mut ids = Vec::new();
    for mut firewall in fields.objects("firewalls").unwrap_or_default() {
        ids.push(firewall.required_number("firewall"));
        fields.adopt(firewall);
    }
    ids
}

fn public_net(fields: &mut Gathering) -> [AddressChoice; 2] {
    let Some(mut net) = fields.object("public_net") else {
        return [AddressChoice::Fresh; 2];
    };
    let choices = [("enable_ipv4", "ipv4"), ("enable_ipv6", "ipv6")].map(|(enable, id)| {
        let enabled = net.flag(enable).unwrap_or(true);
        match net.number(id) {
            Some(id) if enabled => AddressChoice::Existing(id),
            None if enabled => AddressChoice::Fresh,
            _ => AddressChoice::None,
        }
    });
    fields.adopt(net);
    choices
}

/// Networks and placement groups are not simulated: none exists, so none can be named.
fn refuse_unsupported(networks: &[u64], group: Option<u64>) -> Result<(), ApiError> {
    if let Some(network) = networks.first() {
        return Err(errors::not_found("network", &network.to_string()));
    }
    if let Some(group) = group {
        return Err(errors::not_found("placement_group", &group.to_string()));
    }
    Ok(())
}

/// RFC 1123: labels of letters, digits and inner dashes, up to 63 each, between periods.
fn is_hostname(name: &str) -> bool {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        !bytes.is_empty()
            && bytes.len() <= 63
            && bytes.iter().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

const LARGEST_USER_DATA: usize = 32 * 1024;
const STATUSES: [&str; 9] =
    ["running", "initializing", "starting", "stopping", "off", "deleting", "migrating", "rebuilding", "unknown"];
