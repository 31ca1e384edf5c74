//! `ModifyInstanceAttribute` and `DescribeInstanceAttribute`: one attribute a call.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloud_world::HostState;

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::instances;
use super::machines::Machine;
use super::xml::{Xml, fields};
use super::{groups, ids, launch_fields};

/// `ModifyInstanceAttribute`.
pub(super) fn modify(api: &mut Api<'_>) -> Answer {
    let host = instances::live(api, &api.params.required("InstanceId")?)?;
    match attribute(api)?.as_str() {
        "instanceType" => {
            let name = value(api, "InstanceType")?;
            change_type(api, host, &name)?;
        }
        "disableApiTermination" => {
            let flag = read_flag("DisableApiTermination", &value(api, "DisableApiTermination")?)?;
            api.world.hosts.find_mut(host)?.protection.delete = flag;
        }
        "instanceInitiatedShutdownBehavior" => {
            let behavior = value(api, "InstanceInitiatedShutdownBehavior")?;
            if !["stop", "terminate"].contains(&behavior.as_str()) {
                return Err(errors::invalid("InstanceInitiatedShutdownBehavior", format!("'{behavior}'")));
            }
            if let Some(notes) = api.ledger.instances.get_mut(&host) {
                notes.shutdown_behavior = behavior;
            }
        }
        "userData" => {
            check_stopped(api, host)?;
            let text = value(api, "UserData")?;
            let data = launch_fields::decode_user_data(&text)?;
            api.world.hosts.find_mut(host)?.user_data = Some(data);
        }
        "groupSet" => change_groups(api, host)?,
        "blockDeviceMapping" => change_disks(api, host)?,
        // Said to be taken, and seen nowhere.
        "sourceDestCheck" | "ebsOptimized" | "enaSupport" | "disableApiStop" => {}
        other => return Err(errors::invalid("Attribute", format!("'{other}' cannot be modified"))),
    }
    instances::note(api, host);
    Ok(fields! { "return" => true })
}

/// `DescribeInstanceAttribute`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let number = instances::live(api, &api.params.required("InstanceId")?)?;
    let attribute = api.params.required("Attribute")?;
    let host = api.world.host(number)?;
    let Some(notes) = api.ledger.instances.get(&number) else {
        return Err(errors::not_found("i", &ids::id("i", number)));
    };
    let held = |value: Xml| fields! { "value" => value };
    let mut shown = fields! { "instanceId" => ids::id("i", number) };
    match attribute.as_str() {
        "instanceType" => shown.push("instanceType", held(host.machine.as_str().into())),
        "disableApiTermination" => shown.push("disableApiTermination", held(host.protection.delete.into())),
        "disableApiStop" => shown.push("disableApiStop", held(false.into())),
        "ebsOptimized" => shown.push("ebsOptimized", held(false.into())),
        "enaSupport" => shown.push("enaSupport", held(true.into())),
        "sourceDestCheck" => shown.push("sourceDestCheck", held(true.into())),
        "rootDeviceName" => shown.push("rootDeviceName", held(notes.root_device.into())),
        "instanceInitiatedShutdownBehavior" => {
            shown.push("instanceInitiatedShutdownBehavior", held(notes.shutdown_behavior.as_str().into()));
        }
        "userData" => {
            let data = host.user_data.as_ref().map(|data| BASE64_STANDARD.encode(data.expose()));
            shown.push("userData", fields! { "value" => data });
        }
        "groupSet" => {
            let groups = notes.groups.iter().map(|group| {
                fields! { "groupId" => ids::id("sg", *group), "groupName" => groups::name_of(api, *group) }
            });
            shown.push("groupSet", groups.collect::<Vec<_>>());
        }
        "blockDeviceMapping" => shown.push("blockDeviceMapping", super::render_instance::disks(api, host)),
        "productCodes" => shown.push("productCodes", Vec::<Xml>::new()),
        other => return Err(errors::invalid("Attribute", format!("'{other}' is no attribute of {ACCOUNT}"))),
    }
    Ok(shown)
}

