//! What the README says that the checks take from it: the test command.

use std::fs;

use crate::shell::{Result, root};

/// The line before the fenced block that holds the test command.
const TEST_COMMAND: &str = "<!-- test-command -->";

/// The README's text.
pub(crate) fn read() -> Result<String> {
    fs::read_to_string(root().join("README.md")).map_err(|error| format!("README.md: {error}").into())
}

/// The command in the fenced block behind the mark, without comments and prompts.
///
/// # Errors
/// Where there is no such block, or it holds not exactly one command.
pub(crate) fn test_command(readme: &str) -> Result<&str> {
    let mut lines = readme.lines().skip_while(|line| line.trim() != TEST_COMMAND).skip(1);
    if !lines.next().is_some_and(|line| line.starts_with("```")) {
        return Err(format!("README.md has no fenced block behind a line `{TEST_COMMAND}`").into());
    }
    let block = lines.take_while(|line| !line.starts_with("```"));
    let mut commands = block.filter_map(command);
    match (commands.next(), commands.next()) {
        (Some(command), None) => Ok(command),
        _ => Err(format!("the block behind `{TEST_COMMAND}` in README.md must hold one command").into()),
    }
}

fn command(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches("$ ");
    let line = line.split(" #").next().unwrap_or(line).trim();
    (!line.is_empty() && !line.starts_with('#')).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_command_is_the_one_behind_its_mark() {
        let readme =
            "# x\n```sh\nls\n```\n\n<!-- test-command -->\n```sh\n$ cargo test --workspace  # no network\n```\n";
        assert_eq!(test_command(readme).unwrap(), "cargo test --workspace");
    }

    #[test]
    fn a_readme_without_one_test_command_is_refused() {
        assert!(test_command("```sh\ncargo test\n```").is_err());
        assert!(test_command("<!-- test-command -->\n```sh\na\nb\n```").is_err());
        assert!(test_command("<!-- test-command -->\n```sh\n# a\n```").is_err());
    }
}
