//! The commands on images: pull, list, delete.

use std::io::{self, Read};
use std::process::ExitCode;

use clap::Args;
use cloud_types::{Error, Result};
use cocoon::{Cocoon, Digest, Login, Pull, StoredImage, Verified};
use futures::future::join_all;
use serde_json::{Value, json};

use super::output::{Output, ago, bytes, table};
use super::progress::{Bars, Lines};

/// The images that are to be pulled.
#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// The SHA-256 that the file, or the manifest in the registry, must have.
    #[arg(long, value_parser = Digest::parse, value_name = "DIGEST")]
    sha256: Option<Digest>,
    /// Who asks the registry, with --password-stdin; else `docker login` has noted it.
    #[arg(long, requires = "password_stdin", value_name = "USER")]
    username: Option<String>,
    /// Reads the password or token from standard input.
    #[arg(long, requires = "username")]
    password_stdin: bool,
    /// Addresses, files (beginning with `/` or `./`), names in a registry, or official://debian/12 (or 13),
    /// official://ubuntu/24.04 (or 22.04): the distribution's own cloud image.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

/// Pulls all of them at once. One's failure does not keep the others from it.
pub(crate) async fn pull(cocoon: &Cocoon, output: Output, arguments: PullArguments) -> Result<ExitCode> {
    if arguments.sha256.is_some() && arguments.images.len() > 1 {
        return Err(Error::invalid("sha256", "goes with one image"));
    }
    let login = login(&arguments)?;
    let bars = Bars::default();
    let (shown, lines) = (bars.clone(), Lines::default());
    let images = cocoon.images().on_progress(move |progress| match output.json {
        true => lines.show(progress),
        false => shown.show(progress),
    });
    let pulls = arguments.images.iter().map(|image| {
        let mut pull = Pull::new(image);
        if let Some(digest) = arguments.sha256 {
            pull = pull.digest(digest);
        }
        if let Some(login) = &login {
            pull = pull.login(login.clone());
        }
        let images = images.clone();
        async move { images.pull(&pull).await }
    });
    let results = join_all(pulls).await;
    bars.end();
    let (mut outcomes, mut code) = (Vec::<Value>::new(), ExitCode::SUCCESS);
    for (name, result) in arguments.images.iter().zip(results) {
        match result {
            Ok(pulled) => {
                if pulled.image.verified == Verified::Nothing {
                    Output::notice(format_args!(
                        "{name}: WARNING: nothing says that this is the image that was meant: there is no file of checksums \
                         beside it; `--sha256` gives one"
                    ));
                }
                let what = if pulled.already { "here already" } else { "pulled" };
                output.line(format_args!("{name}: {what}, {}", pulled.image.id));
                outcomes.push(json!(pulled));
            }
            Err(error) => {
                code = ExitCode::FAILURE;
                output.error(&error);
                outcomes.push(json!({ "name": name, "error": error.message() }));
            }
        }
    }
    output.value(&outcomes);
    Ok(code)
}

/// Who was given. That is somebody of one registry: no other one shall be told.
fn login(arguments: &PullArguments) -> Result<Option<Login>> {
    let Some(username) = &arguments.username else { return Ok(None) };
    if arguments.images.len() > 1 {
        return Err(Error::invalid("username", "goes with one image"));
    }
    let mut secret = String::new();
    let read = io::stdin().take(LONGEST_PASSWORD).read_to_string(&mut secret);
    read.map_err(|error| Error::invalid("password_stdin", format!("reading standard input: {error}")))?;
    let secret = secret.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Error::invalid("password_stdin", "there is nothing on standard input"));
    }
    Ok(Some(Login::new(username, secret)))
}

/// Tokens have some kilobytes.
const LONGEST_PASSWORD: u64 = 64 << 10;

/// Lists the images.
pub(crate) async fn list(cocoon: &Cocoon, output: Output) -> Result<()> {
    let images = cocoon.images().list().await?;
    output.value(&images);
    let mut rows = vec![["NAME", "ID", "BOOT", "DISK", "STORED", "VERIFIED BY", "PULLED"].map(str::to_owned)];
    rows.extend(images.iter().map(row));
    output.line(table(&rows));
    Ok(())
}

fn row(image: &StoredImage) -> [String; 7] {
    [
        image.name.clone(),
        image.id.hex()[..12].to_owned(),
        image.boot.to_string(),
        bytes(image.disk.size),
        bytes(image.disk.stored),
        image.verified.to_string(),
        format!("{} ago", ago(image.pulled_at, jiff::Timestamp::now())),
    ]
}

/// Deletes images.
pub(crate) async fn delete(cocoon: &Cocoon, output: Output, ids: Vec<String>) -> ExitCode {
    let (mut outcomes, mut code) = (Vec::<Value>::new(), ExitCode::SUCCESS);
    for id in ids {
        match cocoon.images().delete(&id).await {
            Ok(deleted) => {
                let freed = bytes(deleted.removed.iter().map(|unused| unused.bytes).sum());
                let kept = if deleted.kept.is_empty() { "" } else { "; the rest is in use, and stays as long as that" };
                output.line(format_args!("{}: deleted, {freed} freed{kept}", deleted.names.join(", ")));
                outcomes.push(json!(deleted));
            }
            Err(error) => {
                code = ExitCode::FAILURE;
                output.error(&error);
                outcomes.push(json!({ "name": id, "error": error.message() }));
            }
        }
    }
    output.value(&outcomes);
    code
}
