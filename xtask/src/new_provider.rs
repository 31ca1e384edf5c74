//! `cargo xtask new-provider NAME`: a crate that compiles, in the files that every provider's crate has.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Result, cargo, root, run as run_to_end, target_dir};

/// Each file of the crate and its template.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../templates/manifest.toml")),
    ("src/lib.rs", include_str!("../templates/src/lib.rs")),
    ("src/config.rs", include_str!("../templates/src/config.rs")),
    ("src/auth.rs", include_str!("../templates/src/auth.rs")),
    ("src/client.rs", include_str!("../templates/src/client.rs")),
    ("src/wire/mod.rs", include_str!("../templates/src/wire/mod.rs")),
    ("src/wire/machine.rs", include_str!("../templates/src/wire/machine.rs")),
    ("src/convert.rs", include_str!("../templates/src/convert.rs")),
    ("src/create.rs", include_str!("../templates/src/create.rs")),
    ("src/delete.rs", include_str!("../templates/src/delete.rs")),
    ("src/error.rs", include_str!("../templates/src/error.rs")),
    ("src/host.rs", include_str!("../templates/src/host.rs")),
    ("src/reader.rs", include_str!("../templates/src/reader.rs")),
    ("tests/it/main.rs", include_str!("../templates/tests/it/main.rs")),
    ("tests/it/conformance.rs", include_str!("../templates/tests/it/conformance.rs")),
    ("tests/it/wire.rs", include_str!("../templates/tests/it/wire.rs")),
];

/// Writes the crate and says what comes next.
pub(crate) fn run(arguments: &[String]) -> Result {
    let [name] = arguments else { return Err("new-provider takes the provider's name".into()) };
    generate(&root(), name)?;
    run_to_end(&mut cargo(["fmt", "--package", &format!("cloud-{name}")]))?;
    println!(
        "crates/cloud-{name} is written and a member of the workspace.\n\
         See its behaviours fail:  cargo test -p cloud-{name} conformance\n\
         Then: wire, client, convert and error from the provider's API pages; host, until no test fails;\n\
         a face of its API in cloud-sim. Besides these, what remains, file by file:"
    );
    REMAINING.iter().for_each(|(file, what)| println!("  {:<42} {}", fill(file, name), fill(what, name)));
    Ok(())
}

/// What a provider touches outside its crate and its simulator's face; the root manifest and the lock file are written.
const REMAINING: &[(&str, &str)] = &[
    ("crates/cloud/Cargo.toml", "a feature `{{name}}` with a comment, and the optional dependency"),
    ("crates/cloud/src/lib.rs", "a row in `providers!`, and one in the table of features"),
    ("crates/cloud-trials/Cargo.toml", "a feature `{{name}}` and the dependency, for tests too"),
    ("crates/cloud-trials/src/providers.rs", "a module and a row"),
    ("crates/cloud-trials/src/providers/{{module}}.rs", "what chaos orders, and the bare calls of the bench"),
    ("crates/cloud-trials/tests/it/abilities.rs", "its column of the README's table; then `cargo xtask docs`"),
    ("xtask/interop/{{name}}.py", "its maker's client against the simulator, where there is one"),
    ("CHANGELOG.md", "a line"),
];

/// Writes the crate into a copy of the workspace: it has no warnings, and its conformance tests fail, but no others.
pub(crate) fn check() -> Result {
    let copy = target_dir().join("new-provider");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_workspace(&root(), &copy)?;
    generate(&copy, "acme-cloud")?;
    let checked = check_copy(&copy);
    fs::remove_dir_all(&copy)?;
    checked
}

fn check_copy(copy: &Path) -> Result {
    let in_copy = |line: &str| {
        let mut command = cargo(line.split(' '));
        command.args(["--package", "cloud-acme-cloud", "--offline"]);
        command.current_dir(copy).env("CARGO_TARGET_DIR", target_dir());
        command
    };
    run_to_end(in_copy("clippy --quiet --all-targets").args(["--", "-D", "warnings"]))?;
    run_to_end(in_copy("test --quiet --lib --test it").args(["--", "--skip", "conformance::"]))?;
    let conformance = in_copy("test --quiet --test it").args(["--", "conformance::"]).output()?;
    let said = String::from_utf8_lossy(&conformance.stdout);
    if conformance.status.success() || !said.contains("not built yet") {
        return Err(format!("the conformance tests do not fail as not built yet:\n{said}").into());
    }
    Ok(())
}

/// Writes the crate below a workspace's root; changes nothing where the name is wrong or taken.
fn generate(root: &Path, name: &str) -> Result {
    check_name(name)?;
    let folder = root.join("crates").join(format!("cloud-{name}"));
    if folder.exists() {
        return Err(format!("there is a crate crates/cloud-{name} already").into());
    }
    let manifest = root.join("Cargo.toml");
    let with_member = add_member(&fs::read_to_string(&manifest)?, name)?;
    let written = write_files(&folder, name).and_then(|()| Ok(fs::write(&manifest, with_member)?));
    if written.is_err() {
        // What was written is no crate; why it could not be written is what counts.
        let _ = fs::remove_dir_all(&folder);
    }
    written
}

