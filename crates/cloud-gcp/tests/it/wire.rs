//! Each call as it goes over the wire: method, path, query and body.

use cloud_http::FakeTransport;
use cloud_types::{
    CloudProvider, CreateToken, Created, DataDisk, ErrorKind, GiB, HostId, HostState, Image, InboundPort, ListHosts,
    Machine, Pricing, PublicNetwork, ResizeDisk, StopMode, UserData,
};
use serde_json::{Value, json};

use crate::common::{
    aggregated, catalog, error, image, instance, line, lines, operation, reserving, script, scripted, spec,
};

const LOOK: &str = r#"GET projects/p/aggregated/instances?maxResults=500&filter=(labels.cloud-owner = "default") AND (name = "web-1")"#;
const INSTANCE: &str = "projects/p/zones/europe-west1-b/instances/4242";
const ADDRESSES: &str = "projects/p/regions/europe-west1/addresses";
/// Of the host `web-1` of the owner `default`.
const ADDRESS: &str = "projects/p/regions/europe-west1/addresses/web-1-ip-96603d4dfddd0a0c";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

/// A create on an empty project: the look, the catalog, the image, the insert, and the two looks after it.
fn creation(image_name: &str, between: Vec<Value>) -> Vec<Value> {
    let mut answers = vec![aggregated(&[])];
    answers.extend(catalog());
    answers.push(image(image_name));
    answers.extend(between);
    answers.push(operation("op-1", "RUNNING"));
    answers.push(instance("STAGING", &json!({"cloud-owner": "default", "cloud-name": "web-1"})));
    answers
}

#[tokio::test]
async fn a_plain_create_is_an_insert_between_two_looks() {
    let mut answers = creation("ubuntu-2404-noble-v1", vec![]);
    answers.push(aggregated(&[instance("STAGING", &json!({"cloud-owner": "default"}))]));
    let fake = script(answers);
    let wish = spec("web-1").label("role", "web").unwrap().create_token(CreateToken::new("stored-before").unwrap());
    let created = scripted(&fake).create_host(&wish).await.unwrap();
    assert!(matches!(&created, Created::New(host) if host.id.as_str() == "europe-west1-b/web-1/4242"));
    assert_eq!(
        lines(&fake),
        [
            LOOK,
            "GET projects/p/regions?maxResults=500",
            "GET projects/p/zones?maxResults=500",
            "GET projects/p/zones/europe-west1-b/machineTypes?maxResults=500",
            "GET projects/p/zones/europe-west1-b/acceleratorTypes?maxResults=500",
            "GET projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64",
            "POST projects/p/zones/europe-west1-b/instances",
            &format!("GET {INSTANCE}"),
            LOOK,
        ]
    );
    let insert = &fake.requests()[6];
    assert!(insert.target.contains("?requestId="));
    assert_eq!(insert.headers["authorization"], "Bearer t0k3n");
    let labels = json!({
        "role": "web", "cloud-owner": "default", "cloud-name": "web-1", "cloud-spec": wish.fingerprint().as_str(),
        "cloud-token": "stored-before", "cloud-call": insert.json()["labels"]["cloud-call"], "cloud-ssh-user": "ubuntu",
    });
    let expected = json!({
        "name": "web-1",
        "machineType": "zones/europe-west1-b/machineTypes/e2-small",
        "labels": labels,
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {
            "sourceImage": "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-v1", "diskSizeGb": "10",
            "diskType": "zones/europe-west1-b/diskTypes/pd-balanced",
            "labels": {"cloud-owner": "default", "cloud-name": "web-1", "cloud-use": "boot-disk"},
        }}],
        "networkInterfaces": [{"network": "global/networks/default",
            "accessConfigs": [{"name": "External NAT", "type": "ONE_TO_ONE_NAT"}]}],
    });
    assert_eq!(insert.json(), expected);
}

