//! Servers and their actions over HTTP.

use cloud_sim::SimConfig;
use cloud_world::Kind;
use serde_json::{Value, json};

use crate::support::{Hetzner, server};

#[tokio::test]
async fn a_server_is_created_with_addresses_and_two_actions() {
    let hetzner = Hetzner::start().await;
    let made = hetzner.post("/servers", server("web-1")).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["server"]["status"], "initializing");
    assert_eq!(made.body["server"]["locked"], true);
    assert!(made.body["server"]["public_net"]["ipv4"]["ip"].is_string());
    assert_eq!(made.body["action"]["command"], "create_server");
    assert_eq!(made.body["next_actions"][0]["command"], "start_server");
    assert!(made.body["root_password"].is_string());
    let id = made.body["server"]["id"].as_u64().unwrap();
    hetzner.pass_minutes(1);
    assert_eq!(hetzner.status(id).await, "running");
    let ids: Vec<String> =
        [&made.body["action"], &made.body["next_actions"][0]].map(|action| format!("id={}", action["id"])).to_vec();
    let actions = hetzner.get(&format!("/actions?{}", ids.join("&"))).await;
    for action in actions.body["actions"].as_array().unwrap() {
        assert_eq!((&action["status"], &action["progress"]), (&json!("success"), &json!(100)));
    }
    let gone = hetzner.delete(&format!("/servers/{id}")).await;
    assert_eq!((gone.status, &gone.body["action"]["command"]), (200, &json!("delete_server")));
    assert_eq!(hetzner.get(&format!("/servers/{id}")).await.code(), "not_found");
    assert!(hetzner.sim.world().counts().is_empty());
}

#[tokio::test]
async fn a_locked_server_refuses_further_actions() {
    let hetzner = Hetzner::start().await;
    let made = hetzner.post("/servers", server("web-1")).await;
    let id = made.body["server"]["id"].as_u64().unwrap();
    let refused = hetzner.delete(&format!("/servers/{id}")).await;
    assert_eq!((refused.status, refused.code()), (423, "locked"));
}

#[tokio::test]
async fn bad_fields_are_named_with_their_rules() {
    let hetzner = Hetzner::start().await;
    let mut body = server("not a hostname");
    body["colour"] = json!("red");
    body["labels"] = json!({"-bad": "x"});
    body["user_data"] = json!("x".repeat(32 * 1024 + 1));
    let refused = hetzner.post("/servers", body).await;
    assert_eq!((refused.status, refused.code()), (422, "invalid_input"));
    let fields = refused.body["error"]["details"]["fields"].as_array().unwrap();
    let mut names: Vec<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["colour", "labels", "name", "user_data"]);
    for (field, value) in [
        ("server_type", "cx9000"),
        ("image", "plan9"),
        ("location", "moon1"),
        ("location", "ash"),
        ("server_type", "cx11"),
    ] {
        let mut body = server("web-1");
        body[field] = json!(value);
        let refused = hetzner.post("/servers", body).await;
        assert_eq!(refused.code(), "invalid_input", "{field}={value}");
        assert_eq!(refused.body["error"]["details"]["fields"][0]["name"], field);
    }
    assert!(hetzner.sim.world().counts().is_empty());
}

#[tokio::test]
async fn a_name_is_used_once() {
    let hetzner = Hetzner::start().await;
    hetzner.post("/servers", server("web-1")).await;
    let refused = hetzner.post("/servers", server("web-1")).await;
    assert_eq!((refused.status, refused.code()), (409, "uniqueness_error"));
    assert_eq!(refused.body["error"]["details"]["fields"][0]["name"], "name");
}

#[tokio::test]
async fn quota_and_capacity_have_their_own_errors() {
    let config = SimConfig { quotas: vec![(Kind::Host, 1)], ..SimConfig::default() };
    let hetzner = Hetzner::with(config).await;
    let until = hetzner.sim.clock().now() + jiff::SignedDuration::from_mins(5);
    hetzner.sim.world().drain_region("fsn1", until);
    let refused = hetzner.post("/servers", server("a")).await;
    assert_eq!((refused.status, refused.code()), (412, "resource_unavailable"));
    hetzner.pass_minutes(6);
    assert_eq!(hetzner.post("/servers", server("a")).await.status, 201);
    let refused = hetzner.post("/servers", server("b")).await;
    assert_eq!((refused.status, refused.code()), (403, "resource_limit_exceeded"));
    assert!(refused.body["error"]["details"]["limits"][0]["name"].is_string());
}

