//! Providers on a script, and the answers that scripts are made of.

use std::sync::Arc;

use cloud_gcp::{Config, Gcp};
use cloud_http::{FakeTransport, Recorded};
use cloud_types::{HostSpec, Image, Machine, Name, Region, ScaledClock};
use serde_json::{Value, json};

/// A provider that is answered from a script.
pub(crate) fn scripted(fake: &Arc<FakeTransport>) -> Gcp {
    config(fake).build().expect("a provider")
}

/// One that reserves an address for each host.
pub(crate) fn reserving(fake: &Arc<FakeTransport>) -> Gcp {
    config(fake).reserved_addresses().build().expect("a provider")
}

fn config(fake: &Arc<FakeTransport>) -> Config {
    Config::new()
        .access_token("t0k3n")
        .project("p")
        .clock(Arc::new(ScaledClock::new(1000.0)))
        .seed(1)
        .transport(fake.clone())
}

/// A script of successes, each with its kind, as Google's have one.
pub(crate) fn script(answers: impl IntoIterator<Item = Value>) -> Arc<FakeTransport> {
    answers.into_iter().fold(FakeTransport::new(), |fake, mut answer| {
        answer["kind"] = json!("compute#something");
        fake.answer(200, answer.to_string())
    })
}

/// The plainest host.
pub(crate) fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).expect("a name"), Region::new("europe-west1").expect("a region"));
    HostSpec::new(name, region, Machine::named("e2-small").expect("a machine type"), Image::ubuntu("24.04"))
}

/// A request as `METHOD path?query`, without the version, with `requestId` and `fields` left out of the query and `/` and
/// `"` readable.
pub(crate) fn line(request: &Recorded) -> String {
    let target = request.target.strip_prefix("/compute/v1/").unwrap_or(&request.target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_told = |part: &&str| !part.is_empty() && !part.starts_with("requestId=") && !part.starts_with("fields=");
    let query: Vec<&str> = query.split('&').filter(is_told).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let text = format!("{} {path}{mark}{}", request.method, query.join("&"));
    [("%20", " "), ("%22", "\""), ("%28", "("), ("%29", ")"), ("%3D", "=")]
        .iter()
        .fold(text, |text, (code, character)| text.replace(code, character))
}

/// All requests so far as lines.
pub(crate) fn lines(fake: &FakeTransport) -> Vec<String> {
    fake.requests().iter().map(line).collect()
}

/// The lists that tell what a region with one zone sells, in the order in which they are read.
pub(crate) fn catalog() -> Vec<Value> {
    vec![
        json!({"items": [{"name": "europe-west1", "description": "Belgium"}]}),
        json!({"items": [{"name": "europe-west1-b", "status": "UP",
            "region": "https://www.googleapis.com/compute/v1/projects/p/regions/europe-west1"}]}),
        json!({"items": [
            {"name": "e2-small", "zone": "europe-west1-b", "guestCpus": 2, "memoryMb": 2048, "isSharedCpu": true},
            {"name": "n1-standard-4", "zone": "europe-west1-b", "guestCpus": 4, "memoryMb": 15360},
        ]}),
        json!({"items": [{"name": "nvidia-tesla-t4", "zone": "europe-west1-b", "maximumCardsPerInstance": 4}]}),
    ]
}

/// The newest image of a family.
pub(crate) fn image(name: &str) -> Value {
    json!({"name": name, "architecture": "X86_64", "diskSizeGb": "10", "status": "READY"})
}

/// An operation in the zone.
pub(crate) fn operation(name: &str, status: &str) -> Value {
    json!({"name": name, "status": status, "operationType": "insert", "targetId": "4242",
        "zone": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b"})
}

/// An instance with the labels of a spec.
pub(crate) fn instance(status: &str, labels: &Value) -> Value {
    json!({
        "id": "4242", "name": "web-1", "status": status, "labels": labels,
        "zone": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b",
        "machineType": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/machineTypes/e2-small",
        "creationTimestamp": "2026-11-21T01:02:03.456-08:00",
        "networkInterfaces": [{"networkIP": "10.132.0.2", "accessConfigs": [{"natIP": "203.0.113.7"}]}],
        "disks": [{"boot": true, "autoDelete": true, "deviceName": "persistent-disk-0",
            "source": "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/disks/web-1"}],
        "scheduling": {"provisioningModel": "STANDARD"},
    })
}

/// An aggregated list of these instances.
pub(crate) fn aggregated(instances: &[Value]) -> Value {
    json!({"kind": "compute#instanceAggregatedList", "items": {
        "zones/europe-west1-b": {"instances": instances},
        "zones/us-east1-b": {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}},
    }})
}

/// The body of an error.
pub(crate) fn error(status: u16, reason: &str, message: &str) -> String {
    json!({"error": {"code": status, "message": message, "errors": [{"domain": "global", "reason": reason, "message": message}]}})
        .to_string()
}
