//! The exact requests behind each operation: method, path, query and body, as the simulator received them.

use std::sync::Arc;
use std::time::Duration;

use cloud_hetzner::{Config, Hetzner};
use cloud_sim::hetzner::Sim;
use cloud_sim::{Exchange, SimConfig};
use cloud_types::{
    CloudProvider, CloudProviderExt, DataDisk, GiB, HostSpec, HostState, Image, InboundPort, ListHosts, Machine,
    MachineTypeName, Name, Owner, PublicNetwork, Region, ResizeDisk, ScaledClock, StopMode, UserData, VolumeSpec, Wait,
};
use serde_json::{Value, json};

use crate::common;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

/// A provider on a simulator that writes down what it receives.
struct Recorded {
    provider: Hetzner,
    file: std::path::PathBuf,
    read: usize,
    _sim: Sim,
}

impl Recorded {
    async fn start(test: &str) -> Self {
        let file = std::env::temp_dir().join(format!("cloud-wire-{}-{test}.jsonl", std::process::id()));
        let _ = std::fs::remove_file(&file);
        let config = SimConfig { speed: common::SPEED, record: Some(file.clone()), ..SimConfig::default() };
        let sim = Sim::start(config).await.unwrap();
        let provider = Config::new("t")
            .endpoint(format!("{}/v1", sim.url()))
            .clock(Arc::new(ScaledClock::new(common::SPEED)))
            .deadline(Duration::from_secs(300))
            .owner(Owner::new("mine").unwrap())
            .build()
            .unwrap();
        Self { provider, file, read: 0, _sim: sim }
    }

    /// The requests since the last time, polls of actions left out.
    fn requests(&mut self) -> Vec<Exchange> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let new: Vec<Exchange> = text.lines().skip(self.read).map(exchange).collect();
        self.read += new.len();
        new.into_iter().filter(|exchange| exchange.path != "/actions").collect()
    }

    /// The requests since the last time as `METHOD path?query`.
    fn lines(&mut self) -> Vec<String> {
        self.requests().iter().map(line).collect()
    }

    /// A running host, made and waited for, with its requests forgotten.
    async fn running(&mut self, spec: &HostSpec) -> cloud_types::HostRuntime {
        let wait = Wait::within(Duration::from_secs(600));
        let host = self.provider.create_and_wait(spec, wait).await.unwrap();
        self.requests();
        host
    }

    async fn stopped(&mut self, spec: &HostSpec) -> cloud_types::HostRuntime {
        let host = self.running(spec).await;
        self.provider.stop_host(&host.id, StopMode::Hard).await.unwrap();
        let wait = Wait::within(Duration::from_secs(600));
        let host = self.provider.wait_for_state(&host.id, HostState::Stopped, wait).await.unwrap();
        self.requests();
        host
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// One recorded line, its path without the version.
fn exchange(line: &str) -> Exchange {
    let mut exchange: Exchange = serde_json::from_str(line).unwrap();
    exchange.path = exchange.path.strip_prefix("/v1").expect("every call goes to version 1").to_owned();
    exchange
}

fn line(exchange: &Exchange) -> String {
    let query: Vec<String> = exchange.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{}", exchange.method, exchange.path, query.join("&"))
}

fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).unwrap(), Region::new("fsn1").unwrap());
    HostSpec::new(name, region, Machine::named("cx22").unwrap(), Image::ubuntu("24.04"))
}

const CATALOG: [&str; 4] = [
    "GET /server_types?page=1&per_page=50",
    "GET /images?type=system&include_deprecated=true&sort=id:asc&page=1&per_page=50",
    "GET /pricing",
    "GET /locations?page=1&per_page=50",
];