#[tokio::test]
async fn power_actions_change_the_status_in_time() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("web-1").await;
    let path = format!("/servers/{id}/actions/shutdown");
    let action = hetzner.post(&path, Value::Null).await;
    assert_eq!((action.status, &action.body["action"]["status"]), (201, &json!("running")));
    hetzner.sim.clock().jump(std::time::Duration::from_secs(2));
    assert_eq!(hetzner.status(id).await, "stopping");
    hetzner.pass_minutes(1);
    assert_eq!(hetzner.status(id).await, "off");
    for (verb, status) in [("poweron", "running"), ("reboot", "running"), ("reset", "running"), ("poweroff", "off")] {
        assert_eq!(hetzner.act(id, verb, Value::Null).await.status, 201, "{verb}");
        assert_eq!(hetzner.status(id).await, status, "{verb}");
    }
    let refused = hetzner.act(id, "reboot", Value::Null).await;
    assert_eq!(refused.code(), "unsupported_error");
}

#[tokio::test]
async fn a_resize_needs_the_server_off_and_starts_it_again() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("web-1").await;
    let wish = |kind: &str, upgrade: bool| json!({"server_type": kind, "upgrade_disk": upgrade});
    let refused = hetzner.act(id, "change_type", wish("cx32", false)).await;
    assert_eq!((refused.status, refused.code()), (422, "server_not_stopped"));
    hetzner.act(id, "poweroff", Value::Null).await;
    let refused = hetzner.act(id, "change_type", wish("cax21", false)).await;
    assert_eq!(refused.code(), "invalid_server_type");
    hetzner.act(id, "change_type", wish("cx32", false)).await;
    let resized = hetzner.get(&format!("/servers/{id}")).await.body;
    assert_eq!(resized["server"]["server_type"]["name"], "cx32");
    assert_eq!(resized["server"]["primary_disk_size"], 40);
    assert_eq!(resized["server"]["status"], "running");
    hetzner.act(id, "poweroff", Value::Null).await;
    hetzner.act(id, "change_type", wish("cx42", true)).await;
    hetzner.act(id, "poweroff", Value::Null).await;
    let refused = hetzner.act(id, "change_type", wish("cx22", false)).await;
    assert_eq!(refused.code(), "invalid_server_type");
}

#[tokio::test]
async fn protection_refuses_delete_and_rebuild() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("web-1").await;
    let half = hetzner.act(id, "change_protection", json!({"delete": true})).await;
    assert_eq!(half.code(), "invalid_input");
    let both = json!({"delete": true, "rebuild": true});
    assert_eq!(hetzner.act(id, "change_protection", both).await.status, 201);
    let refused = hetzner.delete(&format!("/servers/{id}")).await;
    assert_eq!((refused.status, refused.code()), (423, "protected"));
    let refused = hetzner.act(id, "rebuild", json!({"image": "debian-12"})).await;
    assert_eq!(refused.code(), "protected");
}

#[tokio::test]
async fn snapshots_outlive_their_server_and_backups_do_not() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("web-1").await;
    let early = hetzner.act(id, "create_image", json!({"type": "backup"})).await;
    assert_eq!(early.code(), "invalid_input");
    hetzner.act(id, "enable_backup", Value::Null).await;
    for kind in ["backup", "snapshot"] {
        let made = hetzner.act(id, "create_image", json!({"type": kind})).await;
        assert_eq!((made.status, &made.body["image"]["status"]), (201, &json!("creating")));
    }
    let images = hetzner.get(&format!("/images?bound_to={id}")).await.body;
    assert_eq!(images["images"].as_array().unwrap().len(), 1);
    hetzner.delete(&format!("/servers/{id}")).await;
    let images = hetzner.get("/images?type=snapshot&type=backup").await.body;
    let images = images["images"].as_array().unwrap();
    assert_eq!((images.len(), &images[0]["type"]), (1, &json!("snapshot")));
    let mut restored = server("web-2");
    restored["image"] = json!(images[0]["id"].to_string());
    assert_eq!(hetzner.post("/servers", restored).await.status, 201);
}

#[tokio::test]
async fn secrets_of_actions_are_made_anew_each_time() {
    let hetzner = Hetzner::start().await;
    let id = hetzner.running_server("web-1").await;
    let first = hetzner.act(id, "reset_password", Value::Null).await;
    let second = hetzner.act(id, "reset_password", Value::Null).await;
    assert_ne!(first.body["root_password"], second.body["root_password"]);
    let console = hetzner.act(id, "request_console", Value::Null).await;
    assert!(console.body["wss_url"].as_str().unwrap().starts_with("wss://"));
    let rescue = hetzner.act(id, "enable_rescue", json!({"type": "linux64"})).await;
    assert!(rescue.body["root_password"].is_string());
    let shown = hetzner.get(&format!("/servers/{id}")).await.body;
    assert_eq!(shown["server"]["rescue_enabled"], true);
}
