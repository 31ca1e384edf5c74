//! Images: from a spec's words to what a region boots. An image's id holds in one region only and a new one comes out every
//! few days, so none is written down here: each is asked for by its maker and name, or by a parameter.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types::{DeviceType, Image as TheirImage, ImageState};
use cloud_types::{Architecture, Error, ErrorKind, GiB, Image, ImageInfo, Region, Result, SnapshotId};

use crate::client::filter;
use crate::convert::{self, Place, nonsense};
use crate::host::Inner;
use crate::tags;

/// What a host boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Boot {
    /// The image's id in its region.
    pub(crate) image: String,
    /// The device of the boot disk: a mapping of another one would add a disk.
    pub(crate) root_device: String,
    /// The devices of its further disks, which a host gets too.
    pub(crate) further_devices: Vec<String>,
    /// The smallest boot disk that it fits on.
    pub(crate) disk: GiB,
    /// The name that SSH keys log in by.
    pub(crate) ssh_user: String,
}

/// Images that were resolved, and when.
#[derive(Debug, Default)]
pub(crate) struct Images {
    newest: Mutex<HashMap<Wish, (Duration, Boot)>>,
}

/// Where, what, and on which machines.
type Wish = (Region, Image, Architecture);

impl Inner {
    /// What the spec's image is in a region, on this architecture: asked of AWS, and at most [`FRESH`] old.
    pub(crate) async fn resolve_image(
        &self,
        region: &Region,
        image: &Image,
        architecture: Architecture,
    ) -> Result<Boot> {
        // What the caller's own account makes and deletes is looked at each time.
        if let Image::Snapshot(id) = image {
            return self.own_image(region, id, architecture).await;
        }
        let key = (region.clone(), image.clone(), architecture);
        let now = self.clock.monotonic();
        let known = self.images.newest.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((read, boot)) = known
            && now.saturating_sub(read) < FRESH
        {
            return Ok(boot);
        }
        let boot = match image {
            Image::Ubuntu(version) => self.newest(region, &System::ubuntu(version)?, image, architecture).await?,
            Image::Debian(version) => self.newest(region, &System::debian(version)?, image, architecture).await?,
            Image::Id(id) => self.image_by_id(region, id, architecture).await?,
            _ => return Err(Error::unsupported("this provider does not know that kind of image")),
        };
        let mut newest = self.images.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.retain(|_, (read, _)| now.saturating_sub(*read) < FRESH);
        newest.insert(key, (now, boot.clone()));
        Ok(boot)
    }

    /// The newest image of a system.
    async fn newest(
        &self,
        region: &Region,
        system: &System,
        wished: &Image,
        architecture: Architecture,
    ) -> Result<Boot> {
        let filters = [
            filter("name", [system.pattern(architecture)]),
            filter("architecture", [convert::architecture_word(architecture)]),
            filter("state", ["available"]),
            filter("root-device-type", ["ebs"]),
            filter("virtualization-type", ["hvm"]),
        ];
        let images = self.api.images(region, system.maker.account(region), &filters).await?;
        // Times of one form, which sort as text does.
        let newest = images.iter().max_by_key(|image| (image.creation_date(), image.image_id()));
        let missing =
            || Error::invalid("image", format!("there is no image {wished} for {architecture:?} machines here"));
        boot(newest.ok_or_else(missing)?, Some(system.maker.ssh_user()))
    }

