//! Images: from a spec's words to what Google boots, and how such an image takes keys and user data.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cloud_types::{Architecture, Error, ErrorKind, GiB, HostSpec, Image, Result};

use crate::convert;
use crate::host::Inner;
use crate::labels;
use crate::wire::{Metadata, MetadataItem};

/// What a host boots.
#[derive(Debug, Clone)]
pub(crate) struct Boot {
    pub(crate) source: Source,
    pub(crate) system: System,
    /// The smallest boot disk that it fits on.
    pub(crate) disk: Option<GiB>,
}

/// Where its disk comes from, as a path.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Image(String),
    Snapshot(String),
}

/// Who reads what a host is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// cloud-init does.
    Ubuntu,
    /// No cloud-init is there: the guest agent runs a startup script
    /// (<https://cloud.google.com/compute/docs/images/os-details#debian>).
    Debian,
    /// Not known; most images have cloud-init.
    Other,
}

impl System {
    /// The name that SSH keys log in by.
    pub(crate) fn ssh_user(self) -> &'static str {
        match self {
            Self::Ubuntu => "ubuntu",
            Self::Debian => "debian",
            Self::Other => "cloud",
        }
    }

    fn of(text: &str) -> Self {
        match (text.contains("ubuntu"), text.contains("debian")) {
            (true, _) => Self::Ubuntu,
            (false, true) => Self::Debian,
            (false, false) => Self::Other,
        }
    }

    /// Keys and user data as metadata; none where there is nothing.
    pub(crate) fn metadata(self, spec: &HostSpec) -> Option<Metadata<'_>> {
        let mut items = Vec::new();
        if !spec.ssh_keys.is_empty() {
            let line = |key: &cloud_types::SshPublicKey| format!("{}:{}", self.ssh_user(), key.to_openssh());
            let lines: Vec<String> = spec.ssh_keys.iter().map(line).collect();
            items.push(MetadataItem { key: "ssh-keys", value: lines.join("\n").into() });
            // Keys in metadata do nothing where OS Login is on.
            items.push(MetadataItem { key: "enable-oslogin", value: "FALSE".into() });
        }
        if let Some(data) = &spec.user_data {
            items.push(match self {
                Self::Debian => MetadataItem { key: "startup-script", value: once(data.expose()).into() },
                _ => MetadataItem { key: "user-data", value: Cow::Borrowed(data.expose()) },
            });
        }
        (!items.is_empty()).then_some(Metadata { items })
    }

    /// Refuses user data that nothing on this system would read.
    pub(crate) fn check(self, spec: &HostSpec) -> Result<()> {
        match &spec.user_data {
            Some(data) if self == Self::Debian && !data.expose().starts_with("#!") => Err(Error::invalid(
                "user_data",
                "must be a script that begins with #! here: Google's Debian images have no cloud-init",
            )),
            _ => Ok(()),
        }
    }
}

/// A startup script that runs the given one at the first boot only: Google runs it at every boot.
fn once(script: &str) -> String {
    let end = format!("END-{}", labels::digest(&[script]));
    format!(
        "#!/bin/sh\nset -e\ndone=/var/lib/cloud-first-boot\n[ -e \"$done\" ] && exit 0\ncat >\"$done.tmp\" <<'{end}'\n\
         {script}\n{end}\nchmod 700 \"$done.tmp\"\nmv \"$done.tmp\" \"$done\"\nexec \"$done\"\n"
    )
}

/// How much longer [`once`] makes a script.
pub(crate) const WRAPPING: usize = 1024;

/// Families that were resolved, and when.
#[derive(Debug, Default)]
pub(crate) struct Images {
    families: Mutex<HashMap<(String, String), (Duration, Boot)>>,
}

impl Inner {
    /// What the spec's image is on this architecture, asked of Google: the newest of its family.
    pub(crate) async fn resolve_image(&self, image: &Image, architecture: Architecture) -> Result<Boot> {
        let arm = architecture == Architecture::Arm64;
        match image {
            Image::Ubuntu(version) => {
                self.family("ubuntu-os-cloud", &ubuntu_families(version, arm), image, architecture).await
            }
            Image::Debian(version) => {
                let family = format!("debian-{version}{}", if arm { "-arm64" } else { "" });
                self.family("debian-cloud", &[family], image, architecture).await
            }
            Image::Snapshot(id) => self.snapshot_source(id.as_str()).await,
            Image::Id(id) => self.named_image(id, architecture).await,
            _ => Err(Error::unsupported("this provider does not know that kind of image")),
        }
    }

