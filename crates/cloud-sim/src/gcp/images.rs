//! `images`: the public ones, and their families.

use cloud_world::{Architecture, Image, ImageKind};
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::{catalog, fingerprint, links, paging};

/// `GET …/global/images`: those of the project of the path.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let project = api.project();
    let images = api.world.images.iter();
    let images = images.filter(|image| is_of(image, project)).collect();
    let key = |_: &Api<'_>, image: &&Image| (image.id, image.name.clone().unwrap_or_default());
    paging::list(api, "compute#imageList", images, key, |_, image| render(image))
}

/// `GET …/global/images/{image}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let (project, name) = (api.project(), api.param("image"));
    let found = named(api, project, name);
    answer(found, || links::global(project, "images", name))
}

/// `GET …/global/images/family/{family}`: the newest of the family that is not deprecated.
pub(super) fn of_family(api: &mut Api<'_>) -> Answer {
    let (project, family) = (api.project(), api.param("family"));
    let found = newest(api, project, family);
    answer(found, || links::global(project, "images/family", family))
}

/// A public image by its project and name.
pub(super) fn named<'a>(api: &'a Api<'_>, project: &str, name: &str) -> Option<&'a Image> {
    api.world.images.named(name).find(|image| is_of(image, project))
}

/// The newest image of a family that is not deprecated.
pub(super) fn newest<'a>(api: &'a Api<'_>, project: &str, family: &str) -> Option<&'a Image> {
    let images = api.world.images.iter().rev();
    let mut fresh = images.filter(|image| is_of(image, project) && image.deprecated.is_none());
    fresh.find(|image| catalog::family_of(image.id) == Some(family))
}

/// The provider's word for an instruction set.
pub(super) fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "X86_64",
        Architecture::Arm => "ARM64",
    }
}

fn answer(found: Option<&Image>, path: impl FnOnce() -> String) -> Answer {
    let missing = || -> ApiError { errors::not_found(&path()) };
    api::ok(&render(found.ok_or_else(missing)?))
}

fn is_of(image: &Image, project: &str) -> bool {
    image.kind == ImageKind::Stock && catalog::project_of(image.id) == Some(project)
}

fn render(image: &Image) -> Value {
    let project = catalog::project_of(image.id).unwrap_or_default();
    let name = image.name.as_deref().unwrap_or_default();
    let mut shown = json!({
        "kind": "compute#image",
        "id": image.id.to_string(),
        "name": name,
        "description": image.description,
        "family": catalog::family_of(image.id),
        "architecture": architecture(image.architecture),
        "creationTimestamp": "2026-11-01T00:00:00.000+00:00",
        "status": "READY",
        "sourceType": "RAW",
        "diskSizeGb": image.disk_gb.to_string(),
        "archiveSizeBytes": "1000000000",
        "storageLocations": ["asia", "eu", "us"],
        "labelFingerprint": fingerprint::of(&image.labels),
        "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}, {"type": "VIRTIO_SCSI_MULTIQUEUE"}, {"type": "GVNIC"}],
        "selfLink": links::full(&links::global(project, "images", name)),
    });
    if image.deprecated.is_some() {
        shown["deprecated"] = json!({"state": "DEPRECATED"});
    }
    shown
}
