//! What this crate sends and reads, against Google's own description of it, and answers that nobody would give.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::convert;

fn described(file: &str) -> Option<Value> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs").join(file);
    match std::fs::read(path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: the description of the API is not beside this checkout");
            None
        }
    }
}

/// Whether a value is one of the schema: every field is described, and of its type; fails with the first that is not.
fn conforms(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return conforms(document, &document["schemas"][name], value, at);
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Object(fields)) => {
            for (key, field) in fields {
                let known = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
                let known = known.unwrap_or_else(|| panic!("{at}.{key} is not described"));
                conforms(document, known, field, &format!("{at}.{key}"));
            }
        }
        ("array", Value::Array(items)) => {
            items.iter().for_each(|item| conforms(document, &schema["items"], item, &format!("{at}[]")));
        }
        ("string", Value::String(text)) => {
            if let Some(words) = schema["enum"].as_array() {
                assert!(words.iter().any(|word| word == text), "{at} is {text}, which is none of its words");
            }
        }
        ("boolean", Value::Bool(_)) | ("integer" | "number", Value::Number(_)) => {}
        (wanted, found) => panic!("{at} must be of type {wanted}, is {found}"),
    }
}

/// A value of the schema with all of its fields.
fn sample(document: &Value, schema: &Value, depth: u32) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        return if depth > 6 { json!({}) } else { sample(document, &document["schemas"][name], depth + 1) };
    }
    match (schema["type"].as_str().unwrap_or_default(), schema["format"].as_str().unwrap_or_default()) {
        ("object", _) => {
            let fields = schema["properties"].as_object().cloned().unwrap_or_default();
            let of = |(key, field): (String, Value)| {
                let value = if key.ends_with("Timestamp") || key == "insertTime" {
                    json!("2026-11-21T01:02:03.4-08:00")
                } else {
                    sample(document, &field, depth + 1)
                };
                (key, value)
            };
            let mut all: serde_json::Map<String, Value> = fields.into_iter().map(of).collect();
            if let Some(other) = schema.get("additionalProperties") {
                all.insert("zones/europe-west1-b".to_owned(), sample(document, other, depth + 1));
            }
            Value::Object(all)
        }
        ("array", _) => json!([sample(document, &schema["items"], depth + 1)]),
        ("boolean", _) => json!(true),
        ("integer", _) => json!(7),
        ("number", _) => json!(7.5),
        ("string", "int64" | "uint64") => json!("42"),
        _ => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("europe-west1-b")),
    }
}

type Read = fn(Value) -> Result<(), String>;

fn read<T: DeserializeOwned>(value: Value) -> Result<(), String> {
    serde_json::from_value::<T>(value).map(drop).map_err(|error| error.to_string())
}

/// Every answer that this crate reads, by its schema.
const READS: &[(&str, Read)] = &[
    ("AcceleratorTypeAggregatedList", read::<Aggregated<AcceleratorType>>),
    ("AcceleratorTypeList", read::<List<AcceleratorType>>),
    ("Address", read::<Address>),
    ("AddressAggregatedList", read::<Aggregated<Address>>),
    ("Disk", read::<Disk>),
    ("DiskAggregatedList", read::<Aggregated<Disk>>),
    ("Firewall", read::<Firewall>),
    ("FirewallList", read::<List<Firewall>>),
    ("Image", read::<Image>),
    ("ImageList", read::<List<Image>>),
    ("Instance", read::<Instance>),
    ("InstanceAggregatedList", read::<Aggregated<Instance>>),
    ("MachineTypeAggregatedList", read::<Aggregated<MachineType>>),
    ("MachineTypeList", read::<List<MachineType>>),
    ("Operation", read::<Operation>),
    ("OperationList", read::<List<Operation>>),
    ("RegionList", read::<List<Region>>),
    ("SerialPortOutput", read::<SerialPortOutput>),
    ("Snapshot", read::<Snapshot>),
    ("SnapshotList", read::<List<Snapshot>>),
    ("ZoneList", read::<List<Zone>>),
];

