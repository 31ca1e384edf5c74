//! `/volumes` and their actions.

use cloud_world::{Volume, VolumeRequest, VolumeStatus};
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Reference};
use super::errors::{self, ApiError};
use super::labels::Selector;
use super::{paging, protection, render};

/// `GET /volumes`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let statuses = paging::choices(request, "status", &["available", "creating"])?;
    let name = request.param("name");
    let mut volumes: Vec<&Volume> = api
        .world
        .volumes
        .search(name, api.now)
        .filter(|volume| statuses.is_empty() || statuses.contains(&status(volume)))
        .filter(|volume| selector.matches(&volume.labels))
        .collect();
    paging::sort(request, &mut volumes, &["id", "name", "created"])?;
    paging::page(request, "volumes", volumes, |volume| render::volume(volume, api.world))
}

/// `GET /volumes/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    answer(api, volume)
}

/// `POST /volumes`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let name = fields.required_text("name");
    if !name.is_empty() && !is_name(&name) {
        fields.problem("name", "must be 1 to 64 letters, digits, dashes, dots or underscores");
    }
    let size_gb = fields.required_number("size");
    if !(SMALLEST_GB..=LARGEST_GB).contains(&size_gb) {
        fields.problem("size", "must be between 10 and 10240");
    }
    let labels = api::labels(&mut fields).unwrap_or_default();
    let format = fields.text("format");
    if format.as_deref().is_some_and(|format| !["xfs", "ext4"].contains(&format)) {
        fields.problem("format", "must be one of xfs, ext4");
    }
    fields.flag("automount");
    let host = fields.number("server");
    let location: Option<Reference> = fields.get("location");
    if host.is_some() == location.is_some() {
        fields.problem("location", "exactly one of location and server is required");
    }
    fields.done()?;
    let region = match host {
        Some(host) => api.world.host(host)?.region.clone(),
        None => location_name(api, location.as_ref())?,
    };
    let request = VolumeRequest { name, size_gb, region, host, format, labels };
    let (volume, made, attached) = api.world.create_volume(request, api.now)?;
    let next: Vec<Value> = attached.iter().map(|action| api.action(*action)).collect();
    api::created(&json!({
        "volume": render::volume(api.world.volumes.find(volume)?, api.world),
        "action": api.action(made),
        "next_actions": next,
    }))
}

/// `PUT /volumes/{id}`.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    let mut fields = api.fields()?;
    let name = fields.text("name");
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        fields.problem("name", "must be 1 to 64 letters, digits, dashes, dots or underscores");
    }
    let labels = api::labels(&mut fields);
    fields.done()?;
    if let Some(name) = name {
        api.world.rename_volume(volume, &name)?;
    }
    if let Some(labels) = labels {
        api.world.volumes.find_mut(volume)?.labels = labels;
    }
    answer(api, volume)
}

/// `DELETE /volumes/{id}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    if api.world.volumes.find(volume)?.host.is_some() {
        return Err(errors::unprocessable("resource_in_use", "volume is attached"));
    }
    api.world.delete_volume(volume, api.now)?;
    api::no_content()
}

/// `POST /volumes/{id}/actions/attach`.
pub(super) fn attach(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    let mut fields = api.fields()?;
    let host = fields.required_number("server");
    fields.flag("automount");
    fields.done()?;
    let action = api.world.attach_volume(volume, host, api.now)?;
    api.started(action)
}

/// `POST /volumes/{id}/actions/detach`.
pub(super) fn detach(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    api.no_fields()?;
    let action = api.world.detach_volume(volume, api.now)?;
    api.started(action)
}

/// `POST /volumes/{id}/actions/resize`.
pub(super) fn resize(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    let mut fields = api.fields()?;
    let size_gb = fields.required_number("size");
    if size_gb > LARGEST_GB {
        fields.problem("size", "must be at most 10240");
    }
    fields.done()?;
    let action = api.world.resize_volume(volume, size_gb, api.now)?;
    api.started(action)
}

/// `POST /volumes/{id}/actions/change_protection`.
pub(super) fn change_protection(api: &mut Api<'_>) -> Answer {
    let volume = api.seen(&api.world.volumes)?;
    protection::volume(api, volume)
}

/// The name of a location that is given by id or name.
pub(super) fn location_name(api: &Api<'_>, location: Option<&Reference>) -> Result<String, ApiError> {
    let mut regions = api.world.catalog.regions.iter();
    let found = regions.find(|region| location.is_some_and(|location| location.means(region.id, &region.name)));
    found.map(|region| region.name.clone()).ok_or_else(|| errors::invalid("location", "location not found"))
}

fn answer(api: &Api<'_>, volume: u64) -> Answer {
    let volume = render::volume(api.world.volumes.find(volume)?, api.world);
    api::ok(&json!({"volume": volume}))
}

fn status(volume: &Volume) -> &'static str {
    match volume.status {
        VolumeStatus::Creating => "creating",
        VolumeStatus::Available => "available",
    }
}

fn is_name(name: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    name.len() <= 64 && ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inner)
}

const SMALLEST_GB: u64 = 10;
const LARGEST_GB: u64 = 10_240;
