//! What an image's name means on this box: what the configuration says, a distribution's own cloud image, or one that was pulled.

use std::path::PathBuf;
use std::str::FromStr;

use cloud_types::{Architecture, Error, ErrorKind, GiB, Image, ImageInfo, Result, SnapshotId};
use cocoon::{Cocoon, DirectKernel, ImageFile, Pull, StoredImage, StoredSnapshot};

/// Before the names of images that are snapshots. No registry's name begins so, since each begins with a registry's host.
pub(crate) const PREFIX: &str = "snapshot/";

/// What a host boots in place of a distribution's own image.
///
/// ```
/// use cloud_types::Image;
/// use cloud_cocoon::{Config, HostImage};
///
/// let cocoon = cocoon::Config::new().build();
/// let config = Config::new(cocoon).image(Image::debian("12"), HostImage::new("/srv/debian-12.qcow2").ssh_user("me"));
/// ```
#[derive(Debug, Clone)]
pub struct HostImage {
    source: String,
    kernel: Option<DirectKernel>,
    ssh_user: Option<String>,
}

impl HostImage {
    /// An image as `cocoon pull` takes it: a file, which is used where it is, an address, or a name in a registry.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), kernel: None, ssh_user: None }
    }

    /// Boots this kernel, and not from the disk.
    #[must_use]
    pub fn kernel(mut self, kernel: DirectKernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// The user that it lets in by SSH, unless it is the one of the name that it stands for.
    #[must_use]
    pub fn ssh_user(mut self, user: impl Into<String>) -> Self {
        self.ssh_user = Some(user.into());
        self
    }
}

/// The names that the configuration gives a meaning to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Vec<(Image, HostImage)>);

impl Names {
    pub(crate) fn add(&mut self, name: Image, image: HostImage) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, image));
    }

    fn find(&self, name: &Image) -> Option<&HostImage> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, image)| image)
    }
}

impl FromStr for Names {
    type Err = Error;

    /// `NAME=SOURCE` with blanks between; a name is `debian:VERSION`, `ubuntu:VERSION`, or what `Image::Id` says.
    fn from_str(text: &str) -> Result<Self> {
        let mut names = Self::default();
        for word in text.split_ascii_whitespace() {
            let rule = || Error::invalid("images", format!("must be as in debian:12=/srv/debian.qcow2, got {word:?}"));
            let (name, source) = word.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(rule)?;
            let name = match name.split_once(':') {
                Some(("debian", version)) => Image::debian(version),
                Some(("ubuntu", version)) => Image::ubuntu(version),
                _ => Image::Id(name.to_owned()),
            };
            names.add(name, HostImage::new(source));
        }
        Ok(names)
    }
}

/// An image that is here.
#[derive(Debug)]
pub(crate) struct Bootable {
    /// What a [`VmSpec`](cocoon::VmSpec) is made with.
    pub(crate) disk: PathBuf,
    /// Bytes of the disk as a VM sees it.
    pub(crate) size: u64,
    pub(crate) kernel: Option<DirectKernel>,
    pub(crate) ssh_user: String,
}

impl Bootable {
    /// The smallest disk that can begin as the image.
    pub(crate) fn needs(&self) -> GiB {
        GiB(u32::try_from(self.size.div_ceil(1 << 30)).unwrap_or(u32::MAX))
    }
}

/// The images that hosts begin as.
pub(crate) struct Images {
    cocoon: Cocoon,
    names: Names,
}

impl Images {
    pub(crate) fn new(cocoon: Cocoon, names: Names) -> Self {
        Self { cocoon, names }
    }

    /// The image that a name means; it is pulled where it is not here.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where there is none; what a pull can meet.
    pub(crate) async fn find(&self, name: &Image) -> Result<Bootable> {
        let user = ssh_user(name);
        if let Some(known) = self.names.find(name) {
            let found = self.source(&known.source).await?;
            let user = known.ssh_user.as_deref().unwrap_or(user);
            return Ok(Bootable { kernel: known.kernel.clone(), ssh_user: user.to_owned(), ..found });
        }
        let found = match name {
            Image::Id(id) => self.source(id).await?,
            Image::Snapshot(id) => {
                let kept = self.snapshot(id).await.map_err(as_input)?;
                let disk = PathBuf::from(kept.image.id.hex());
                let size = kept.image.disk.size;
                return Ok(Bootable { disk, size, kernel: None, ssh_user: kept.note.ssh_user });
            }
            _ => self.source(&official(name)?).await?,
        };
        Ok(Bootable { ssh_user: user.to_owned(), ..found })
    }

    /// The snapshot of this id, whoever's.
    ///
    /// # Errors
    /// `NotFound` without it.
    pub(crate) async fn snapshot(&self, id: &SnapshotId) -> Result<StoredSnapshot> {
        let kept = self.cocoon.images().snapshots().await?;
        let found = kept.into_iter().find(|kept| kept.note.id == *id);
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no snapshot {id}")))
    }

