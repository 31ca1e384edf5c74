//! Attaching and detaching volumes.

use aws_sdk_ec2::types::{Instance, Volume as TheirVolume, VolumeAttachment, VolumeAttachmentState};
use cloud_types::{Error, ErrorKind, HostId, Result, VolumeId};

use super::VOLUME;
use crate::convert::{self, Place};
use crate::host::Inner;

impl Inner {
    pub(crate) async fn attach(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let (volume, host) = (Place::read(VOLUME, id.as_str())?, Place::of_host(host)?);
        let seen = self.volume(&volume).await?;
        for _ in 0..TRIES {
            let instance = self.reader.read_alone(&host).await?;
            check_place(&volume, &seen, &host, &instance)?;
            let device = free_device(&instance).ok_or_else(|| {
                Error::new(ErrorKind::QuotaExceeded, format!("host {host} has no device left for a volume"))
            })?;
            let begun = match self.volume_at(&volume, &host).await? {
                true => Ok(()),
                false => self.api.attach_volume(&volume, &host.id, &device).await,
            };
            match begun {
                Ok(()) => return self.attached(&volume, &host).await,
                // Refused because an earlier attempt had been carried out, or because another volume has got the device.
                Err(_) if self.volume_at(&volume, &host).await? => return self.attached(&volume, &host).await,
                Err(error) if is_device_taken(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("other volumes are being attached to host {host}")))
    }

    /// Whether the volume is at the host, or on its way there; `Conflict` where it is at another one.
    async fn volume_at(&self, volume: &Place, host: &Place) -> Result<bool> {
        match convert::attachment(&self.volume(volume).await?) {
            None => Ok(false),
            Some(one) if one.instance_id() != Some(&host.id) => {
                Err(Error::new(ErrorKind::Conflict, format!("volume {volume} is attached to another host")))
            }
            Some(one) if is_leaving(one) => {
                Err(Error::new(ErrorKind::Conflict, format!("volume {volume} is being detached")))
            }
            Some(_) => Ok(true),
        }
    }

    async fn attached(&self, volume: &Place, host: &Place) -> Result<()> {
        self.until("the volume is attached", async || {
            let seen = self.volume(volume).await?;
            let here = convert::attachment(&seen).filter(|one| one.instance_id() == Some(&host.id));
            Ok(here.filter(|one| one.state() == Some(&VolumeAttachmentState::Attached)).map(drop))
        })
        .await
    }

    pub(super) async fn detach(&self, id: &VolumeId) -> Result<()> {
        let volume = Place::read(VOLUME, id.as_str())?;
        let seen = self.volume(&volume).await?;
        let host = convert::attachment(&seen).filter(|one| !is_leaving(one)).and_then(|one| one.instance_id());
        if let Some(host) = host
            && let Err(error) = self.api.detach_volume(&volume, host).await
            // Refused perhaps because an earlier attempt had been carried out.
            && is_firm(&self.volume(&volume).await?)
        {
            return Err(error);
        }
        self.until("the volume is detached", async || {
            let seen = self.volume(&volume).await?;
            Ok(convert::attachment(&seen).is_none().then_some(()))
        })
        .await
    }
}

/// Whether a volume is attached, and nothing detaches it.
pub(super) fn is_firm(volume: &TheirVolume) -> bool {
    convert::attachment(volume).is_some_and(|one| !is_leaving(one))
}

fn is_leaving(attachment: &VolumeAttachment) -> bool {
    attachment.state() == Some(&VolumeAttachmentState::Detaching)
}

fn check_place(volume: &Place, seen: &TheirVolume, host: &Place, instance: &Instance) -> Result<()> {
    let (here, there) = (instance.placement().and_then(|place| place.availability_zone()), seen.availability_zone());
    if volume.region == host.region && here == there {
        return Ok(());
    }
    let (here, there) = (here.unwrap_or("another zone"), there.unwrap_or("another zone"));
    Err(Error::invalid("host", format!("must be in the volume's zone, {there}, but is in {here}")))
}

/// The first device that no disk of the host has. What a disk asks for and what the system calls it are two things; the
/// letters from f to p are for volumes (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html>).
pub(crate) fn free_device(instance: &Instance) -> Option<String> {
    let taken = |device: &String| {
        let names = instance.block_device_mappings().iter().filter_map(|mapping| mapping.device_name());
        names.into_iter().any(|name| name == device)
    };
    ('f'..='p').map(|letter| format!("/dev/sd{letter}")).find(|device| !taken(device))
}

/// "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use".
fn is_device_taken(error: &Error) -> bool {
    error.kind() == ErrorKind::InvalidRequest && error.message().contains("already in use")
}

/// How often another device is tried.
const TRIES: u32 = 5;

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceBlockDeviceMapping, Placement};
    use cloud_types::Region;

    use super::*;

    fn with(devices: &[&str]) -> Instance {
        let disk = |device: &&str| InstanceBlockDeviceMapping::builder().device_name(*device).build();
        let placement = Placement::builder().availability_zone("r-1a").build();
        let disks = devices.iter().map(disk).collect();
        Instance::builder().placement(placement).set_block_device_mappings(Some(disks)).build()
    }

    #[test]
    fn a_volume_gets_the_first_free_device() {
        assert_eq!(free_device(&with(&["/dev/sda1"])).as_deref(), Some("/dev/sdf"));
        assert_eq!(free_device(&with(&["/dev/sda1", "/dev/sdf", "/dev/sdh"])).as_deref(), Some("/dev/sdg"));
        let all: Vec<String> = ('f'..='p').map(|letter| format!("/dev/sd{letter}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(free_device(&with(&all)), None);
    }

    #[test]
    fn a_volume_of_another_zone_or_region_is_refused() {
        let place = |region: &str| Place { region: Region::new(region).unwrap(), id: "x-01".to_owned() };
        let volume = |zone: &str| TheirVolume::builder().availability_zone(zone).build();
        let host = with(&[]);
        assert!(check_place(&place("r"), &volume("r-1a"), &place("r"), &host).is_ok());
        let refused = check_place(&place("r"), &volume("r-1b"), &place("r"), &host).unwrap_err();
        assert_eq!(refused.field(), Some("host"));
        assert!(check_place(&place("q"), &volume("r-1a"), &place("r"), &host).is_err());
    }

    #[test]
    fn what_is_being_detached_is_not_firmly_attached() {
        let volume = |state: &str| {
            let one = VolumeAttachment::builder().instance_id("i-01").state(VolumeAttachmentState::from(state)).build();
            TheirVolume::builder().attachments(one).build()
        };
        assert!(is_firm(&volume("attached")) && is_firm(&volume("attaching")) && is_firm(&volume("busy")));
        assert!(!is_firm(&volume("detaching")) && !is_firm(&volume("detached")));
    }
}
