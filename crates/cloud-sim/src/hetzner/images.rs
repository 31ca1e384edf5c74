//! `/images`: system images, snapshots and backups.

use cloud_world::{Image, ImageKind, ImageStatus};
use serde_json::json;

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::labels::Selector;
use super::{paging, protection, render};

/// `GET /images`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let kinds = paging::choices(request, "type", &["system", "app", "snapshot", "backup"])?;
    let allowed = ["available", "creating", "unavailable"];
    let statuses = paging::choices(request, "status", &allowed)?;
    let architectures = paging::choices(request, "architecture", &["x86", "arm"])?;
    let bound_to: Vec<&str> = request.params("bound_to").collect();
    let deprecated = request.param("include_deprecated") == Some("true");
    let name = request.param("name");
    let fits = |image: &Image| {
        let bound = image.bound_to.map(|host| host.to_string());
        (deprecated || image.deprecated.is_none())
            && (kinds.is_empty() || kinds.contains(&render::image_type(image.kind)))
            && (statuses.is_empty() || statuses.contains(&status(image)))
            && (architectures.is_empty() || architectures.contains(&render::architecture(image.architecture)))
            && (bound_to.is_empty() || bound.is_some_and(|bound| bound_to.contains(&bound.as_str())))
            && selector.matches(&image.labels)
    };
    let mut images: Vec<&Image> = api.world.images.search(name, api.now).filter(|image| fits(image)).collect();
    paging::sort(request, &mut images, &["id", "name", "created"])?;
    paging::page(request, "images", images, render::image)
}

/// `GET /images/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let image = api.seen(&api.world.images)?;
    answer(api, image)
}

/// `PUT /images/{id}`: a backup can become a snapshot.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let image = own(api)?;
    let mut fields = api.fields()?;
    let description = fields.text("description");
    let kind = fields.text("type");
    if kind.as_deref().is_some_and(|kind| kind != "snapshot") {
        fields.problem("type", "must be snapshot");
    }
    let labels = api::labels(&mut fields);
    fields.done()?;
    let record = api.world.images.find_mut(image)?;
    if kind.is_some() {
        record.kind = ImageKind::Snapshot;
        record.bound_to = None;
    }
    if let Some(description) = description {
        record.description = description;
    }
    if let Some(labels) = labels {
        record.labels = labels;
    }
    answer(api, image)
}

/// `DELETE /images/{id}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let image = own(api)?;
    api.world.delete_image(image, api.now)?;
    api::no_content()
}

/// `POST /images/{id}/actions/change_protection`.
pub(super) fn change_protection(api: &mut Api<'_>) -> Answer {
    let image = own(api)?;
    protection::image(api, image)
}

fn answer(api: &Api<'_>, image: u64) -> Answer {
    let image = render::image(api.world.images.find(image)?);
    api::ok(&json!({"image": image}))
}

/// An image that can be changed: a system image cannot.
fn own(api: &Api<'_>) -> Result<u64, ApiError> {
    let image = api.seen(&api.world.images)?;
    if api.world.images.find(image)?.kind == ImageKind::Stock {
        return Err(errors::invalid("type", "must be of type snapshot or backup"));
    }
    Ok(image)
}

fn status(image: &Image) -> &'static str {
    match image.status {
        ImageStatus::Creating => "creating",
        ImageStatus::Available => "available",
    }
}