    /// An image by `ami-…`, or by a parameter that holds such an id: `ssm:/aws/service/…` or `resolve:ssm:/…`, as EC2 has it
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html>).
    async fn image_by_id(&self, region: &Region, id: &str, architecture: Architecture) -> Result<Boot> {
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
        if !convert::is_id("ami", &id) {
            return Err(match parameter {
                Some(_) => Error::invalid("image", "is a parameter that holds no image's id"),
                None => Error::invalid("image", "must be like ami-0123456789abcdef0, or ssm: and a parameter's name"),
            });
        }
        let image = self.image(region, &id).await?.ok_or_else(missing)?;
        fits(&image, architecture)?;
        boot(&image, None)
    }

    /// An image that a snapshot is.
    async fn own_image(&self, region: &Region, id: &SnapshotId, architecture: Architecture) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no snapshot of this id");
        let place = Place::read(IMAGE, id.as_str()).map_err(|_| missing())?;
        if place.region != *region {
            let rule = format!("must be a snapshot of {region}, but it is one of {}", place.region);
            return Err(Error::invalid("image", rule));
        }
        let image = self.image(region, &place.id).await?.ok_or_else(missing)?;
        fits(&image, architecture)?;
        match image.state() {
            Some(ImageState::Available) => boot(&image, None),
            Some(ImageState::Pending | ImageState::Transient) => {
                Err(Error::new(ErrorKind::Conflict, format!("snapshot {id} is still being made")))
            }
            _ => Err(Error::invalid("image", format!("is the snapshot {id}, which is broken"))),
        }
    }

    /// An image that is there.
    pub(crate) async fn image(&self, region: &Region, id: &str) -> Result<Option<TheirImage>> {
        match self.api.get_image(region, id).await {
            Ok(image) => Ok(image.filter(|image| image.state() != Some(&ImageState::Deregistered))),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The systems that a spec can name by version, by the parameters that hold their newest images.
    pub(crate) async fn known_images(&self) -> Result<Vec<ImageInfo>> {
        let systems = [System::ubuntu("24.04"), System::ubuntu("22.04"), System::debian("13"), System::debian("12")];
        let mut known = Vec::new();
        for system in systems {
            let system = system?;
            for architecture in [Architecture::X86_64, Architecture::Arm64] {
                known.push((system.parameter(architecture), system.clone(), architecture));
            }
        }
        let names: Vec<String> = known.iter().map(|(name, ..)| name.clone()).collect();
        let home = self.api.home().await?;
        let there = self.api.parameters(&home, &names).await?;
        known.retain(|(name, ..)| there.iter().any(|one| one.name() == Some(name)));
        let info = |(name, system, architecture): (String, System, Architecture)| ImageInfo {
            id: format!("ssm:{name}"),
            description: format!("{} {}", system.maker.words(), system.version),
            architecture,
            deprecated: false,
        };
        Ok(known.into_iter().map(info).collect())
    }
}

/// A system of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct System {
    maker: Maker,
    version: String,
}

/// Who makes the images of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/>.
    Canonical,
    /// <https://wiki.debian.org/Cloud/AmazonEC2Image>.
    Debian,
}

impl System {
    fn ubuntu(version: &str) -> Result<Self> {
        let parts = version.split_once('.');
        if parts.is_some_and(|(year, month)| is_number(year) && is_number(month)) {
            return Ok(Self { maker: Maker::Canonical, version: version.to_owned() });
        }
        Err(Error::invalid("image", "must be a version of Ubuntu such as 24.04"))
    }

    fn debian(version: &str) -> Result<Self> {
        if is_number(version) {
            return Ok(Self { maker: Maker::Debian, version: version.to_owned() });
        }
        Err(Error::invalid("image", "must be a version of Debian such as 12"))
    }

    /// How the names of its images are made: the maker's own, with a date at the end.
    fn pattern(&self, architecture: Architecture) -> String {
        let (version, word) = (&self.version, debian_word(architecture));
        match self.maker {
            Maker::Canonical => format!("ubuntu/images/hvm-ssd*/ubuntu-*-{version}-{word}-server-*"),
            Maker::Debian => format!("debian-{version}-{word}-*"),
        }
    }

    /// The parameter that holds the id of its newest image in each region.
    fn parameter(&self, architecture: Architecture) -> String {
        let (version, word) = (&self.version, debian_word(architecture));
        // Canonical names the disk that an image was made for, which has changed since 22.04.
        let disk = if version.as_str() < "23.10" { "ebs-gp2" } else { "ebs-gp3" };
        match self.maker {
            Maker::Canonical => {
                format!("/aws/service/canonical/ubuntu/server/{version}/stable/current/{word}/hvm/{disk}/ami-id")
            }
            Maker::Debian => format!("/aws/service/debian/release/{version}/latest/{word}"),
        }
    }
}

impl Maker {
    /// The account that the images belong to: anybody can publish one under any name.
    fn account(self, region: &Region) -> &'static str {
        match self {
            Self::Canonical if region.as_str().starts_with("cn-") => "837727238323",
            Self::Canonical if region.as_str().starts_with("us-gov-") => "513442679011",
            Self::Canonical => "099720109477",
            Self::Debian => "136693071363",
        }
    }

    fn ssh_user(self) -> &'static str {
        match self {
            Self::Canonical => "ubuntu",
            Self::Debian => "admin",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Canonical => "Ubuntu",
            Self::Debian => "Debian",
        }
    }
}

