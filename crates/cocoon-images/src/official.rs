//! The cloud images that distributions publish themselves, by short names: `official://debian/12`.
//!
//! No name in a registry has `//` in it, so that nothing else can be meant. Here are only distributions that keep an image
//! under an address that stays, over TLS, with a file of checksums beside it.

use cloud_types::{Error, Result};
use url::Url;

use crate::pull::Pull;
use crate::store::Images;

impl Images {
    /// What pulls the official cloud image of an operating system, such as `debian` of version `12`, for this box's
    /// processor; `None` where none is known. Its disk has cloud-init, and it is pulled only where its publisher's
    /// checksum can be had.
    ///
    /// ```
    /// assert!(cocoon_images::Images::official("debian", "12").is_some());
    /// assert!(cocoon_images::Images::official("debian", "1.1").is_none());
    /// ```
    #[must_use]
    pub fn official(system: &str, version: &str) -> Option<Pull> {
        let name = format!("{SCHEME}{system}/{version}");
        address(&name).is_some_and(|address| address.is_ok()).then(|| Pull::new(name))
    }

    /// The systems and versions that [`official`](Self::official) knows, such as `("debian", "12")`.
    pub fn officials() -> impl Iterator<Item = (&'static str, &'static str)> {
        IMAGES.iter().map(|image| (image.system, image.versions[0]))
    }
}

/// Where an official image is; `None` where the text is no such name.
///
/// # Errors
/// `InvalidRequest` on field `image` for a name that means none.
pub(crate) fn address(text: &str) -> Option<Result<Url>> {
    let name = text.strip_prefix(SCHEME)?;
    let (system, version) = name.split_once('/').unwrap_or((name, ""));
    let found = IMAGES.iter().find(|image| image.system == system && image.versions.contains(&version));
    Some(match found {
        Some(image) => Ok(image.address()),
        None => {
            let known: Vec<String> = IMAGES.iter().map(Official::name).collect();
            Err(Error::invalid("image", format!("{text:?} is none of {}", known.join(", "))))
        }
    })
}

/// An image, with `ARCH` in its address for the processor.
struct Official {
    system: &'static str,
    /// The version and its other names.
    versions: &'static [&'static str],
    address: &'static str,
}

impl Official {
    fn address(&self) -> Url {
        let address = self.address.replace("ARCH", crate::registry::architecture());
        Url::parse(&address).expect("the table's addresses are tested")
    }

    fn name(&self) -> String {
        format!("{SCHEME}{}/{}", self.system, self.versions[0])
    }
}

const SCHEME: &str = "official://";

/// <https://cloud.debian.org/images/cloud/> and <https://cloud-images.ubuntu.com/releases/>.
const IMAGES: &[Official] = &[
    Official {
        system: "debian",
        versions: &["12", "bookworm"],
        address: "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-ARCH.qcow2",
    },
    Official {
        system: "debian",
        versions: &["13", "trixie"],
        address: "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-ARCH.qcow2",
    },
    Official {
        system: "ubuntu",
        versions: &["22.04", "jammy"],
        address: "https://cloud-images.ubuntu.com/releases/22.04/release/ubuntu-22.04-server-cloudimg-ARCH.img",
    },
    Official {
        system: "ubuntu",
        versions: &["24.04", "noble"],
        address: "https://cloud-images.ubuntu.com/releases/24.04/release/ubuntu-24.04-server-cloudimg-ARCH.img",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Reference, Source};

    #[test]
    fn every_official_image_is_fetched_over_tls_for_this_processor() {
        for image in IMAGES {
            let url = image.address();
            assert_eq!(url.scheme(), "https");
            assert!(!url.path().contains("ARCH") && url.query().is_none(), "{url}");
            assert_eq!(Source::parse(&image.name()).unwrap().name(), url.to_string());
            assert!(Images::official(image.system, image.versions[0]).is_some());
        }
    }

    #[test]
    fn an_official_name_is_no_name_in_a_registry_and_an_unknown_one_says_which_there_are() {
        Reference::parse("official://debian/12").unwrap_err();
        for unknown in ["official://debian/4", "official://debian", "official://", "official://debian/12/x"] {
            let error = Source::parse(unknown).unwrap_err();
            assert!(error.message().contains("official://debian/12, official://debian/13"), "{error}");
        }
    }
}
