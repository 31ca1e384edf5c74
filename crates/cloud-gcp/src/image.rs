//! Images: from a spec's words to what Google boots.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached, Known};
use cloud_types::{Architecture, Error, ErrorKind, Image, Name, Result};

use crate::client::Api;
use crate::place::path_of;
use crate::plan::{Boot, Source, System};
use crate::{convert, labels};

/// What images are called, and families that were resolved.
#[derive(Debug)]
pub(crate) struct Images {
    account: Account,
    api: Api,
    families: Known<(String, String), Arc<Cached<Boot>>>,
}

impl Images {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), families: Known::default() }
    }

    /// What the spec's image is on this architecture, asked of Google: the newest of its family.
    pub(crate) async fn resolve(&self, image: &Image, architecture: Architecture) -> Result<Boot> {
        let arm = architecture == Architecture::Arm64;
        let (project, families) = match image {
            Image::Ubuntu(version) => ("ubuntu-os-cloud", ubuntu_families(version, arm)),
            Image::Debian(version) => {
                ("debian-cloud", vec![format!("debian-{version}{}", if arm { "-arm64" } else { "" })])
            }
            Image::Snapshot(id) => return self.snapshot(id.as_str()).await,
            Image::Id(id) => return self.named(id, architecture).await,
            _ => return Err(Error::unsupported("this provider does not know that kind of image")),
        };
        for family in families {
            match self.family(project, family).await {
                Err(error) if is_unknown(&error) => {}
                other => return Ok(other?.as_ref().clone()),
            }
        }
        Err(Error::invalid("image", format!("there is no image {image} for {architecture:?} machines")))
    }

    /// The newest image of a family, as it was at most [`FRESH`] ago.
    async fn family(&self, project: &str, family: String) -> Result<Arc<Boot>> {
        let cached = self.families.get_or((project.to_owned(), family.clone()), Arc::default);
        let read = async {
            let image = self.api.image_of_family(project, &family).await?;
            let disk = image.disk_size_gb.as_deref().map(convert::gib).transpose()?;
            let source = Source::Image(format!("projects/{project}/global/images/{}", image.name));
            Ok(Boot { source, system: System::of(project), disk })
        };
        cached.get(self.account.clock(), FRESH, read).await
    }

    /// An image by its name in the own project, or by a path such as `projects/debian-cloud/global/images/family/debian-12`.
    async fn named(&self, id: &str, architecture: Architecture) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no image of this name or path");
        let path = match path_of(id) {
            path if path.starts_with("projects/") => path.to_owned(),
            name if is_name(name) => self.api.own_image(name).await?,
            _ => return Err(missing()),
        };
        if !path.split('/').all(is_path_part) {
            return Err(missing());
        }
        let image = match self.api.image_at(&path).await {
            Err(error) if is_unknown(&error) => return Err(missing()),
            other => other?,
        };
        if image.architecture.is_some() && convert::architecture(image.architecture.as_deref())? != architecture {
            return Err(Error::invalid("image", format!("is not for {architecture:?} machines")));
        }
        let path = if image.self_link.is_empty() { path } else { path_of(&image.self_link).to_owned() };
        let disk = image.disk_size_gb.as_deref().map(convert::gib).transpose()?;
        Ok(Boot { system: System::of(&path), source: Source::Image(path), disk })
    }

    async fn snapshot(&self, id: &str) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no snapshot of this id");
        if !is_name(id) {
            return Err(missing());
        }
        let snapshot = match self.api.get_snapshot(id).await {
            Err(error) if is_unknown(&error) => return Err(missing()),
            other => other?,
        };
        let system = snapshot.labels.get(labels::SSH_USER).map_or(System::Other, |user| System::of(user));
        let disk = snapshot.disk_size_gb.as_deref().map(convert::gib).transpose()?;
        Ok(Boot { source: Source::Snapshot(self.api.snapshot_path(&snapshot.name).await?), system, disk })
    }
}

/// Canonical's families have an architecture behind them since 24.04; on Intel none before
/// (<https://cloud.google.com/compute/docs/images/os-details#ubuntu_lts>).
fn ubuntu_families(version: &str, arm: bool) -> Vec<String> {
    let digits: String = version.chars().filter(char::is_ascii_digit).collect();
    match arm {
        true => vec![format!("ubuntu-{digits}-lts-arm64"), format!("ubuntu-{digits}-arm64")],
        false if digits.as_str() < "2310" => vec![format!("ubuntu-{digits}-lts")],
        false => vec![format!("ubuntu-{digits}-lts-amd64"), format!("ubuntu-{digits}-amd64")],
    }
}

/// Also a name that Google would not have: it says so with another word.
fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidRequest)
}

fn is_name(text: &str) -> bool {
    Name::new(text).is_ok()
}

fn is_path_part(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(inside)
}

/// How long a family's newest image is taken for that.
const FRESH: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_named_as_canonical_does() {
        assert_eq!(ubuntu_families("22.04", false), ["ubuntu-2204-lts"]);
        assert_eq!(ubuntu_families("22.04", true)[0], "ubuntu-2204-lts-arm64");
        assert_eq!(ubuntu_families("24.04", false)[0], "ubuntu-2404-lts-amd64");
        assert_eq!(ubuntu_families("24.04", true)[0], "ubuntu-2404-lts-arm64");
    }

    #[test]
    fn a_path_that_climbs_is_no_image() {
        for text in ["..", "", "a b", "A", "x?y"] {
            assert!(!is_path_part(text) && !is_name(text), "{text}");
        }
        assert!("projects/debian-cloud/global/images/family/debian-12".split('/').all(is_path_part));
    }
}