#[test]
fn every_described_answer_is_read() {
    let Some(document) = described("gcp.compute.discovery.json") else { return };
    for (schema, read) in READS {
        let value = sample(&document, &document["schemas"][schema], 0);
        read(value).unwrap_or_else(|error| panic!("{schema}: {error}"));
    }
    let Some(billing) = described("gcp.cloudbilling.discovery.json") else { return };
    read::<SkuList>(sample(&billing, &billing["schemas"]["ListSkusResponse"], 0)).unwrap();
}

#[test]
fn lists_are_read_with_what_is_in_them() {
    let Some(document) = described("gcp.compute.discovery.json") else { return };
    let value = sample(&document, &document["schemas"]["InstanceAggregatedList"], 0);
    let list: Aggregated<Instance> = serde_json::from_value(value).unwrap();
    assert_eq!(list.items["zones/europe-west1-b"].items.len(), 1);
    let value = sample(&document, &document["schemas"]["AddressAggregatedList"], 0);
    let list: Aggregated<Address> = serde_json::from_value(value).unwrap();
    assert_eq!(list.items["zones/europe-west1-b"].items[0].users.len(), 1);
    let value = sample(&document, &document["schemas"]["DiskAggregatedList"], 0);
    let list: Aggregated<Disk> = serde_json::from_value(value).unwrap();
    assert_eq!(list.items["zones/europe-west1-b"].items[0].users.len(), 1);
}

