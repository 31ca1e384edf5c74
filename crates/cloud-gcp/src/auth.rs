//! The credentials, and the project that they are used in.
//!
//! Application Default Credentials in every form that Google's own library knows: a key file of any type in
//! `GOOGLE_APPLICATION_CREDENTIALS`, what `gcloud auth application-default login` left, or the metadata server
//! (<https://cloud.google.com/docs/authentication/application-default-credentials>). The library keeps and renews tokens.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cloud_http::{Authorize, BearerToken};
use cloud_types::{Clock, Error, ErrorKind, Result};
use google_cloud_auth::credentials::{Builder, CacheableResource, Credentials};
use http::{Extensions, HeaderMap};
use secrecy::SecretString;
use tokio::sync::OnceCell;
use url::Url;

/// A token that is there already, as Google's own tools call the variable.
const TOKEN_VARIABLE: &str = "CLOUDSDK_AUTH_ACCESS_TOKEN";
/// Where the project stands, the first that is set.
const PROJECT_VARIABLES: [&str; 3] = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"];
/// The scope of all that is called.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Who we are.
#[derive(Clone)]
pub(crate) enum Identity {
    /// Application Default Credentials, looked for at the first call.
    Default,
    /// An access token that somebody else renews.
    Token(SecretString),
}

impl Identity {
    /// A token from the environment, else the default credentials.
    pub(crate) fn from_env() -> Self {
        match std::env::var(TOKEN_VARIABLE) {
            Ok(token) if !token.trim().is_empty() => Self::Token(token.trim().to_owned().into()),
            _ => Self::Default,
        }
    }

    pub(crate) fn authorize(&self) -> Authorizer {
        match self {
            Self::Default => Authorizer::Default(Arc::default()),
            Self::Token(token) => Authorizer::Token(Arc::new(BearerToken::new(token.clone()))),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "Default",
            Self::Token(_) => "Token([redacted])",
        })
    }
}

/// Adds the credentials to a request. Clones share the token.
#[derive(Clone)]
pub(crate) enum Authorizer {
    Default(Arc<OnceCell<Credentials>>),
    Token(Arc<BearerToken>),
}

#[async_trait]
impl Authorize for Authorizer {
    async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<()> {
        let cell = match self {
            Self::Token(token) => return token.authorize(request).await,
            Self::Default(cell) => cell,
        };
        let credentials = cell.get_or_try_init(load).await?;
        request.headers_mut().extend(headers(credentials).await?);
        Ok(())
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorizer([redacted])")
    }
}

/// What was found, or which step of the search failed. The library's own text is left out: it may quote a key file.
async fn load() -> Result<Credentials> {
    Builder::default().with_scopes([SCOPE]).build().map_err(|error| {
        let what = match () {
            () if error.is_loading() => "the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read",
            () if error.is_parsing() => "the credentials file is not what Google writes",
            () if error.is_unknown_type() => "the credentials file is of a type that is not known",
            () if error.is_missing_field() => "the credentials file lacks a field",
            () => "the credentials cannot be used",
        };
        Error::new(ErrorKind::Unauthenticated, format!("no Application Default Credentials: {what}"))
    })
}

async fn headers(credentials: &Credentials) -> Result<HeaderMap> {
    let answer = credentials.headers(Extensions::new()).await.map_err(|error| match error.is_transient() {
        true => Error::new(ErrorKind::Unavailable, "whoever gives out tokens does not answer: try again later"),
        false => Error::new(ErrorKind::Unauthenticated, "the credentials give no token: they are wrong or expired"),
    })?;
    match answer {
        CacheableResource::New { data, .. } => Ok(data),
        CacheableResource::NotModified => {
            Err(Error::new(ErrorKind::Unexpected, "the credentials answered a question that was not asked"))
        }
    }
}

/// The project, known or to be asked of the metadata server at the first call.
#[derive(Debug, Clone)]
pub(crate) struct Project(Arc<ProjectInner>);

#[derive(Debug)]
struct ProjectInner {
    id: OnceCell<String>,
    clock: Arc<dyn Clock>,
}

impl Project {
    pub(crate) fn new(id: Option<String>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(ProjectInner { id: OnceCell::new_with(id), clock }))
    }

    pub(crate) async fn id(&self) -> Result<&str> {
        self.0.id.get_or_try_init(|| self.ask()).await.map(String::as_str)
    }

    /// `/project/project-id` of the metadata server (<https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys>).
    async fn ask(&self) -> Result<String> {
        let missing = |error: Error| {
            let message = format!(
                "no project: set {} to it (and no metadata server tells it: {})",
                PROJECT_VARIABLES[0],
                error.kind()
            );
            Error::invalid("project", message)
        };
        let client = cloud_http::Client::builder(crate::ID, metadata_server()?)
            .clock(self.0.clock.clone())
            .retry(cloud_http::RetryPolicy::default().attempts(2))
            .build()?;
        let request = client.get("get_project", "computeMetadata/v1/project/project-id").query("alt", "json");
        let request = request.header("metadata-flavor", "Google").deadline(std::time::Duration::from_secs(10));
        request.send().await.map_err(missing)
    }
}

/// The address of the metadata server; `GCE_METADATA_HOST` is what Google's libraries read.
fn metadata_server() -> Result<Url> {
    let host = std::env::var("GCE_METADATA_HOST").unwrap_or_else(|_| "metadata.google.internal".to_owned());
    Url::parse(&format!("http://{host}/"))
        .map_err(|_| Error::invalid("GCE_METADATA_HOST", "must be a host, with a port where needed"))
}

/// The project that the environment or the key file names.
pub(crate) fn project_from_env() -> Option<String> {
    let set = |variable: &&str| std::env::var(variable).ok().filter(|value| !value.trim().is_empty());
    PROJECT_VARIABLES.iter().find_map(set).or_else(|| {
        let file = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS")?;
        project_of_key_file(&std::fs::read(file).ok()?)
    })
}

/// `project_id` of a service account's key, `quota_project_id` of a user's credentials.
fn project_of_key_file(text: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct KeyFile {
        project_id: Option<String>,
        quota_project_id: Option<String>,
    }
    let file: KeyFile = serde_json::from_slice(text).ok()?;
    file.project_id.or(file.quota_project_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_names_its_project() {
        assert_eq!(project_of_key_file(br#"{"type":"service_account","project_id":"p"}"#).as_deref(), Some("p"));
        assert_eq!(project_of_key_file(br#"{"type":"authorized_user","quota_project_id":"q"}"#).as_deref(), Some("q"));
        assert_eq!(project_of_key_file(b"no json"), None);
    }

    #[tokio::test]
    async fn the_headers_of_the_library_reach_the_request() {
        let anonymous = google_cloud_auth::credentials::anonymous::Builder::new().build();
        assert!(headers(&anonymous).await.unwrap().is_empty());
        let mut request = http::Request::new(Bytes::new());
        let token = Identity::Token("t0k3n".to_owned().into());
        token.authorize().authorize(&mut request).await.unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer t0k3n");
        assert!(request.headers()["authorization"].is_sensitive());
        assert!(!format!("{token:?} {:?}", token.authorize()).contains("t0k3n"));
    }

    #[tokio::test]
    async fn a_known_project_is_not_asked_for() {
        let project = Project::new(Some("p".to_owned()), Arc::new(cloud_types::SystemClock));
        assert_eq!(project.id().await.unwrap(), "p");
    }
}
