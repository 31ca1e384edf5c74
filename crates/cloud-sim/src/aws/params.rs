//! The parameters of a call: `Filter.1.Value.2` and its like, read by name and number.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::errors::{self, ApiError};

/// The parameters below one prefix; not to be printed, since user data is among them.
#[derive(Clone)]
pub(super) struct Params {
    all: Rc<BTreeMap<String, String>>,
    prefix: String,
}

impl Params {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self { all: Rc::new(pairs.into_iter().collect()), prefix: String::new() }
    }

    /// The whole name of a parameter.
    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all.get(&self.name(name)).cloned()
    }

    /// A text that must be there.
    pub(super) fn required(&self, name: &str) -> Result<String, ApiError> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| errors::missing(&self.name(name)))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let parsed = self.text(name).map(|text| text.to_ascii_lowercase().parse().map_err(|_| text));
        parsed.transpose().map_err(|text| {
            let name = self.name(name);
            errors::invalid(&name, format!("Value ({text}) is invalid. Expected a boolean."))
        })
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let parsed = self.text(name).map(|text| text.parse().map_err(|_| text));
        parsed.transpose().map_err(|text| {
            let name = self.name(name);
            errors::invalid(&name, format!("Value ({text}) is invalid. Expected an integer."))
        })
    }

    /// The texts of a list, in the order of their numbers.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.numbers(name).into_iter().filter_map(|number| self.text(&format!("{name}.{number}"))).collect()
    }

    /// The texts of a list that must have one at least.
    pub(super) fn required_texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let texts = self.texts(name);
        if texts.is_empty() { Err(errors::missing(&self.name(name))) } else { Ok(texts) }
    }

    /// The entries of a list of structures, in the order of their numbers.
    pub(super) fn each(&self, name: &str) -> Vec<Self> {
        self.numbers(name).into_iter().map(|number| self.within(&format!("{name}.{number}"))).collect()
    }

    /// The parameters below one of this name.
    pub(super) fn within(&self, name: &str) -> Self {
        Self { all: Rc::clone(&self.all), prefix: format!("{}{name}.", self.prefix) }
    }

    /// Whether there is nothing below the prefix.
    pub(super) fn is_empty(&self) -> bool {
        self.below("").next().is_none()
    }

    /// A hash of all parameters but those that every call has, for telling two calls apart.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.all
            .iter()
            .filter(|(name, _)| !EVERYWHERE.contains(&name.as_str()))
            .for_each(|told| told.hash(&mut hasher));
        hasher.finish()
    }

    /// Refuses parameters that none of the patterns names; a `#` stands for a number.
    pub(super) fn only(&self, patterns: &[&[&str]]) -> Result<(), ApiError> {
        let known: BTreeSet<&str> = patterns.iter().flat_map(|list| list.iter().copied()).collect();
        for name in self.all.keys() {
            let parts = name.split('.');
            let numbered = |part: &str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_digit());
            let pattern = parts.map(|part| if numbered(part) { "#" } else { part }).collect::<Vec<_>>().join(".");
            if !known.contains(pattern.as_str()) && !EVERYWHERE.contains(&pattern.as_str()) {
                return Err(errors::unknown(name));
            }
        }
        Ok(())
    }

    fn numbers(&self, name: &str) -> BTreeSet<u32> {
        let list = format!("{name}.");
        let numbers = self.below(&list).filter_map(|rest| rest.split('.').next()?.parse().ok());
        numbers.collect()
    }

    /// What follows the prefix in the names that have it.
    fn below(&self, list: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{}{list}", self.prefix);
        let from = self.all.range(prefix.clone()..);
        let length = prefix.len();
        from.take_while(move |(name, _)| name.starts_with(&prefix)).map(move |(name, _)| &name[length..])
    }
}

const EVERYWHERE: [&str; 3] = ["Action", "Version", "DryRun"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_by_their_numbers() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let params = Params::new(vec![
            pair("Filter.1.Name", "tag:a"),
            pair("Filter.1.Value.10", "z"),
            pair("Filter.1.Value.2", "y"),
            pair("Filter.2.Name", "state"),
            pair("DryRun", "maybe"),
        ]);
        let filters = params.each("Filter");
        assert_eq!(filters.len(), 2);
        assert_eq!(filters[0].texts("Value"), ["y", "z"]);
        assert_eq!(filters[1].required("Value").unwrap_err().code, "MissingParameter");
        assert_eq!(params.flag("DryRun").unwrap_err().code, "InvalidParameterValue");
        assert!(params.only(&[&["Filter.#.Name", "Filter.#.Value.#"]]).is_ok());
        assert_eq!(params.only(&[&["Filter.#.Name"]]).unwrap_err().code, "UnknownParameter");
    }
}
