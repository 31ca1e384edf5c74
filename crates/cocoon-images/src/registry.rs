//! A registry's API: manifests and tokens. <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use cloud_types::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::digest::Digest;
use crate::http::{Answer, Get, Http, shown};
use crate::login::Login;
use crate::source::Reference;

/// One repository of a registry.
#[derive(Debug)]
pub(crate) struct Repository<'a> {
    http: &'a Http,
    reference: &'a Reference,
    base: Url,
    login: Option<Login>,
    session: Mutex<Session>,
}

/// What the registry wanted, and what it got.
#[derive(Debug, Clone, Default)]
struct Session {
    challenge: Option<String>,
    authorization: Option<SecretString>,
}

/// What an image consists of: <https://github.com/opencontainers/image-spec/blob/main/manifest.md>.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) layers: Vec<Descriptor>,
}

/// A blob of a registry.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Descriptor {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) annotations: HashMap<String, String>,
}

/// Images for several platforms.
#[derive(Debug, Deserialize)]
struct Index {
    manifests: Vec<Platformed>,
}

#[derive(Debug, Deserialize)]
struct Platformed {
    digest: Digest,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Platform {
    architecture: String,
    os: String,
}

/// Told apart by what they have: the media type is optional, and some say a wrong one.
#[derive(Debug, Deserialize)]
struct Form {
    #[serde(rename = "schemaVersion")]
    version: u32,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
}

impl<'a> Repository<'a> {
    /// A repository, asked by whom `login` names where it wants to know.
    pub(crate) fn new(http: &'a Http, reference: &'a Reference, login: Option<Login>) -> Result<Self> {
        Ok(Self { http, reference, base: reference.endpoint()?, login, session: Mutex::default() })
    }

    /// The manifest for this box's processor, with its digest.
    ///
    /// # Errors
    /// `NotFound` without such an image, or without one for this processor; `Unauthenticated` where it is not public;
    /// `InvalidRequest` on field `image` for a manifest that is wrong or not what its digest says.
    pub(crate) async fn manifest(&self) -> Result<(Digest, Manifest)> {
        let wanted = self.reference.wanted();
        let (mut digest, mut body) = self.one(&wanted, self.reference.digest).await?;
        let mut form: Form = json(&body)?;
        if form.manifests.is_some() {
            let index: Index = json(&body)?;
            let chosen = index.for_this_processor().ok_or_else(|| {
                let message = format!("{} has no image for linux/{}", self.reference, architecture());
                Error::new(ErrorKind::NotFound, message)
            })?;
            (digest, body) = self.one(&chosen.to_string(), Some(chosen)).await?;
            form = json(&body)?;
        }
        if form.version != 2 || form.layers.is_none() {
            return Err(Error::invalid("image", "has a manifest of a form that is not known"));
        }
        let manifest: Manifest = json(&body)?;
        if manifest.layers.is_empty() || manifest.layers.len() > MOST_LAYERS {
            return Err(Error::invalid(
                "image",
                format!("has {} layers; 1 to {MOST_LAYERS} are taken", manifest.layers.len()),
            ));
        }
        Ok((digest, manifest))
    }

    /// How a layer is asked for.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Get> {
        let mut get = Get::new(self.url(&format!("blobs/{digest}"))?);
        get.authorization = self.session().authorization;
        Ok(get)
    }

    /// Asks for a new token in place of one that is not taken any more: they live for minutes, and a pull for hours.
    pub(crate) async fn renew(&self) -> Result<()> {
        match self.session().challenge {
            Some(challenge) => self.authorize(challenge).await.map(drop),
            None => Err(self.not_public()),
        }
    }

    async fn one(&self, wanted: &str, expected: Option<Digest>) -> Result<(Digest, Bytes)> {
        let mut get = Get::new(self.url(&format!("manifests/{wanted}"))?);
        get.accept = Some(ACCEPT);
        get.authorization = self.session().authorization;
        let mut answer = self.http.small(&get, LARGEST_MANIFEST).await?;
        if let Answer::Challenge(challenge) = answer {
            get.authorization = Some(self.authorize(challenge).await?);
            answer = self.http.small(&get, LARGEST_MANIFEST).await?;
        }
        let body = match answer {
            Answer::Found(body) => body,
            Answer::Absent => {
                let message = format!("{} has no image {}", self.reference.registry, self.reference);
                return Err(Error::new(ErrorKind::NotFound, message));
            }
            Answer::Challenge(_) => return Err(self.not_public()),
        };
        let digest = Digest::of(&body);
        match expected.filter(|expected| *expected != digest) {
            Some(expected) => Err(Error::invalid(
                "image",
                format!("has a manifest of another digest: expected {expected}, got {digest}"),
            )),
            None => Ok((digest, body)),
        }
    }

