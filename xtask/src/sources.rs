//! The workspace's text files as the checks see them: path from the root, lines, and where the tests begin.

use std::fs;
use std::path::Path;

use crate::shell::Result;

/// A text file of the workspace.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root, with `/` between its parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Source {
    /// A file of this path and text.
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// All lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines up to the test module, which by the project's style comes last; all of a file without one.
    pub(crate) fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut before = "";
        let tests = self.text.lines().position(|line| {
            let begins = before == "#[cfg(test)]" && line.starts_with("mod ") && line.ends_with('{');
            before = line;
            begins
        });
        let end = tests.map_or(usize::MAX, |index| index - 1);
        self.lines().take(end)
    }

    /// The crate's folder, such as `crates/cloud-types`, `examples` or `xtask`.
    pub(crate) fn package(&self) -> &str {
        let parts = if self.path.starts_with("crates/") { 2 } else { 1 };
        match self.path.match_indices('/').nth(parts - 1) {
            Some((end, _)) => &self.path[..end],
            None => "",
        }
    }

    /// The path below the crate's folder, such as `src/lib.rs`.
    pub(crate) fn within_package(&self) -> &str {
        self.path[self.package().len()..].trim_start_matches('/')
    }

    /// Whether the whole file is tests: a file under the crate's `tests/`.
    pub(crate) fn is_test(&self) -> bool {
        self.within_package().starts_with("tests/")
    }
}

/// Every file below `root` with one of these extensions, in order; build output and hidden folders are left out.
pub(crate) fn read(root: &Path, extensions: &[&str]) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let skipped = name == "target" || name == "templates" || name.starts_with('.');
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
                files.push(source(root, &path)?);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn source(root: &Path, path: &Path) -> Result<Source> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let below = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
    Ok(Source::new(below, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_module_is_left_out() {
        let source = Source::new("crates/a/src/b.rs", "fn a() {}\n\n#[cfg(test)]\nmod tests {\n}\n");
        assert_eq!(source.lines_without_tests().count(), 2);
        assert_eq!(Source::new("a.rs", "#[cfg(test)]\nmod tests;\nfn a() {}").lines_without_tests().count(), 3);
    }

    #[test]
    fn a_file_knows_its_package() {
        let source = Source::new("crates/cloud-types/src/wire/mod.rs", "");
        assert_eq!((source.package(), source.within_package()), ("crates/cloud-types", "src/wire/mod.rs"));
        assert_eq!(Source::new("xtask/src/main.rs", "").package(), "xtask");
        assert_eq!(Source::new("README.md", "").package(), "");
    }
}
