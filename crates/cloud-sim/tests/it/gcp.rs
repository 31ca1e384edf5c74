//! Compute Engine as a client meets it: operations, names, fingerprints, disks, rules.

use cloud_sim::SimConfig;
use cloud_world::{ActionError, Command, Kind};
use serde_json::{Value, json};

use crate::support::gcp::{Gcp, INSTANCES, ZONE, failure, instance, reason};

#[tokio::test]
async fn an_instance_runs_only_once_its_operation_is_done() {
    let gcp = Gcp::start().await;
    let started = gcp.post(INSTANCES, instance("a")).await;
    assert_eq!((started.status, &started.body["status"]), (200, &json!("PENDING")));
    assert_eq!(gcp.instance("a").await.body["status"], "PROVISIONING");
    let operation = format!("{ZONE}/operations/{}", started.body["name"].as_str().unwrap());
    gcp.pass_minutes(1);
    let ended = gcp.get(&operation).await.body;
    assert_eq!((&ended["status"], &ended["progress"]), (&json!("DONE"), &json!(100)));
    let shown = gcp.instance("a").await.body;
    assert_eq!((&shown["status"], &shown["id"]), (&json!("RUNNING"), &ended["targetId"]));
}

#[tokio::test]
async fn a_wait_is_answered_when_the_operation_ends() {
    let gcp = Gcp::with(SimConfig { speed: 1000.0, ..SimConfig::default() }).await;
    let started = gcp.post(INSTANCES, instance("a")).await.body;
    let wait = format!("{ZONE}/operations/{}/wait", started["name"].as_str().unwrap());
    assert_eq!(gcp.post(&wait, Value::Null).await.body["status"], "DONE");
}

#[tokio::test]
async fn a_wait_lasts_two_minutes_at_most() {
    let gcp = Gcp::with(SimConfig { speed: 1000.0, ..SimConfig::default() }).await;
    gcp.sim.world().timings.create = std::time::Duration::from_secs(3_600_000);
    let started = gcp.post(INSTANCES, instance("a")).await.body;
    let before = gcp.sim.clock().now();
    let wait = format!("{ZONE}/operations/{}/wait", started["name"].as_str().unwrap());
    assert_eq!(gcp.post(&wait, Value::Null).await.body["status"], "PENDING");
    assert!(gcp.sim.clock().now().duration_since(before).as_secs() >= 120);
}

#[tokio::test]
async fn operations_are_known_in_their_own_scope_only() {
    let gcp = Gcp::start().await;
    let started = gcp.post(INSTANCES, instance("a")).await.body;
    let name = started["name"].as_str().unwrap();
    assert_eq!(gcp.get(&format!("{ZONE}/operations/{name}")).await.status, 200);
    for scope in ["/global", "/regions/us-central1", "/zones/us-central1-b"] {
        let missing = gcp.get(&format!("{scope}/operations/{name}")).await;
        assert_eq!((missing.status, reason(&missing)), (404, "notFound"), "{scope}");
    }
}

#[tokio::test]
async fn a_request_id_makes_a_change_happen_once() {
    let gcp = Gcp::start().await;
    let path = format!("{INSTANCES}?requestId=7f3c1c1e-9f6c-4a55-9c1e-2f7a8f1d0001");
    let first = gcp.post(&path, instance("a")).await;
    let second = gcp.post(&path, instance("a")).await;
    assert_eq!(first.body["name"], second.body["name"]);
    assert_eq!(first.body["clientOperationId"], "7f3c1c1e-9f6c-4a55-9c1e-2f7a8f1d0001");
    let other = gcp.post(&path.replace("0001", "0002"), instance("a")).await;
    assert_eq!((other.status, reason(&other)), (409, "alreadyExists"));
    for wrong in ["00000000-0000-0000-0000-000000000000", "x"] {
        let refused = gcp.post(&format!("{INSTANCES}?requestId={wrong}"), instance("b")).await;
        assert_eq!((refused.status, reason(&refused)), (400, "invalid"), "{wrong}");
    }
    assert_eq!(gcp.sim.world().hosts.len(), 1);
}

#[tokio::test]
async fn names_are_unique_within_a_zone() {
    let gcp = Gcp::start().await;
    gcp.running("a").await;
    let mut elsewhere = instance("a");
    elsewhere["machineType"] = json!("zones/us-central1-b/machineTypes/e2-small");
    elsewhere["disks"][0]["initializeParams"]["diskType"] = json!("zones/us-central1-b/diskTypes/pd-ssd");
    let made = gcp.done("POST", "/zones/us-central1-b/instances", elsewhere).await;
    assert_eq!(failure(&made), "");
    assert_eq!(gcp.sim.world().hosts.named("a").count(), 2);
}

