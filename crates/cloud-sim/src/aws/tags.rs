//! Tags: in the calls that make things, and by themselves.

use cloud_world::Labels;

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::ids;
use super::params::Params;
use super::xml::fields;

/// `CreateTags`: adds tags, or replaces their values.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let resources = api.params.required_texts("ResourceId")?;
    let sent = read(&api.params)?;
    if sent.is_empty() {
        return Err(errors::missing("Tag"));
    }
    for resource in &resources {
        let mut tags = tags_mut(api, resource)?.clone();
        tags.extend(sent.clone());
        check_count(&tags)?;
    }
    for resource in &resources {
        tags_mut(api, resource)?.extend(sent.clone());
        rename(api, resource)?;
    }
    Ok(fields! { "return" => true })
}

/// `DeleteTags`: those named, where a value is given only with that value; all where none is named.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let resources = api.params.required_texts("ResourceId")?;
    let sent = api.params.each("Tag");
    for resource in &resources {
        let tags = tags_mut(api, resource)?;
        if sent.is_empty() {
            tags.clear();
        }
        for tag in &sent {
            let key = tag.required("Key")?;
            if tag.text("Value").is_none_or(|value| tags.get(&key) == Some(&value)) {
                tags.remove(&key);
            }
        }
    }
    Ok(fields! { "return" => true })
}

/// `DescribeTags`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let mut rows = Vec::new();
    for (id, kind, tags) in tagged(api) {
        for (key, value) in tags {
            let (id, key, value) = (id.clone(), key.clone(), value.clone());
            let seen = (id.clone(), key.clone(), value.clone());
            let row = Row::new(rows.len() as u64 + 1, move |filter| {
                Some(match filter {
                    "resource-id" => vec![seen.0.clone()],
                    "resource-type" => vec![kind.to_owned()],
                    "key" => vec![seen.1.clone()],
                    "value" => vec![seen.2.clone()],
                    _ => {
                        let tag = Labels::from([(seen.1.clone(), seen.2.clone())]);
                        return filter::tag_values(&tag, filter);
                    }
                })
            });
            rows.push(row.showing(move |_| {
                fields! {
                    "resourceId" => id.as_str(), "resourceType" => kind, "key" => key.as_str(),
                    "value" => value.as_str(),
                }
            }));
        }
    }
    let (shown, next) = filter::page(api, rows, "-")?;
    Ok(fields! { "tagSet" => shown, "nextToken" => next })
}

/// The tags of `TagSpecification.n`, by the type of what they are for.
pub(super) fn specifications(params: &Params) -> Result<Vec<(String, Labels)>, ApiError> {
    let mut found: Vec<(String, Labels)> = Vec::new();
    for specification in params.each("TagSpecification") {
        let resource = specification.required("ResourceType")?;
        if found.iter().any(|(known, _)| *known == resource) {
            let rule = format!("'{resource}' is named twice.");
            return Err(errors::invalid("TagSpecification", rule));
        }
        let tags = read(&specification)?;
        if tags.is_empty() {
            return Err(ApiError::new("InvalidParameterValue", "Tag specification must have at least one tag"));
        }
        found.push((resource, tags));
    }
    Ok(found)
}

/// The tags of a call that makes one thing of this type.
pub(super) fn of_one(params: &Params, resource: &str) -> Result<Labels, ApiError> {
    let mut tags = Labels::new();
    for (named, sent) in specifications(params)? {
        if named != resource {
            let rule = format!("'{named}' is not a valid taggable resource type for this operation.");
            return Err(errors::invalid("TagSpecification", rule));
        }
        tags = sent;
    }
    Ok(tags)
}

