//! What is meant by IMAGE: an address, a file, or a name in a registry.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use cloud_types::{Error, Result};
use url::Url;

use crate::digest::Digest;
use crate::official;

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Url(Url),
    /// An address whose image is not taken without its publisher's checksum.
    Official(Url),
    File(PathBuf),
    Registry(Reference),
}

impl Source {
    /// Reads what a person writes: `http://` and `https://` begin an address, `official://` a distribution's image; `/`, `./`,
    /// `../` and `file://` begin a file; all else is a name in a registry, as `docker pull` takes it.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(address) = official::address(text) {
            return address.map(Self::Official);
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = Url::parse(text).map_err(|error| Error::invalid("image", format!("{text:?}: {error}")))?;
            if !url.username().is_empty() || url.password().is_some() {
                return Err(Error::invalid("image", "must have no user or password in its address"));
            }
            return Ok(Self::Url(url));
        }
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::File(path.into()));
        }
        if ["/", "./", "../"].iter().any(|begin| text.starts_with(begin)) {
            return Ok(Self::File(text.into()));
        }
        match text.split_once("://") {
            Some((scheme, _)) => {
                let known = "http, https, file and official";
                Err(Error::invalid("image", format!("an address begins with one of {known}, got {scheme:?}")))
            }
            None => Reference::parse(text).map(Self::Registry),
        }
    }

    /// The name under which the image is found again.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Url(url) | Self::Official(url) => {
                let mut url = url.clone();
                url.set_fragment(None);
                url.to_string()
            }
            Self::File(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string(),
            Self::Registry(reference) => reference.to_string(),
        }
    }
}

/// The name of an image in a registry: <https://distribution.github.io/reference/>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Host and port.
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<Digest>,
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |rule: &str| Error::invalid("image", format!("{rule}, got {text:?}"));
        if text.len() > 512 {
            return Err(Error::invalid("image", "must have at most 512 characters"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(Digest::parse(digest).map_err(|_| wrong("must end with a SHA-256"))?)),
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => (rest, Some(tag)),
            _ => (rest, None),
        };
        let (registry, path) = match rest.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (first, path),
            _ => (DEFAULT, rest),
        };
        let host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if !registry.bytes().all(host) {
            return Err(wrong("must begin with a registry's host"));
        }
        let part = |part: &str| {
            let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            part.bytes().all(|byte| inner(byte) || b"._-".contains(&byte))
                && part.bytes().next().is_some_and(inner)
                && part.bytes().last().is_some_and(inner)
                && !part.contains("..")
        };
        if !path.split('/').all(part) {
            return Err(wrong("must be a name of lower-case letters, digits, `.`, `_`, `-` and `/`"));
        }
        let character = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if tag.is_some_and(|tag| {
            tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.bytes().all(character)
        }) {
            return Err(wrong("must have a tag of letters, digits, `.`, `_` and `-`"));
        }
        let repository = match registry == DEFAULT && !path.contains('/') {
            true => format!("library/{path}"),
            false => path.to_owned(),
        };
        let tag = tag.map(str::to_owned).or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }

    /// What a manifest is asked for by.
    pub(crate) fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_else(|| "latest".to_owned()),
        }
    }

    /// Where the registry's API is. A registry on this box is spoken to in plain text, as Docker does.
    pub(crate) fn endpoint(&self) -> Result<Url> {
        let host = if self.registry == DEFAULT { "registry-1.docker.io" } else { &self.registry };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
        let here = name == "localhost" || address.is_ok_and(|address| address.is_loopback());
        let scheme = if here { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{host}/v2/"));
        url.map_err(|error| Error::invalid("image", format!("{host:?} is no registry's host: {error}")))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

const DEFAULT: &str = "docker.io";

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        Source::parse(text).unwrap().name()
    }

    #[test]
    fn a_short_name_is_completed_as_docker_does() {
        assert_eq!(name("debian"), "docker.io/library/debian:latest");
        assert_eq!(name("acme/vm:1.0"), "docker.io/acme/vm:1.0");
        assert_eq!(name("ghcr.io/acme/vm"), "ghcr.io/acme/vm:latest");
        assert_eq!(name("localhost:5000/vm:a"), "localhost:5000/vm:a");
        let pinned = format!("ghcr.io/acme/vm@{}", Digest::of(b""));
        assert_eq!(name(&pinned), pinned);
    }

    #[test]
    fn an_address_and_a_file_are_told_by_their_beginning() {
        assert_eq!(name("https://example.org/a.img#x"), "https://example.org/a.img");
        assert_eq!(name("file:///srv/a.img"), "/srv/a.img");
        assert!(matches!(Source::parse("./a.img").unwrap(), Source::File(_)));
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "",
            "a//b",
            "a/../b",
            "ghcr.io/../x",
            "A/b",
            "a:",
            "a:.x",
            "a@sha256:12",
            "a b",
            "ghcr.io/a%2f",
            "x/a?b",
            "https://user:pass@example.org/a.img",
            "ftp://example.org/a.img",
            "evil host.io/a",
            "-a",
        ] {
            assert_eq!(Source::parse(text).unwrap_err().field(), Some("image"), "{text}");
        }
    }

    #[test]
    fn a_registry_on_this_box_is_spoken_to_in_plain_text() {
        let endpoint = |text: &str| Reference::parse(text).unwrap().endpoint().unwrap().to_string();
        assert_eq!(endpoint("127.0.0.1:5000/vm"), "http://127.0.0.1:5000/v2/");
        assert_eq!(endpoint("debian"), "https://registry-1.docker.io/v2/");
        assert_eq!(endpoint("localhost.example.org/vm"), "https://localhost.example.org/v2/");
        assert_eq!(endpoint("127.example.org/vm"), "https://127.example.org/v2/");
    }
}
