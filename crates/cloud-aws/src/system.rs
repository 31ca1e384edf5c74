//! The systems that a spec names by version: who makes their images, and under which names.

use cloud_types::{Architecture, Error, Region, Result};

/// A system of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) maker: Maker,
    pub(crate) version: String,
}

/// Who makes the images of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/>.
    Canonical,
    /// <https://wiki.debian.org/Cloud/AmazonEC2Image>.
    Debian,
}

impl System {
    pub(crate) fn ubuntu(version: &str) -> Result<Self> {
        let parts = version.split_once('.');
        if parts.is_some_and(|(year, month)| is_number(year) && is_number(month)) {
            return Ok(Self { maker: Maker::Canonical, version: version.to_owned() });
        }
        Err(Error::invalid("image", "must be a version of Ubuntu such as 24.04"))
    }

    pub(crate) fn debian(version: &str) -> Result<Self> {
        if is_number(version) {
            return Ok(Self { maker: Maker::Debian, version: version.to_owned() });
        }
        Err(Error::invalid("image", "must be a version of Debian such as 12"))
    }

    /// How the names of its images are made: the maker's own, with a date at the end.
    pub(crate) fn pattern(&self, architecture: Architecture) -> String {
        let (version, word) = (&self.version, debian_word(architecture));
        match self.maker {
            Maker::Canonical => format!("ubuntu/images/hvm-ssd*/ubuntu-*-{version}-{word}-server-*"),
            Maker::Debian => format!("debian-{version}-{word}-*"),
        }
    }

    /// The parameter that holds the id of its newest image in each region.
    pub(crate) fn parameter(&self, architecture: Architecture) -> String {
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
    pub(crate) fn account(self, region: &Region) -> &'static str {
        match self {
            Self::Canonical if region.as_str().starts_with("cn-") => "837727238323",
            Self::Canonical if region.as_str().starts_with("us-gov-") => "513442679011",
            Self::Canonical => "099720109477",
            Self::Debian => "136693071363",
        }
    }

    pub(crate) fn ssh_user(self) -> &'static str {
        match self {
            Self::Canonical => "ubuntu",
            Self::Debian => "admin",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Canonical => "Ubuntu",
            Self::Debian => "Debian",
        }
    }
}

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn debian_word(architecture: Architecture) -> &'static str {
    if architecture == Architecture::Arm64 { "arm64" } else { "amd64" }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
