//! The rules for names, labels, tags and metadata.

use cloud_world::Labels;

use super::errors::{self, ApiError};
use crate::face::Fields;

/// `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?`, the rule of names and of network tags.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() <= 63
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|last| *last != b'-')
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

pub(super) fn check_name(field: &str, name: &str) -> Result<(), ApiError> {
    if is_name(name) {
        return Ok(());
    }
    let rule = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
    Err(errors::invalid(field, format!("'{name}'. {rule}")))
}

/// Keys begin with a lowercase letter; keys and values are lowercase letters, digits, `_` and `-`,
/// at most 63; at most 64 labels.
pub(super) fn check_labels(field: &str, labels: &Labels) -> Result<(), ApiError> {
    let fits = |text: &str| {
        let inner = |one: char| one.is_lowercase() || one.is_numeric() || one == '_' || one == '-';
        text.chars().count() <= 63 && text.chars().all(inner)
    };
    for (key, value) in labels {
        if !key.chars().next().is_some_and(char::is_lowercase) || !fits(key) {
            return Err(errors::invalid(field, format!("''. Label key '{key}' violates format constraints.")));
        }
        if !fits(value) {
            return Err(errors::invalid(field, format!("''. Label value '{value}' violates format constraints.")));
        }
    }
    if labels.len() > 64 {
        return Err(errors::invalid(field, "''. At most 64 labels are allowed."));
    }
    Ok(())
}

/// Network tags follow the rule of names; at most 64.
pub(super) fn check_tags(field: &str, tags: &[String]) -> Result<(), ApiError> {
    tags.iter().try_for_each(|tag| check_name(field, tag))?;
    if tags.len() > 64 {
        return Err(errors::invalid(field, "''. At most 64 tags are allowed."));
    }
    Ok(())
}

/// The items of a metadata object: keys up to 128 of `[a-zA-Z0-9-_]`, once each, values up to
/// 256 KiB, 512 KB in all.
pub(super) fn metadata(body: &Fields) -> Result<Vec<(String, String)>, ApiError> {
    body.only(&["fingerprint", "items", "kind"])?;
    let mut items: Vec<(String, String)> = Vec::new();
    for item in body.objects("items")? {
        item.only(&["key", "value"])?;
        let key = item.required_text("key")?.to_owned();
        let value = item.text("value")?.unwrap_or_default().to_owned();
        let fits = key.len() <= 128 && key.bytes().all(|one| one.is_ascii_alphanumeric() || b"-_".contains(&one));
        if !fits {
            return Err(errors::invalid(&item.field("key"), format!("'{key}'")));
        }
        if value.len() > LARGEST_VALUE {
            return Err(errors::invalid(&item.field("value"), "Value is too large: maximum size 262144 character(s)"));
        }
        if items.iter().any(|(other, _)| *other == key) {
            return Err(errors::invalid(&body.field("items"), format!("Duplicate metadata key: '{key}'")));
        }
        items.push((key, value));
    }
    let whole: usize = items.iter().map(|(key, value)| key.len() + value.len()).sum();
    if whole > LARGEST_METADATA {
        return Err(errors::invalid(&body.field("items"), "Metadata has exceeded maximum size of 512 KB"));
    }
    Ok(items)
}

const LARGEST_VALUE: usize = 262_144;
const LARGEST_METADATA: usize = 524_288;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_at_both_ends() {
        assert!(is_name("a") && is_name("web-1") && is_name(&"a".repeat(63)));
        for wrong in ["", "1a", "a-", "A", "a_b", &"a".repeat(64)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
