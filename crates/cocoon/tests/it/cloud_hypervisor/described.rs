//! Every request of the client against the API's own description.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cocoon::cloud_hypervisor::{
    Client, Console, Cpus, DiskDevice, ImageType, Memory, Mode, NetDevice, Payload, Resize, Restore, VmConfig,
};
use serde_json::{Value, json};

use super::program::{Running, STAND_IN};

#[tokio::test]
async fn every_request_is_as_described() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/cloud-hypervisor.openapi.yaml");
    let Ok(text) = fs::read_to_string(file) else {
        println!("skipped: the description of the API is not here");
        return;
    };
    let description: Value = serde_saphyr::from_str(&text).unwrap();
    let record = tempfile();
    let program = Running::start(STAND_IN.as_ref(), &["--record", record.to_str().unwrap()]);
    ask_everything(&program.client(), &program.folder.0).await;

    let lines = fs::read_to_string(&record).unwrap();
    fs::remove_file(&record).unwrap();
    let requests: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let problems: Vec<String> = requests.iter().flat_map(|request| check(&description, request)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let calls: BTreeSet<&str> = requests.iter().filter_map(|request| request["path"].as_str()).collect();
    assert_eq!(calls.len(), 20, "{calls:?}");

    let misspelt = json!({"method": "PUT", "path": "/api/v1/vm.resize", "body": {"desired_cpus": 1}});
    assert_eq!(check(&description, &misspelt).len(), 1);
    let wrong = json!({"method": "PUT", "path": "/api/v1/vm.resize", "body": {"desired_vcpus": "1"}});
    assert_eq!(check(&description, &wrong).len(), 1);
}

fn tempfile() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("cocoon-ch-requests-{:016x}", fastrand::u64(..)))
}

/// Each call of the client, with all that it can say. Whether it is refused does not matter here.
async fn ask_everything(client: &Client, folder: &Path) {
    let console =
        |mode, name: &str| Console { mode, file: Some(folder.join(name)), socket: Some(folder.join("s.sock")) };
    let disk = |image_type| DiskDevice {
        path: folder.join("disk"),
        image_type: Some(image_type),
        backing_files: true,
        readonly: true,
        id: Some("disk".to_owned()),
    };
    let net = NetDevice {
        tap: Some("tap0".to_owned()),
        mac: Some("52:54:00:00:00:01".to_owned()),
        id: Some("net".to_owned()),
    };
    let mut config = VmConfig {
        cpus: Some(Cpus { boot_vcpus: 1, max_vcpus: 4 }),
        memory: Some(Memory { size: 128 << 20, hotplug_size: Some(128 << 20) }),
        payload: Payload {
            firmware: Some(folder.join("firmware")),
            kernel: Some(folder.join("kernel")),
            cmdline: Some("console=hvc0".to_owned()),
            initramfs: Some(folder.join("initrd")),
        },
        disks: vec![disk(ImageType::Raw), disk(ImageType::Qcow2)],
        net: vec![net.clone()],
        serial: Some(console(Mode::Socket, "serial")),
        console: Some(console(Mode::File, "console")),
    };
    client.ping().await.ok();
    for mode in [Mode::Off, Mode::Null, Mode::Pty, Mode::File, Mode::Socket] {
        config.serial = Some(console(mode, "serial"));
        client.create(&config).await.ok();
    }
    client.create(&VmConfig::default()).await.ok();
    client.boot().await.ok();
    client.info().await.ok();
    client.counters().await.ok();
    client.add_disk(&disk(ImageType::Raw)).await.ok();
    client.add_net(&net).await.ok();
    client.remove_device("disk").await.ok();
    client.resize(&Resize { desired_vcpus: Some(2), desired_ram: Some(256 << 20) }).await.ok();
    client.resize_disk("disk", 1 << 30).await.ok();
    client.pause().await.ok();
    client.snapshot(folder).await.ok();
    client.restore(&Restore { source_url: format!("file://{}", folder.display()), resume: true }).await.ok();
    client.resume().await.ok();
    client.interrupt().await.ok();
    client.reboot().await.ok();
    client.press_power_button().await.ok();
    client.shutdown().await.ok();
    client.delete().await.ok();
    client.shutdown_vmm().await.ok();
}

/// What is wrong with a request.
fn check(description: &Value, request: &Value) -> Vec<String> {
    let path = request["path"].as_str().and_then(|path| path.strip_prefix("/api/v1")).unwrap_or_default();
    let method = request["method"].as_str().unwrap_or_default().to_lowercase();
    let body = &request["body"];
    let said = |problem: String| format!("{method} {path}: {problem}");
    let operation = &description["paths"][path][&method];
    if operation.is_null() {
        return vec![said("no such call".to_owned())];
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() || body.is_null() {
        let fits = schema.is_null() == body.is_null();
        return if fits {
            Vec::new()
        } else {
            vec![said(format!("a body is {}", if body.is_null() { "missing" } else { "too much" }))]
        };
    }
    // The schema with all others below it, so that its references lead somewhere.
    let mut whole = schema.clone();
    whole["components"] = description["components"].clone();
    let validator = jsonschema::draft4::new(&whole).unwrap();
    let mut problems: Vec<String> =
        validator.iter_errors(body).map(|error| said(format!("{}: {error}", error.instance_path()))).collect();
    unknown(description, schema, body, &mut |name| problems.push(said(format!("`{name}` is not described"))));
    problems
}

/// Tells each property that the schema does not know. The description itself would let them pass.
fn unknown(description: &Value, schema: &Value, value: &Value, tell: &mut impl FnMut(&str)) {
    let schema = match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => description.pointer(pointer).expect("references lead somewhere"),
        None => schema,
    };
    match value {
        Value::Object(properties) => {
            for (name, value) in properties {
                match schema["properties"].get(name) {
                    Some(schema) => unknown(description, schema, value, tell),
                    None => tell(name),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| unknown(description, &schema["items"], item, tell)),
        _ => {}
    }
}