/// The host's address as it is read.
fn address(users: &Value) -> Value {
    let name = ADDRESS.rsplit_once('/').unwrap().1;
    json!({"id": "77", "name": name, "address": "203.0.113.9", "status": "RESERVED", "networkTier": "STANDARD",
        "description": "cloud-owner=default cloud-name=web-1 address of the host", "users": users,
        "region": "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1"})
}

/// An operation in the region.
fn regional(status: &str) -> Value {
    json!({"name": "op-address", "status": status, "operationType": "insert", "targetId": "77",
        "region": "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1"})
}

#[tokio::test]
async fn a_reserved_address_is_made_before_its_host_and_goes_after_it() {
    let between = vec![regional("RUNNING"), regional("DONE"), address(&json!([]))];
    let mut answers = creation("ubuntu-2404-noble-v1", between);
    let labels = json!({"cloud-owner": "default", "cloud-address": ADDRESS.rsplit_once('/').unwrap().1});
    let mut running = instance("RUNNING", &labels);
    running["networkInterfaces"][0]["accessConfigs"][0]["natIP"] = json!("203.0.113.9");
    let settled = answers.len() - 1;
    answers[settled] = running.clone();
    answers.push(aggregated(std::slice::from_ref(&running)));
    answers.extend([running, operation("op-2", "DONE"), address(&json!([])), regional("DONE")]);
    let fake = script(answers);
    let gcp = reserving(&fake);
    let host = gcp.create_host(&spec("web-1")).await.unwrap().into_host();
    assert_eq!(host.addresses.public_v4.unwrap().to_string(), "203.0.113.9");
    gcp.delete_host(&host.id).await.unwrap();
    assert_eq!(
        lines(&fake)[6..],
        [
            format!("POST {ADDRESSES}"),
            "GET projects/p/regions/europe-west1/operations/op-address".to_owned(),
            format!("GET {ADDRESS}"),
            "POST projects/p/zones/europe-west1-b/instances".to_owned(),
            format!("GET {INSTANCE}"),
            LOOK.to_owned(),
            format!("GET {INSTANCE}"),
            format!("DELETE {INSTANCE}"),
            format!("GET {ADDRESS}"),
            format!("DELETE {ADDRESS}"),
        ]
    );
    let requests = fake.requests();
    let made = json!({"name": ADDRESS.rsplit_once('/').unwrap().1, "addressType": "EXTERNAL",
        "description": "cloud-owner=default cloud-name=web-1 address of the host"});
    assert_eq!(requests[6].json(), made);
    let insert = requests[9].json();
    let access = json!([{"name": "External NAT", "type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.9",
        "networkTier": "STANDARD"}]);
    assert_eq!(insert["networkInterfaces"][0]["accessConfigs"], access);
    assert_eq!(insert["labels"]["cloud-address"], made["name"]);
}

#[tokio::test]
async fn an_address_that_was_reserved_before_is_used() {
    let mut answers = creation("ubuntu-2404-noble-v1", vec![]);
    let insert = answers.split_off(6);
    let mut running = instance("RUNNING", &json!({"cloud-owner": "default"}));
    running["networkInterfaces"][0]["accessConfigs"][0]["natIP"] = json!("203.0.113.9");
    let fake = script(answers)
        .answer(409, error(409, "alreadyExists", "taken"))
        .answer(200, address(&json!([])).to_string())
        .answer(200, insert[0].to_string())
        .answer(200, running.to_string())
        .answer(200, aggregated(&[]).to_string());
    reserving(&fake).create_host(&spec("web-1")).await.unwrap();
    assert_eq!(fake.left(), 0);
    let access = &fake.requests()[8].json()["networkInterfaces"][0]["accessConfigs"][0];
    assert_eq!(access["natIP"], "203.0.113.9");
}

