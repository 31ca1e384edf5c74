//! The steps of the run, the quick ones first, each a few lines over the programs that do the work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Outcome, Step};
use crate::manifest::Manifest;
use crate::providers::tried;
use crate::shell::{Result, built, cargo, output, root, run, target_dir};
use crate::sources::{self, Source};
use crate::{boot, docs, interop, new_provider, readme, tidy, trials, user_data};

pub(super) const STEPS: &[Step] = &[
    Step::new("fmt", "the sources are formatted", || passed(run(&mut cargo(["fmt", "--all", "--check"])))),
    Step::new("tidy", "the project's own rules hold", || passed(tidy::run(&[]))),
    Step::new("clippy", "no warnings in any target", clippy),
    Step::new("tools", "programs that tests use are there", tools),
    Step::new("test", "the README's test command, exchanges recorded", test),
    Step::new("contract", "recorded exchanges against the providers' descriptions", contract),
    Step::new("doc", "the API documentation has no warnings", doc),
    Step::new("docs", "ability table, links and length", || passed(docs::run(&["--check".to_owned()]))),
    Step::new("features", "each feature compiles alone", features),
    Step::new("deny", "licences, bans and sources of the dependencies", deny),
    Step::new("examples", "every example runs on `local`", examples),
    Step::new("new-provider", "a new provider's crate compiles", || passed(new_provider::check())),
    Step::new("chaos", "exactly once and nothing left, under faults", chaos),
    Step::new("rate-limit", "no 429 is earned", || passed(trials::run("rate-limit", &[]))),
    Step::new("crash", "cocoon's commands, each killed at many moments", crash).with_inputs(&["cocoon"], &[INSTALLS]),
    Step::new("bench", "cost over bare HTTP: counts judged, times told", bench),
    Step::new("user-data", "10,000 random user data against PyYAML and cloud-init", user_data)
        .with_inputs(&["cloud-bootstrap"], READS_BACK),
    Step::new("boot", "a real image with generated user data, in QEMU", boot).with_inputs(&["cloud-boot-trial"], BOOTS),
    Step::new("cocoon", "cocoon's VMs boot, are reached, cloned and removed, in QEMU", cocoon)
        .with_inputs(&["cloud-boot-trial", "cocoon"], BOOTS),
    Step::new("interop", "others' clients and servers against ours", interop),
];

/// What finds a Python and a cloud-init, besides crates, and runs the tests with them.
const READS_BACK: &[&str] = &["xtask/src/user_data.rs", "xtask/src/python.rs", "xtask/src/workspace_tests.rs"];

/// What builds the images and boots them, besides crates.
const BOOTS: &[&str] = &["xtask/boot", "xtask/src/boot.rs", "xtask/src/boot"];

/// What installs the tools that cocoon's tests use.
const INSTALLS: &str = "xtask/src/boot/tools.rs";

fn clippy() -> Result<Outcome> {
    passed(run(&mut cargo(words("clippy --quiet --workspace --all-targets --all-features -- -D warnings"))))
}

fn tools() -> Result<Outcome> {
    match boot::hindrance() {
        Some(reason) => Ok(Outcome::Skipped(reason)),
        None => passed(boot::install_tools()),
    }
}

/// Where the tests' simulators write down what they are asked and answer.
const RECORD: &str = "contract/exchanges.jsonl";

fn test() -> Result<Outcome> {
    let record = target_dir().join(RECORD);
    fs::create_dir_all(record.parent().ok_or("the record has a folder")?)?;
    if record.exists() {
        fs::remove_file(&record)?;
    }
    let readme = readme::read()?;
    let command = readme::test_command(&readme)?;
    passed(run(Command::new("sh")
        .args(["-c", command])
        .current_dir(root())
        .env("CLOUD_SIM_RECORD", &record)
        .stdin(Stdio::null())))
}

fn contract() -> Result<Outcome> {
    let folder = root().join("../shared/specs");
    if !folder.exists() {
        return Ok(Outcome::Skipped("the providers' descriptions, ../shared/specs, are not here".to_owned()));
    }
    let descriptions = descriptions(&folder)?;
    let record = target_dir().join(RECORD);
    if !record.exists() {
        return Err("nothing is recorded: run the step `test` before".into());
    }
    let check = built("contract-check", &["cloud-sim/contract"])?;
    passed(run(Command::new(check).arg(record).args(descriptions).current_dir(root()).stdin(Stdio::null())))
}

/// The descriptions of the APIs that are simulated, as each face lists them in its head: `Description: aws.ec2.botocore.json`.
fn descriptions(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for source in sources::read(&root().join("crates/cloud-sim/src"), &["rs"])? {
        let names = source.lines().filter_map(|(_, line)| line.strip_prefix("//! Description: "));
        found.extend(names.map(|name| folder.join(name.trim_end_matches('.'))));
    }
    if found.is_empty() { Err("no face of the simulator lists a description".into()) } else { Ok(found) }
}