    /// The image that a source means: a file, one that is in the store, or one that is got now.
    async fn source(&self, text: &str) -> Result<Bootable> {
        let images = self.cocoon.images();
        let path = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
        if path.is_absolute() {
            let disk = ImageFile::find(path).await?;
            return Ok(Bootable { disk: disk.file, size: disk.size, kernel: None, ssh_user: String::new() });
        }
        let stored = match images.find(text).await {
            Err(error) if error.kind() == ErrorKind::NotFound || error.field().is_some() => {
                if !names_a_server(text) {
                    let rule = format!("there is no {text:?} here, and it names no server to get it from");
                    return Err(Error::invalid("image", rule));
                }
                images.pull(&Pull::new(text)).await.map_err(as_input)?.image
            }
            found => found?,
        };
        Ok(bootable(&stored))
    }

    /// The images that hosts can boot, as far as it can be said without asking a server.
    pub(crate) async fn list(&self) -> Result<Vec<ImageInfo>> {
        let info = |id: String, description: String| ImageInfo {
            id,
            description,
            architecture: Architecture::X86_64,
            deprecated: false,
        };
        let named = self.names.0.iter();
        let mut all: Vec<_> = named.map(|(name, image)| info(image.source.clone(), name.to_string())).collect();
        let pulled = self.cocoon.images().list().await?;
        for stored in pulled.into_iter().filter(|image| !image.name.starts_with(PREFIX)) {
            all.push(info(stored.name.clone(), format!("pulled on {}", stored.pulled_at.strftime("%F"))));
        }
        for (system, version) in cocoon::Images::officials() {
            all.push(info(
                format!("official://{system}/{version}"),
                format!("{system} {version}, its own cloud image"),
            ));
        }
        let mut seen = std::collections::HashSet::new();
        all.retain(|image| seen.insert(image.id.clone()));
        Ok(all)
    }
}

/// An image of the store, as a VM is made of it.
fn bootable(stored: &StoredImage) -> Bootable {
    // The kernel that came with it is found when the VM is made.
    Bootable { disk: PathBuf::from(stored.id.hex()), size: stored.disk.size, kernel: None, ssh_user: String::new() }
}

/// Whom the distribution's image lets in.
fn ssh_user(name: &Image) -> &'static str {
    match name {
        Image::Debian(_) => "debian",
        Image::Ubuntu(_) => "ubuntu",
        _ => "root",
    }
}

/// The distribution's own image, which a name stands for that the configuration says nothing of.
fn official(name: &Image) -> Result<String> {
    let (system, version) = match name {
        Image::Debian(version) => ("debian", version),
        Image::Ubuntu(version) => ("ubuntu", version),
        _ => {
            return Err(Error::unsupported(
                "this provider takes images by system and version, by id, or as a snapshot",
            ));
        }
    };
    match cocoon::Images::official(system, version) {
        Some(_) => Ok(format!("official://{system}/{version}")),
        None => {
            let known: Vec<_> =
                cocoon::Images::officials().map(|(system, version)| format!("{system} {version}")).collect();
            Err(Error::invalid("image", format!("must be one of {}, or an id; got {name}", known.join(", "))))
        }
    }
}

/// Whether the text says where the image is to be got: a mere word would be looked for at Docker's.
fn names_a_server(text: &str) -> bool {
    let host = text.split_once('/').map_or("", |(host, _)| host);
    ["http://", "https://", "official://"].iter().any(|scheme| text.starts_with(scheme))
        || host.contains(['.', ':'])
        || host == "localhost"
}

/// An image that the server does not have is an error in the request.
fn as_input(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::invalid("image", error.message().to_owned()),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mere_word_is_not_looked_for_in_the_whole_world() {
        for (text, answer) in [
            ("no-such-image", false),
            ("debian/vm", false),
            ("https://example.org/a.img", true),
            ("ghcr.io/acme/vm", true),
            ("localhost/vm", true),
        ] {
            assert_eq!(names_a_server(text), answer, "{text}");
        }
    }

    #[test]
    fn names_in_the_environment_are_read_and_the_last_one_counts() {
        let names: Names = "debian:12=/a ubuntu:24.04=https://example.org/u.img mine=/b debian:12=/c".parse().unwrap();
        let source = |name: Image| names.find(&name).map(|image| image.source.as_str());
        assert_eq!(source(Image::debian("12")), Some("/c"));
        assert_eq!(source(Image::Id("mine".to_owned())), Some("/b"));
        assert_eq!(source(Image::debian("13")), None);
        assert_eq!("debian:12".parse::<Names>().unwrap_err().field(), Some("images"));
    }

    #[test]
    fn a_version_that_nobody_publishes_is_refused_with_those_that_there_are() {
        assert_eq!(official(&Image::debian("12")).unwrap(), "official://debian/12");
        let error = official(&Image::debian("3")).unwrap_err();
        assert!(error.message().contains("ubuntu 24.04"), "{error}");
    }
}
