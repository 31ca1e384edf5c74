//! Who somebody is to a registry: a name and a secret, given or as Docker's tools have noted them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::system::{blocking, io_error, program};

/// A user of a registry. The secret is never printed, and goes to that registry, and to where it has its tokens made, alone.
#[derive(Clone)]
pub struct Login {
    username: String,
    secret: SecretString,
}

impl Login {
    /// A user's name, and password or token.
    pub fn new(username: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self { username: username.into(), secret: secret.into() }
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// The header's value that says so: <https://www.rfc-editor.org/rfc/rfc7617>.
    pub(crate) fn basic(&self) -> SecretString {
        let pair = format!("{}:{}", self.username, self.secret.expose_secret());
        format!("Basic {}", STANDARD.encode(pair)).into()
    }
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.username == other.username && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

impl Eq for Login {}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What Docker's configuration says of a registry: <https://docs.docker.com/reference/cli/docker/login/>. `None` without the
/// file, and where it says nothing of this one.
///
/// # Errors
/// `InvalidRequest` on field `docker_config` for a file that cannot be read as such; what a program for credentials says.
pub(crate) async fn noted(file: &Path, registry: &str) -> Result<Option<Login>> {
    let path = file.to_owned();
    let text = match blocking(move || std::fs::read(path)).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| io_error(format_args!("reading {}", file.display()), error))?,
    };
    // What is wrong with it is told by its place alone: there are secrets in it.
    let wrong = |what: &str| Error::invalid("docker_config", format!("{} {what}", file.display()));
    let config: Value = serde_json::from_slice(&text).map_err(|_| wrong("is no JSON"))?;
    let names = names(registry);
    let helpers = config["credHelpers"].as_object();
    let helper = names.iter().find_map(|name| Some((helpers?.get(name)?.as_str()?, name)));
    let helper = helper.or_else(|| Some((config["credsStore"].as_str()?, names.first()?)));
    if let Some((helper, name)) = helper
        && let Some(login) = ask(helper, name).await?
    {
        return Ok(Some(login));
    }
    let entry =
        config["auths"].as_object().into_iter().flatten().find(|(key, _)| names.contains(&host(key).to_owned()));
    let Some((_, entry)) = entry else { return Ok(None) };
    if let (Some(username), Some(password)) = (entry["username"].as_str(), entry["password"].as_str()) {
        return Ok(Some(Login::new(username, password)));
    }
    // A user who is logged in elsewhere is noted as an empty entry.
    let Some(auth) = entry["auth"].as_str().filter(|auth| !auth.is_empty()) else { return Ok(None) };
    let pair = STANDARD.decode(auth.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
    let pair = pair.as_deref().and_then(|pair| pair.trim_end_matches('\0').split_once(':'));
    let (username, secret) = pair.ok_or_else(|| wrong(&format!("has an entry for {registry} that cannot be read")))?;
    Ok(Some(Login::new(username, secret)))
}

/// Asks a program that keeps credentials: <https://github.com/docker/docker-credential-helpers#credentials-program>.
async fn ask(helper: &str, registry: &str) -> Result<Option<Login>> {
    let name = format!("docker-credential-{helper}");
    let plain = helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let path: PathBuf = program::find(&name).filter(|_| plain).ok_or_else(|| {
        let message =
            format!("{name} is not installed, and Docker's configuration says that it knows the login of {registry}");
        Error::new(ErrorKind::Unsupported, message)
    })?;
    let doing = |error| io_error(format_args!("running {name}"), error);
    let mut command = Command::new(path);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let asked = async {
        let mut process = command.spawn()?;
        if let Some(mut input) = process.stdin.take() {
            // One that does not read it says why.
            let _ = input.write_all(registry.as_bytes()).await;
        }
        process.wait_with_output().await
    };
    let late = |_| Error::new(ErrorKind::Timeout, format!("{name} did not answer within {} s", PATIENCE.as_secs()));
    let output = tokio::time::timeout(PATIENCE, asked).await.map_err(late)?.map_err(doing)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stdout);
        // The only way in which "there is none" is told.
        if words.contains("credentials not found") {
            return Ok(None);
        }
        return Err(Error::new(ErrorKind::Unauthenticated, format!("{name} fails for {registry}: {}", words.trim())));
    }
    let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let text = |field: &str| answer.as_ref()?.get(field)?.as_str().map(str::to_owned);
    match (text("Username"), text("Secret")) {
        (Some(username), Some(_)) if username == "<token>" => {
            let message = format!(
                "{name} has a token for {registry} that only Docker exchanges: give --username and --password-stdin"
            );
            Err(Error::new(ErrorKind::Unsupported, message))
        }
        (Some(username), Some(secret)) => Ok(Some(Login::new(username, secret))),
        _ => Err(Error::new(ErrorKind::Unexpected, format!("{name} gives no login in the form that is agreed"))),
    }
}

/// How a registry is called in that file; the first is what programs are asked for.
fn names(registry: &str) -> Vec<String> {
    match registry {
        "docker.io" => ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"]
            .map(str::to_owned)
            .to_vec(),
        other => vec![other.to_owned()],
    }
}

/// The host of what is called by an address or by its host.
fn host(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    key.split('/').next().unwrap_or(key)
}

const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    struct Config(PathBuf);

    impl Config {
        fn new(text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("cocoon-login-{:016x}", fastrand::u64(..)));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }
    }

    impl Drop for Config {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[tokio::test]
    async fn a_registrys_login_is_found_by_its_host() {
        let auth = STANDARD.encode("user:pass:word");
        let text = format!(
            r#"{{"auths": {{"https://ghcr.io/v2/": {{"auth": "{auth}"}}, "https://index.docker.io/v1/": {{"auth": "{auth}"}}, "empty.io": {{}}}}}}"#
        );
        let config = Config::new(&text);
        for registry in ["ghcr.io", "docker.io"] {
            let found = noted(&config.0, registry).await.unwrap();
            assert_eq!(found, Some(Login::new("user", "pass:word")), "{registry}");
        }
        for registry in ["ghcr.io.evil.org", "evil.org", "empty.io", "ghcr.io:8443"] {
            assert_eq!(noted(&config.0, registry).await.unwrap(), None, "{registry}");
        }
        assert_eq!(noted(Path::new("/nonexistent/config.json"), "ghcr.io").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_file_is_said_without_its_secrets() {
        for text in ["{\"auths\": {\"a.io\": {\"auth\": \"c2VjcmV0\"}}}", "{ secret"] {
            let config = Config::new(text);
            let error = noted(&config.0, "a.io").await.unwrap_err();
            assert_eq!(error.field(), Some("docker_config"));
            assert!(!format!("{error:?}").contains("secret") && !format!("{error:?}").contains("c2Vj"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_program_is_only_ever_one_of_its_kind() {
        for helper in ["../../bin/sh", "x/y", "missing"] {
            let config = Config::new(&format!(r#"{{"credHelpers": {{"a.io": "{helper}"}}}}"#));
            let error = noted(&config.0, "a.io").await.unwrap_err();
            assert!(error.message().contains("is not installed"), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let login = Login::new("user", "secret");
        assert!(!format!("{login:?}").contains("secret"));
        assert_eq!(login.basic().expose_secret(), "Basic dXNlcjpzZWNyZXQ=");
    }
}