fn write_files(folder: &Path, name: &str) -> Result {
    for (file, template) in FILES {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().ok_or("a file has a folder")?)?;
        fs::write(path, fill(template, name))?;
    }
    Ok(())
}

/// Lower-case letters and digits, in words joined by single `-`, each beginning with a letter; at most 30 characters.
fn check_name(name: &str) -> Result {
    let good_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit())
    };
    if name.len() > 30 || !name.split('-').all(good_word) {
        let rule = "at most 30 characters: lower-case words joined by `-`, such as `acme` or `acme-cloud`";
        return Err(format!("`{name}` is no provider's name: {rule}").into());
    }
    if name.starts_with("cloud-") {
        return Err(format!("leave out the `cloud-` of `{name}`: it is added").into());
    }
    Ok(())
}

/// The root manifest with the crate among its members and dependencies, before the facade's lines.
fn add_member(manifest: &str, name: &str) -> Result<String> {
    let member = format!("    {:<27} # {}\n", format!("\"crates/cloud-{name}\","), type_name(name));
    let dependency = format!("cloud-{name} = {{ path = \"crates/cloud-{name}\" }}\n");
    let manifest = insert_before(manifest, "    \"crates/cloud\",", &member)?;
    insert_before(&manifest, "cloud = { path", &dependency)
}

fn insert_before(text: &str, line: &str, insertion: &str) -> Result<String> {
    let at = text.find(&format!("\n{line}")).ok_or_else(|| format!("Cargo.toml has no line `{line}…`"))? + 1;
    Ok(format!("{}{insertion}{}", &text[..at], &text[at..]))
}

fn fill(template: &str, name: &str) -> String {
    template
        .replace("{{name}}", name)
        .replace("{{module}}", &name.replace('-', "_"))
        .replace("{{ENV}}", &name.replace('-', "_").to_uppercase())
        .replace("{{Type}}", &type_name(name))
}

/// `acme-cloud` as `AcmeCloud`.
fn type_name(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capitalized).collect()
}

/// Copies what cargo needs of a workspace: its manifests and sources.
fn copy_workspace(from: &Path, to: &Path) -> Result {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder))?;
        for entry in fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if hidden || entry.file_name() == "target" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                fs::copy(from.join(&path), to.join(&path))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[workspace]\nmembers = [\n    \"crates/cloud-types\",       # types\n    \"crates/cloud\",             # facade\n]\n\n[workspace.dependencies]\ncloud = { path = \"crates/cloud\" }\n";

    fn workspace(test: &str) -> PathBuf {
        let root = target_dir().join("new-provider-tests").join(test);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("crates/cloud-types")).unwrap();
        fs::write(root.join("Cargo.toml"), MANIFEST).unwrap();
        root
    }

    #[test]
    fn a_crate_is_written_and_made_a_member() {
        let root = workspace("written");
        generate(&root, "acme-2go-cloud").unwrap_err();
        generate(&root, "acme").unwrap();
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("    \"crates/cloud-acme\",        # Acme\n    \"crates/cloud\","), "{manifest}");
        assert!(manifest.contains("cloud-acme = { path = \"crates/cloud-acme\" }\ncloud = "), "{manifest}");
        let host = fs::read_to_string(root.join("crates/cloud-acme/src/host.rs")).unwrap();
        assert!(host.contains("impl CloudProvider for Acme {"));
    }

    #[test]
    fn no_template_keeps_a_mark() {
        for (file, template) in FILES.iter().chain(REMAINING) {
            assert!(!fill(template, "acme-cloud").contains("{{"), "{file}");
            assert!(!fill(file, "acme-cloud").contains("{{"), "{file}");
        }
    }

    #[test]
    fn a_bad_or_taken_name_changes_nothing() {
        let root = workspace("refused");
        for name in ["", "Acme", "acme_cloud", "-acme", "acme-", "a--b", "9acme", "../up", "cloud-acme", "types"] {
            let error = generate(&root, name).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert_eq!(fs::read_to_string(root.join("Cargo.toml")).unwrap(), MANIFEST);
        assert_eq!(fs::read_dir(root.join("crates")).unwrap().count(), 1);
    }

    #[test]
    fn a_manifest_without_the_facade_changes_nothing() {
        let root = workspace("no-facade");
        fs::write(root.join("Cargo.toml"), "[workspace]\n").unwrap();
        assert!(generate(&root, "acme").unwrap_err().to_string().contains("crates/cloud"));
        assert!(!root.join("crates/cloud-acme").exists());
    }
}