#[test]
fn everything_that_is_sent_is_described() {
    let Some(document) = described("gcp.compute.discovery.json") else { return };
    let labels = BTreeMap::from([("cloud-owner".to_owned(), "mine".to_owned())]);
    let disk = |initialize_params| NewDisk {
        boot: true,
        auto_delete: true,
        device_name: Some("x".to_owned()),
        source: Some("zones/z/disks/x"),
        initialize_params,
    };
    let instance = CreateInstance {
        name: "web-1",
        machine_type: "zones/z/machineTypes/t".to_owned(),
        labels: &labels,
        disks: vec![disk(Some(InitializeParams {
            disk_name: Some("x".to_owned()),
            source_image: Some("i"),
            source_snapshot: Some("s"),
            disk_size_gb: Some("10".to_owned()),
            disk_type: "t".to_owned(),
            labels: labels.clone(),
        }))],
        network_interfaces: vec![NewNetworkInterface {
            network: Some("n"),
            subnetwork: Some("s"),
            access_configs: vec![AccessConfig {
                name: "External NAT",
                r#type: "ONE_TO_ONE_NAT",
                nat_ip: Some("203.0.113.9"),
                network_tier: Some("STANDARD"),
            }],
        }],
        tags: Some(Tags { items: vec!["t".to_owned()] }),
        metadata: Some(Metadata { items: vec![MetadataItem { key: "user-data", value: "x".into() }] }),
        guest_accelerators: vec![Accelerator { accelerator_type: "t".to_owned(), accelerator_count: 1 }],
        scheduling: Some(Scheduling {
            provisioning_model: Some("SPOT"),
            instance_termination_action: Some("STOP"),
            on_host_maintenance: Some("TERMINATE"),
            automatic_restart: Some(false),
        }),
    };
    let ports = vec![Ports { protocol: "tcp".to_owned(), ports: vec!["22".to_owned()] }];
    let firewall = Firewall {
        name: "f".to_owned(),
        description: "d".to_owned(),
        network: "n".to_owned(),
        priority: 900,
        direction: "INGRESS".to_owned(),
        source_ranges: vec!["0.0.0.0/0".to_owned()],
        target_tags: vec!["t".to_owned()],
        allowed: ports.clone(),
        denied: ports,
        creation_timestamp: None,
    };
    let create_disk = CreateDisk { name: "d", size_gb: "10".to_owned(), r#type: "t".to_owned(), labels: &labels };
    let create_address = CreateAddress { name: "a", description: "d", address_type: "EXTERNAL" };
    let sent = [
        ("Address", json!(create_address)),
        ("Instance", json!(instance)),
        ("Firewall", json!(firewall)),
        ("Disk", json!(create_disk)),
        ("DisksResizeRequest", json!(ResizeDisk { size_gb: "10".to_owned() })),
        ("ZoneSetLabelsRequest", json!(SetLabels { labels: &labels, label_fingerprint: "f" })),
        ("Snapshot", json!(CreateSnapshot { name: "s", source_disk: "d", labels: &labels })),
        ("AttachedDisk", json!(AttachDisk { source: "s".to_owned(), device_name: "d", auto_delete: false })),
        ("InstancesSetMachineTypeRequest", json!(SetMachineType { machine_type: "t".to_owned() })),
    ];
    for (schema, value) in sent {
        conforms(&document, &json!({"$ref": schema}), &value, schema);
    }
}

#[test]
fn every_sample_of_an_error_has_its_kind() {
    use cloud_http::{Answer, ErrorTable};
    use cloud_types::ErrorKind;
    let Some(document) = described("errors.samples.json") else { return };
    let samples = document["samples"].as_array().unwrap().iter().filter(|sample| sample["provider"] == "gcp");
    let mut seen = 0;
    for sample in samples {
        let (case, body) = (sample["case"].as_str().unwrap(), sample["body"].to_string());
        let status = http::StatusCode::from_u16(sample["status"].as_u64().unwrap() as u16).unwrap();
        let headers = http::HeaderMap::new();
        let error = match status.is_success() {
            true => {
                let mut operation = sample["body"].clone();
                operation["name"] = json!("operation-1");
                crate::error::of_operation(&serde_json::from_value(operation).unwrap()).unwrap_err()
            }
            false => crate::error::Table.error(&Answer { status, headers: &headers, body: body.as_bytes() }),
        };
        let expected = match case {
            "not found" => ErrorKind::NotFound,
            "already exists" => ErrorKind::AlreadyExists,
            "rate limit / concurrent operations" | "per-minute read quota sent as 403" => ErrorKind::RateLimited,
            "fingerprint mismatch" | "operation DONE, resource in use" => ErrorKind::Conflict,
            "operation DONE with capacity error" => ErrorKind::NoCapacity,
            "operation DONE with quota error" => ErrorKind::QuotaExceeded,
            other => panic!("a case that this test does not know: {other}"),
        };
        assert_eq!(error.kind(), expected, "{case}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

/// Any JSON, with keys that the wire types know.
fn any_json() -> impl Strategy<Value = Value> {
    let words =
        prop::sample::select(vec!["", "RUNNING", "zones/z-a", "4242", "-1", "2026-11-21T01:02:03Z", "10.0.0.1", "é/…"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let keys = prop::sample::select(vec![
            "id",
            "name",
            "status",
            "zone",
            "machineType",
            "items",
            "instances",
            "disks",
            "networkInterfaces",
            "networkIP",
            "accessConfigs",
            "natIP",
            "users",
            "sizeGb",
            "labels",
            "error",
            "errors",
            "code",
            "nextPageToken",
            "creationTimestamp",
            "storageBytes",
            "diskSizeGb",
            "warning",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..12)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_makes_reading_panic(value in any_json()) {
        for (_, read) in READS {
            let _ = read(value.clone());
        }
        if let Ok(instance) = serde_json::from_value::<Instance>(value.clone()) {
            let _ = convert::seen(instance).host;
        }
        if let Ok(disk) = serde_json::from_value::<Disk>(value.clone()) {
            let _ = convert::volume(&convert::disk(disk), &[]);
        }
        if let Ok(snapshot) = serde_json::from_value::<Snapshot>(value.clone()) {
            let _ = convert::snapshot(snapshot);
        }
        if let Ok(operation) = serde_json::from_value::<Operation>(value) {
            let _ = convert::begun(operation);
        }
    }
}
