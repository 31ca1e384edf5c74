//! NoCloud: how a host without a provider's metadata service is told who it is and what to do, by files on a disk.

use std::fmt;

use cloud_types::{Error, Name, Result, SshPublicKey, UserData};
use secrecy::SecretString;
use serde_json::json;

/// A seed: what cloud-init reads from a small disk, where there is nobody that it could ask.
///
/// The disk is an ISO 9660 or a FAT file system that is named [`VOLUME`](Self::VOLUME) and holds the [files](Self::files):
/// <https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html>. How it is made is the caller's matter.
///
/// ```
/// use cloud_bootstrap::{Bootstrap, Format, NoCloud};
/// use cloud_types::Name;
///
/// let user_data = Bootstrap::new().render(Format::CloudConfig, usize::MAX)?;
/// let seed = NoCloud::new("4f1c2a9b7d3e", &Name::new("web-1")?, user_data)?;
/// assert_eq!(seed.files().map(|(name, _)| name), ["meta-data", "user-data"]);
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Clone)]
pub struct NoCloud {
    instance: String,
    host_name: Name,
    keys: Vec<SshPublicKey>,
    user_data: UserData,
}

impl NoCloud {
    /// The name of the file system.
    pub const VOLUME: &str = "CIDATA";

    /// A seed for this instance: 1 to 255 ASCII letters, digits, `-`, `_` and `.`. A host that finds another instance's id than
    /// at its last boot takes its first steps again: it makes new host keys and does what the user data says.
    ///
    /// # Errors
    /// `InvalidRequest` on field `instance`.
    pub fn new(instance: &str, host_name: &Name, user_data: UserData) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=255).contains(&instance.len()) || !instance.bytes().all(plain) {
            let rule = format!("must be 1 to 255 letters, digits, `-`, `_` and `.`, got {instance:?}");
            return Err(Error::invalid("instance", rule));
        }
        Ok(Self { instance: instance.to_owned(), host_name: host_name.clone(), keys: Vec::new(), user_data })
    }

    /// Lets the owner of this key in, as the image's own user.
    #[must_use]
    pub fn key(mut self, key: SshPublicKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The files by their names. The user data is a secret.
    #[must_use]
    pub fn files(&self) -> [(&'static str, SecretString); 2] {
        // JSON is YAML too, and has no traps, such as an id that reads as a number.
        let meta_data = json!({
            "instance-id": self.instance,
            "local-hostname": self.host_name.as_str(),
            "public-keys": self.keys.iter().map(SshPublicKey::to_openssh).collect::<Vec<_>>(),
        });
        [("meta-data", meta_data.to_string().into()), ("user-data", self.user_data.expose().to_owned().into())]
    }
}

impl fmt::Debug for NoCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoCloud")
            .field("instance", &self.instance)
            .field("host_name", &self.host_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn seed(instance: &str) -> Result<NoCloud> {
        NoCloud::new(instance, &Name::new("web-1").unwrap(), UserData::new("#!/bin/sh\nexec echo hunter2\n"))
    }

    #[test]
    fn the_files_say_who_the_host_is_who_comes_in_and_what_to_do() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
        let with_comment = format!("{key} me@laptop").parse().unwrap();
        let [(_, meta_data), (_, user_data)] = seed("123e4567").unwrap().key(with_comment).files();
        let meta_data: serde_json::Value = serde_json::from_str(meta_data.expose_secret()).unwrap();
        let expected = json!({ "instance-id": "123e4567", "local-hostname": "web-1", "public-keys": [key] });
        assert_eq!(meta_data, expected);
        assert!(user_data.expose_secret().starts_with("#!/bin/sh\n"));
    }

    #[test]
    fn an_instance_that_is_no_plain_word_is_refused() {
        for instance in ["", "a b", "a\nb", "é", &"a".repeat(256)] {
            assert_eq!(seed(instance).unwrap_err().field(), Some("instance"), "{instance:?}");
        }
    }

    #[test]
    fn debug_shows_no_user_data() {
        assert!(!format!("{:?}", seed("a").unwrap()).contains("hunter2"));
    }
}
