//! Rules on texts that several parts share: paths, names of users, names of environment variables.

use cloud_types::{Error, Result};

/// An absolute path of printable ASCII, without `.`, `..`, doubled or trailing slashes.
pub(crate) fn path(field: &'static str, text: &str) -> Result<String> {
    let parts = text.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>());
    let good = parts.is_some_and(|parts| parts.iter().all(|part| !matches!(*part, "" | "." | "..")));
    if good && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() <= 1024 {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, format!("must be an absolute path of ASCII in its shortest form, got {text:?}")))
}

/// A path of ASCII letters, digits and `/._-`: what tables such as `/etc/fstab` take without quoting.
pub(crate) fn plain_path(field: &'static str, text: &str) -> Result<String> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)) {
        return Err(Error::invalid(field, format!("must be of ASCII letters, digits and /._-, got {text:?}")));
    }
    path(field, text)
}

/// A name of a user or a group: 1 to 32 of `a-z0-9_-`, beginning with a letter or `_`
/// (<https://man7.org/linux/man-pages/man8/useradd.8.html>).
pub(crate) fn account(field: &'static str, text: &str) -> Result<String> {
    let start = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let rest = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    if start && rest && text.len() <= 32 {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, format!("must be 1 to 32 of a-z, 0-9, _ and -, a letter or _ first, got {text:?}")))
}

/// A word for names of files of ours: 1 to 64 of `A-Za-z0-9._-`, a letter or digit first.
pub(crate) fn word(field: &'static str, text: &str) -> Result<String> {
    let start = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if start && rest && text.len() <= 64 {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, format!("must be 1 to 64 of A-Z, a-z, 0-9, ., _ and -, got {text:?}")))
}

/// A name of an environment variable.
pub(crate) fn variable(field: &'static str, text: &str) -> Result<String> {
    let start = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let rest = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if start && rest && text.len() <= 256 {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, format!("must be a name of an environment variable, got {text:?}")))
}

/// Any text but one with a NUL, which no argument and no variable can hold. The text is not repeated: it may be a secret.
pub(crate) fn no_nul(field: &'static str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(field, "must not contain a NUL"));
    }
    Ok(())
}

/// Whether a text is printable ASCII in lines, which all that user data passes on its way leaves as it is. cloud-init spoils
/// other characters in parts of a message that are compressed or not encoded: it takes them for Latin-1.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_short() {
        for good in ["/a", "/srv/data", "/etc/x y/#"] {
            assert_eq!(path("path", good).unwrap(), good);
        }
        for bad in ["", "/", "a", "/a/", "//a", "/a/../b", "/./a", "/a\nb", "/a\0", "/ü"] {
            assert_eq!(path("path", bad).unwrap_err().field(), Some("path"), "{bad:?}");
        }
        assert!(plain_path("path", "/a b").is_err());
    }

    #[test]
    fn names_of_accounts_and_variables_are_checked() {
        for bad in ["", "Root", "1a", "-a", "a b", "a:b", "ä"] {
            assert!(account("user", bad).is_err(), "{bad:?}");
        }
        for bad in ["", "1A", "A-B", "A=B", "A B"] {
            assert!(variable("env", bad).is_err(), "{bad:?}");
        }
        assert!(account("user", "_apt-1").is_ok() && variable("env", "_A1").is_ok());
    }

    #[test]
    fn a_word_names_no_hidden_file_and_no_folder() {
        for bad in ["", ".a", "a/b", "..", "-a", "a b"] {
            assert!(word("name", bad).is_err(), "{bad:?}");
        }
    }
}