#[tokio::test]
async fn a_boot_disk_goes_with_its_instance_and_a_data_disk_stays() {
    let gcp = Gcp::start().await;
    let mut body = instance("a");
    let data = json!({"autoDelete": false, "initializeParams": {"diskName": "kept", "diskSizeGb": "30"}});
    body["disks"].as_array_mut().unwrap().push(data);
    gcp.done("POST", INSTANCES, body).await;
    let shown = gcp.instance("a").await.body;
    assert_eq!(shown["disks"].as_array().unwrap().len(), 2);
    gcp.done("DELETE", &format!("{INSTANCES}/a"), Value::Null).await;
    let left = gcp.get(&format!("{ZONE}/disks")).await.body;
    let names: Vec<&Value> = left["items"].as_array().unwrap().iter().map(|disk| &disk["name"]).collect();
    assert_eq!(names, ["kept"]);
    let counts = gcp.sim.world().counts();
    assert_eq!(counts.get(&Kind::Address), None, "the ephemeral address is gone");
}

#[tokio::test]
async fn an_operation_without_room_fails_in_its_zone_only_and_leaves_nothing() {
    let gcp = Gcp::start().await;
    let until = gcp.sim.clock().now() + jiff::SignedDuration::from_hours(1);
    gcp.sim.world().drain_region("us-central1-a", until);
    let ended = gcp.done("POST", INSTANCES, instance("a")).await;
    assert_eq!(failure(&ended), "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS");
    assert_eq!(ended["httpErrorStatusCode"], 503);
    let details = &ended["error"]["errors"][0]["errorDetails"][2]["errorInfo"]["metadatas"];
    assert!(details["zonesAvailable"].as_str().unwrap().contains("us-central1-b"), "{details}");
    assert_eq!(gcp.instance("a").await.status, 404);
    assert!(gcp.sim.world().counts().is_empty());
    let mut elsewhere = instance("a");
    elsewhere["machineType"] = json!("zones/us-central1-b/machineTypes/e2-small");
    elsewhere["disks"][0]["initializeParams"]["diskType"] = json!("zones/us-central1-b/diskTypes/pd-ssd");
    let made = gcp.done("POST", "/zones/us-central1-b/instances", elsewhere).await;
    assert_eq!(failure(&made), "");
}

#[tokio::test]
async fn a_creation_that_fails_late_leaves_nothing() {
    let gcp = Gcp::start().await;
    let error = ActionError { code: "INTERNAL_ERROR".to_owned(), message: "broken".to_owned() };
    gcp.sim.world().fail_next(Command::CreateHost, error);
    let ended = gcp.done("POST", INSTANCES, instance("a")).await;
    assert_eq!((failure(&ended), &ended["httpErrorStatusCode"]), ("INTERNAL_ERROR", &json!(500)));
    assert!(gcp.sim.world().counts().is_empty());
}

#[tokio::test]
async fn a_stale_fingerprint_changes_nothing() {
    let gcp = Gcp::start().await;
    let shown = gcp.running("a").await;
    let labels = |value: &str| json!({"labels": {"k": value}, "labelFingerprint": shown["labelFingerprint"]});
    let path = format!("{INSTANCES}/a/setLabels");
    gcp.done("POST", &path, labels("1")).await;
    let stale = gcp.post(&path, labels("2")).await;
    assert_eq!((stale.status, reason(&stale)), (412, "conditionNotMet"));
    for (verb, body) in [("setMetadata", json!({"items": []})), ("setTags", json!({"items": ["x"]}))] {
        let missing = gcp.post(&format!("{INSTANCES}/a/{verb}"), body).await;
        assert_eq!(reason(&missing), "conditionNotMet", "{verb}");
    }
    assert_eq!(gcp.instance("a").await.body["labels"], json!({"k": "1"}));
}

#[tokio::test]
async fn a_stopped_instance_gives_its_ephemeral_address_back() {
    let gcp = Gcp::start().await;
    let address = |shown: &Value| shown["networkInterfaces"][0]["accessConfigs"][0]["natIP"].clone();
    let first = address(&gcp.running("a").await);
    gcp.done("POST", &format!("{INSTANCES}/a/stop"), Value::Null).await;
    let stopped = gcp.instance("a").await.body;
    assert_eq!((&stopped["status"], address(&stopped)), (&json!("TERMINATED"), Value::Null));
    gcp.done("POST", &format!("{INSTANCES}/a/start"), Value::Null).await;
    let second = address(&gcp.instance("a").await.body);
    assert!(second.is_string() && second != first, "{second}");
}