    /// What a challenge wants to hear: <https://www.rfc-editor.org/rfc/rfc9110#name-authentication-scheme>.
    async fn authorize(&self, challenge: String) -> Result<SecretString> {
        let basic = challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "));
        let authorization = match (&self.login, basic) {
            (Some(login), true) => login.basic(),
            _ => {
                let token = self.token_for(&challenge).await?;
                format!("Bearer {}", token.expose_secret()).into()
            }
        };
        let session = Session { challenge: Some(challenge), authorization: Some(authorization.clone()) };
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
        Ok(authorization)
    }

    fn session(&self) -> Session {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A token for whoever asks: <https://distribution.github.io/distribution/spec/auth/token/>.
    async fn token_for(&self, challenge: &str) -> Result<SecretString> {
        let parameters = bearer(challenge).ok_or_else(|| self.not_public())?;
        let wrong = || Error::invalid("image", format!("{} says no usable place for tokens", self.reference.registry));
        let mut url: Url = parameters.get("realm").and_then(|realm| realm.parse().ok()).ok_or_else(wrong)?;
        // A registry over TLS must not lead to plain text, nor one elsewhere to a file.
        if url.scheme() != "https" && url.scheme() != self.base.scheme() {
            return Err(wrong());
        }
        let scope = format!("repository:{}:pull", self.reference.repository);
        url.query_pairs_mut().append_pair("scope", &scope);
        if let Some(service) = parameters.get("service") {
            url.query_pairs_mut().append_pair("service", service);
        }
        let mut get = Get::new(url);
        get.authorization = self.login.as_ref().map(Login::basic);
        match self.http.small(&get, LARGEST_TOKEN).await? {
            Answer::Found(body) => {
                let token: Token = serde_json::from_slice(&body).map_err(|_| wrong())?;
                token.token.or(token.access_token).map(SecretString::from).ok_or_else(wrong)
            }
            _ => Err(self.not_public()),
        }
    }

    fn not_public(&self) -> Error {
        let registry = &self.reference.registry;
        let message = match &self.login {
            Some(login) => {
                format!("{registry} refuses {:?}, or has no {} for that user", login.username(), self.reference)
            }
            None => format!(
                "{} is not public, or does not exist: log in by `docker login {registry}`, or give --username and \
                 --password-stdin",
                self.reference
            ),
        };
        Error::new(ErrorKind::Unauthenticated, message)
    }

    fn url(&self, rest: &str) -> Result<Url> {
        let url = self.base.join(&format!("{}/{rest}", self.reference.repository));
        url.map_err(|error| Error::invalid("image", format!("{}: {error}", shown(&self.base))))
    }
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Index {
    fn for_this_processor(&self) -> Option<Digest> {
        let fits = |platform: &Platform| platform.os == "linux" && platform.architecture == architecture();
        let stated = self.manifests.iter().find(|one| one.platform.as_ref().is_some_and(fits));
        // Disks that are packed as images often do not say for whom.
        let silent = || self.manifests.iter().find(|one| one.platform.is_none());
        stated.or_else(silent).map(|one| one.digest)
    }
}

/// This box's processor in the words of registries, which are those of Go: <https://go.dev/doc/install/source#environment>.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The parameters of a challenge `Bearer realm="…",service="…"`: <https://www.rfc-editor.org/rfc/rfc9110#name-authentication-parameters>.
fn bearer(challenge: &str) -> Option<HashMap<String, String>> {
    let (scheme, mut rest) = challenge.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut parameters = HashMap::new();
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(',').unwrap_or(value.len())),
        };
        parameters.insert(key.trim_matches([' ', ',']).to_ascii_lowercase(), value.trim().to_owned());
        rest = after;
    }
    Some(parameters)
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid("image", format!("has a manifest that cannot be read: {error}")))
}

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// What registries accept themselves: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests>.
const LARGEST_MANIFEST: usize = 4 << 20;
const LARGEST_TOKEN: usize = 256 << 10;
const MOST_LAYERS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_in_any_order_and_quoting() {
        let parameters =
            bearer(r#"Bearer realm="https://auth.example.org/token", service=reg,scope="repository:a:pull,push""#);
        let parameters = parameters.unwrap();
        assert_eq!(parameters["realm"], "https://auth.example.org/token");
        assert_eq!(parameters["service"], "reg");
        assert_eq!(parameters["scope"], "repository:a:pull,push");
        assert!(bearer("Basic realm=\"x\"").is_none());
        assert!(bearer("Bearer realm=\"x").is_none());
    }

    #[test]
    fn an_index_is_searched_for_this_processor() {
        let (mine, other) = (Digest::of(b"mine"), Digest::of(b"other"));
        let text = format!(
            r#"{{"manifests": [{{"digest": "{other}", "platform": {{"architecture": "s390x", "os": "linux"}}}},
                {{"digest": "{mine}", "platform": {{"architecture": "{}", "os": "linux"}}}}]}}"#,
            architecture()
        );
        let index: Index = serde_json::from_str(&text).unwrap();
        assert_eq!(index.for_this_processor(), Some(mine));
    }
}
