//! Security groups. Each region has a default one, which nobody made and nobody can delete.

use std::collections::BTreeMap;

use cloud_world::{Labels, WorldError};

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::group_rules::{self, Peer, Rule};
use super::ledger::Group;
use super::places::Place;
use super::xml::{Xml, fields};
use super::{ids, instances, tags};

/// The default group of every region.
pub(super) fn defaults() -> BTreeMap<u64, Group> {
    let group = |place: Place| {
        let number = place.default_group();
        let within = Rule {
            number: number + 1_000,
            egress: false,
            protocol: "-1".to_owned(),
            ports: None,
            peer: Peer::Group(number),
            description: None,
            tags: Labels::new(),
        };
        let group = Group {
            place,
            name: "default".to_owned(),
            description: "default VPC security group".to_owned(),
            tags: Labels::new(),
            rules: vec![within, Rule::all_out(number + 2_000)],
        };
        (number, group)
    };
    Place::all().map(group).collect()
}

/// `CreateSecurityGroup`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let name = api.params.required("GroupName")?;
    let description = api.params.required("GroupDescription")?;
    if name.starts_with("sg-") || name.len() > LONGEST_TEXT {
        return Err(errors::invalid("GroupName", "must be at most 255 characters and not begin with 'sg-'"));
    }
    if description.len() > LONGEST_TEXT {
        return Err(errors::invalid("GroupDescription", "must be at most 255 characters"));
    }
    if let Some(vpc) = api.params.text("VpcId")
        && ids::number("vpc", &vpc)? != api.place.vpc()
    {
        return Err(errors::not_found("vpc", &vpc));
    }
    let labels = tags::of_one(&api.params, "security-group")?;
    if named(api, &name).is_ok() {
        let message =
            format!("The security group '{name}' already exists for VPC '{}'", ids::id("vpc", api.place.vpc()));
        return Err(ApiError::new("InvalidGroup.Duplicate", message));
    }
    let number = api.world.create_firewall(&name, Vec::new(), labels.clone(), api.now)?;
    let rules = vec![Rule::all_out(api.ledger.fresh_number())];
    let group = Group { place: api.place, name, description, tags: labels.clone(), rules };
    api.ledger.groups.insert(number, group);
    Ok(fields! {
        "groupId" => ids::id("sg", number),
        "tagSet" => filter::tag_set(&labels),
    })
}

/// `DescribeSecurityGroups`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let (wanted, names) = (api.params.texts("GroupId"), api.params.texts("GroupName"));
    let mut found = Vec::new();
    for id in &wanted {
        found.push(find(api, id)?);
    }
    for name in &names {
        found.push(named(api, name)?);
    }
    if wanted.is_empty() && names.is_empty() {
        found = api.ledger.groups.keys().copied().filter(|number| is_seen(api, *number)).collect();
    }
    let rows = found.into_iter().filter_map(|number| {
        let group = api.ledger.groups.get(&number)?.clone();
        let shown = group.clone();
        let row = Row::new(number, move |filter| {
            Some(match filter {
                "group-id" => vec![ids::id("sg", number)],
                "group-name" => vec![group.name.clone()],
                "description" => vec![group.description.clone()],
                "vpc-id" => vec![ids::id("vpc", group.place.vpc())],
                "owner-id" => vec![ACCOUNT.to_owned()],
                _ => return filter::tag_values(&group.tags, filter),
            })
        });
        Some(row.showing(move |api| render(api, number, &shown)))
    });
    let (shown, next) = filter::page(api, rows.collect(), "GroupId")?;
    Ok(fields! { "securityGroupInfo" => shown, "nextToken" => next })
}

/// `DeleteSecurityGroup`: nothing may use it, not even an instance that is shutting down.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let number = of_call(api)?;
    let id = ids::id("sg", number);
    if number == api.place.default_group() {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(ApiError::new("CannotDelete", message));
    }
    let used = instances::users_of_group(api, number);
    let groups = api.ledger.groups.iter().filter(|(other, _)| **other != number);
    let named = groups.flat_map(|(_, group)| &group.rules).any(|rule| rule.peer == Peer::Group(number));
    if used || named {
        return Err(ApiError::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    match api.world.delete_firewall(number, api.now) {
        Ok(()) => {}
        Err(WorldError::InUse { .. }) => {
            return Err(ApiError::new("DependencyViolation", format!("resource {id} has a dependent object")));
        }
        Err(other) => return Err(other.into()),
    }
    api.ledger.groups.remove(&number);
    Ok(fields! { "return" => true, "groupId" => id })
}

/// The group that a call changes, by id or by name.
pub(super) fn of_call(api: &Api<'_>) -> Result<u64, ApiError> {
    match (api.params.text("GroupId"), api.params.text("GroupName")) {
        (Some(id), _) => find(api, &id),
        (None, Some(name)) => named(api, &name),
        (None, None) => Err(errors::missing("GroupId")),
    }
}

/// The group with this id.
pub(super) fn find(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = ids::number("sg", id)?;
    let found = is_seen(api, number).then_some(number);
    found.ok_or_else(|| errors::not_found("sg", id))
}

/// The group of that name in the default network.
pub(super) fn named(api: &Api<'_>, name: &str) -> Result<u64, ApiError> {
    let mut groups = api.ledger.groups.iter();
    let found = groups.find(|(number, group)| group.name == name && is_seen(api, **number));
    found.map(|(number, _)| *number).ok_or_else(|| errors::not_found("sg", name))
}

pub(super) fn name_of(api: &Api<'_>, number: u64) -> String {
    api.ledger.groups.get(&number).map_or_else(String::new, |group| group.name.clone())
}

fn is_seen(api: &Api<'_>, number: u64) -> bool {
    let here = api.ledger.groups.get(&number).is_some_and(|group| group.place == api.place);
    here && (number == api.place.default_group() || api.sees(&api.world.firewalls, number))
}

fn render(api: &Api<'_>, number: u64, group: &Group) -> Xml {
    let id = ids::id("sg", number);
    fields! {
        "ownerId" => ACCOUNT,
        "groupId" => id.as_str(),
        "groupName" => group.name.as_str(),
        "groupDescription" => group.description.as_str(),
        "vpcId" => ids::id("vpc", group.place.vpc()),
        "securityGroupArn" => format!("arn:aws:ec2:{}:{ACCOUNT}:security-group/{id}", group.place.name()),
        "ipPermissions" => group_rules::permissions(api, &group.rules, false),
        "ipPermissionsEgress" => group_rules::permissions(api, &group.rules, true),
        "tagSet" => filter::tag_set(&group.tags),
    }
}

const LONGEST_TEXT: usize = 255;