fn doc() -> Result<Outcome> {
    passed(run(cargo(words("doc --quiet --workspace --no-deps")).env("RUSTDOCFLAGS", "-D warnings")))
}

fn features() -> Result<Outcome> {
    for package in ["cloud-types", "cloud"] {
        let path = format!("crates/{package}/Cargo.toml");
        let manifest = Source::new(path.clone(), fs::read_to_string(root().join(path))?);
        let alone = words(&format!("check --quiet --package {package} --no-default-features"));
        run(&mut cargo(&alone))?;
        for feature in Manifest::read(&manifest).features() {
            run(cargo(&alone).args(["--features", feature.key]))?;
        }
    }
    Ok(Outcome::Passed)
}

/// The newest that builds with the pinned Rust; any other that is installed will do.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

fn deny() -> Result<Outcome> {
    let installed = cargo(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        run(&mut cargo(["install", "--quiet", "--locked", CARGO_DENY]))?;
    }
    passed(run(&mut cargo(words("deny --all-features check --hide-inclusion-graph licenses bans sources"))))
}

fn examples() -> Result<Outcome> {
    // All of the workspace is selected, as for its tests: hardly anything is compiled again.
    run(&mut cargo(words("build --quiet --workspace --examples --features examples/bootstrap,examples/usage")))?;
    for name in example_names()? {
        run(Command::new(target_dir().join("debug/examples").join(name)).current_dir(root()).stdin(Stdio::null()))?;
    }
    Ok(Outcome::Passed)
}

fn example_names() -> Result<Vec<String>> {
    let metadata: serde_json::Value =
        serde_json::from_str(&output(&mut cargo(words("metadata --format-version 1 --no-deps")))?)?;
    let targets =
        metadata["packages"].as_array().into_iter().flatten().flat_map(|package| package["targets"].as_array());
    let examples = targets.flatten().filter(|target| target["kind"][0] == "example");
    let names: Vec<String> = examples.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    if names.is_empty() { Err("there are no examples".into()) } else { Ok(names) }
}

fn chaos() -> Result<Outcome> {
    for provider in tried()?.always {
        for (hosts, seed) in [(2000, 1), (200, 2), (200, 3), (200, 4)] {
            let line = format!("--provider {provider} --hosts {hosts} --faults 0.2 --seed {seed} --json");
            trials::run("chaos", &words(&line))?;
        }
    }
    Ok(Outcome::Passed)
}

/// The tests of the run above kill each a few times, here it is more often. `COCOON_KILLS=200` is for who changed something there.
fn crash() -> Result<Outcome> {
    if let Some(reason) = boot::hindrance() {
        return Ok(Outcome::Skipped(reason));
    }
    boot::install_tools()?;
    let moments = words("test --quiet --workspace --test crash -- --nocapture --test-threads 3 moments");
    passed(run(cargo(moments).env("COCOON_KILLS", KILLS)))
}

const KILLS: &str = "60";

/// Requests, memory and calls a second have to keep their bounds. Ratios of times are told: a busy machine moves them.
fn bench() -> Result<Outcome> {
    // What is in memory has no bare HTTP to be measured against; `cocoon` has a bench of its own.
    let mut providers = tried()?.always;
    providers.retain(|provider| provider != "local");
    providers.extend(boot::hindrance().is_none().then(|| "cocoon".to_owned()));
    for provider in providers {
        trials::run("bench", &words(&format!("{provider} --json --judge-counts-only")))?;
    }
    Ok(Outcome::Passed)
}

fn user_data() -> Result<Outcome> {
    if user_data::can_be_checked() {
        return passed(user_data::check());
    }
    Ok(Outcome::Skipped("cloud-init comes as a package of Debian".to_owned()))
}

fn boot() -> Result<Outcome> {
    match boot::hindrance() {
        Some(reason) => Ok(Outcome::Skipped(reason)),
        None => passed(boot::run(&words("--json"))),
    }
}

fn cocoon() -> Result<Outcome> {
    match boot::hindrance() {
        Some(reason) => Ok(Outcome::Skipped(reason)),
        None => passed(boot::cocoon(&words("--json"))),
    }
}

fn interop() -> Result<Outcome> {
    interop::clients()?.into_iter().try_for_each(|(provider, _)| interop::run(&[provider]))?;
    Ok(Outcome::Passed)
}

fn passed(result: Result) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn what_the_long_steps_depend_on_is_there() {
        let long: Vec<_> = STEPS.iter().filter(|step| step.inputs.is_some()).collect();
        assert_eq!(long.iter().map(|step| step.name).collect::<Vec<_>>(), ["crash", "user-data", "boot", "cocoon"]);
        let keys: std::collections::BTreeSet<_> =
            long.iter().map(|step| step.inputs.as_ref().unwrap().key().unwrap()).collect();
        assert_eq!(keys.len(), long.len(), "each depends on something else");
    }
}
