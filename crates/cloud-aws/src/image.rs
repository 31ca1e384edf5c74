//! Images: from a spec's words to what a region boots. An image's id holds in one region only and a new one comes out every
//! few days, so none is written down here: each is asked for by its maker and name, or by a parameter.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached, Known, nonsense};
use cloud_types::{
    Architecture, Error, ErrorKind, Image, ImageInfo, Region, Result, SnapshotId, SnapshotState, ownership,
};

use crate::client::{Api, Filter, filter, tagged};
use crate::convert::{self, Ami, IMAGE, Place};
use crate::labels;
use crate::plan::Boot;
use crate::system::{Maker, System};

/// Images that were resolved.
#[derive(Debug)]
pub(crate) struct Images {
    account: Account,
    api: Api,
    newest: Known<Asked, Arc<Cached<Boot>>>,
}

/// Where, what, and for which machines.
type Asked = (Region, Image, Architecture);

impl Images {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), newest: Known::default() }
    }

    /// What the spec's image is in a region, on this architecture: asked of AWS, and at most [`FRESH`] old.
    pub(crate) async fn resolve(&self, region: &Region, image: &Image, architecture: Architecture) -> Result<Boot> {
        // What the caller's own account makes and deletes is looked at each time.
        if let Image::Snapshot(id) = image {
            return self.of_snapshot(region, id, architecture).await;
        }
        let read = async {
            match image {
                Image::Ubuntu(version) => self.newest(region, &System::ubuntu(version)?, image, architecture).await,
                Image::Debian(version) => self.newest(region, &System::debian(version)?, image, architecture).await,
                Image::Id(id) => self.by_id(region, id, architecture).await,
                _ => Err(Error::unsupported("this provider does not know that kind of image")),
            }
        };
        let cached = self.newest.get_or((region.clone(), image.clone(), architecture), Arc::default);
        Ok(cached.get(self.account.clock(), FRESH, read).await?.as_ref().clone())
    }

    /// The newest image of a system.
    async fn newest(
        &self,
        region: &Region,
        system: &System,
        asked: &Image,
        architecture: Architecture,
    ) -> Result<Boot> {
        let filters = [
            filter("name", [system.pattern(architecture)]),
            filter("architecture", [convert::architecture_word(architecture)]),
            filter("state", ["available"]),
            filter("root-device-type", ["ebs"]),
            filter("virtualization-type", ["hvm"]),
        ];
        let images = self.list(region, system.maker.account(region), &filters).await?;
        let newest = images.into_iter().max_by_key(|image| (image.snapshot.created_at, image.place.id.clone()));
        let missing =
            || Error::invalid("image", format!("there is no image {asked} for {architecture:?} machines here"));
        boot(newest.ok_or_else(missing)?, Some(system.maker.ssh_user()))
    }

    /// An image by `ami-…`, or by a parameter that holds such an id: `ssm:/aws/service/…` or `resolve:ssm:/…`, as EC2 has it
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html>).
    async fn by_id(&self, region: &Region, id: &str, architecture: Architecture) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no image of this id or parameter in this region");
        let parameter = id.strip_prefix("resolve:").unwrap_or(id).strip_prefix("ssm:");
        let id = match parameter {
            None => id.to_owned(),
            Some(name) if is_parameter(name) => match self.api.parameter(region, name).await {
                Ok(value) => value.ok_or_else(missing)?,
                Err(error) if is_unknown(&error) => return Err(missing()),
                Err(error) => return Err(error),
            },
            Some(_) => return Err(missing()),
        };
        if !convert::is_id(IMAGE, &id) {
            return Err(match parameter {
                Some(_) => Error::invalid("image", "is a parameter that holds no image's id"),
                None => Error::invalid("image", "must be like ami-0123456789abcdef0, or ssm: and a parameter's name"),
            });
        }
        let image = self.find(&Place { region: region.clone(), id }).await?.ok_or_else(missing)?;
        fits(&image, architecture)?;
        boot(image, None)
    }

    /// An image that a snapshot is.
    async fn of_snapshot(&self, region: &Region, id: &SnapshotId, architecture: Architecture) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no snapshot of this id");
        let place = Place::read(IMAGE, id.as_str()).map_err(|_| missing())?;
        if place.region != *region {
            let rule = format!("must be a snapshot of {region}, but it is one of {}", place.region);
            return Err(Error::invalid("image", rule));
        }
        let image = self.find(&place).await?.ok_or_else(missing)?;
        fits(&image, architecture)?;
        match image.snapshot.state {
            SnapshotState::Available => boot(image, None),
            SnapshotState::Creating => {
                Err(Error::new(ErrorKind::Conflict, format!("snapshot {id} is still being made")))
            }
            _ => Err(Error::invalid("image", format!("is the snapshot {id}, which is broken"))),
        }
    }

    /// An image that is there.
    pub(crate) async fn find(&self, place: &Place) -> Result<Option<Ami>> {
        match self.api.get_image(&place.region, &place.id).await {
            Ok(Some(image)) => Ok(Some(convert::ami(&place.region, &image)?).filter(|image| image.is_there)),
            Ok(None) => Ok(None),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The images of an account in a region that are there and pass the filters.
    async fn list(&self, region: &Region, account: &str, filters: &[Filter]) -> Result<Vec<Ami>> {
        let images = self.api.images(region, account, filters).await?;
        let mut images = images.iter().map(|image| convert::ami(region, image)).collect::<Result<Vec<_>>>()?;
        images.retain(|image| image.is_there);
        Ok(images)
    }

    /// The images of a name in a region that are the account's own, whoever owns them.
    pub(crate) async fn named(&self, region: &Region, name: &str) -> Result<Vec<Ami>> {
        self.list(region, "self", &[filter("name", [name])]).await
    }

    /// The images of a region that bear this owner's tag.
    pub(crate) async fn own(&self, region: &Region) -> Result<Vec<Ami>> {
        self.list(region, "self", &[tagged(ownership::OWNER, self.account.owner().as_str())]).await
    }

    /// The systems that a spec can name by version, by the parameters that hold their newest images.
    pub(crate) async fn known(&self) -> Result<Vec<ImageInfo>> {
        let systems = [System::ubuntu("24.04"), System::ubuntu("22.04"), System::debian("13"), System::debian("12")];
        let mut known = Vec::new();
        for system in systems {
            let system = system?;
            for architecture in [Architecture::X86_64, Architecture::Arm64] {
                known.push((system.parameter(architecture), system.clone(), architecture));
            }
        }
        let names: Vec<String> = known.iter().map(|(name, ..)| name.clone()).collect();
        let there = self.api.parameters(&self.api.home().await?, &names).await?;
        known.retain(|(name, ..)| there.contains(name));
        let info = |(name, system, architecture): (String, System, Architecture)| ImageInfo {
            id: format!("ssm:{name}"),
            description: format!("{} {}", system.maker.words(), system.version),
            architecture,
            deprecated: false,
        };
        Ok(known.into_iter().map(info).collect())
    }
}

fn boot(image: Ami, ssh_user: Option<&str>) -> Result<Boot> {
    let ssh_user = ssh_user.map_or_else(|| ssh_user_of(&image), str::to_owned);
    let root_device = image.root_device.ok_or_else(|| nonsense("an image without a root device"))?;
    let id = image.place.id;
    if !image.lasts {
        return Err(Error::invalid("image", format!("{id} has no disk that lasts, and cannot be stopped")));
    }
    let disk = image.snapshot.disk_size.ok_or_else(|| nonsense("an image without the size of its disk"))?;
    Ok(Boot { image: id, root_device, further_devices: image.further_devices, disk, ssh_user })
}

/// Who logs in: what a snapshot remembers of its host, else what the image's name tells.
fn ssh_user_of(image: &Ami) -> String {
    if let Some(user) = image.labels.get(labels::SSH_USER) {
        return user.clone();
    }
    let name = image.name.to_ascii_lowercase();
    let known = [("ubuntu", Maker::Canonical), ("debian", Maker::Debian)];
    let maker = known.iter().find(|(word, _)| name.contains(word)).map(|(_, maker)| *maker);
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-users.html#ami-default-user-names>.
    maker.map_or("ec2-user", Maker::ssh_user).to_owned()
}

fn fits(image: &Ami, architecture: Architecture) -> Result<()> {
    if image.architecture == Some(architecture) {
        return Ok(());
    }
    Err(Error::invalid("image", format!("is not for {architecture:?} machines")))
}

/// Also an id that AWS would not have, or an image that is not for everybody: it says so with other words.
fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidRequest) || error.code() == Some("ParameterNotFound")
}