#[tokio::test]
async fn a_plain_create_is_one_call_once_the_catalog_is_known() {
    let mut wire = Recorded::start("plain").await;
    let first = spec("web-1").label("role", "web").unwrap();
    wire.provider.create_host(&first).await.unwrap();
    let requests = wire.requests();
    let lines: Vec<String> = requests.iter().map(line).collect();
    assert_eq!(lines, [&CATALOG[..], &["POST /servers"]].concat());

    let body = &requests.last().unwrap().request_body;
    let image: Value = body["image"].clone();
    assert!(
        image.as_str().unwrap().parse::<u64>().is_ok(),
        "an image goes by its id, since names exist per architecture"
    );
    assert_eq!(body["labels"]["cloud-token"].as_str().unwrap().len(), 32);
    let expected = json!({
        "name": "web-1", "location": "fsn1", "server_type": "cx22", "image": image,
        "labels": {
            "role": "web", "cloud-owner": "mine", "cloud-name": "web-1",
            "cloud-spec": first.fingerprint().as_str(), "cloud-token": body["labels"]["cloud-token"],
            "cloud-call": body["labels"]["cloud-call"],
        },
        "public_net": {"enable_ipv4": true, "enable_ipv6": false},
        "automount": false, "start_after_create": true,
    });
    assert_eq!(*body, expected);

    wire.provider.create_host(&spec("web-2")).await.unwrap();
    assert_eq!(wire.lines(), ["POST /servers"]);
}

#[tokio::test]
async fn what_a_host_needs_is_made_before_it_and_goes_into_its_create() {
    let mut wire = Recorded::start("full").await;
    let full = spec("db")
        .ssh_key(KEY.parse().unwrap())
        .inbound(InboundPort::tcp(22).unwrap())
        .inbound("8000-8010/udp".parse::<InboundPort>().unwrap().from_source("192.0.2.0/24".parse().unwrap()))
        .data_disk(DataDisk::new(GiB(20)))
        .user_data(UserData::new("#cloud-config\n"))
        .public_network(PublicNetwork::BOTH);
    wire.provider.create_host(&full).await.unwrap();
    let requests = wire.requests();
    let lines: Vec<String> = requests.iter().map(line).collect();
    let mut expected = vec!["GET /servers?name=db"];
    expected.extend(CATALOG);
    expected.extend(["POST /ssh_keys", "POST /firewalls", "POST /volumes", "POST /servers"]);
    assert_eq!(lines, expected);

    let sent = |path: &str| &requests.iter().find(|one| one.method == "POST" && one.path == path).unwrap().request_body;
    assert_eq!(sent("/ssh_keys")["public_key"], KEY);
    assert_eq!(
        sent("/firewalls")["rules"],
        json!([
            {"direction": "in", "protocol": "tcp", "port": "22", "source_ips": ["0.0.0.0/0", "::/0"]},
            {"direction": "in", "protocol": "udp", "port": "8000-8010", "source_ips": ["192.0.2.0/24"]},
        ])
    );
    let volume = sent("/volumes");
    assert_eq!((&volume["size"], &volume["location"]), (&json!(20), &json!("fsn1")));
    assert_eq!(volume["labels"]["cloud-keep"], "false");
    let server = sent("/servers");
    assert_eq!(server["ssh_keys"], json!([sent("/ssh_keys")["name"]]));
    assert_eq!(server["firewalls"].as_array().unwrap().len(), 1);
    assert_eq!(server["volumes"].as_array().unwrap().len(), 1);
    assert_eq!(server["user_data"], "#cloud-config\n");
    assert_eq!(server["public_net"], json!({"enable_ipv4": true, "enable_ipv6": true}));
}

#[tokio::test]
async fn a_second_host_reuses_the_keys_and_firewall_of_the_first() {
    let mut wire = Recorded::start("shared").await;
    let shared = spec("one").ssh_key(KEY.parse().unwrap()).inbound(InboundPort::tcp(22).unwrap());
    wire.provider.create_host(&shared).await.unwrap();
    wire.requests();
    wire.provider.create_host(&shared.name(Name::new("two").unwrap())).await.unwrap();
    assert_eq!(wire.lines(), ["POST /servers"]);
}

