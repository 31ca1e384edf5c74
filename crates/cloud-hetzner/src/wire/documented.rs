//! The answers that Hetzner documents, and answers that nobody would, read by the wire types.

use std::path::Path;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;
use crate::convert;

/// Every answer that this crate reads: method, path and status in the description, and what reads it.
const READS: &[(&str, &str, &str, Read)] = &[
    ("get", "/actions", "200", read::<ActionList>),
    ("get", "/firewalls", "200", read::<FirewallList>),
    ("post", "/firewalls", "201", read::<FirewallResponse>),
    ("get", "/firewalls/{id}", "200", read::<FirewallResponse>),
    ("get", "/images", "200", read::<ImageList>),
    ("get", "/images/{id}", "200", read::<ImageResponse>),
    ("get", "/locations", "200", read::<LocationList>),
    ("get", "/pricing", "200", read::<PricingResponse>),
    ("get", "/server_types", "200", read::<ServerTypeList>),
    ("get", "/servers", "200", read::<ServerList>),
    ("post", "/servers", "201", read::<CreateServerResponse>),
    ("get", "/servers/{id}", "200", read::<ServerResponse>),
    ("post", "/servers/{id}/actions/change_type", "201", read::<ActionResponse>),
    ("post", "/servers/{id}/actions/create_image", "201", read::<CreateImageResponse>),
    ("post", "/servers/{id}/actions/poweroff", "201", read::<ActionResponse>),
    ("post", "/servers/{id}/actions/poweron", "201", read::<ActionResponse>),
    ("post", "/servers/{id}/actions/reboot", "201", read::<ActionResponse>),
    ("post", "/servers/{id}/actions/request_console", "201", read::<ConsoleResponse>),
    ("post", "/servers/{id}/actions/shutdown", "201", read::<ActionResponse>),
    ("get", "/ssh_keys", "200", read::<SshKeyList>),
    ("post", "/ssh_keys", "201", read::<SshKeyResponse>),
    ("get", "/volumes", "200", read::<VolumeList>),
    ("post", "/volumes", "201", read::<CreateVolumeResponse>),
    ("get", "/volumes/{id}", "200", read::<VolumeResponse>),
    ("post", "/volumes/{id}/actions/attach", "201", read::<ActionResponse>),
    ("post", "/volumes/{id}/actions/detach", "201", read::<ActionResponse>),
    ("post", "/volumes/{id}/actions/resize", "201", read::<ActionResponse>),
];

type Read = fn(&[u8]) -> Result<(), String>;

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<(), String> {
    serde_json::from_slice::<T>(body).map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_documented_answer_is_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/hetzner.openapi.json");
    let Ok(text) = std::fs::read(&file) else {
        eprintln!("skipped: the description of the API is not beside this checkout");
        return;
    };
    let document: Value = serde_json::from_slice(&text).unwrap();
    for (method, path, status, read) in READS {
        let content = &document["paths"][path][method]["responses"][status]["content"]["application/json"];
        assert!(content.is_object(), "{method} {path} {status} is not documented");
        // What the description shows whole, and what the examples of the single fields make together.
        let mut answers: Vec<Value> = vec![sample(&document, &content["schema"], 0)];
        answers.extend(content.get("example").cloned());
        let named = content["examples"].as_object().into_iter().flat_map(Map::values);
        answers.extend(named.map(|example| example["value"].clone()));
        for answer in answers {
            let outcome = read(answer.to_string().as_bytes());
            assert_eq!(outcome, Ok(()), "{method} {path} {status}: {answer}");
        }
    }
}

/// An instance of a schema, made of the examples of its fields.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    assert!(depth < 40, "a schema within itself");
    let inner = |schema| sample(document, schema, depth + 1);
    if let Some(reference) = schema["$ref"].as_str() {
        return inner(document.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere"));
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("const")) {
        return example.clone();
    }
    for (key, all) in [("allOf", true), ("oneOf", false), ("anyOf", false)] {
        let Some(parts) = schema[key].as_array() else { continue };
        if !all {
            return inner(&parts[0]);
        }
        let fields = parts.iter().filter_map(|part| inner(part).as_object().cloned()).flatten();
        return Value::Object(fields.collect());
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "object" => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, field)| (name.clone(), inner(field))).collect())
        }
        "array" => json!([inner(&schema["items"])]),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ if schema["format"] == "date-time" => json!("2026-01-30T23:55:00Z"),
        _ => json!("text"),
    }
}

/// Any JSON, with the names that matter more often than not.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "server",
        "servers",
        "id",
        "name",
        "status",
        "created",
        "public_net",
        "ipv4",
        "ipv6",
        "ip",
        "server_type",
        "location",
        "image",
        "labels",
        "meta",
        "pagination",
        "next_page",
        "error",
        "code",
        "message",
        "details",
        "fields",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-01-30T23:55:00Z")),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_a_server_may_send_makes_a_parser_panic(value in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for (.., read) in READS {
            let _ = read(value.to_string().as_bytes());
            let _ = read(&bytes);
        }
        let _ = serde_json::from_value::<ErrorResponse>(value);
    }

    #[test]
    fn a_server_with_any_texts_and_numbers_is_converted_or_refused(
        id in any::<u64>(), text in "\\PC{0,20}", address in "[0-9a-f.:/]{0,20}", year in 1970..2100,
    ) {
        let server = json!({
            "id": id, "name": text, "status": text, "created": format!("{year}-01-30T23:55:00+00:00"),
            "public_net": {"ipv4": {"ip": address}, "ipv6": {"ip": address}}, "server_type": {"name": text},
            "location": {"name": text}, "image": null, "labels": {text.as_str(): text},
        });
        if let Ok(server) = serde_json::from_value::<Server>(server) {
            let _ = convert::seen(server);
        }
    }

    #[test]
    fn sizes_and_prices_from_outside_never_panic(size in any::<f64>(), price in "\\PC{0,40}") {
        let _ = convert::whole_gib(size);
        let _ = convert::money(&PricePair { net: price }, cloud_types::Currency::EUR);
    }
}
