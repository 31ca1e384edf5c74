//! Rules on the text of the sources.

use super::Finding;
use crate::sources::Source;

/// Words that name a provider, in lower case.
const PROVIDERS: &[&str] = &[
    "hetzner",
    "hcloud",
    "digitalocean",
    "aws",
    "amazon",
    "ec2",
    "gcp",
    "google",
    "azure",
    "microsoft",
    "oracle",
    "oci",
    "hyperstack",
    "cloudflare",
];

/// Packages that serve every provider, and so name none.
const NEUTRAL: &[&str] =
    &["crates/cloud-types", "crates/cloud-driver", "crates/cloud-http", "crates/cloud-conformance"];

/// Names of Rust crates in which a provider's name is only a part.
const OTHER_NAMES: &[&str] = &["aws-lc-rs", "aws-lc", "aws_lc_rs"];

/// Looks at comments and tests too; only addresses of pages, and crates named after a provider, are left out.
pub(super) fn no_provider_named(rust: &[Source], manifests: &[Source]) -> Vec<Finding> {
    let neutral = rust.iter().chain(manifests).filter(|source| NEUTRAL.contains(&source.package()));
    find_lines(neutral, Source::lines, |line| named_provider(line).map(|name| format!("names `{name}`")))
}

fn named_provider(line: &str) -> Option<&'static str> {
    let mut line = without_addresses(line).to_lowercase();
    for name in OTHER_NAMES {
        line = line.replace(name, "");
    }
    let mut words = line.split(|character: char| !character.is_ascii_alphanumeric());
    words.find_map(|word| PROVIDERS.iter().copied().find(|name| *name == word))
}

/// The line without its `http://` and `https://` addresses.
fn without_addresses(line: &str) -> String {
    let words = line.split_inclusive(|character: char| character.is_whitespace() || "<>()\"".contains(character));
    words.filter(|word| !word.starts_with("http://") && !word.starts_with("https://")).collect()
}

/// Files of libraries besides `config` and `auth` that read the environment, and why.
const ENVIRONMENT: &[(&str, &str)] = &[];

/// Programs (`main.rs`, `src/bin`), tests, and packages that hold only programs may read what they like.
pub(super) fn environment_in_config(rust: &[Source]) -> Vec<Finding> {
    let libraries = rust.iter().filter(|source| {
        let file = source.within_package();
        let program =
            file == "src/main.rs" || file.starts_with("src/bin/") || source.package() == "crates/cloud-trials";
        let allowed = ["src/config.rs", "src/auth.rs"].contains(&file)
            || file.starts_with("src/config/")
            || file.starts_with("src/auth/")
            || ENVIRONMENT.iter().any(|(path, _)| *path == source.path);
        source.package().starts_with("crates/") && file.starts_with("src/") && !program && !allowed
    });
    find_lines(libraries, Source::lines_without_tests, |line| {
        let code = line.split("//").next().unwrap_or(line);
        let reads = code.contains("env::var") || code.contains("env::set_var");
        reads.then(|| "reads the environment".to_owned())
    })
}

pub(super) fn files_have_heads(rust: &[Source]) -> Vec<Finding> {
    let headless = rust.iter().filter(|source| !source.text.starts_with("//!"));
    headless.map(|source| Finding::new(&source.path, 1, "does not open with `//!`")).collect()
}

/// Files that may be longer than the rest, and why.
const LONG: &[(&str, &str)] = &[];

const MOST_LINES: usize = 500;

pub(super) fn files_are_short(rust: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in rust.iter().filter(|source| !source.is_test()) {
        let lines = source.lines_without_tests().count();
        if lines > MOST_LINES && !LONG.iter().any(|(path, _)| *path == source.path) {
            findings.push(Finding::new(&source.path, MOST_LINES + 1, format!("{lines} lines without tests: split it")));
        }
    }
    findings
}

/// Put together from halves, so that this file does not hold them.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
];

pub(super) fn nothing_unfinished(rust: &[Source]) -> Vec<Finding> {
    find_lines(rust, Source::lines, |line| {
        UNFINISHED.iter().find(|mark| line.contains(**mark)).map(|mark| format!("holds `{mark}`"))
    })
}

/// The lines for which `judge` has something to say.
fn find_lines<'a, L>(
    sources: impl IntoIterator<Item = &'a Source>,
    lines: impl Fn(&'a Source) -> L,
    judge: impl Fn(&str) -> Option<String>,
) -> Vec<Finding>
where
    L: Iterator<Item = (usize, &'a str)>,
{
    let mut findings = Vec::new();
    for source in sources {
        for (number, line) in lines(source) {
            findings.extend(judge(line).map(|what| Finding::new(&source.path, number, what)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_named_in_code_comment_or_test_is_found() {
        for line in
            ["let x = \"AWS\";", "/// As Hetzner does.", "fn like_ec2_does() {}", "cloud-hetzner.workspace = true"]
        {
            let found = no_provider_named(&[Source::new("crates/cloud-types/src/a.rs", line)], &[]);
            assert_eq!(found.len(), 1, "{line}");
        }
    }

    #[test]
    fn addresses_other_crates_and_longer_words_name_no_provider() {
        for line in
            ["/// [lag](https://docs.aws.amazon.com/x)", "// aws-lc-rs is the one crypto library", "oracles, lawsuit"]
        {
            assert_eq!(named_provider(line), None, "{line}");
        }
        assert_eq!(no_provider_named(&[Source::new("crates/cloud-local/src/a.rs", "// hetzner")], &[]), []);
    }

    #[test]
    fn a_library_that_reads_the_environment_is_found() {
        let text = "let token = std::env::var(\"TOKEN\");";
        let find = |path: &str| environment_in_config(&[Source::new(path, text)]).len();
        assert_eq!(find("crates/cloud-acme/src/client.rs"), 1);
        assert_eq!(find("crates/cloud-acme/src/config.rs") + find("crates/cloud-acme/src/auth.rs"), 0);
        assert_eq!(find("crates/cloud-sim/src/main.rs") + find("crates/cloud-acme/tests/live.rs"), 0);
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        let sources = [Source::new("a.rs", "//! Good.\n"), Source::new("b.rs", "\n//! Late.\n")];
        assert_eq!(files_have_heads(&sources), [Finding::new("b.rs", 1, "does not open with `//!`")]);
    }

    #[test]
    fn a_long_file_is_found_but_not_for_its_tests() {
        let code = "fn a() {}\n".repeat(MOST_LINES);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert_eq!(files_are_short(&[Source::new("a.rs", format!("{code}{tests}"))]), []);
        assert_eq!(files_are_short(&[Source::new("a.rs", format!("{code}// one more\n{tests}"))]).len(), 1);
    }

    #[test]
    fn every_mark_of_unfinished_work_is_found() {
        for mark in UNFINISHED {
            assert_eq!(nothing_unfinished(&[Source::new("a.rs", format!("x\n{mark}"))]).len(), 1, "{mark}");
        }
    }
}
