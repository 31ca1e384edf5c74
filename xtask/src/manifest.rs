//! A `Cargo.toml` read line by line: as much of TOML as this workspace's manifests use, with the comments.

use crate::sources::Source;

/// The entries of a `Cargo.toml` in order.
#[derive(Debug)]
pub(crate) struct Manifest<'a> {
    /// What it says.
    pub(crate) entries: Vec<Entry<'a>>,
}

/// One `key = value` of a manifest.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry<'a> {
    /// The table it stands in, such as `dev-dependencies`.
    pub(crate) section: &'a str,
    /// What stands before the `=`.
    pub(crate) key: &'a str,
    /// What stands behind it, over all its lines, without a comment.
    pub(crate) value: String,
    /// Whether a comment stands behind it or on the line above.
    pub(crate) commented: bool,
    /// The number of its first line, from 1.
    pub(crate) line: usize,
}

impl<'a> Manifest<'a> {
    /// Reads a manifest.
    pub(crate) fn read(source: &'a Source) -> Self {
        let mut entries = Vec::new();
        let mut section = "";
        let mut after_comment = false;
        let mut lines = source.lines();
        while let Some((line, text)) = lines.next() {
            let (code, comment) = split_comment(text);
            if let Some(name) = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
            } else if let Some((key, value)) = code.split_once('=') {
                let mut value = value.trim().to_owned();
                while value.matches('[').count() > value.matches(']').count()
                    && let Some((_, more)) = lines.next()
                {
                    value.push_str(split_comment(more).0);
                }
                let commented = comment.is_some() || after_comment;
                entries.push(Entry { section, key: key.trim(), value, commented, line });
            }
            after_comment = code.is_empty() && comment.is_some();
        }
        Self { entries }
    }

    /// The dependencies of every kind: normal, for tests, for building, for one target.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries
            .iter()
            .filter(|entry| entry.section.ends_with("dependencies") && !entry.section.starts_with("workspace"))
    }

    /// The features, without `default`.
    pub(crate) fn features(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| entry.section == "features" && entry.key != "default")
    }
}

impl Entry<'_> {
    /// The dependency's name, also where the entry is `name.workspace = true`.
    pub(crate) fn dependency(&self) -> &str {
        self.key.split('.').next().unwrap_or(self.key)
    }

    /// The workspace's crate that this feature turns on, such as `cloud-local` of `["dep:cloud-local"]`.
    pub(crate) fn provider(&self) -> Option<&str> {
        let (_, rest) = self.value.split_once("dep:")?;
        rest.split('"').next()
    }
}

/// A line without its comment, and the comment; a `#` within quotes belongs to the text.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return (line[..at].trim(), Some(&line[at + 1..])),
            _ => {}
        }
    }
    (line.trim(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
[features]
default = ["local"]
local = ["dep:cloud-local"] # in memory
# over
# two lines
wide = [
    "dep:cloud-wide", # one
    "x#y",
]
bare = []

[dependencies]
bytes.workspace = true
tokio = { workspace = true }

[dev-dependencies]
serde = "1"
"##;

    #[test]
    fn features_are_read_with_their_comments() {
        let source = Source::new("Cargo.toml", TEXT);
        let manifest = Manifest::read(&source);
        let features: Vec<_> = manifest.features().map(|f| (f.key, f.commented, f.provider())).collect();
        assert_eq!(
            features,
            [("local", true, Some("cloud-local")), ("wide", true, Some("cloud-wide")), ("bare", false, None)]
        );
    }

    #[test]
    fn dependencies_of_every_kind_are_read() {
        let source = Source::new("Cargo.toml", TEXT);
        let manifest = Manifest::read(&source);
        let names: Vec<_> = manifest.dependencies().map(|entry| (entry.dependency(), entry.line)).collect();
        assert_eq!(names, [("bytes", 14), ("tokio", 15), ("serde", 18)]);
    }
}
