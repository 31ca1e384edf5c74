//! The README's ability table, made from what the providers claim; and links and length of the documents.

use std::path::Path;

use crate::shell::{Result, root};
use crate::sources::{self, Source};
use crate::{readme, shell, workspace_tests};

/// A README that is read whole.
const MOST_README_LINES: usize = 150;

/// Writes the ability table, or with `--check` compares it; both check links and length.
pub(crate) fn run(arguments: &[String]) -> Result {
    let check = arguments == ["--check"];
    if !check {
        shell::no_arguments(arguments)?;
    }
    let mut table = workspace_tests::command(&["abilities::"])?;
    if !check {
        table.env("CLOUD_WRITE_README", "1");
    }
    shell::run(&mut table)?;
    let mut broken = length(&readme::read()?);
    for source in sources::read(&root(), &["md"])? {
        broken.extend(broken_links(&source, |path| root().join(path).exists()));
    }
    if broken.is_empty() {
        println!("documents: table, links and length are right");
        return Ok(());
    }
    Err(format!("the documents have faults:\n  {}", broken.join("\n  ")).into())
}

fn length(readme: &str) -> Vec<String> {
    let lines = readme.lines().count();
    if lines > MOST_README_LINES {
        return vec![format!("README.md: {lines} lines, at most {MOST_README_LINES}")];
    }
    Vec::new()
}

/// The links from a document to files of this workspace that are not there.
fn broken_links(source: &Source, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = Path::new(&source.path).parent().unwrap_or(Path::new(""));
    let mut broken = Vec::new();
    let mut fenced = false;
    for (number, line) in source.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()) {
            let file = target.split('#').next().unwrap_or(target);
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !elsewhere && !exists(&folder.join(file).to_string_lossy()) {
                broken.push(format!("{}:{number}: no such file `{file}`", source.path));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_missing_file_is_found() {
        let text =
            "[a](there.md#part) [b](gone.md)\n[c](https://example.org/x) [d](#here)\n```\n[e](in-code.md)\n```\n";
        let source = Source::new("docs/guide.md", text);
        let broken = broken_links(&source, |path| path == "docs/there.md");
        assert_eq!(broken, ["docs/guide.md:1: no such file `gone.md`"]);
    }

    #[test]
    fn a_long_readme_is_found() {
        assert_eq!(length(&"x\n".repeat(MOST_README_LINES)), [""; 0]);
        assert_eq!(length(&"x\n".repeat(MOST_README_LINES + 1)).len(), 1);
    }
}