    /// The newest image of the first of these families that exists, as it was at most [`FRESH`] ago.
    async fn family(
        &self,
        project: &str,
        families: &[String],
        wished: &Image,
        architecture: Architecture,
    ) -> Result<Boot> {
        let now = self.clock.monotonic();
        for family in families {
            let key = (project.to_owned(), family.clone());
            let known = self.images.families.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            if let Some((read, boot)) = known
                && now.saturating_sub(read) < FRESH
            {
                return Ok(boot);
            }
            let image = match self.api.image_of_family(project, family).await {
                Err(error) if is_unknown(&error) => continue,
                other => other?,
            };
            let path = format!("projects/{project}/global/images/{}", image.name);
            let boot = boot(&image, path, System::of(project))?;
            let mut families = self.images.families.lock().unwrap_or_else(PoisonError::into_inner);
            families.insert(key, (now, boot.clone()));
            return Ok(boot);
        }
        Err(Error::invalid("image", format!("there is no image {wished} for {architecture:?} machines")))
    }

    /// An image by its name in the own project, or by a path such as `projects/debian-cloud/global/images/family/debian-12`.
    async fn named_image(&self, id: &str, architecture: Architecture) -> Result<Boot> {
        let missing = || Error::invalid("image", "there is no image of this name or path");
        let path = match convert::path_of(id) {
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
        let path = if image.self_link.is_empty() { path } else { convert::path_of(&image.self_link).to_owned() };
        let system = System::of(&path);
        boot(&image, path, system)
    }

    async fn snapshot_source(&self, id: &str) -> Result<Boot> {
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

fn boot(image: &crate::wire::Image, path: String, system: System) -> Result<Boot> {
    let disk = image.disk_size_gb.as_deref().map(convert::gib).transpose()?;
    Ok(Boot { source: Source::Image(path), system, disk })
}

/// Also a name that Google would not have: it says so with another word.
fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidRequest)
}

fn is_name(text: &str) -> bool {
    cloud_types::Name::new(text).is_ok()
}

fn is_path_part(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b':');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(inside)
}

/// How long a family's newest image is taken for that.
const FRESH: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use cloud_types::{Machine, Name, Region, UserData};

    use super::*;

    fn spec(image: Image, data: &str) -> HostSpec {
        let (name, region) = (Name::new("web").unwrap(), Region::new("r").unwrap());
        HostSpec::new(name, region, Machine::named("e2-small").unwrap(), image).user_data(UserData::new(data))
    }

    #[test]
    fn a_family_is_named_as_canonical_does() {
        assert_eq!(ubuntu_families("22.04", false), ["ubuntu-2204-lts"]);
        assert_eq!(ubuntu_families("22.04", true)[0], "ubuntu-2204-lts-arm64");
        assert_eq!(ubuntu_families("24.04", false)[0], "ubuntu-2404-lts-amd64");
        assert_eq!(ubuntu_families("24.04", true)[0], "ubuntu-2404-lts-arm64");
    }

    #[test]
    fn user_data_goes_where_the_image_reads_it() {
        let config = spec(Image::ubuntu("24.04"), "#cloud-config\n");
        let keys = |system: System, spec: &HostSpec| {
            system.metadata(spec).unwrap().items.iter().map(|item| item.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(System::Ubuntu, &config), ["user-data"]);
        let script = spec(Image::debian("12"), "#!/bin/sh\ntrue");
        assert_eq!(keys(System::Debian, &script), ["startup-script"]);
        assert_eq!(System::Debian.check(&config).unwrap_err().field(), Some("user_data"));
        assert!(System::Debian.check(&script).is_ok() && System::Ubuntu.check(&config).is_ok());
    }

    #[test]
    fn a_startup_script_holds_the_script_whole_and_runs_it_once() {
        let script = "#!/bin/bash\necho \"$HOME\" 'END'\n";
        let wrapped = once(script);
        assert!(wrapped.contains(script) && wrapped.contains("exit 0"));
        assert!(wrapped.len() < script.len() + WRAPPING);
    }

    #[test]
    fn a_path_that_climbs_is_no_image() {
        for text in ["..", "", "a b", "A", "x?y"] {
            assert!(!is_path_part(text) && !is_name(text), "{text}");
        }
        assert!("projects/debian-cloud/global/images/family/debian-12".split('/').all(is_path_part));
    }
}
