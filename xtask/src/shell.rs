//! Running programs, and finding the workspace.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The result of a command; its error is one line for people.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// Where this workspace is built.
pub(crate) fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A folder for what is kept, shared by all workspaces of this user.
pub(crate) fn cache(name: &str) -> PathBuf {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
    let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    folder.unwrap_or_else(target_dir).join(name)
}

/// The first digits of the SHA-256.
///
/// # Errors
/// Where the machine has no `sha256sum`.
pub(crate) fn fingerprint(bytes: &[u8]) -> Result<String> {
    let sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut sum = sum.map_err(|error| format!("sha256sum cannot be started: {error}"))?;
    sum.stdin.take().ok_or("the input is piped")?.write_all(bytes)?;
    let sum = String::from_utf8(sum.wait_with_output()?.stdout)?;
    Ok(sum.get(..16).ok_or("sha256sum printed no sum")?.to_owned())
}

/// The cargo that runs this program, started at the root of the workspace and without input.
pub(crate) fn cargo<I>(arguments: I) -> Command
where
    I: IntoIterator,
    I::Item: AsRef<std::ffi::OsStr>,
{
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// Builds a program of one of the workspace's crates, and gives its place. All of the workspace is selected, as for its
/// tests: other crates then have the same features as there, and hardly one is compiled again.
///
/// # Errors
/// Where it does not compile.
pub(crate) fn built(program: &str, features: &[&str]) -> Result<PathBuf> {
    let mut build = cargo(["build", "--quiet", "--workspace", "--bin", program]);
    run(build.args(features.iter().flat_map(|feature| ["--features", feature])))?;
    Ok(target_dir().join("debug").join(program))
}

/// Runs a program to its end, its output going where ours goes.
///
/// # Errors
/// Where it cannot be started or does not succeed; the message holds the command line.
pub(crate) fn run(command: &mut Command) -> Result {
    println!("$ {}", line(command));
    let status = command.status().map_err(|error| format!("{} cannot be started: {error}", line(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", line(command)).into()) }
}

/// Runs a program to its end and gives what it printed; its errors go where ours go.
///
/// # Errors
/// As [`run`]; and for output that is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", line(command)))?;
    if !output.status.success() {
        return Err(format!("`{}` ended with {}", line(command), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The command line as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let quote = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        if word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
    };
    words.map(quote).collect::<Vec<_>>().join(" ")
}

/// Refuses arguments where a command takes none.
///
/// # Errors
/// Names the first argument.
pub(crate) fn no_arguments(arguments: &[String]) -> Result {
    match arguments.first() {
        Some(argument) => Err(format!("unexpected argument `{argument}`").into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_an_error_with_its_command_line() {
        let error = run(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.starts_with("`false` ended with"), "{error}");
        let error = output(Command::new("no-such-program").arg("a b")).unwrap_err().to_string();
        assert!(error.starts_with("no-such-program 'a b' cannot be started"), "{error}");
    }

    #[test]
    fn another_recipe_has_another_fingerprint() {
        assert_eq!(fingerprint(b"abc").unwrap(), "ba7816bf8f01cfea");
        assert_ne!(fingerprint(b"abd").unwrap(), "ba7816bf8f01cfea");
    }
}