#[tokio::test]
async fn a_reserved_address_stays_with_its_instance_and_has_no_labels_at_first() {
    let gcp = Gcp::start().await;
    let addresses = "/regions/us-central1/addresses";
    gcp.done("POST", addresses, json!({"name": "fixed", "labels": {"a": "b"}})).await;
    let fixed = gcp.get(&format!("{addresses}/fixed")).await.body;
    assert_eq!((&fixed["status"], &fixed["labels"]), (&json!("RESERVED"), &Value::Null));
    let mut body = instance("a");
    body["networkInterfaces"][0]["accessConfigs"][0]["natIP"] = fixed["address"].clone();
    gcp.done("POST", INSTANCES, body.clone()).await;
    body["name"] = json!("b");
    let taken = gcp.post(INSTANCES, body).await;
    assert_eq!((taken.status, reason(&taken)), (400, "invalid"));
    for verb in ["stop", "start"] {
        gcp.done("POST", &format!("{INSTANCES}/a/{verb}"), Value::Null).await;
        let shown = gcp.instance("a").await.body;
        assert_eq!(shown["networkInterfaces"][0]["accessConfigs"][0]["natIP"], fixed["address"], "after {verb}");
        let refused = gcp.delete(&format!("{addresses}/fixed")).await;
        assert_eq!((refused.status, reason(&refused)), (400, "resourceInUseByAnotherResource"));
    }
    gcp.done("DELETE", &format!("{INSTANCES}/a"), Value::Null).await;
    assert_eq!(gcp.get(&format!("{addresses}/fixed")).await.body["status"], "RESERVED", "it outlives its instance");
}

#[tokio::test]
async fn a_full_quota_of_addresses_is_told_at_once() {
    let gcp = Gcp::start().await;
    let until = gcp.sim.clock().now() + jiff::SignedDuration::from_mins(1);
    gcp.sim.world().fill_quota(Kind::Address, until);
    let refused = gcp.post("/regions/us-central1/addresses", json!({"name": "fixed"})).await;
    assert_eq!((refused.status, reason(&refused)), (403, "quotaExceeded"));
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("'STATIC_ADDRESSES'"));
}

#[tokio::test]
async fn an_instance_that_was_taken_away_has_an_operation_that_nobody_asked_for() {
    let gcp = Gcp::start().await;
    let mut body = instance("a");
    body["scheduling"] = json!({"provisioningModel": "SPOT"});
    gcp.done("POST", INSTANCES, body).await;
    let host = gcp.sim.world().hosts.iter().next().map(|host| host.id).unwrap();
    gcp.pass_minutes(1);
    gcp.sim.world().preempt_host(host, gcp.sim.clock().now()).unwrap();
    let shown = gcp.instance("a").await.body;
    assert_eq!(shown["status"], "TERMINATED");
    let filter = "filter=operationType%20%3D%20%22compute.instances.preempted%22";
    for _ in 0..2 {
        let listed = gcp.get(&format!("{ZONE}/operations?{filter}")).await.body;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "it is noted once");
        let noted = &listed["items"][0];
        assert_eq!((&noted["targetId"], &noted["user"]), (&shown["id"], &json!("system")));
        assert!(noted["insertTime"].as_str() > shown["lastStartTimestamp"].as_str());
    }
    gcp.done("POST", &format!("{INSTANCES}/a/start"), Value::Null).await;
    assert_eq!(gcp.instance("a").await.body["status"], "RUNNING");
}

#[tokio::test]
async fn a_busy_instance_is_not_ready_for_another_change() {
    let gcp = Gcp::start().await;
    gcp.running("a").await;
    gcp.post(&format!("{INSTANCES}/a/stop"), Value::Null).await;
    assert_eq!(gcp.instance("a").await.body["status"], "STOPPING");
    let refused = gcp.post(&format!("{INSTANCES}/a/start"), Value::Null).await;
    assert_eq!((refused.status, reason(&refused)), (400, "resourceNotReady"));
}

