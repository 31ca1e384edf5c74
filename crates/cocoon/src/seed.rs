//! What a VM reads at its first boot: a small disk in the form that cloud-init calls NoCloud.
//!
//! What is on it is `cloud-bootstrap`'s to say. There is no default password: who gives no key has no way in.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cloud_bootstrap::NoCloud;
use cloud_types::{Error, ErrorKind, Result, UserData};
use cocoon_images::system::blocking;
use secrecy::ExposeSecret;
use tokio::process::Command;
use tokio::time::timeout;

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
    let (directory, hold) = (stage.directory().to_owned(), stage.hold());
    let content = directory.join("seed");
    blocking({
        let (content, record, first_boot) = (content.clone(), record.clone(), first_boot.clone());
        move || {
            let _hold = hold;
            let failed = |error| error::io("writing the first boot's data", error);
            let user_data = fs::read_to_string(directory.join(USER_DATA)).map_err(failed)?;
            let name = record.host.as_ref().map_or(&record.name, |host| &host.name);
            let mut seed = NoCloud::new(record.id.as_str(), name, UserData::new(user_data))?;
            for key in &first_boot.ssh_keys {
                seed = seed.key(key.parse()?);
            }
            fs::DirBuilder::new().mode(0o700).create(&content).map_err(failed)?;
            let mut files = seed.files().into_iter();
            files.try_for_each(|(name, text)| fs::write(content.join(name), text.expose_secret()).map_err(failed))
        }
    })
    .await?;
    crash::point("seed: written");
    let mut command = Command::new(xorriso);
    command.args(["-as", "mkisofs", "-quiet", "-volid", NoCloud::VOLUME, "-joliet", "-rock", "-output"]);
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
