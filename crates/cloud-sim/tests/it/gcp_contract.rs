//! Every call and every answer of the Compute Engine face against Google's discovery documents.

use std::path::{Path, PathBuf};

use cloud_sim::contract::{Contract, discovery};
use cloud_sim::gcp::contract::DEVIATIONS;
use cloud_sim::{Exchange, Fault, FaultRule, SimConfig, When};
use cloud_world::Kind;
use serde_json::{Value, json};

use crate::support::gcp::{Gcp, INSTANCES, ZONE, failure, instance};

#[tokio::test]
async fn every_exchange_is_as_described() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let mut documents = Vec::new();
    for name in ["gcp.compute.discovery.json", "gcp.cloudbilling.discovery.json"] {
        let Ok(document) = std::fs::read(shared.join(name)) else {
            println!("skipped: the description of the API is not here");
            return;
        };
        documents.push(serde_json::from_slice(&document).unwrap());
    }
    let mut contract = Contract::new(discovery::openapi(&documents), DEVIATIONS).unwrap();

    let record = record_file();
    let config = SimConfig { record: Some(record.clone()), ..SimConfig::default() };
    drive(&Gcp::with(config).await).await;

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
    assert!(exchanges.len() > 80, "only {} exchanges", exchanges.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_an_unknown_field_is_found(&mut contract, &exchanges);
}

fn assert_an_unknown_field_is_found(contract: &mut Contract, exchanges: &[Exchange]) {
    let is_instance = |one: &&Exchange| one.path_template.ends_with("/instances/{instance}") && one.method == "GET";
    let mut spoiled = exchanges.iter().find(is_instance).expect("an instance was read").clone();
    spoiled.response_body["networkInterfaces"][0]["netwrok"] = json!("x");
    assert_eq!(contract.check(&spoiled).len(), 1);
    spoiled.response_body["id"] = json!(17);
    assert_eq!(contract.check(&spoiled).len(), 2);
}

