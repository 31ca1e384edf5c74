//! What a step depends on, and a key that changes with any of it: crates with all that they need of the workspace, further
//! files, what the whole workspace shares, and the compiler. What the machine has installed is not in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::shell::{Result, cargo, fingerprint, output, root};

/// What a step depends on.
pub(super) struct Inputs {
    /// Crates, with what their tests need, and every crate of the workspace below them.
    pub(super) packages: &'static [&'static str],
    /// Files and folders besides, from the root.
    pub(super) paths: &'static [&'static str],
}

impl Inputs {
    /// The same as long as nothing of it changes, committed or not.
    ///
    /// # Errors
    /// Where a crate or path is not there, or a program that tells of them does not run.
    pub(super) fn key(&self) -> Result<String> {
        let metadata = serde_json::from_str(&output(&mut cargo(["metadata", "--format-version", "1", "--no-deps"]))?)?;
        let folders = folders(&metadata, self.packages)?;
        let paths = SHARED.iter().chain(self.paths).map(|path| root().join(path));
        let compiler = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
        key_of(&root(), folders.into_iter().chain(paths), &compiler)
    }
}

/// What every step depends on.
const SHARED: &[&str] = &["Cargo.toml", "Cargo.lock", "xtask/src/ci/steps.rs", "xtask/src/shell.rs"];

/// The folders of these crates and of all below them that are in the workspace.
fn folders(metadata: &Value, packages: &[&str]) -> Result<BTreeSet<PathBuf>> {
    let members: BTreeMap<&str, &Value> =
        list(&metadata["packages"]).filter_map(|package| Some((package["name"].as_str()?, package))).collect();
    let mut found = BTreeSet::new();
    let mut left: Vec<(&str, bool)> = packages.iter().map(|name| (*name, true)).collect();
    let mut seen = BTreeSet::new();
    while let Some((name, with_tests)) = left.pop() {
        if !seen.insert((name, with_tests)) {
            continue;
        }
        let package = members.get(name).ok_or_else(|| format!("the workspace has no crate `{name}`"))?;
        let manifest = package["manifest_path"].as_str().map(Path::new);
        found.insert(manifest.and_then(Path::parent).ok_or("a crate has a folder")?.to_owned());
        // Only what is in this workspace has a path; the others are in the lock file. Of what is below, no tests are built.
        let below = list(&package["dependencies"]).filter(|one| one["path"].is_string());
        let built = below.filter(|one| with_tests || one["kind"] != "dev");
        left.extend(built.filter_map(|one| Some((one["name"].as_str()?, false))));
    }
    Ok(found)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn key_of(root: &Path, paths: impl Iterator<Item = PathBuf>, compiler: &str) -> Result<String> {
    let mut files = BTreeSet::new();
    for path in paths {
        collect(&path, &mut files)?;
    }
    let mut all = compiler.as_bytes().to_vec();
    for file in files {
        let text = fs::read(&file)?;
        all.extend(format!("\n{} {}\n", file.strip_prefix(root)?.display(), text.len()).into_bytes());
        all.extend(text);
    }
    fingerprint(&all)
}

/// All files at or below a path, but for hidden ones.
fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result {
    let told = |error| format!("{}: {error}", path.display());
    if !path.is_dir() {
        fs::metadata(path).map_err(told)?;
        files.insert(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(told)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shell::target_dir;

    #[test]
    fn a_crates_dependencies_in_the_workspace_count_and_its_own_tests() {
        let package = |name: &str, dependencies: Value| json!({ "name": name, "manifest_path": format!("/w/{name}/Cargo.toml"), "dependencies": dependencies });
        let on = |name: &str, kind: Value| json!({ "name": name, "kind": kind, "path": format!("/w/{name}") });
        let metadata = json!({ "packages": [
            package("top", json!([on("middle", Value::Null), on("tool", json!("dev")), { "name": "serde", "kind": null }])),
            package("middle", json!([on("bottom", json!("build")), on("suite", json!("dev"))])),
            package("tool", json!([on("middle", Value::Null)])),
            package("bottom", json!([])),
            package("suite", json!([])),
            package("apart", json!([on("top", Value::Null)])),
        ]});
        let found = |packages: &[&str]| {
            let folders = folders(&metadata, packages).unwrap();
            folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(&["top"]), ["/w/bottom", "/w/middle", "/w/tool", "/w/top"]);
        assert_eq!(found(&["middle"]), ["/w/bottom", "/w/middle", "/w/suite"]);
        assert_eq!(found(&["tool", "middle"]), ["/w/bottom", "/w/middle", "/w/suite", "/w/tool"]);
        assert_eq!(folders(&metadata, &["gone"]).unwrap_err().to_string(), "the workspace has no crate `gone`");
    }

    #[test]
    fn the_key_changes_with_text_names_and_compiler_and_with_nothing_else() {
        let root = target_dir().join("ci-tests").join("inputs");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("crate/src")).unwrap();
        fs::write(root.join("Cargo.lock"), "locked").unwrap();
        fs::write(root.join("crate/src/lib.rs"), "//! It is.").unwrap();
        let key = |compiler: &str| {
            key_of(&root, ["crate", "Cargo.lock"].map(|path| root.join(path)).into_iter(), compiler).unwrap()
        };
        let first = key("rustc 1");
        assert_ne!(key("rustc 2"), first);
        fs::write(root.join("beside"), "no input").unwrap();
        fs::write(root.join("crate/.hidden"), "no input").unwrap();
        assert_eq!(key("rustc 1"), first);

        fs::write(root.join("crate/src/lib.rs"), "//! It was.").unwrap();
        let edited = key("rustc 1");
        fs::rename(root.join("crate/src/lib.rs"), root.join("crate/src/main.rs")).unwrap();
        let renamed = key("rustc 1");
        assert!(edited != first && renamed != edited && renamed != first);
        fs::rename(root.join("crate/src/main.rs"), root.join("crate/src/lib.rs")).unwrap();
        fs::write(root.join("crate/src/lib.rs"), "//! It is.").unwrap();
        assert_eq!(key("rustc 1"), first);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let gone = target_dir().join("ci-tests").join("gone");
        let error = key_of(&target_dir(), [gone].into_iter(), "").unwrap_err().to_string();
        assert!(error.contains("gone: "), "{error}");
    }
}
