//! The fields of a JSON body for APIs that name every wrong field at once.

use serde_json::{Map, Value};

use super::fields::{Expected, Fields, FromField, Paths, Problem};

/// The fields of an object that were not read yet, and what was wrong with those that were. What is
/// left unread in the end is unknown.
#[derive(Debug)]
pub(crate) struct Gathering {
    rest: Fields,
    problems: Vec<Problem>,
}

/// Everything that was wrong with a body, one problem at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Gathering {
    /// Reads a whole body; an empty one has no fields.
    ///
    /// # Errors
    /// [`Problem::NoJson`], [`Problem::NoObject`].
    pub(crate) fn parse(body: &[u8], paths: Paths) -> Result<Self, Problem> {
        Fields::parse(body, paths).map(Self::of)
    }

    fn of(rest: Fields) -> Self {
        Self { rest, problems: Vec::new() }
    }

    /// A field of any type.
    pub(crate) fn get<T: for<'a> FromField<'a>>(&mut self, name: &str) -> Option<T> {
        self.take(name, |value| T::from_field(value), T::EXPECTED)
    }

    /// A field that must be there; the default where it is not, and then [`Gathering::done`] fails.
    pub(crate) fn required<T: for<'a> FromField<'a> + Default>(&mut self, name: &str) -> T {
        self.get(name).unwrap_or_else(|| {
            self.miss(name);
            T::default()
        })
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.get(name)
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        self.required(name)
    }

    /// A yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.get(name)
    }

    /// A whole number.
    pub(crate) fn number(&mut self, name: &str) -> Option<u64> {
        self.get(name)
    }

    /// A number that must be there.
    pub(crate) fn required_number(&mut self, name: &str) -> u64 {
        self.required(name)
    }

    /// A list; empty where there is none.
    pub(crate) fn list<T: for<'a> FromField<'a>>(&mut self, name: &str) -> Vec<T> {
        self.get(name).unwrap_or_default()
    }

    /// An object, with its own strict fields; give it back to [`Gathering::adopt`].
    pub(crate) fn object(&mut self, name: &str) -> Option<Self> {
        let map = self.take(name, |value| value.as_object().cloned(), <&Map<String, Value>>::EXPECTED)?;
        Some(Self::of(self.rest.inside(name, map)))
    }

    /// A list of objects; give each back to [`Gathering::adopt`].
    pub(crate) fn objects(&mut self, name: &str) -> Option<Vec<Self>> {
        let read = |value: &Value| value.as_array()?.iter().map(|one| one.as_object().cloned()).collect();
        let maps: Vec<_> = self.take(name, read, <Vec<&Map<String, Value>>>::EXPECTED)?;
        Some(maps.into_iter().enumerate().map(|(at, map)| Self::of(self.rest.item(name, at, map))).collect())
    }

    /// Takes over what was wrong with an inner object.
    pub(crate) fn adopt(&mut self, inner: Self) {
        self.problems.extend(inner.closed());
    }

    /// Notes that a field breaks a rule.
    pub(crate) fn problem(&mut self, name: &str, rule: impl Into<String>) {
        self.problems.push(Problem::Rule { field: self.rest.field(name), rule: rule.into() });
    }

    /// Notes that a field is missing, where nothing else is known of it.
    pub(crate) fn miss(&mut self, name: &str) {
        let missing = self.rest.field(name);
        if !self.problems.iter().any(|problem| problem.field() == Some(missing.as_str())) {
            self.problems.push(Problem::Missing { field: missing });
        }
    }

    /// Whether the field is there and unread, `null` or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.rest.map.contains_key(name)
    }

    /// Fails with everything that was wrong, unknown fields included.
    pub(crate) fn done(self) -> Result<(), Problems> {
        let problems = self.closed();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    fn closed(mut self) -> Vec<Problem> {
        self.problems.extend(self.rest.map.keys().map(|name| self.rest.unknown(name)));
        self.problems
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>, expected: Expected) -> Option<T> {
        let value = self.rest.map.remove(name).filter(|value| !value.is_null())?;
        let read = read(&value);
        if read.is_none() {
            self.problems.push(self.rest.wrong_type(name, expected));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let body = br#"{"name": 1, "colour": "red", "public_net": {"x": 1}, "rules": [{"y": 2}], "none": null}"#;
        let mut fields = Gathering::parse(body, Paths::Dotted).unwrap();
        fields.required_text("name");
        fields.required_number("size");
        fields.problem("image", "must be one of ours");
        assert_eq!(fields.text("none"), None);
        let inner = fields.object("public_net").unwrap();
        fields.adopt(inner);
        for rule in fields.objects("rules").unwrap() {
            fields.adopt(rule);
        }
        let Problems(problems) = fields.done().unwrap_err();
        let names: Vec<_> = problems.iter().filter_map(Problem::field).collect();
        assert_eq!(names, ["name", "size", "image", "public_net.x", "rules.0.y", "colour"]);
    }

    #[test]
    fn a_wrong_field_is_not_missing_as_well() {
        let mut fields = Gathering::parse(br#"{"size": "big"}"#, Paths::Dotted).unwrap();
        assert_eq!(fields.required_number("size"), 0);
        assert_eq!(fields.done().unwrap_err().0.len(), 1);
    }
}
