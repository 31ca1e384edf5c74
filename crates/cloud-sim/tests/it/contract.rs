//! Every call and every answer of the Hetzner face against Hetzner's own description.

use std::path::{Path, PathBuf};

use cloud_sim::contract::Contract;
use cloud_sim::hetzner::contract::DEVIATIONS;
use cloud_sim::{Exchange, Fault, FaultRule, SimConfig, When};
use serde_json::{Value, json};

use crate::support::{Hetzner, public_key, server};

#[tokio::test]
async fn every_exchange_is_as_described() {
    let description = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/hetzner.openapi.json");
    let Ok(description) = std::fs::read(description) else {
        println!("skipped: the description of the API is not here");
        return;
    };
    let description = serde_json::from_slice(&description).unwrap();
    let mut contract = Contract::new(description, DEVIATIONS).unwrap();

    let record = record_file();
    let config = SimConfig { record: Some(record.clone()), ..SimConfig::default() };
    drive(&Hetzner::with(config).await).await;

    let lines = std::fs::read_to_string(&record).unwrap();
    std::fs::remove_file(&record).unwrap();
    let exchanges: Vec<Exchange> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut problems = Vec::new();
    for exchange in &exchanges {
        for problem in contract.check(exchange) {
            let (method, path) = (&exchange.method, &exchange.path_template);
            problems.push(format!("{method} {path} {}: {problem}", exchange.status));
        }
    }
    assert!(exchanges.len() > 100, "only {} exchanges", exchanges.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_a_missing_field_is_found(&mut contract, &exchanges);
}

fn assert_a_missing_field_is_found(contract: &mut Contract, exchanges: &[Exchange]) {
    let is_server = |one: &&Exchange| one.path_template == "/servers/{id}" && one.method == "GET";
    let mut spoiled = exchanges.iter().find(is_server).expect("a server was read").clone();
    let server = spoiled.response_body["server"].as_object_mut();
    server.expect("a server").remove("rescue_enabled");
    assert_eq!(contract.check(&spoiled).len(), 1);
}

#[test]
fn a_wrong_exchange_is_found() {
    let answer = json!({"type": "object", "required": ["id"]});
    let description = json!({
        "openapi": "3.1.0",
        "paths": {"/things/{id}": {"get": {"responses": {"200": {
            "content": {"application/json": {"schema": answer}}
        }}}}},
    });
    let mut contract = Contract::new(description, &[]).unwrap();
    let mut exchange = Exchange {
        face: "things".to_owned(),
        method: "GET".to_owned(),
        path: "/things/1".to_owned(),
        path_template: "/things/{id}".to_owned(),
        query: Vec::new(),
        request_body: Value::Null,
        status: 200,
        response_body: json!({"id": 1}),
        fault: None,
    };
    assert_eq!(contract.check(&exchange), Vec::<String>::new());
    exchange.response_body = json!({});
    exchange.query = vec![("colour".to_owned(), "red".to_owned())];
    assert_eq!(contract.check(&exchange).len(), 2);
    exchange.status = 201;
    assert_eq!(contract.check(&exchange).len(), 2);
}

fn record_file() -> PathBuf {
    let name = format!("exchanges-{}.jsonl", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

async fn drive(hetzner: &Hetzner) {
    read_the_catalog(hetzner).await;
    let id = live_through_a_server(hetzner).await;
    keys_and_volumes(hetzner, id).await;
    firewalls(hetzner, id).await;
    primary_ips(hetzner, id).await;
    images(hetzner, id).await;
    for kind in ["servers", "images", "volumes", "primary_ips", "firewalls"] {
        let all = hetzner.get(&format!("/{kind}/actions?per_page=50&sort=id:desc")).await;
        assert_eq!(all.status, 200, "{kind}");
        let Some(action) = all.body["actions"].get(0) else {
            continue;
        };
        let single = hetzner.get(&format!("/{kind}/actions/{}", action["id"])).await;
        assert_eq!(single.body["action"]["id"], action["id"]);
        hetzner.get(&format!("/actions/{}", action["id"])).await;
        hetzner.get(&format!("/actions?id={}", action["id"])).await;
    }
    errors(hetzner).await;
    hetzner.delete(&format!("/servers/{id}")).await;
}

async fn read_the_catalog(hetzner: &Hetzner) {
    for path in [
        "/locations?per_page=50",
        "/locations/1",
        "/server_types?per_page=50",
        "/server_types/104",
        "/images?per_page=50&architecture=arm&include_deprecated=true&sort=name:desc",
        "/images/1001",
        "/pricing",
        "/images?type=system&status=available&page=2",
    ] {
        assert_eq!(hetzner.get(path).await.status, 200, "{path}");
    }
    let gone = hetzner.get("/datacenters").await;
    assert_eq!((gone.status, gone.code()), (410, "deprecated_api_endpoint"));
}

async fn live_through_a_server(hetzner: &Hetzner) -> u64 {
    let mut body = server("all-fields");
    let more = json!({
        "labels": {"env": "prod"},
        "user_data": "#cloud-config",
        "start_after_create": true,
        "public_net": {"enable_ipv4": true, "enable_ipv6": true, "ipv4": null},
        "ssh_keys": [], "volumes": [], "firewalls": [], "networks": [], "automount": false,
    });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let made = hetzner.post("/servers", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["server"]["id"].as_u64().expect("an id");
    hetzner.pass_minutes(1);
    hetzner.get(&format!("/servers/{id}")).await;
    hetzner.get("/servers?name=all-fields&label_selector=env%3Dprod&status=running").await;
    let labels = json!({"name": "renamed", "labels": {"env": "dev"}});
    hetzner.call("PUT", &format!("/servers/{id}"), labels).await;
    for (verb, body) in [
        ("reboot", Value::Null),
        ("reset", Value::Null),
        ("reset_password", Value::Null),
        ("request_console", Value::Null),
        ("enable_rescue", json!({"type": "linux64"})),
        ("disable_rescue", Value::Null),
        ("enable_backup", Value::Null),
        ("create_image", json!({"type": "backup", "description": "b"})),
        ("disable_backup", Value::Null),
        ("change_protection", json!({"delete": true, "rebuild": true})),
        ("change_protection", json!({"delete": false, "rebuild": false})),
        ("change_dns_ptr", json!({"ip": "198.18.0.1", "dns_ptr": "a.example.com"})),
        ("change_dns_ptr", json!({"ip": "2001:db8:0:1::1", "dns_ptr": "b.example.com"})),
        ("shutdown", Value::Null),
        ("poweron", Value::Null),
        ("poweroff", Value::Null),
        ("change_type", json!({"server_type": "cx32", "upgrade_disk": false})),
        ("rebuild", json!({"image": "debian-12", "user_data": "#!/bin/sh"})),
    ] {
        let answer = hetzner.act(id, verb, body).await;
        assert_eq!(answer.status, 201, "{verb}: {answer:?}");
    }
    let metrics = "metrics?type=cpu&type=disk&start=2026-01-01T00:00:00Z&end=2026-01-01T01:00:00Z";
    assert_eq!(hetzner.get(&format!("/servers/{id}/{metrics}")).await.status, 200);
    let actions = hetzner.get(&format!("/servers/{id}/actions?status=success")).await;
    let action = &actions.body["actions"][0]["id"];
    hetzner.get(&format!("/servers/{id}/actions/{action}")).await;
    for (verb, body) in [
        ("attach_to_network", json!({"network": 1})),
        ("detach_from_network", json!({"network": 1})),
        ("change_alias_ips", json!({"network": 1, "alias_ips": []})),
        ("add_to_placement_group", json!({"placement_group": 1})),
        ("remove_from_placement_group", Value::Null),
    ] {
        assert!(hetzner.act(id, verb, body).await.status >= 400, "{verb}");
    }
    id
}

async fn keys_and_volumes(hetzner: &Hetzner, id: u64) {
    let key = json!({"name": "k", "public_key": public_key(1), "labels": {"a": "b"}});
    let key = hetzner.post("/ssh_keys", key).await;
    assert_eq!(key.status, 201, "{key:?}");
    let path = format!("/ssh_keys/{}", key.body["ssh_key"]["id"]);
    hetzner.get(&path).await;
    hetzner.get("/ssh_keys?name=k&sort=name:asc").await;
    hetzner.call("PUT", &path, json!({"name": "l", "labels": {}})).await;
    assert_eq!(hetzner.delete(&path).await.status, 204);

    let volume = json!({"name": "v", "size": 10, "server": id, "format": "ext4", "automount": false});
    let volume = hetzner.post("/volumes", volume).await;
    assert_eq!(volume.status, 201, "{volume:?}");
    hetzner.pass_minutes(1);
    let path = format!("/volumes/{}", volume.body["volume"]["id"]);
    let act = async |verb: &str, body: Value| {
        let answer = hetzner.post(&format!("{path}/actions/{verb}"), body).await;
        hetzner.pass_minutes(1);
        assert_eq!(answer.status, 201, "{verb}: {answer:?}");
    };
    hetzner.get(&path).await;
    hetzner.get("/volumes?status=available").await;
    hetzner.call("PUT", &path, json!({"name": "w", "labels": {}})).await;
    act("detach", Value::Null).await;
    act("resize", json!({"size": 20})).await;
    act("attach", json!({"server": id, "automount": false})).await;
    act("change_protection", json!({"delete": false})).await;
    act("detach", Value::Null).await;
    hetzner.get(&format!("{path}/actions")).await;
    assert_eq!(hetzner.delete(&path).await.status, 204);
}

async fn firewalls(hetzner: &Hetzner, id: u64) {
    let rule = json!({"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["0.0.0.0/0"]});
    let here = json!([{"type": "server", "server": {"id": id}}]);
    let labels = json!([{"type": "label_selector", "label_selector": {"selector": "env"}}]);
    let body = json!({"name": "f", "rules": [rule], "apply_to": here, "labels": {}});
    let made = hetzner.post("/firewalls", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/firewalls/{}", made.body["firewall"]["id"]);
    let act = async |verb: &str, body: Value| {
        let answer = hetzner.post(&format!("{path}/actions/{verb}"), body).await;
        assert_eq!(answer.status, 201, "{verb}: {answer:?}");
    };
    act("set_rules", json!({"rules": [rule, rule]})).await;
    act("apply_to_resources", json!({"apply_to": labels})).await;
    hetzner.get(&path).await;
    hetzner.get("/firewalls?name=f").await;
    hetzner.get(&format!("/servers/{id}")).await;
    hetzner.call("PUT", &path, json!({"name": "g"})).await;
    assert_eq!(hetzner.delete(&path).await.code(), "resource_in_use");
    act("remove_from_resources", json!({"remove_from": labels})).await;
    act("remove_from_resources", json!({"remove_from": here})).await;
    hetzner.pass_minutes(1);
    assert_eq!(hetzner.delete(&path).await.status, 204);
}

async fn primary_ips(hetzner: &Hetzner, id: u64) {
    hetzner.act(id, "poweroff", Value::Null).await;
    let shown = hetzner.get(&format!("/servers/{id}")).await.body;
    let own = format!("/primary_ips/{}", shown["server"]["public_net"]["ipv4"]["id"]);
    assert_eq!(hetzner.delete(&own).await.code(), "must_be_unassigned");
    let act = async |path: &str, verb: &str, body: Value| {
        let answer = hetzner.post(&format!("{path}/actions/{verb}"), body).await;
        hetzner.pass_minutes(1);
        assert_eq!(answer.status, 201, "{verb}: {answer:?}");
    };
    act(&own, "unassign", Value::Null).await;
    let body = json!({"name": "p", "type": "ipv4", "location": "fsn1", "auto_delete": false, "labels": {}});
    let made = hetzner.post("/primary_ips", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/primary_ips/{}", made.body["primary_ip"]["id"]);
    act(&path, "assign", json!({"assignee_type": "server", "assignee_id": id})).await;
    let ip = made.body["primary_ip"]["ip"].clone();
    act(&path, "change_dns_ptr", json!({"ip": ip, "dns_ptr": null})).await;
    act(&path, "change_protection", json!({"delete": false})).await;
    hetzner.get(&path).await;
    hetzner.get("/primary_ips?name=p&sort=id:desc").await;
    hetzner.call("PUT", &path, json!({"name": "q", "auto_delete": true})).await;
    hetzner.get(&format!("{path}/actions")).await;
    assert_eq!(hetzner.delete(&own).await.status, 204);
}

async fn images(hetzner: &Hetzner, id: u64) {
    let body = json!({"description": "s", "labels": {"a": "b"}});
    let made = hetzner.act(id, "create_image", body).await;
    let path = format!("/images/{}", made.body["image"]["id"]);
    hetzner.get(&path).await;
    hetzner.get("/images?type=snapshot&label_selector=a").await;
    let change = json!({"description": "t", "type": "snapshot", "labels": {}});
    assert_eq!(hetzner.call("PUT", &path, change).await.status, 200);
    let protect = format!("{path}/actions/change_protection");
    assert_eq!(hetzner.post(&protect, json!({"delete": true})).await.status, 201);
    assert_eq!(hetzner.delete(&path).await.code(), "protected");
    assert_eq!(hetzner.post(&protect, json!({"delete": false})).await.status, 201);
    hetzner.get(&format!("{path}/actions")).await;
    assert_eq!(hetzner.delete(&path).await.status, 204);
}

async fn errors(hetzner: &Hetzner) {
    assert_eq!(hetzner.get("/servers/1").await.code(), "not_found");
    assert_eq!(hetzner.get("/actions").await.code(), "invalid_input");
    assert_eq!(hetzner.get("/servers?per_page=51").await.code(), "invalid_input");
    assert_eq!(hetzner.call("PATCH", "/servers", json!({})).await.code(), "method_not_allowed");
    for (status, code) in [
        (429, "rate_limit_exceeded"),
        (500, "server_error"),
        (502, "bad_gateway"),
        (503, "unavailable"),
        (504, "timeout"),
    ] {
        let fault = Fault::Status(status, When::Before);
        hetzner.sim.inject(FaultRule::once(fault, "GET", "/servers"));
        let answer = hetzner.get("/servers").await;
        assert_eq!((answer.status, answer.code()), (status, code));
    }
}