fn record_file() -> PathBuf {
    let name = format!("gcp-exchanges-{}.jsonl", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

async fn drive(gcp: &Gcp) {
    read_the_catalog(gcp).await;
    live_through_an_instance(gcp).await;
    disks_and_snapshots(gcp).await;
    firewalls_and_addresses(gcp).await;
    errors(gcp).await;
    for path in ["/aggregated/operations", "/zones/us-central1-a/operations", "/global/operations?maxResults=2"] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
    assert_eq!(gcp.get("/regions/us-central1/operations?orderBy=creationTimestamp%20desc").await.status, 200);
}

async fn read_the_catalog(gcp: &Gcp) {
    for path in [
        "",
        "/zones",
        "/zones/us-central1-a",
        "/regions?maxResults=2",
        "/regions/europe-west4",
        "/zones/us-central1-a/machineTypes?filter=guestCpus%20%3E%208",
        "/zones/us-central1-a/machineTypes/a3-highgpu-8g",
        "/aggregated/machineTypes?maxResults=7",
        "/zones/us-central1-a/acceleratorTypes",
        "/zones/us-central1-a/acceleratorTypes/nvidia-l4",
        "/aggregated/acceleratorTypes",
        "/../compute/v1/projects/debian-cloud/global/images",
        "/../compute/v1/projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-arm64",
        "/../compute/v1/projects/debian-cloud/global/images/debian-12-bookworm-v20261001",
        "/../v1/services/6F81-5844-456A/skus?pageSize=50&currencyCode=USD",
    ] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
}

async fn live_through_an_instance(gcp: &Gcp) {
    let mut body = instance("web-1");
    body["labels"] = json!({"env": "prod"});
    body["tags"] = json!({"items": ["web"]});
    body["metadata"] = json!({"items": [{"key": "startup-script", "value": "#!/bin/sh"}]});
    body["scheduling"] = json!({"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"});
    body["serviceAccounts"] = json!([{"email": "default", "scopes": []}]);
    body["networkInterfaces"][0]["ipv6AccessConfigs"] = json!([{"type": "DIRECT_IPV6"}]);
    let id = "?requestId=7f3c1c1e-9f6c-4a55-9c1e-2f7a8f1d0001";
    let inserted = gcp.post(&format!("{INSTANCES}{id}"), body).await;
    let operation = inserted.body["name"].as_str().expect("an operation").to_owned();
    gcp.get(&format!("{INSTANCES}/web-1")).await;
    gcp.pass_minutes(1);
    let wait = gcp.post(&format!("{ZONE}/operations/{operation}/wait"), Value::Null).await;
    assert_eq!(wait.body["status"], "DONE");
    let shown = gcp.instance("web-1").await.body;
    assert_eq!(shown["status"], "RUNNING");
    for path in [INSTANCES, "/aggregated/instances?filter=labels.env%3Dprod"] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
    assert_eq!(gcp.get(&format!("{INSTANCES}/web-1/serialPort?port=1&start=3")).await.status, 200);
    let act = async |verb: &str, body: Value| gcp.done("POST", &format!("{INSTANCES}/web-1/{verb}"), body).await;
    act("setLabels", json!({"labels": {"env": "dev"}, "labelFingerprint": shown["labelFingerprint"]})).await;
    act("setMetadata", json!({"fingerprint": shown["metadata"]["fingerprint"]})).await;
    act("setTags", json!({"items": ["a"], "fingerprint": shown["tags"]["fingerprint"]})).await;
    act("suspend", Value::Null).await;
    assert_eq!(gcp.instance("web-1").await.body["status"], "SUSPENDED");
    act("resume", Value::Null).await;
    act("reset", Value::Null).await;
    act("stop", Value::Null).await;
    let machine = "projects/p/zones/us-central1-a/machineTypes/e2-standard-2";
    act("setMachineType", json!({"machineType": machine})).await;
    act("start", Value::Null).await;
    act("setDeletionProtection?deletionProtection=true", Value::Null).await;
    let refused = gcp.delete(&format!("{INSTANCES}/web-1")).await;
    assert_eq!(refused.status, 400);
    act("setDeletionProtection?deletionProtection=false", Value::Null).await;
    act("setDiskAutoDelete?autoDelete=true&deviceName=persistent-disk-0", Value::Null).await;
}

async fn disks_and_snapshots(gcp: &Gcp) {
    let disks = format!("{ZONE}/disks");
    let body =
        json!({"name": "data", "sizeGb": "20", "type": "zones/us-central1-a/diskTypes/pd-ssd", "labels": {"a": "b"}});
    gcp.done("POST", &disks, body).await;
    let attach = format!("{INSTANCES}/web-1/attachDisk");
    gcp.done("POST", &attach, json!({"source": "zones/us-central1-a/disks/data", "deviceName": "data"})).await;
    gcp.done("POST", &format!("{disks}/data/resize"), json!({"sizeGb": "30"})).await;
    gcp.done("POST", &format!("{disks}/web-1/createSnapshot"), json!({"name": "snap-1", "labels": {"a": "b"}})).await;
    let global = json!({"name": "snap-2", "sourceDisk": "projects/p/zones/us-central1-a/disks/data"});
    gcp.done("POST", "/global/snapshots", global).await;
    let shown = gcp.get(&format!("{disks}/data")).await.body;
    let labels = json!({"labels": {}, "labelFingerprint": shown["labelFingerprint"]});
    gcp.done("POST", &format!("{disks}/data/setLabels"), labels).await;
    let mut restored = instance("restored");
    let parameters = &mut restored["disks"][0]["initializeParams"];
    parameters["sourceSnapshot"] = json!("global/snapshots/snap-1");
    parameters.as_object_mut().expect("an object").remove("sourceImage");
    gcp.done("POST", INSTANCES, restored).await;
    for path in [disks.as_str(), "/aggregated/disks", "/global/snapshots", "/global/snapshots/snap-1"] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
    gcp.done("POST", &format!("{INSTANCES}/web-1/detachDisk?deviceName=data"), Value::Null).await;
    gcp.done("DELETE", &format!("{disks}/data"), Value::Null).await;
    gcp.done("DELETE", "/global/snapshots/snap-1", Value::Null).await;
}

async fn firewalls_and_addresses(gcp: &Gcp) {
    let rule =
        json!({"name": "web", "allowed": [{"IPProtocol": "tcp", "ports": ["22", "80-443"]}], "targetTags": ["web"]});
    gcp.done("POST", "/global/firewalls", rule).await;
    gcp.done("PATCH", "/global/firewalls/web", json!({"allowed": [{"IPProtocol": "icmp"}]})).await;
    for path in ["/global/firewalls", "/global/firewalls/web"] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
    gcp.done("DELETE", "/global/firewalls/web", Value::Null).await;

    let addresses = "/regions/us-central1/addresses";
    gcp.done("POST", addresses, json!({"name": "fixed", "description": "of web-2"})).await;
    let shown = gcp.get(&format!("{addresses}/fixed")).await.body;
    let labels = json!({"labels": {"c": "d"}, "labelFingerprint": shown["labelFingerprint"]});
    gcp.done("POST", &format!("{addresses}/fixed/setLabels"), labels).await;
    let mut body = instance("web-2");
    body["networkInterfaces"][0]["accessConfigs"][0]["natIP"] = shown["address"].clone();
    gcp.done("POST", INSTANCES, body).await;
    assert_eq!(gcp.get(&format!("{addresses}/fixed")).await.body["status"], "IN_USE");
    assert_eq!(gcp.delete(&format!("{addresses}/fixed")).await.status, 400);
    for path in [addresses, "/aggregated/addresses"] {
        assert_eq!(gcp.get(path).await.status, 200, "{path}");
    }
    gcp.done("DELETE", &format!("{INSTANCES}/web-2"), Value::Null).await;
    gcp.done("DELETE", &format!("{addresses}/fixed"), Value::Null).await;
}

async fn errors(gcp: &Gcp) {
    assert_eq!(gcp.instance("none").await.status, 404);
    assert_eq!(gcp.post(INSTANCES, instance("web-1")).await.status, 409);
    assert_eq!(gcp.post(INSTANCES, instance("Web")).await.status, 400);
    assert_eq!(gcp.get("/zones?pageToken=xyz").await.status, 400);
    for status in [403, 429, 429, 429, 429, 500, 502, 503, 504] {
        gcp.sim.inject(FaultRule::once(Fault::Status(status, When::Before), "GET", "/projects/{project}/zones"));
        assert!(gcp.get("/zones").await.status >= 403);
    }
    let path = "/projects/{project}/zones/{zone}/instances";
    gcp.sim.inject(FaultRule::once(Fault::NoCapacity(20.0), "POST", path));
    let full = gcp.done("POST", INSTANCES, instance("no-room")).await;
    assert_eq!(failure(&full), "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS");
    gcp.sim.world().quotas.insert(Kind::Host, 0);
    let full = gcp.done("POST", INSTANCES, instance("no-quota")).await;
    assert_eq!(failure(&full), "QUOTA_EXCEEDED");
    gcp.sim.world().quotas.clear();
}
