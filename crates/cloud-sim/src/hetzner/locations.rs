//! `/locations`.

use serde_json::json;

use super::api::{self, Answer, Api};
use super::{errors, paging, render};

/// `GET /locations`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let name = api.request.param("name");
    let regions = api.world.catalog.regions.iter();
    let named = regions.filter(|region| name.is_none_or(|name| name == region.name));
    paging::page(api.request, "locations", named, render::location)
}

/// `GET /locations/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let number = api.id()?;
    let mut regions = api.world.catalog.regions.iter();
    let region =
        regions.find(|region| region.id == number).ok_or_else(|| errors::not_found("location", api.path.get("id")))?;
    api::ok(&json!({"location": render::location(region)}))
}