fn boot(image: &TheirImage, ssh_user: Option<&str>) -> Result<Boot> {
    let (Some(id), Some(root_device)) = (image.image_id(), image.root_device_name()) else {
        return Err(nonsense("an image without an id or a root device"));
    };
    if image.root_device_type() == Some(&DeviceType::InstanceStore) {
        return Err(Error::invalid("image", format!("{id} has no disk that lasts, and cannot be stopped")));
    }
    let disk = convert::root_size(image).ok_or_else(|| nonsense("an image without the size of its disk"))?;
    let ssh_user = ssh_user.map_or_else(|| ssh_user_of(image), str::to_owned);
    let disks = image.block_device_mappings().iter().filter(|mapping| mapping.ebs().is_some());
    let further = disks.filter_map(|mapping| mapping.device_name()).filter(|device| *device != root_device);
    Ok(Boot {
        image: id.to_owned(),
        root_device: root_device.to_owned(),
        further_devices: further.map(str::to_owned).collect(),
        disk,
        ssh_user,
    })
}

/// Who logs in: what a snapshot remembers of its host, else what the image's name tells.
fn ssh_user_of(image: &TheirImage) -> String {
    let labels = tags::read(image.tags.as_deref());
    if let Some(user) = labels.get(tags::SSH_USER) {
        return user.clone();
    }
    let name = image.name().unwrap_or_default().to_ascii_lowercase();
    let known = [("ubuntu", Maker::Canonical), ("debian", Maker::Debian)];
    let maker = known.iter().find(|(word, _)| name.contains(word)).map(|(_, maker)| *maker);
    // <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/managing-users.html#ami-default-user-names>.
    maker.map_or("ec2-user", Maker::ssh_user).to_owned()
}

fn fits(image: &TheirImage, architecture: Architecture) -> Result<()> {
    if convert::architecture(image.architecture()) == Some(architecture) {
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

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn debian_word(architecture: Architecture) -> &'static str {
    if architecture == Architecture::Arm64 { "arm64" } else { "amd64" }
}

/// What ids of images begin with.
pub(crate) const IMAGE: &str = "ami";
/// What ids of the disks' snapshots begin with that an image is made of.
pub(crate) const PART: &str = "snap";
/// How long the newest image is taken for that.
const FRESH: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Tag};

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

    #[test]
    fn images_are_named_as_their_makers_do() {
        let ubuntu = System::ubuntu("24.04").unwrap();
        assert_eq!(ubuntu.pattern(Architecture::X86_64), "ubuntu/images/hvm-ssd*/ubuntu-*-24.04-amd64-server-*");
        assert_eq!(
            ubuntu.parameter(Architecture::Arm64),
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
        );
        assert!(System::ubuntu("22.04").unwrap().parameter(Architecture::X86_64).contains("/ebs-gp2/"));
        let debian = System::debian("12").unwrap();
        assert_eq!(debian.pattern(Architecture::Arm64), "debian-12-arm64-*");
        assert_eq!(debian.parameter(Architecture::X86_64), "/aws/service/debian/release/12/latest/amd64");
    }

    #[test]
    fn a_version_is_no_wildcard() {
        for version in ["*", "24.*", "24.04-amd64-*", "", ".", "24", "2?.04"] {
            assert_eq!(System::ubuntu(version).unwrap_err().field(), Some("image"), "{version}");
        }
        for version in ["*", "1?", "", "12-arm64"] {
            assert_eq!(System::debian(version).unwrap_err().field(), Some("image"), "{version}");
        }
    }

    #[test]
    fn the_maker_is_the_account_and_not_the_name() {
        let account = |region: &str| Maker::Canonical.account(&Region::new(region).unwrap());
        assert_eq!(account("eu-west-1"), "099720109477");
        assert_eq!(account("cn-north-1"), "837727238323");
        assert_eq!(account("us-gov-west-1"), "513442679011");
    }

    #[test]
    fn what_boots_is_told_by_the_image() {
        let boot = boot(&image("al2023-ami-2023").build(), None).unwrap();
        assert_eq!((boot.root_device.as_str(), boot.disk, boot.ssh_user.as_str()), ("/dev/xvda", GiB(8), "ec2-user"));
        assert!(boot.further_devices.is_empty(), "{boot:?}");
    }

    #[test]
    fn a_snapshot_remembers_who_logs_in() {
        let tag = Tag::builder().key(tags::SSH_USER).value("admin").build();
        assert_eq!(ssh_user_of(&image("cloud-mine-copy").tags(tag).build()), "admin");
        assert_eq!(ssh_user_of(&image("my-ubuntu-24").build()), "ubuntu");
    }

    #[test]
    fn an_image_without_a_disk_that_lasts_is_refused() {
        let image = image("old").root_device_type(DeviceType::InstanceStore).build();
        assert_eq!(boot(&image, None).unwrap_err().field(), Some("image"));
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