#[tokio::test]
async fn an_address_that_a_newer_host_has_stays_with_it() {
    let labels = json!({"cloud-owner": "default", "cloud-address": ADDRESS.rsplit_once('/').unwrap().1});
    let user = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-c/instances/web-1";
    let mut newer = instance("RUNNING", &labels);
    newer["id"] = json!("5151");
    let fake = script([instance("RUNNING", &labels), operation("op", "DONE"), address(&json!([user])), newer]);
    scripted(&fake).delete_host(&HostId::new("europe-west1-b/web-1/4242")).await.unwrap();
    let lines = lines(&fake);
    let [.., address, user] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(*address, format!("GET {ADDRESS}"));
    assert_eq!(user, "GET projects/p/zones/europe-west1-c/instances/web-1");
    assert_eq!(fake.left(), 0);
}

#[tokio::test]
async fn everything_that_a_spec_asks_for_goes_into_the_insert() {
    let done = json!({"name": "fw", "status": "DONE"});
    let mut answers = creation("debian-12-bookworm-v1", vec![json!({"items": {}}), done.clone(), done]);
    let rule = json!({"name": "x"});
    answers.extend([aggregated(&[]), rule.clone(), rule]);
    let fake = script(answers);
    let mut full = spec("web-1")
        .ssh_key(KEY.parse().unwrap())
        .inbound(InboundPort::tcp(22).unwrap())
        .data_disk(DataDisk::new(GiB(20)).keep())
        .boot_disk_size(GiB(30))
        .user_data(UserData::new("#!/bin/sh\necho hello"))
        .public_network(PublicNetwork::NONE)
        .pricing(Pricing::Spot);
    full.image = Image::debian("12");
    full.machine = Machine::named("n1-standard-4:nvidia-tesla-t4:2").unwrap();
    scripted(&fake).create_host(&full).await.unwrap();

    let requests = fake.requests();
    let sent: Vec<&_> = requests.iter().filter(|one| one.method == "POST").collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(line(sent[0]), "POST projects/p/global/firewalls");
    let (deny, allow, insert) = (sent[0].json(), sent[1].json(), sent[2].json());
    let tag = deny["targetTags"][0].clone();
    assert_eq!(
        (&deny["denied"], &deny["priority"], &deny["sourceRanges"]),
        (&json!([{"IPProtocol": "all"}]), &json!(1000), &json!(["0.0.0.0/0"]))
    );
    assert_eq!(
        (&allow["allowed"], &allow["priority"], &allow["targetTags"]),
        (&json!([{"IPProtocol": "tcp", "ports": ["22"]}]), &json!(900), &json!([tag]))
    );
    assert_eq!((&insert["tags"]["items"][0], &insert["labels"]["cloud-firewall"]), (&tag, &tag));
    assert_eq!(insert["machineType"], "zones/europe-west1-b/machineTypes/n1-standard-4");
    let gpus =
        json!([{"acceleratorType": "zones/europe-west1-b/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 2}]);
    assert_eq!(insert["guestAccelerators"], gpus);
    let scheduling = json!({"provisioningModel": "SPOT", "instanceTerminationAction": "STOP",
        "onHostMaintenance": "TERMINATE", "automaticRestart": false});
    assert_eq!(insert["scheduling"], scheduling);
    assert_eq!(insert["networkInterfaces"][0]["accessConfigs"], json!([]));
    assert_eq!(insert["disks"][0]["initializeParams"]["diskSizeGb"], "30");
    let data = &insert["disks"][1];
    assert_eq!((&data["boot"], &data["autoDelete"]), (&json!(false), &json!(false)));
    assert_eq!(data["initializeParams"]["diskSizeGb"], "20");
    assert_eq!(data["initializeParams"]["diskName"], data["deviceName"]);
    assert_eq!(data["initializeParams"]["labels"]["cloud-keep"], "true");
    let items = insert["metadata"]["items"].as_array().unwrap();
    let value = |key: &str| items.iter().find(|item| item["key"] == key).unwrap()["value"].as_str().unwrap().to_owned();
    assert_eq!(value("ssh-keys"), format!("debian:{KEY}"));
    assert!(value("startup-script").contains("#!/bin/sh\necho hello"));
}

#[tokio::test]
async fn a_failed_operation_is_the_creates_error_and_another_zone_is_tried_first() {
    let failed = json!({"name": "op-1", "status": "DONE", "operationType": "insert", "zone": "zones/europe-west1-b",
        "httpErrorStatusCode": 503, "error": {"errors": [{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "none left"}]}});
    let mut answers = creation("ubuntu-2404-noble-v1", vec![]);
    answers.truncate(answers.len() - 1);
    let fake = script(answers).answer(404, error(404, "notFound", "no instance")).answer(200, failed.to_string());
    let refused = scripted(&fake).create_host(&spec("web-1")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::NoCapacity, Some("ZONE_RESOURCE_POOL_EXHAUSTED")));
    assert_eq!(
        lines(&fake).last().unwrap(),
        "GET projects/p/zones/europe-west1-b/operations/op-1",
        "who waits alone asks for its operation by name"
    );
}

#[tokio::test]
async fn a_name_that_is_taken_in_the_zone_is_looked_at() {
    let wish = spec("web-1");
    for (labels, kind) in [
        (json!({"cloud-owner": "default", "cloud-spec": wish.fingerprint().as_str()}), None),
        (json!({"cloud-owner": "default", "cloud-spec": "another"}), Some(ErrorKind::AlreadyExists)),
        (json!({"cloud-owner": "somebody"}), Some(ErrorKind::AlreadyExists)),
    ] {
        let mut answers = creation("ubuntu-2404-noble-v1", vec![]);
        answers.truncate(answers.len() - 2);
        let fake = script(answers)
            .answer(409, error(409, "alreadyExists", "taken"))
            .answer(200, instance("RUNNING", &labels).to_string())
            .answer(200, aggregated(&[]).to_string());
        let created = scripted(&fake).create_host(&wish).await;
        match kind {
            None => assert!(matches!(created.unwrap(), Created::Existing(_))),
            Some(kind) => assert_eq!(created.unwrap_err().kind(), kind),
        }
        let lines = lines(&fake);
        let [.., there, older] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((there.as_str(), older.as_str()), ("GET projects/p/zones/europe-west1-b/instances/web-1", LOOK));
    }
}

/// User data is up to 255 KiB a host: with it a page of 500 would be larger than any answer that is taken.
#[tokio::test]
async fn a_list_asks_for_no_user_data() {
    let fake = script([aggregated(&[])]);
    scripted(&fake).list_hosts(&ListHosts::mine()).await.unwrap();
    let [request] = &fake.requests()[..] else { panic!("one request") };
    let fields = request.target.split('&').find_map(|part| part.strip_prefix("fields=")).unwrap();
    assert!(fields.contains("nextPageToken") && fields.contains("instances%28id%2Cname"), "{fields}");
    assert!(!fields.contains("metadata"), "{fields}");
}

#[tokio::test]
async fn reading_and_listing_are_one_call_each() {
    let labels = json!({"cloud-owner": "default", "role": "web", "cloud-ssh-user": "ubuntu"});
    let page = json!({"items": {"zones/europe-west1-b": {"instances": [instance("TERMINATED", &labels)]}}, "nextPageToken": "more"});
    let fake = script([instance("RUNNING", &labels), page, json!({"items": {}})]);
    let gcp = scripted(&fake);
    let host = gcp.get_host(&HostId::new("europe-west1-b/web-1/4242")).await.unwrap();
    assert_eq!((&host.state, host.machine_type.as_str()), (&HostState::Running, "e2-small"));
    assert_eq!((host.region.as_str(), host.zone.as_ref().unwrap().as_str()), ("europe-west1", "europe-west1-b"));
    assert_eq!(host.addresses.public_v4.unwrap().to_string(), "203.0.113.7");
    assert_eq!(host.addresses.private_v4.unwrap().to_string(), "10.132.0.2");
    assert_eq!((host.ssh_user.as_str(), host.labels.len()), ("ubuntu", 1));
    assert_eq!(host.created_at.unwrap().to_string(), "2026-11-21T09:02:03.456Z");
    let first = gcp.list_hosts(&ListHosts::mine()).await.unwrap();
    assert_eq!(first.hosts[0].state, HostState::Stopped);
    gcp.list_hosts(&ListHosts::everyone().page(first.next.unwrap())).await.unwrap();
    assert_eq!(
        lines(&fake),
        [
            format!("GET {INSTANCE}"),
            r#"GET projects/p/aggregated/instances?maxResults=500&filter=(labels.cloud-owner = "default")"#.to_owned(),
            "GET projects/p/aggregated/instances?maxResults=500&pageToken=more".to_owned(),
        ]
    );
}

#[tokio::test]
async fn an_id_of_a_host_that_was_replaced_is_not_found() {
    let fake = script([instance("RUNNING", &json!({}))]);
    let read = scripted(&fake).get_host(&HostId::new("europe-west1-b/web-1/77")).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn power_is_a_read_and_a_change() {
    let id = HostId::new("europe-west1-b/web-1");
    let (on, off) = (instance("RUNNING", &json!({})), instance("TERMINATED", &json!({})));
    let begun = operation("op", "RUNNING");
    let fake = script([
        on.clone(),
        begun.clone(),
        on.clone(),
        begun.clone(),
        off.clone(),
        off,
        begun.clone(),
        on.clone(),
        on,
        begun,
    ]);
    let gcp = scripted(&fake);
    gcp.stop_host(&id, StopMode::Graceful).await.unwrap();
    gcp.stop_host(&id, StopMode::Hard).await.unwrap();
    gcp.stop_host(&id, StopMode::Hard).await.unwrap();
    gcp.start_host(&id).await.unwrap();
    gcp.start_host(&id).await.unwrap();
    gcp.restart_host(&id).await.unwrap();
    let changes: Vec<String> = lines(&fake).into_iter().filter(|line| line.starts_with("POST")).collect();
    let expected = ["stop", "stop?noGracefulShutdown=true", "start", "reset"];
    assert_eq!(changes, expected.map(|verb| format!("POST {INSTANCE}/{verb}")));
    assert_eq!(fake.left(), 0);
}

#[tokio::test]
async fn a_resize_waits_for_its_operation() {
    let mut answers = vec![instance("TERMINATED", &json!({}))];
    answers.extend(catalog());
    answers.push(operation("op", "DONE"));
    let fake = script(answers);
    let larger = cloud_types::MachineTypeName::new("n1-standard-4").unwrap();
    let id = HostId::new("europe-west1-b/web-1/4242");
    scripted(&fake).resize().unwrap().resize_host(&id, &larger, ResizeDisk::Keep).await.unwrap();
    let last = fake.requests().pop().unwrap();
    assert_eq!(line(&last), format!("POST {INSTANCE}/setMachineType"));
    assert_eq!(last.json(), json!({"machineType": "zones/europe-west1-b/machineTypes/n1-standard-4"}));
}

#[tokio::test]
async fn deleting_a_plain_host_is_two_calls_and_a_missing_one_sweeps_what_it_left() {
    let fake = script([instance("RUNNING", &json!({"cloud-owner": "default"})), operation("op", "RUNNING")])
        .answer(404, error(404, "notFound", "gone"))
        .answer(404, error(404, "notFound", "no address"))
        .answer(200, json!({"kind": "compute#firewallList"}).to_string());
    let gcp = scripted(&fake);
    let id = HostId::new("europe-west1-b/web-1/4242");
    gcp.delete_host(&id).await.unwrap();
    gcp.delete_host(&id).await.unwrap();
    gcp.delete_host(&HostId::new("another provider's")).await.unwrap();
    assert_eq!(
        lines(&fake),
        [
            format!("GET {INSTANCE}"),
            format!("DELETE {INSTANCE}"),
            format!("GET {INSTANCE}"),
            format!("GET {ADDRESS}"),
            "GET projects/p/global/firewalls?maxResults=500".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_last_host_takes_its_rules_along_and_gives_them_back_where_another_has_come() {
    let tag = "cloud-0123456789abcdef";
    let labels = json!({"cloud-owner": "default", "cloud-firewall": tag});
    let rule = |suffix: &str, kind: &str| json!({"name": format!("{tag}-{suffix}"), "description": "cloud-owner=default x", "targetTags": [tag], kind: [{"IPProtocol": "all"}]});
    let other = json!({"name": "default-allow-ssh", "description": "by hand", "targetTags": [tag]});
    let mut newcomer = instance("RUNNING", &labels);
    newcomer["id"] = json!("5151");
    let done = json!({"name": "fw", "status": "DONE"});
    let fake = script([
        instance("RUNNING", &labels),
        operation("op", "DONE"),
        aggregated(&[instance("STOPPING", &labels)]),
        json!({"items": [rule("deny", "denied"), rule("allow-0", "allowed"), other]}),
        done.clone(),
        done.clone(),
        aggregated(std::slice::from_ref(&newcomer)),
        newcomer,
        done.clone(),
        done,
    ]);
    scripted(&fake).delete_host(&HostId::new("europe-west1-b/web-1/4242")).await.unwrap();
    let lines = lines(&fake);
    assert_eq!(
        lines[4..6],
        [
            format!("DELETE projects/p/global/firewalls/{tag}-allow-0"),
            format!("DELETE projects/p/global/firewalls/{tag}-deny")
        ]
    );
    assert_eq!(fake.requests()[8].json()["name"], format!("{tag}-deny"), "first what shuts, then what opens");
    assert_eq!(fake.left(), 0);
}

#[tokio::test]
async fn a_stale_fingerprint_is_read_again() {
    let disk = |fingerprint: &str| {
        json!({"id": "9", "name": "web-1-data-x", "zone": "zones/europe-west1-b", "sizeGb": "20", "status": "READY",
            "selfLink": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/disks/web-1-data-x",
            "labels": {"mine": "too"}, "labelFingerprint": fingerprint})
    };
    let mut answers = vec![aggregated(&[])];
    answers.extend(catalog());
    answers.push(image("ubuntu-2404-noble-v1"));
    answers.push(json!({"items": {"zones/europe-west1-b": {"disks": [disk("old")]}}}));
    let labels = json!({"cloud-owner": "default"});
    let fake = script(answers)
        .answer(200, operation("op-1", "RUNNING").to_string())
        .answer(200, instance("STAGING", &labels).to_string())
        .answer(200, aggregated(&[]).to_string())
        .answer(412, error(412, "conditionNotMet", "Labels fingerprint either invalid or resource labels have changed"))
        .answer(200, disk("new").to_string())
        .answer(200, operation("op-labels", "DONE").to_string());
    let wish = spec("web-1").data_disk(DataDisk::new(GiB(20)));
    scripted(&fake).create_host(&wish).await.unwrap();
    let requests = fake.requests();
    let changes: Vec<&_> = requests.iter().filter(|one| one.target.contains("setLabels")).collect();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[1].json()["labelFingerprint"], "new");
    assert_eq!(changes[1].json()["labels"]["mine"], "too");
    let insert = requests.iter().find(|one| one.method == "POST" && one.target.contains("/instances?")).unwrap().json();
    assert_eq!(insert["disks"][1]["source"], "projects/p/zones/europe-west1-b/disks/web-1-data-x");
    assert_eq!(insert["disks"][1]["autoDelete"], true);
}

#[tokio::test]
async fn a_list_that_leads_back_or_is_none_is_an_error() {
    let again = json!({"items": {}, "nextPageToken": "same"});
    let fake = script([again.clone(), again]);
    let listed = scripted(&fake).sweep().unwrap().list_resources().await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Unexpected);
    let fake = (0..4).fold(FakeTransport::new(), |fake, _| fake.answer(200, r#"{"message": "please log in"}"#));
    let listed = scripted(&fake).list_hosts(&ListHosts::mine()).await;
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Unexpected);
}