#[tokio::test]
async fn aggregated_pages_hold_everything_once() {
    let gcp = Gcp::start().await;
    for name in ["c", "a", "b", "e", "d"] {
        gcp.running(name).await;
    }
    let (mut names, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = gcp.get(&format!("/aggregated/instances?maxResults=2&pageToken={token}")).await.body;
        let scopes = page["items"].as_object().unwrap();
        assert_eq!(scopes["zones/us-east1-b"]["warning"]["code"], "NO_RESULTS_ON_PAGE");
        let shown = scopes["zones/us-central1-a"]["instances"].as_array().cloned().unwrap_or_default();
        names.extend(shown.iter().map(|one| one["name"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["nextPageToken"].as_str() else { break };
        next.clone_into(&mut token);
    }
    assert_eq!((names.join(""), pages), ("abcde".to_owned(), 3));
}

#[tokio::test]
async fn what_an_instance_may_not_be_is_refused_before_anything_is_made() {
    let gcp = Gcp::start().await;
    let cases: [(&str, Value, &str); 11] = [
        ("/name", json!("Web"), "invalid"),
        ("/colour", json!("red"), "parseError"),
        ("/machineType", json!("e2-small"), "invalid"),
        ("/machineType", json!("zones/us-central1-b/machineTypes/e2-small"), "invalid"),
        ("/machineType", json!("zones/us-central1-a/machineTypes/n4-standard-2"), "badRequest"),
        ("/machineType", json!("zones/us-central1-a/machineTypes/g2-standard-4"), "invalid"),
        ("/machineType", json!("zones/us-central1-a/machineTypes/t2a-standard-1"), "badRequest"),
        ("/labels", json!({"Big": "x"}), "invalid"),
        ("/networkInterfaces", json!([]), "invalid"),
        ("/scheduling", json!({"provisioningModel": "SPOT", "automaticRestart": true}), "invalid"),
        ("/metadata", json!({"items": [{"key": "a", "value": "x".repeat(262_145)}]}), "invalid"),
    ];
    for (field, value, wanted) in cases {
        let mut body = instance("a");
        body[&field[1..]] = value;
        let refused = gcp.post(INSTANCES, body).await;
        assert_eq!((refused.status, reason(&refused)), (400, wanted), "{field}: {:?}", refused.body);
    }
    assert!(gcp.sim.world().counts().is_empty());
}

#[tokio::test]
async fn the_newest_image_of_a_family_is_found_by_any_address() {
    let gcp = Gcp::start().await;
    for source in [
        "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/images/family/debian-12",
        "projects/debian-cloud/global/images/debian-12-bookworm-v20261101",
    ] {
        let mut body = instance("a");
        body["disks"][0]["initializeParams"]["sourceImage"] = json!(source);
        gcp.done("POST", INSTANCES, body).await;
        let disk = gcp.get(&format!("{ZONE}/disks/a")).await.body;
        let image = disk["sourceImage"].as_str().unwrap();
        assert!(image.ends_with("/debian-cloud/global/images/debian-12-bookworm-v20261101"), "{image}");
        gcp.done("DELETE", &format!("{INSTANCES}/a"), Value::Null).await;
    }
}

#[tokio::test]
async fn a_snapshot_can_be_made_of_a_running_disk_and_outlives_it() {
    let gcp = Gcp::start().await;
    gcp.running("a").await;
    let started = gcp.post(&format!("{ZONE}/disks/a/createSnapshot"), json!({"name": "s"})).await;
    assert_eq!(started.body["operationType"], "createSnapshot");
    assert_eq!(gcp.get("/global/snapshots/s").await.body["status"], "CREATING");
    gcp.pass_minutes(2);
    gcp.done("DELETE", &format!("{INSTANCES}/a"), Value::Null).await;
    assert_eq!(gcp.get("/global/snapshots/s").await.body["status"], "READY");
}

#[tokio::test]
async fn the_prices_of_all_machines_are_in_the_catalog_of_skus() {
    let gcp = Gcp::start().await;
    let page = gcp.get("/../v1/services/6F81-5844-456A/skus?pageSize=5").await.body;
    assert_eq!((page["skus"].as_array().unwrap().len(), &page["nextPageToken"]), (5, &json!("5")));
    let all = gcp.get("/../v1/services/6F81-5844-456A/skus").await.body;
    assert_eq!(all["nextPageToken"], "");
    let world = gcp.sim.world();
    let free =
        world.catalog.machines.iter().filter(|machine| machine.prices.values().any(|price| price.hourly.is_zero()));
    assert_eq!(free.map(|machine| machine.name.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[tokio::test]
async fn credentials_find_a_token_and_a_project_at_the_metadata_server() {
    let gcp = Gcp::with(SimConfig { token: Some("secret".to_owned()), ..SimConfig::default() }).await;
    let path = "/../computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(gcp.get(path).await.status, 403);
    let flavored = gcp.request("GET", path).header("Metadata-Flavor", "Google").send().await.unwrap();
    assert_eq!(flavored.json::<Value>().await.unwrap()["access_token"], "secret");
    let project = gcp.request("GET", "/../computeMetadata/v1/project/project-id").header("Metadata-Flavor", "Google");
    assert_eq!(project.send().await.unwrap().text().await.unwrap(), "simulated-project");
    let refused = gcp.get("/zones").await;
    assert_eq!((refused.status, reason(&refused)), (401, "required"));
}
