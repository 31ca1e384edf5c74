//! The cloud-config: what cloud-init does itself, and the script for the rest.
//!
//! Its keys are those of <https://cloudinit.readthedocs.io/en/latest/reference/modules.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::{Error, ErrorKind, Result, SshPublicKey};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::bootstrap::Bootstrap;
use crate::check::is_plain;
use crate::file::{Content, File};
use crate::script::Comments;
use crate::{fit, script, steps};

/// One document that does all.
pub(crate) fn plain(bootstrap: &Bootstrap) -> Result<String> {
    config(bootstrap, Some(Entry::script(bootstrap, Comments::Kept)), Entry::clone).to_yaml()
}

/// The same, its long contents compressed.
pub(crate) fn compact(bootstrap: &Bootstrap) -> Result<String> {
    config(bootstrap, Some(Entry::script(bootstrap, Comments::Dropped)), Entry::compressed).to_yaml()
}

/// What cloud-init does itself, for a message that has the script in a part of its own; none where that is nothing.
pub(crate) fn without_script(bootstrap: &Bootstrap) -> Result<Option<String>> {
    let config = config(bootstrap, None, Entry::clone);
    if config.is_empty() { Ok(None) } else { config.to_yaml().map(Some) }
}

fn config(bootstrap: &Bootstrap, script: Option<Entry>, encode: impl Fn(&Entry) -> Entry) -> CloudConfig {
    let runcmd = script.iter().map(|script| ["sh".to_owned(), script.path.clone()]).collect();
    let files = bootstrap.files.iter().filter(|file| steps::in_cloud_config(bootstrap, file)).map(Entry::of);
    CloudConfig {
        users: users(bootstrap),
        ssh_keys: bootstrap.host_key.as_ref().map(|key| HostKeys {
            ed25519_private: key.to_openssh().expose_secret().to_owned(),
            ed25519_public: key.public().to_openssh(),
        }),
        package_update: (!bootstrap.packages.is_empty()).then_some(true),
        packages: bootstrap.packages.iter().map(|package| package.as_str().to_owned()).collect(),
        write_files: script.into_iter().chain(files).map(|entry| encode(&entry)).collect(),
        runcmd,
    }
}

fn users(bootstrap: &Bootstrap) -> Vec<Account> {
    if bootstrap.users.is_empty() {
        return Vec::new();
    }
    let named = bootstrap.users.iter().map(|user| {
        Account::Named(Named {
            name: user.name.clone(),
            shell: user.shell.clone(),
            lock_passwd: true,
            groups: user.groups.clone(),
            sudo: user.sudo.then(|| "ALL=(ALL) NOPASSWD:ALL".to_owned()),
            ssh_authorized_keys: user.keys.iter().map(SshPublicKey::to_openssh).collect(),
        })
    });
    // Without it the image's own user would not be made, to whom the provider's keys go.
    std::iter::once(Account::Image("default")).chain(named).collect()
}

#[derive(Serialize)]
struct CloudConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh_keys: Option<HostKeys>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_update: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    write_files: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runcmd: Vec<[String; 2]>,
}

impl CloudConfig {
    fn is_empty(&self) -> bool {
        self.users.is_empty() && self.ssh_keys.is_none() && self.packages.is_empty() && self.write_files.is_empty()
    }

    /// All of it is plain ASCII.
    fn to_yaml(&self) -> Result<String> {
        let yaml = serde_saphyr::to_string(self).map_err(|error| {
            Error::new(ErrorKind::Unexpected, format!("the cloud-config cannot be written ({error})"))
        })?;
        Ok(format!("#cloud-config\n{yaml}"))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Account {
    Image(&'static str),
    Named(Named),
}

#[derive(Serialize)]
struct Named {
    name: String,
    shell: String,
    lock_passwd: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sudo: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ssh_authorized_keys: Vec<String>,
}

/// With these cloud-init makes no other host keys.
#[derive(Serialize)]
struct HostKeys {
    ed25519_private: String,
    ed25519_public: String,
}

/// An entry of `write_files`.
#[derive(Serialize, Clone)]
struct Entry {
    path: String,
    permissions: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    content: String,
}

impl Entry {
    fn script(bootstrap: &Bootstrap, comments: Comments) -> Self {
        let content = script::beside_cloud_config(bootstrap, comments);
        Self { path: script::PATH.to_owned(), permissions: "0700".to_owned(), encoding: None, content }
    }

    fn of(file: &File) -> Self {
        let (encoding, content) = match &file.content {
            Content::Text(text) if is_plain(text.expose()) && !reads_as_mime(text.expose()) => {
                (None, text.expose().to_owned())
            }
            Content::Text(text) => (Some("b64"), STANDARD.encode(text.expose())),
            Content::Bytes(bytes) => (Some("b64"), STANDARD.encode(bytes)),
            // These are the script's.
            Content::Fetched { .. } => (None, String::new()),
        };
        Self { path: file.path.clone(), permissions: file.mode.to_string(), encoding, content }
    }

    fn compressed(&self) -> Self {
        let packed = (self.encoding.is_none() && self.content.len() > WORTH_IT).then(|| fit::gzip(&self.content));
        match packed {
            Some(Ok(content)) if content.len() < self.content.len() => {
                Self { encoding: Some("gz+b64"), content, ..self.clone() }
            }
            _ => self.clone(),
        }
    }
}

/// cloud-init takes user data for a message where these words are among its first 4,096 bytes, in whatever place
/// (`convert_string` in <https://github.com/canonical/cloud-init/blob/main/cloudinit/user_data.py>).
fn reads_as_mime(text: &str) -> bool {
    text.to_ascii_lowercase().contains("mime-version:")
}

/// In bytes; of shorter ones compression and base64 make longer ones.
const WORTH_IT: usize = 256;
