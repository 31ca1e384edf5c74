//! Labels and label selectors, <https://docs.hetzner.cloud/reference/cloud#label-selector>.

use cloud_world::Labels;

use super::errors::{self, ApiError};
use crate::Request;

/// Checks keys and values.
pub(super) fn check(labels: &Labels) -> Result<(), String> {
    for (key, value) in labels {
        if !is_key(key) {
            return Err(format!("label key '{key}' is not correctly formatted"));
        }
        if !is_value(value) {
            return Err(format!("label value '{value}' is not correctly formatted"));
        }
    }
    Ok(())
}

/// A label selector: all of its requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// The selector in a request's query; without one everything matches.
    pub(super) fn of(request: &Request) -> Result<Self, ApiError> {
        let text = request.param("label_selector").unwrap_or_default();
        Self::parse(text).ok_or_else(|| errors::invalid("label_selector", "label selector is malformed"))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let requirements = split_outside_parentheses(text);
        requirements.into_iter().map(|part| requirement(part.trim())).collect::<Option<_>>().map(Self)
    }

    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Requirement::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
        })
    }
}

fn requirement(text: &str) -> Option<Requirement> {
    if let Some((key, values)) = set(text, "notin") {
        return Some(Requirement::NotIn(key, values));
    }
    if let Some((key, values)) = set(text, "in") {
        return Some(Requirement::In(key, values));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return pair(key, value).map(|(key, value)| Requirement::NotIn(key, vec![value]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return pair(key, value).map(|(key, value)| Requirement::In(key, vec![value]));
    }
    if let Some(key) = text.strip_prefix('!') {
        let key = key.trim();
        return is_key(key).then(|| Requirement::Absent(key.to_owned()));
    }
    is_key(text).then(|| Requirement::Exists(text.to_owned()))
}

fn pair(key: &str, value: &str) -> Option<(String, String)> {
    let (key, value) = (key.trim(), value.trim());
    (is_key(key) && is_value(value)).then(|| (key.to_owned(), value.to_owned()))
}

/// `key in (a,b)`.
fn set(text: &str, word: &str) -> Option<(String, Vec<String>)> {
    let (key, rest) = text.split_once(char::is_whitespace)?;
    let list = rest.trim_start().strip_prefix(word)?.trim_start();
    let inner = list.strip_prefix('(')?.strip_suffix(')')?;
    let values: Vec<String> = inner.split(',').map(|value| value.trim().to_owned()).collect();
    let valid = is_key(key) && values.iter().all(|value| is_value(value));
    valid.then(|| (key.to_owned(), values))
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    })
    .collect()
}

/// An optional DNS prefix and a slash, then 1 to 63 characters.
fn is_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    prefix.is_none_or(|prefix| is_word(prefix, 253)) && is_word(name, 63)
}

fn is_value(value: &str) -> bool {
    value.is_empty() || is_word(value, 63)
}

/// Letters, digits, dashes, dots and underscores, the first and last a letter or digit.
fn is_word(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.len() <= longest
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_form_of_the_grammar_selects_what_it_says() {
        let both = labels(&[("env", "prod"), ("example.com/role", "web")]);
        let matches = |text: &str| Selector::parse(text).unwrap().matches(&both);
        for text in [
            "",
            "env",
            "env=prod",
            "env==prod",
            "env!=dev",
            "!gone",
            "env in (dev, prod)",
            "env notin (dev,test)",
            "gone notin (x)",
            "env=prod,example.com/role=web",
        ] {
            assert!(matches(text), "{text}");
        }
        for text in ["gone", "env=dev", "env!=prod", "!env", "env in (dev)", "env,gone"] {
            assert!(!matches(text), "{text}");
        }
    }

    #[test]
    fn a_malformed_selector_is_refused() {
        for text in ["=x", "a=b=c", "env in prod", "a,,b", "-a", "!"] {
            assert_eq!(Selector::parse(text), None, "{text}");
        }
    }

    #[test]
    fn label_rules_are_those_of_the_documentation() {
        assert!(check(&labels(&[("a/b", ""), ("x.y-z_1", "V.1")])).is_ok());
        for (key, value) in [("", "x"), ("-a", "x"), ("a", "x-"), ("a b", "x"), ("a/b/c", "x")] {
            assert!(check(&labels(&[(key, value)])).is_err(), "{key}={value}");
        }
        assert!(check(&labels(&[(&"k".repeat(64), "x")])).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,80}") {
            if let Some(selector) = Selector::parse(&text) {
                selector.matches(&Labels::new());
            }
        }

        #[test]
        fn a_valid_pair_selects_itself(key in "[a-z]([a-z.]{0,8}[a-z])?", value in "[a-z0-9]{0,9}") {
            let own = labels(&[(&key, &value)]);
            proptest::prop_assert!(check(&own).is_ok());
            let selector = Selector::parse(&format!("{key}={value}")).unwrap();
            proptest::prop_assert!(selector.matches(&own));
            let other = Selector::parse(&format!("{key} notin ({value})")).unwrap();
            proptest::prop_assert!(!other.matches(&own));
        }
    }
}