#[tokio::test]
async fn reading_and_listing_are_one_call_each() {
    let mut wire = Recorded::start("read").await;
    let host = wire.running(&spec("web")).await;
    let id = &host.id;
    wire.provider.get_host(id).await.unwrap();
    wire.provider.list_hosts(&ListHosts::mine()).await.unwrap();
    wire.provider.list_hosts(&ListHosts::everyone().name(Name::new("web").unwrap())).await.unwrap();
    let expected = [
        format!("GET /servers/{id}"),
        "GET /servers?label_selector=cloud-owner=mine&page=1&per_page=50&sort=id:asc".to_owned(),
        "GET /servers?name=web&page=1&per_page=50&sort=id:asc".to_owned(),
    ];
    assert_eq!(wire.lines(), expected);
}

#[tokio::test]
async fn power_is_one_action_each() {
    let mut wire = Recorded::start("power").await;
    let host = wire.running(&spec("web")).await;
    let id = &host.id;
    wire.provider.restart_host(id).await.unwrap();
    assert_eq!(wire.lines(), [format!("GET /servers/{id}"), format!("POST /servers/{id}/actions/reboot")]);
    wire.provider.wait_for_state(id, HostState::Running, Wait::within(Duration::from_secs(600))).await.unwrap();
    wire.requests();
    wire.provider.stop_host(id, StopMode::Graceful).await.unwrap();
    assert_eq!(wire.lines(), [format!("GET /servers/{id}"), format!("POST /servers/{id}/actions/shutdown")]);
    wire.provider.wait_for_state(id, HostState::Stopped, Wait::within(Duration::from_secs(600))).await.unwrap();
    wire.requests();
    wire.provider.stop_host(id, StopMode::Hard).await.unwrap();
    assert_eq!(wire.lines(), [format!("GET /servers/{id}")], "it is off already");
    wire.provider.start_host(id).await.unwrap();
    assert_eq!(wire.lines(), [format!("POST /servers/{id}/actions/poweron")]);
    wire.provider.wait_for_state(id, HostState::Running, Wait::within(Duration::from_secs(600))).await.unwrap();
    wire.requests();
    wire.provider.console().unwrap().open_console(id).await.unwrap();
    assert_eq!(wire.lines(), [format!("POST /servers/{id}/actions/request_console")]);
}

#[tokio::test]
async fn a_resize_keeps_the_disk_unless_asked_to_grow_it() {
    let mut wire = Recorded::start("resize").await;
    for (name, disk, upgrade) in [("one", ResizeDisk::Keep, false), ("two", ResizeDisk::GrowForever, true)] {
        let host = wire.stopped(&spec(name)).await;
        let larger = MachineTypeName::new("cx32").unwrap();
        wire.provider.resize().unwrap().resize_host(&host.id, &larger, disk).await.unwrap();
        let requests = wire.requests();
        let change = requests.iter().find(|one| one.path.ends_with("change_type")).unwrap();
        assert_eq!(change.request_body, json!({"server_type": "cx32", "upgrade_disk": upgrade}));
        wire.provider.resize().unwrap().resize_host(&host.id, &larger, disk).await.unwrap();
        assert_eq!(wire.lines(), [format!("GET /servers/{}", host.id)], "it has that type already");
    }
}

#[tokio::test]
async fn a_snapshot_is_looked_for_before_and_after_it_is_taken() {
    let mut wire = Recorded::start("snapshot").await;
    let host = wire.stopped(&spec("web")).await;
    let name = Name::new("before-upgrade").unwrap();
    let taken = wire.provider.snapshots().unwrap().create_snapshot(&host.id, &name).await.unwrap();
    let look = "GET /images?type=snapshot&label_selector=cloud-owner=mine,cloud-name=before-upgrade&sort=id:asc&page=1&per_page=50";
    let requests = wire.requests();
    let create = format!("POST /servers/{}/actions/create_image", host.id);
    assert_eq!(requests.iter().map(line).collect::<Vec<_>>(), [look, &create, look]);
    let labels = json!({"cloud-owner": "mine", "cloud-name": "before-upgrade"});
    assert_eq!(
        requests[1].request_body,
        json!({"type": "snapshot", "description": "before-upgrade", "labels": labels})
    );
    wire.provider.wait_for_snapshot(&taken.id, Duration::from_secs(900)).await.unwrap();
    wire.requests();
    wire.provider.snapshots().unwrap().delete_snapshot(&taken.id).await.unwrap();
    assert_eq!(wire.lines(), [format!("DELETE /images/{}", taken.id)]);
}

