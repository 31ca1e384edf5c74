//! `change_protection` of every resource that has it.

use cloud_world::{Command, HostProtection, Kind};

use super::api::{Answer, Api};
use super::errors::{self, ApiError};

/// Both marks of a server must be set alike.
pub(super) fn server(api: &mut Api<'_>, host: u64) -> Answer {
    let mut fields = api.fields()?;
    let delete = fields.flag("delete");
    let rebuild = fields.flag("rebuild");
    fields.done()?;
    let present = api.world.host(host)?.protection;
    let wanted =
        HostProtection { delete: delete.unwrap_or(present.delete), rebuild: rebuild.unwrap_or(present.rebuild) };
    if wanted.delete != wanted.rebuild {
        let rule = "delete and rebuild must have the same value";
        return Err(errors::invalid("rebuild", rule));
    }
    let action = note(api, Kind::Host, host)?;
    api.world.hosts.find_mut(host)?.protection = wanted;
    api.started(action)
}

pub(super) fn image(api: &mut Api<'_>, image: u64) -> Answer {
    let wanted = delete_flag(api)?;
    let action = note(api, Kind::Image, image)?;
    change(&mut api.world.images.find_mut(image)?.protected, wanted);
    api.started(action)
}

pub(super) fn volume(api: &mut Api<'_>, volume: u64) -> Answer {
    let wanted = delete_flag(api)?;
    let action = note(api, Kind::Volume, volume)?;
    change(&mut api.world.volumes.find_mut(volume)?.protected, wanted);
    api.started(action)
}

pub(super) fn primary_ip(api: &mut Api<'_>, address: u64) -> Answer {
    let wanted = delete_flag(api)?;
    let action = note(api, Kind::Address, address)?;
    let address = api.world.addresses.find_mut(address)?;
    change(&mut address.protected, wanted);
    api.started(action)
}

fn delete_flag(api: &Api<'_>) -> Result<Option<bool>, ApiError> {
    let mut fields = api.fields()?;
    let wanted = fields.flag("delete");
    fields.done()?;
    Ok(wanted)
}

fn change(protected: &mut bool, wanted: Option<bool>) {
    *protected = wanted.unwrap_or(*protected);
}

fn note(api: &mut Api<'_>, kind: Kind, id: u64) -> Result<u64, ApiError> {
    let command = Command::ChangeProtection;
    Ok(api.world.note(command, &[(kind, id)], api.now)?)
}
