//! Which call a method and a path are.

use cloud_world::Kind;

use super::api::{Answer, Api};
use super::{
    actions, errors, firewalls, images, locations, metrics, pricing, primary_ips, server_actions, server_types,
    servers, ssh_keys, volumes, words,
};
use crate::{Request, Route};

/// Does the call.
pub(super) fn answer(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let segments = request.segments();
    let path = below_base(&segments);
    if let ["servers" | "images" | "volumes" | "primary_ips" | "firewalls", ..] = path
        && let Some(answer) = resource_actions(api, path)
    {
        return answer;
    }
    match (request.method.as_str(), path) {
        ("GET", ["actions"]) => actions::list_by_id(api),
        ("GET", ["actions", id]) => actions::get(api, id),

        ("GET", ["servers"]) => servers::list(api),
        ("POST", ["servers"]) => servers::create(api),
        ("GET", ["servers", id]) => servers::get(api, id),
        ("PUT", ["servers", id]) => servers::update(api, id),
        ("DELETE", ["servers", id]) => servers::delete(api, id),
        ("GET", ["servers", id, "metrics"]) => metrics::get(api, id),
        ("POST", ["servers", id, "actions", verb]) => server_actions::start(api, id, verb),

        ("GET", ["images"]) => images::list(api),
        ("GET", ["images", id]) => images::get(api, id),
        ("PUT", ["images", id]) => images::update(api, id),
        ("DELETE", ["images", id]) => images::delete(api, id),
        ("POST", ["images", id, "actions", "change_protection"]) => images::change_protection(api, id),

        ("GET", ["server_types"]) => server_types::list(api),
        ("GET", ["server_types", id]) => server_types::get(api, id),
        ("GET", ["locations"]) => locations::list(api),
        ("GET", ["locations", id]) => locations::get(api, id),
        ("GET", ["pricing"]) => pricing::get(api),
        (_, ["datacenters", ..]) => Err(errors::gone()),

        ("GET", ["ssh_keys"]) => ssh_keys::list(api),
        ("POST", ["ssh_keys"]) => ssh_keys::create(api),
        ("GET", ["ssh_keys", id]) => ssh_keys::get(api, id),
        ("PUT", ["ssh_keys", id]) => ssh_keys::update(api, id),
        ("DELETE", ["ssh_keys", id]) => ssh_keys::delete(api, id),

        ("GET", ["volumes"]) => volumes::list(api),
        ("POST", ["volumes"]) => volumes::create(api),
        ("GET", ["volumes", id]) => volumes::get(api, id),
        ("PUT", ["volumes", id]) => volumes::update(api, id),
        ("DELETE", ["volumes", id]) => volumes::delete(api, id),
        ("POST", ["volumes", id, "actions", verb]) => volumes::start(api, id, verb),

        ("GET", ["primary_ips"]) => primary_ips::list(api),
        ("POST", ["primary_ips"]) => primary_ips::create(api),
        ("GET", ["primary_ips", id]) => primary_ips::get(api, id),
        ("PUT", ["primary_ips", id]) => primary_ips::update(api, id),
        ("DELETE", ["primary_ips", id]) => primary_ips::delete(api, id),
        ("POST", ["primary_ips", id, "actions", verb]) => primary_ips::start(api, id, verb),

        ("GET", ["firewalls"]) => firewalls::list(api),
        ("POST", ["firewalls"]) => firewalls::create(api),
        ("GET", ["firewalls", id]) => firewalls::get(api, id),
        ("PUT", ["firewalls", id]) => firewalls::update(api, id),
        ("DELETE", ["firewalls", id]) => firewalls::delete(api, id),
        ("POST", ["firewalls", id, "actions", verb]) => firewalls::start(api, id, verb),

        _ => Err(errors::method_not_allowed()),
    }
}

/// The actions of resources are read alike for all kinds.
fn resource_actions(api: &mut Api<'_>, path: &[&str]) -> Option<Answer> {
    if api.request.is_write() {
        return None;
    }
    let kind = words::kind_of_path(path.first()?)?;
    Some(match path {
        [_, "actions"] => actions::list_of_kind(api, kind),
        [_, "actions", id] => actions::get_of_kind(api, kind, id),
        [_, id, "actions"] => actions::list_of_one(api, kind, id),
        [_, id, "actions", action] => actions::get_of_one(api, kind, id, action),
        _ => return None,
    })
}

/// What the call is about, whether or not it can be done.
pub(super) fn describe(request: &Request) -> Route {
    let segments = request.segments();
    let path = below_base(&segments);
    let mut template = String::new();
    for (at, segment) in path.iter().enumerate() {
        let is_id = at > 0 && segment.bytes().all(|byte| byte.is_ascii_digit());
        let inner = at >= 3 && path.get(1) != Some(&"actions");
        template.push('/');
        template.push_str(match (is_id, inner) {
            (true, true) => "{action_id}",
            (true, false) => "{id}",
            (false, _) => segment,
        });
    }
    let creates = match path {
        [kind] => words::kind_of_path(kind),
        [_, _, "actions", "create_image"] => Some(Kind::Image),
        _ => None,
    };
    let places = request.is_write()
        && matches!(path, ["servers" | "volumes" | "primary_ips"] | ["servers", _, "actions", "change_type"]);
    Route { template, target: creates, places, writes: request.is_write() }
}

/// Whether there is such a path at all.
pub(super) fn is_known(request: &Request) -> bool {
    let segments = request.segments();
    match below_base(&segments) {
        ["actions" | "server_types" | "locations" | "ssh_keys"] | ["pricing"] => true,
        ["actions" | "server_types" | "locations" | "ssh_keys", _] | ["datacenters", ..] => true,
        ["servers", _, "metrics"] => true,
        [kind] | [kind, _] | [kind, _, "actions"] | [kind, _, "actions", _] => has_actions(kind),
        [kind, "actions", _] => has_actions(kind),
        _ => false,
    }
}

fn has_actions(kind: &str) -> bool {
    words::kind_of_path(kind).is_some_and(|kind| kind != Kind::SshKey)
}

/// The path below `/v1`.
fn below_base<'a, 'b>(segments: &'b [&'a str]) -> &'b [&'a str] {
    match segments {
        ["v1", rest @ ..] => rest,
        all => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(path: &str) -> String {
        let request = Request {
            method: http::Method::GET,
            path: path.to_owned(),
            query: Vec::new(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            origin: String::new(),
        };
        describe(&request).template
    }

    #[test]
    fn templates_are_those_of_the_description() {
        assert_eq!(template("/v1/servers"), "/servers");
        assert_eq!(template("/v1/servers/12"), "/servers/{id}");
        assert_eq!(template("/v1/servers/actions/12"), "/servers/actions/{id}");
        assert_eq!(template("/v1/servers/12/actions/poweron"), "/servers/{id}/actions/poweron");
        assert_eq!(template("/v1/servers/12/actions/13"), "/servers/{id}/actions/{action_id}");
    }
}