/// The one attribute that a call changes, said by its own parameter or by `Attribute` and `Value`.
fn attribute(api: &Api<'_>) -> Result<String, ApiError> {
    let params = &api.params;
    let mut found: Vec<&str> =
        ONES.iter().filter(|(_, name)| !params.within(name).is_empty()).map(|(one, _)| *one).collect();
    let named = params.text("Attribute");
    found.extend(named.as_deref().filter(|named| !found.contains(named)).into_iter().collect::<Vec<_>>());
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(ApiError::new("InvalidParameterCombination", "No attributes specified.")),
        _ => Err(errors::combination("Fields for multiple attribute types specified")),
    }
}

fn value(api: &Api<'_>, name: &str) -> Result<String, ApiError> {
    let own = api.params.text(&format!("{name}.Value")).or_else(|| api.params.text("Value"));
    own.ok_or_else(|| errors::missing(&format!("{name}.Value")))
}

fn read_flag(name: &str, text: &str) -> Result<bool, ApiError> {
    text.to_ascii_lowercase().parse().map_err(|_| errors::invalid(name, format!("'{text}' is no boolean")))
}

fn check_stopped(api: &Api<'_>, host: u64) -> Result<(), ApiError> {
    if api.world.host(host)?.state == HostState::Off {
        return Ok(());
    }
    let message = format!("The instance '{}' is not in the 'stopped' state.", ids::id("i", host));
    Err(ApiError::new("IncorrectInstanceState", message))
}

/// Of a stopped instance, to a type of the same architecture; whether there is room shows at the start.
fn change_type(api: &mut Api<'_>, host: u64, name: &str) -> Result<(), ApiError> {
    let Some(machine) = Machine::named(name) else {
        let message = format!("Invalid value '{name}' for InstanceType.");
        return Err(ApiError::new("InvalidInstanceAttributeValue", message));
    };
    check_stopped(api, host)?;
    if api.ledger.instances.get(&host).is_some_and(|notes| notes.spot.is_some()) {
        return Err(ApiError::new("UnsupportedOperation", "The instance type of a Spot Instance cannot be modified."));
    }
    let present = Machine::named(&api.world.host(host)?.machine).map(Machine::architecture);
    if present != Some(machine.architecture()) {
        let message = format!(
            "The requested instance type's architecture ({}) does not match the architecture of the instance ({}).",
            machine.architecture(),
            present.unwrap_or_default(),
        );
        return Err(ApiError::new("InvalidInstanceAttributeValue", message));
    }
    api.world.retype_host(host, name, api.now)?;
    Ok(())
}

fn change_groups(api: &mut Api<'_>, host: u64) -> Result<(), ApiError> {
    let mut found = Vec::new();
    for id in api.params.required_texts("GroupId")? {
        found.push(groups::find(api, &id)?);
    }
    let made = found.iter().copied().filter(|group| api.world.firewalls.find(*group).is_ok()).collect();
    api.world.hosts.find_mut(host)?.firewalls = made;
    if let Some(notes) = api.ledger.instances.get_mut(&host) {
        notes.groups = found;
    }
    Ok(())
}

fn change_disks(api: &mut Api<'_>, host: u64) -> Result<(), ApiError> {
    for mapping in api.params.each("BlockDeviceMapping") {
        let device = mapping.required("DeviceName")?;
        let flag = mapping.flag("Ebs.DeleteOnTermination")?;
        let known = |volume: &&u64| {
            let notes = api.ledger.volumes.get(volume).and_then(|notes| notes.device.as_ref());
            notes.is_some_and(|(known, _)| *known == device)
        };
        let found = api.world.host(host)?.volumes.iter().find(known).copied();
        let missing = || {
            let message = format!("No device is currently mapped at {device}");
            ApiError::new("InvalidInstanceAttributeValue", message)
        };
        let volume = found.ok_or_else(missing)?;
        if let Some(flag) = flag {
            api.world.volumes.find_mut(volume)?.auto_delete = flag;
        }
    }
    Ok(())
}

/// Attributes, and the parameters that say them.
const ONES: [(&str, &str); 10] = [
    ("instanceType", "InstanceType"),
    ("disableApiTermination", "DisableApiTermination"),
    ("disableApiStop", "DisableApiStop"),
    ("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"),
    ("userData", "UserData"),
    ("groupSet", "GroupId"),
    ("blockDeviceMapping", "BlockDeviceMapping"),
    ("sourceDestCheck", "SourceDestCheck"),
    ("ebsOptimized", "EbsOptimized"),
    ("enaSupport", "EnaSupport"),
];
