//! What a VM reads at its first boot: a small disk in the form that cloud-init calls NoCloud.
//!
//! <https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html>: an ISO 9660 file system named `CIDATA`, with
//! `meta-data` and `user-data`. There is no default password: who gives no key has no way in.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use crate::blocking::blocking;
use crate::state::{Record, Stage};
use crate::{crash, error, program};

/// The disk's file.
pub(crate) const DISK: &str = "seed.iso";

/// The user data's file in the VM's directory, from which a clone's disk is made.
pub(crate) const USER_DATA: &str = "user-data";

/// Makes the disk, if the record has one, of the user data that is in the directory already.
pub(crate) async fn make(stage: &Stage, record: &Record) -> Result<()> {
    let Some(first_boot) = &record.first_boot else { return Ok(()) };
    let xorriso = program::find("xorriso").ok_or_else(|| error::missing_program("xorriso", "xorriso"))?;
    // JSON is YAML too, and has no traps.
    let meta_data = json!({
        "instance-id": record.id,
        "local-hostname": record.host.as_ref().map_or(&record.name, |host| &host.name),
        "public-keys": first_boot.ssh_keys,
    });
    let (directory, hold) = (stage.directory().to_owned(), stage.hold());
    let content = directory.join("seed");
    let written = blocking({
        let content = content.clone();
        move || {
            let _hold = hold;
            fs::DirBuilder::new().mode(0o700).create(&content)?;
            fs::copy(directory.join(USER_DATA), content.join("user-data"))?;
            fs::write(content.join("meta-data"), meta_data.to_string())
        }
    });
    written.await.map_err(|error| error::io("writing the first boot's data", error))?;
    crash::point("seed: written");
    let mut command = Command::new(xorriso);
    command.args(["-as", "mkisofs", "-quiet", "-volid", "CIDATA", "-joliet", "-rock", "-output"]);
    command.arg(stage.directory().join(DISK)).arg(&content);
    run(&mut command, stage).await?;
    crash::point("seed: made");
    remove(&content).await
}

async fn run(command: &mut Command, stage: &Stage) -> Result<()> {
    command.stdin(Stdio::from(stage.guard()?)).kill_on_drop(true);
    let late = |_| Error::new(ErrorKind::Timeout, format!("xorriso did not end within {} s", DEADLINE.as_secs()));
    let output = timeout(DEADLINE, command.output()).await.map_err(late)?;
    let output = output.map_err(|error| error::io("running xorriso", error))?;
    if output.status.success() { Ok(()) } else { Err(program::failed("xorriso", &output)) }
}

async fn remove(content: &Path) -> Result<()> {
    let content = content.to_owned();
    blocking(move || fs::remove_dir_all(content))
        .await
        .map_err(|error| error::io("removing what the first boot's disk was made of", error))
}

/// For some kilobytes.
const DEADLINE: Duration = Duration::from_secs(60);
