//! `/servers/{id}/metrics`: series of the right shape, all of them zero.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::render;

/// `GET /servers/{id}/metrics`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    api.seen(&api.world.hosts)?;
    let kinds = api.request.params("type").flat_map(|kinds| kinds.split(','));
    let kinds: Vec<&str> = kinds.collect();
    if kinds.is_empty() || kinds.iter().any(|kind| series_of(kind).is_empty()) {
        return Err(errors::invalid("type", "must be of cpu, disk, network"));
    }
    let (start, end) = (time(api, "start")?, time(api, "end")?);
    let span = end.duration_since(start).as_secs();
    let default = (span / USUAL_SAMPLES).max(1);
    let step = match api.request.param("step") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|step| *step > 0 && span / step <= MOST_SAMPLES)
            .ok_or_else(|| errors::invalid("step", "makes no or more than 500 samples"))?,
        None => default,
    };
    if span < 0 {
        return Err(errors::invalid("end", "must be after start"));
    }
    let names = kinds.iter().flat_map(|kind| series_of(kind));
    let series: Map<String, Value> =
        names.map(|name| ((*name).to_owned(), json!({"values": zeros(start, end, step)}))).collect();
    api::ok(&json!({"metrics": {
        "start": render::moment(start),
        "end": render::moment(end),
        "step": step,
        "time_series": series,
    }}))
}

fn time(api: &Api<'_>, name: &str) -> Result<Timestamp, ApiError> {
    let value = api.request.param(name).and_then(|text| text.parse().ok());
    value.ok_or_else(|| errors::invalid(name, "must be a time as in ISO 8601"))
}

fn zeros(start: Timestamp, end: Timestamp, step: i64) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = start;
    while at <= end {
        values.push(json!([at.as_second(), "0"]));
        at += SignedDuration::from_secs(step);
    }
    values
}

fn series_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "cpu" => &["cpu"],
        "disk" => &["disk.0.iops.read", "disk.0.iops.write", "disk.0.bandwidth.read", "disk.0.bandwidth.write"],
        "network" => &["network.0.pps.in", "network.0.pps.out", "network.0.bandwidth.in", "network.0.bandwidth.out"],
        _ => &[],
    }
}

const USUAL_SAMPLES: i64 = 200;
const MOST_SAMPLES: i64 = 500;