/// The tags of `Tag.n`.
fn read(params: &Params) -> Result<Labels, ApiError> {
    let mut tags = Labels::new();
    for tag in params.each("Tag") {
        let key = tag.required("Key")?;
        let value = tag.text("Value").unwrap_or_default();
        if key.chars().count() > LONGEST_KEY || key.starts_with("aws:") {
            return Err(errors::invalid("Tag", format!("Tag keys starting with 'aws:' or longer than 127: {key}")));
        }
        if value.chars().count() > LONGEST_VALUE {
            return Err(errors::invalid("Tag", format!("The value of tag {key} is longer than 256.")));
        }
        if tags.insert(key.clone(), value).is_some() {
            return Err(errors::invalid("Tag", format!("Duplicate tag key '{key}' specified.")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &Labels) -> Result<(), ApiError> {
    if tags.len() > MOST_TAGS {
        return Err(ApiError::new("TagLimitExceeded", "The maximum number of tags is 50."));
    }
    Ok(())
}

/// The tags of whatever an id names.
fn tags_mut<'a>(api: &'a mut Api<'_>, id: &str) -> Result<&'a mut Labels, ApiError> {
    let prefix = ids::prefix(id).to_owned();
    let missing = || errors::not_found(&prefix, id);
    let number = ids::number(&prefix, id)?;
    let (world, ledger, place) = (&mut *api.world, &mut *api.ledger, api.place);
    let found = match prefix.as_str() {
        "i" => ledger
            .instances
            .get(&number)
            .filter(|notes| notes.place == place)
            .and_then(|_| world.hosts.find_mut(number).ok().map(|host| &mut host.labels)),
        "eni" => ledger
            .instances
            .get_mut(&number)
            .filter(|notes| notes.place == place)
            .map(|notes| &mut notes.interface_tags),
        "vol" => ledger
            .volumes
            .get(&number)
            .filter(|notes| notes.place == place)
            .and_then(|_| world.volumes.find_mut(number).ok().map(|volume| &mut volume.labels)),
        "snap" | "ami" => {
            let is_ami = ledger.images.get(&number).filter(|_| prefix == "ami").map(|notes| notes.place);
            let here =
                is_ami.or_else(|| ledger.snapshots.get(&number).filter(|_| prefix == "snap").map(|notes| notes.place));
            here.filter(|here| *here == place)
                .and_then(|_| world.images.find_mut(number).ok().map(|image| &mut image.labels))
        }
        "sg" => ledger.groups.get_mut(&number).filter(|group| group.place == place).map(|group| &mut group.tags),
        "sgr" => {
            let groups = ledger.groups.values_mut().filter(|group| group.place == place);
            groups.flat_map(|group| &mut group.rules).find(|rule| rule.number == number).map(|rule| &mut rule.tags)
        }
        "key" => ledger
            .keys
            .get(&number)
            .filter(|notes| notes.place == place)
            .and_then(|_| world.ssh_keys.find_mut(number).ok().map(|key| &mut key.labels)),
        "eipalloc" => ledger
            .addresses
            .get(&number)
            .filter(|notes| notes.place == place)
            .and_then(|_| world.addresses.find_mut(number).ok().map(|address| &mut address.labels)),
        "sir" => {
            let spots = ledger.instances.values_mut().filter(|notes| notes.place == place);
            spots.filter_map(|notes| notes.spot.as_mut()).find(|spot| spot.number == number).map(|spot| &mut spot.tags)
        }
        _ => return Err(ApiError::new("InvalidID", format!("The ID '{id}' is not valid"))),
    };
    found.ok_or_else(missing)
}

/// The world knows instances and volumes by their tag `Name`.
fn rename(api: &mut Api<'_>, id: &str) -> Result<(), ApiError> {
    let prefix = ids::prefix(id);
    let number = ids::number(prefix, id)?;
    let name = tags_mut(api, id)?.get("Name").cloned().unwrap_or_default();
    match prefix {
        "i" if !name.is_empty() => api.world.rename_host(number, &name)?,
        "vol" if !name.is_empty() => api.world.rename_volume(number, &name)?,
        _ => {}
    }
    Ok(())
}

/// Everything of the region that can have tags.
fn tagged(api: &Api<'_>) -> Vec<(String, &'static str, Labels)> {
    let (world, ledger, place) = (&api.world, &api.ledger, api.place);
    let mut all = Vec::new();
    for host in world.hosts.listed(api.now) {
        if let Some(notes) = ledger.instances.get(&host.id).filter(|notes| notes.place == place) {
            all.push((ids::id("i", host.id), "instance", host.labels.clone()));
            all.push((ids::id("eni", host.id), "network-interface", notes.interface_tags.clone()));
        }
    }
    for notes in ledger.instances.values().filter(|notes| notes.place == place) {
        if let Some(spot) = &notes.spot {
            all.push((ids::request_id(spot.number), "spot-instances-request", spot.tags.clone()));
        }
    }
    let volumes = world.volumes.listed(api.now);
    let volumes = volumes.filter(|volume| ledger.volumes.get(&volume.id).is_some_and(|notes| notes.place == place));
    all.extend(volumes.map(|volume| (ids::id("vol", volume.id), "volume", volume.labels.clone())));
    for image in world.images.listed(api.now) {
        if ledger.images.get(&image.id).is_some_and(|notes| notes.place == place) {
            all.push((ids::id("ami", image.id), "image", image.labels.clone()));
        }
        if ledger.snapshots.get(&image.id).is_some_and(|notes| notes.place == place) {
            all.push((ids::id("snap", image.id), "snapshot", image.labels.clone()));
        }
    }
    for (number, group) in ledger.groups.iter().filter(|(_, group)| group.place == place) {
        all.push((ids::id("sg", *number), "security-group", group.tags.clone()));
        for rule in &group.rules {
            all.push((ids::id("sgr", rule.number), "security-group-rule", rule.tags.clone()));
        }
    }
    for key in world.ssh_keys.listed(api.now) {
        if ledger.keys.get(&key.id).is_some_and(|notes| notes.place == place) {
            all.push((ids::id("key", key.id), "key-pair", key.labels.clone()));
        }
    }
    for address in world.addresses.listed(api.now) {
        if ledger.addresses.get(&address.id).is_some_and(|notes| notes.place == place) {
            all.push((ids::id("eipalloc", address.id), "elastic-ip", address.labels.clone()));
        }
    }
    all
}

const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 127;
const LONGEST_VALUE: usize = 256;