#[tokio::test]
async fn volumes_and_keys_are_their_own_calls() {
    let mut wire = Recorded::start("volumes").await;
    let host = wire.running(&spec("web")).await;
    let volumes = wire.provider.clone();
    let volumes = volumes.volumes().unwrap();
    let wish = VolumeSpec::new(Name::new("data").unwrap(), Region::new("fsn1").unwrap(), GiB(10));
    let volume = volumes.create_volume(&wish).await.unwrap();
    let (id, server) = (volume.id.clone(), host.id.as_str().parse::<u64>().unwrap());
    volumes.attach_volume(&id, &host.id).await.unwrap();
    volumes.grow_volume(&id, GiB(12)).await.unwrap();
    volumes.detach_volume(&id).await.unwrap();
    volumes.delete_volume(&id).await.unwrap();
    let requests = wire.requests();
    let changes: Vec<(String, Value)> =
        requests.iter().filter(|one| one.method != "GET").map(|one| (line(one), one.request_body.clone())).collect();
    let labels = json!({"cloud-owner": "mine", "cloud-name": "data"});
    assert_eq!(
        changes,
        [
            ("POST /volumes".to_owned(), json!({"name": "data", "size": 10, "location": "fsn1", "labels": labels})),
            (format!("POST /volumes/{id}/actions/attach"), json!({"server": server, "automount": false})),
            (format!("POST /volumes/{id}/actions/resize"), json!({"size": 12})),
            (format!("POST /volumes/{id}/actions/detach"), Value::Null),
            (format!("DELETE /volumes/{id}"), Value::Null),
        ]
    );

    let keys = wire.provider.clone();
    let keys = keys.ssh_keys().unwrap();
    let key = keys.create_ssh_key(&Name::new("mine").unwrap(), &KEY.parse().unwrap()).await.unwrap();
    keys.list_ssh_keys().await.unwrap();
    keys.delete_ssh_key(&key.id).await.unwrap();
    assert_eq!(
        wire.lines(),
        [
            "POST /ssh_keys".to_owned(),
            "GET /ssh_keys?label_selector=cloud-owner=mine&sort=id:asc&page=1&per_page=50".to_owned(),
            format!("DELETE /ssh_keys/{}", key.id),
        ]
    );
}

#[tokio::test]
async fn deleting_a_plain_host_is_two_calls() {
    let mut wire = Recorded::start("delete").await;
    let host = wire.running(&spec("web")).await;
    wire.provider.delete_host(&host.id).await.unwrap();
    assert_eq!(wire.lines(), [format!("GET /servers/{}", host.id), format!("DELETE /servers/{}", host.id)]);
}

#[tokio::test]
async fn many_waiting_hosts_are_polled_together() {
    let mut wire = Recorded::start("together").await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(wire.provider.create_host(&spec(&format!("web-{number}"))).await.unwrap().into_host().id);
    }
    wire.requests();
    let before = wire.read;
    let waits = ids.iter().map(|id| wire.provider.wait_ready(id, Wait::within(Duration::from_secs(600))));
    for host in futures::future::join_all(waits).await {
        assert_eq!(host.unwrap().state, HostState::Running);
    }
    let text = std::fs::read_to_string(&wire.file).unwrap();
    let polls: Vec<Exchange> = text.lines().skip(before).map(exchange).collect();
    let alone = polls.iter().filter(|poll| poll.path.starts_with("/servers/")).count();
    assert!(alone <= 5, "hosts are read together, but {alone} of 30 were read alone");
    let asked = polls.iter().filter(|poll| poll.path == "/actions");
    let largest = asked.map(|poll| poll.query.iter().filter(|(name, _)| name == "id").count()).max();
    assert_eq!(largest, Some(25));
}