/// Letters, digits and `.-_/`, perhaps with a version or a label behind a colon
/// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html>).
fn is_parameter(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b':');
    (1..=1024).contains(&name.len()) && name.bytes().all(inside)
}

/// How long the newest image is taken for that.
const FRESH: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{BlockDeviceMapping, DeviceType, EbsBlockDevice, Image as TheirImage, Tag};
    use cloud_types::GiB;

    use super::*;

    fn image(name: &str) -> aws_sdk_ec2::types::builders::ImageBuilder {
        let disk = EbsBlockDevice::builder().volume_size(8).build();
        let root = BlockDeviceMapping::builder().device_name("/dev/xvda").ebs(disk).build();
        let other = BlockDeviceMapping::builder().device_name("/dev/sdb").virtual_name("ephemeral0").build();
        TheirImage::builder()
            .image_id("ami-0123456789abcdef0")
            .name(name)
            .root_device_name("/dev/xvda")
            .block_device_mappings(other)
            .block_device_mappings(root)
    }

    fn ami(image: aws_sdk_ec2::types::builders::ImageBuilder) -> Ami {
        convert::ami(&Region::new("eu-west-1").unwrap(), &image.build()).unwrap()
    }

    #[test]
    fn what_boots_is_told_by_the_image() {
        let boot = boot(ami(image("al2023-ami-2023")), None).unwrap();
        assert_eq!((boot.root_device.as_str(), boot.disk, boot.ssh_user.as_str()), ("/dev/xvda", GiB(8), "ec2-user"));
        assert!(boot.further_devices.is_empty(), "{boot:?}");
    }

    #[test]
    fn a_snapshot_remembers_who_logs_in() {
        let tag = Tag::builder().key(labels::SSH_USER).value("admin").build();
        assert_eq!(ssh_user_of(&ami(image("cloud-mine-copy").tags(tag))), "admin");
        assert_eq!(ssh_user_of(&ami(image("my-ubuntu-24"))), "ubuntu");
    }

    #[test]
    fn an_image_without_a_disk_that_lasts_is_refused() {
        let image = ami(image("old").root_device_type(DeviceType::InstanceStore));
        assert_eq!(boot(image, None).unwrap_err().field(), Some("image"));
    }

    #[test]
    fn a_parameter_is_a_path_and_nothing_else() {
        for name in ["/aws/service/debian/release/12/latest/amd64", "/my/image:3", "plain"] {
            assert!(is_parameter(name), "{name}");
        }
        for name in ["", "a b", "a\n", "ä", "{{x}}"] {
            assert!(!is_parameter(name), "{name}");
        }
    }
}
