//! The images: built once by the scripts in `xtask/boot` and kept, under names that change with the recipes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, id};
use std::time::Instant;

use crate::shell::{Result, cache, fingerprint, root, run};

/// The folder of Debian's kernel, initrd and root file system, which is built where there is none yet.
pub(super) fn debian() -> Result<PathBuf> {
    cached("image.sh", &[], &[])
}

/// The folder of what `cocoon` pulls, which is made of that.
pub(super) fn cloud() -> Result<PathBuf> {
    let debian = debian()?;
    cached("cloud.sh", SMALL, &[&debian])
}

/// What the small system is made of, besides packages.
const SMALL: &[&str] = &[
    "small/init",
    "small/root/etc/inittab",
    "small/root/etc/rc",
    "small/root/etc/dhcp",
    "small/root/etc/acpi/PWRF/00000080",
];

/// The folder that a script fills, from these folders and the files beside it; once, as long as it says the same.
fn cached(script: &str, files: &[&str], from: &[&Path]) -> Result<PathBuf> {
    let scripts = root().join("xtask/boot");
    let folder = cache("cloud-boot").join(fingerprint(recipe(&scripts, script, files, from)?.as_bytes())?);
    if folder.exists() {
        println!("image: {}", folder.display());
        return Ok(folder);
    }
    println!("image: {} is built, which takes some minutes, once", folder.display());
    let started = Instant::now();
    build(&folder, |new| run(Command::new(scripts.join(script)).args(from).arg(new).stdin(Stdio::null())))?;
    println!("image: built after {:.0} s", started.elapsed().as_secs_f64());
    Ok(folder)
}

/// Builds into a folder beside it, so that one that is there is always whole.
fn build(folder: &Path, fill: impl FnOnce(&Path) -> Result) -> Result {
    clear_halves(folder)?;
    let new = folder.with_extension(format!("{}.new", id()));
    fs::create_dir_all(&new)?;
    let built = fill(&new);
    if built.is_err() || folder.exists() {
        fs::remove_dir_all(&new)?;
        return built;
    }
    Ok(fs::rename(&new, folder)?)
}

/// Removes what builds that were killed have left: the processes that their names tell of are gone.
fn clear_halves(folder: &Path) -> Result {
    let Some(Ok(beside)) = folder.parent().map(fs::read_dir) else { return Ok(()) };
    for entry in beside {
        let path = entry?.path();
        let builder = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".new")?.rsplit('.').next());
        if builder.is_some_and(|builder| !Path::new("/proc").join(builder).exists()) {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// All that decides what is built, but for the packages' versions.
fn recipe(scripts: &Path, script: &str, files: &[&str], from: &[&Path]) -> Result<String> {
    let mut recipe = fs::read_to_string(scripts.join(script))?;
    for file in files {
        recipe += &fs::read_to_string(scripts.join(file))?;
    }
    recipe += &fs::read_to_string("/etc/os-release")?;
    // The name of what it is made of says what that is made of.
    Ok(from.iter().fold(recipe, |recipe, folder| recipe + &folder.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_fails_or_is_killed_leaves_nothing() {
        let cache = std::env::temp_dir().join(format!("xtask-boot-{}", id()));
        let folder = cache.join("0123");
        let killed = cache.join("4567.4194305.new");
        fs::create_dir_all(&killed).unwrap();
        let half = |new: &Path| {
            fs::write(new.join("kernel"), "half")?;
            Err("no room".into())
        };
        assert_eq!(build(&folder, half).unwrap_err().to_string(), "no room");
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
        build(&folder, |new| Ok(fs::write(new.join("kernel"), "whole")?)).unwrap();
        assert_eq!(fs::read_to_string(folder.join("kernel")).unwrap(), "whole");
        fs::remove_dir_all(cache).unwrap();
    }
}
