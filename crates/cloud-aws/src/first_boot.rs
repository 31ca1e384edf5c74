//! What a host reads at its first boot: the user data, and the SSH keys that its key pair has not.
//!
//! A launch takes one key pair, of RSA or ED25519. Further keys go to cloud-init, which all images that are named by version
//! have, in a part of their own beside the caller's user data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::{Error, HostSpec, Result, UserData};

use crate::labels;

/// The user data in base64, as EC2 takes it; none where there is nothing to say.
pub(crate) fn user_data(spec: &HostSpec) -> Result<Option<String>> {
    let own = spec.user_data.as_ref().map(UserData::expose);
    let text = match (keys(spec), own) {
        (None, None) => return Ok(None),
        (None, Some(own)) => own.to_owned(),
        (Some(keys), None) => keys,
        (Some(keys), Some(own)) => together(&keys, own),
    };
    if text.len() > LIMIT {
        let rule = format!("must be at most {LIMIT} bytes with the further SSH keys, got {}", text.len());
        return Err(Error::invalid("user_data", rule));
    }
    Ok(Some(STANDARD.encode(text)))
}

/// All keys but that of the key pair as cloud-config; it adds to the keys that others name.
fn keys(spec: &HostSpec) -> Option<String> {
    let pair = labels::key_of_pair(&spec.ssh_keys);
    let further = spec.ssh_keys.iter().filter(|key| Some(*key) != pair);
    let lines: Vec<String> = further.map(|key| format!("  - {}\n", key.to_openssh())).collect();
    (!lines.is_empty()).then(|| format!("#cloud-config\n{MERGE}ssh_authorized_keys:\n{}", lines.concat()))
}

/// Both as parts of one message (<https://cloudinit.readthedocs.io/en/latest/explanation/format.html>). The caller's part
/// comes first, so that the keys are added to it.
fn together(keys: &str, own: &str) -> String {
    let kind = match own.lines().next().unwrap_or_default() {
        line if line.to_ascii_lowercase().starts_with("content-type:") => "message/rfc822",
        line if line.to_ascii_lowercase().starts_with("mime-version:") => "message/rfc822",
        // By its first line cloud-init knows all other kinds itself.
        _ => "text/plain",
    };
    // What is written as it is cloud-init reads as Latin-1.
    let encoded = STANDARD.encode(own);
    let (encoding, own) = match own.is_ascii() || kind != "text/plain" {
        true => ("8bit", own),
        false => ("base64", encoded.as_str()),
    };
    // The boundary is in neither part: no key holds it, and one is chosen that the other does not hold.
    let mut boundary = "first-boot".to_owned();
    while own.contains(&boundary) {
        boundary.push('-');
    }
    format!(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\n\n\
         --{boundary}\nContent-Type: {kind}; charset=\"utf-8\"\nContent-Transfer-Encoding: {encoding}\n\n{own}\n\
         --{boundary}\nContent-Type: text/cloud-config; charset=\"utf-8\"\n\n{keys}\n--{boundary}--\n"
    )
}

/// How cloud-init joins this part with others (<https://cloudinit.readthedocs.io/en/latest/reference/merging.html>).
const MERGE: &str =
    "merge_how:\n  - name: list\n    settings: [append]\n  - name: dict\n    settings: [no_replace, recurse_list]\n";
/// In bytes, before base64 (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html>).
const LIMIT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use cloud_types::{Image, Machine, Name, Region};

    use super::*;

    const KEYS: [&str; 2] = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti one",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ two",
    ];

    const TOKEN: &str = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICFo/k5LU8863u66YC9eUO2170QduohPURkQnbLa/dczAAAABHNzaDo=";

    fn spec() -> HostSpec {
        let (name, region) = (Name::new("web").unwrap(), Region::new("eu-west-1").unwrap());
        HostSpec::new(name, region, Machine::named("t3.small").unwrap(), Image::ubuntu("24.04"))
    }

    fn read(spec: &HostSpec) -> String {
        String::from_utf8(STANDARD.decode(user_data(spec).unwrap().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn user_data_goes_as_it_is_and_one_key_needs_none() {
        assert_eq!(user_data(&spec().ssh_key(KEYS[0].parse().unwrap())).unwrap(), None);
        assert_eq!(read(&spec().user_data(UserData::new("#!/bin/sh\ntrue"))), "#!/bin/sh\ntrue");
    }

    #[test]
    fn further_keys_go_beside_the_callers_own_part() {
        let spec = KEYS.iter().fold(spec(), |spec, key| spec.ssh_key(key.parse().unwrap()));
        let alone = read(&spec);
        assert!(alone.starts_with("#cloud-config\n") && alone.contains("AAAAIJdD7y3a") && !alone.contains("AAAAILM+"));
        let both = read(&spec.user_data(UserData::new("#!/bin/sh\necho --first-boot\n")));
        assert!(both.starts_with("MIME-Version: 1.0\n"));
        assert!(both.contains("boundary=\"first-boot-\"") && both.ends_with("--first-boot---\n"));
        assert!(
            both.contains("Content-Type: text/plain;")
                && both.contains("echo --first-boot\n")
                && both.contains("AAAAIJdD7y3a")
        );
    }

    #[test]
    fn a_key_that_fits_no_key_pair_goes_here_wherever_it_stands() {
        let with = |keys: &[&str]| keys.iter().fold(spec(), |spec, key| spec.ssh_key(key.parse().unwrap()));
        assert!(read(&with(&[TOKEN])).contains("AAAAGnNrLXNz"));
        let both = read(&with(&[TOKEN, KEYS[0]]));
        assert!(both.contains("AAAAGnNrLXNz") && !both.contains("AAAAILM+"), "{both}");
    }

    #[test]
    fn a_callers_own_message_stays_one() {
        let spec = KEYS.iter().fold(spec(), |spec, key| spec.ssh_key(key.parse().unwrap()));
        let own = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b--\n";
        assert!(read(&spec.user_data(UserData::new(own))).contains("Content-Type: message/rfc822;"));
    }

    #[test]
    fn letters_beyond_ascii_beside_further_keys_stay_what_they_are() {
        let spec = KEYS.iter().fold(spec(), |spec, key| spec.ssh_key(key.parse().unwrap()));
        let own = "#cloud-config\nhostname: caf\u{e9}\n";
        let both = read(&spec.user_data(UserData::new(own)));
        assert!(both.contains(&format!("Content-Transfer-Encoding: base64\n\n{}\n", STANDARD.encode(own))), "{both}");
    }

    #[test]
    fn what_is_too_long_with_the_keys_is_refused() {
        let spec = KEYS.iter().fold(spec(), |spec, key| spec.ssh_key(key.parse().unwrap()));
        let error = user_data(&spec.user_data(UserData::new("x".repeat(LIMIT)))).unwrap_err();
        assert_eq!(error.field(), Some("user_data"));
    }
}
