//! Disks, made and changed by `qemu-img`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use cocoon_images::ImageFile;
use tokio::process::Command;
use tokio::time::timeout;

use crate::{error, program};

/// Makes a disk that begins as `image` and holds only what differs from it.
pub(crate) async fn overlay(disk: &Path, image: &ImageFile, size: u64, guard: File) -> Result<()> {
    let mut command = qemu_img()?;
    command.args(["create", "-q", "-f", "qcow2", "-F", image.format.as_str(), "-b"]).arg(&image.file);
    run(command.arg(disk).arg(size.to_string()), guard).await
}

/// Makes an empty disk.
pub(crate) async fn empty(disk: &Path, size: u64, guard: File) -> Result<()> {
    run(qemu_img()?.args(["create", "-q", "-f", "qcow2"]).arg(disk).arg(size.to_string()), guard).await
}

/// Makes a qcow2 of a small raw file, such as a firmware's variables.
pub(crate) async fn copy(from: &Path, to: &Path, guard: File) -> Result<()> {
    run(qemu_img()?.args(["convert", "-q", "-f", "raw", "-O", "qcow2"]).args([from, to]), guard).await
}

/// Makes a disk that lies on no other, of one that nobody uses. What is empty takes no room.
pub(crate) async fn flatten(from: &Path, to: &Path, guard: File) -> Result<()> {
    let mut command = qemu_img()?;
    command.args(["convert", "-q", "-f", "qcow2", "-O", "qcow2"]).args([from, to]);
    run_within(&mut command, guard, COPY).await
}

/// Makes a disk larger that nobody uses.
pub(crate) async fn grow(disk: &Path, size: u64, guard: File) -> Result<()> {
    run(qemu_img()?.args(["resize", "-q", "-f", "qcow2"]).arg(disk).arg(size.to_string()), guard).await
}

/// The bytes of a qcow2 disk as its VM sees it, from its header:
/// <https://www.qemu.org/docs/master/interop/qcow2.html>.
pub(crate) fn size(disk: &Path) -> Result<u64> {
    let read = || {
        let mut header = [0; 32];
        File::open(disk)?.read_exact(&mut header)?;
        let [.., a, b, c, d, e, f, g, h] = header;
        match header.starts_with(b"QFI\xfb") {
            true => Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            false => Err(io::Error::other("it is no qcow2")),
        }
    };
    read().map_err(|error| error::io(format_args!("reading the size of {}", disk.display()), error))
}

/// What is done with a snapshot in a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Takes it.
    Create,
    /// Makes the disk what it was then.
    Apply,
    /// Gives it up; that it is not there is no failure.
    DeleteIfThere,
}

/// Changes a snapshot in a qcow2 disk that nobody uses.
pub(crate) async fn snapshot(disk: &Path, change: Change, name: &str, guard: File) -> Result<()> {
    let option = match change {
        Change::Create => "-c",
        Change::Apply => "-a",
        Change::DeleteIfThere => "-d",
    };
    match run(qemu_img()?.args(["snapshot", "-q", option, name]).arg(disk), guard).await {
        Err(error) if change == Change::DeleteIfThere && error.message().contains("snapshot not found") => Ok(()),
        changed => changed,
    }
}

/// Repairs what a killed `qemu-img` has left of a qcow2 disk that nobody uses: counts of clusters that say more than is used,
/// and marks that say less. <https://www.qemu.org/docs/master/tools/qemu-img.html#cmdoption-qemu-img-arg-check>.
pub(crate) async fn repair(disk: &Path, guard: File) -> Result<()> {
    run(qemu_img()?.args(["check", "-q", "-f", "qcow2", "-r", "all"]).arg(disk), guard).await
}

/// Writes blocks into a qcow2 disk that nobody uses, each from a file of the disk's own directory, which has no spaces in its name.
pub(crate) async fn write_blocks(disk: &Path, blocks: &[(u64, usize, String)], guard: File) -> Result<()> {
    let qemu_io = program::find("qemu-io").ok_or_else(|| error::missing_program("qemu-io", "qemu-utils"))?;
    let mut command = Command::new(qemu_io);
    command.args(["-f", "qcow2"]);
    for (offset, length, file) in blocks {
        command.arg("-c").arg(format!("write -q -s {file} {offset} {length}"));
    }
    let (directory, name) = (disk.parent().unwrap_or(Path::new(".")), disk.file_name().unwrap_or_default());
    // Its commands cannot be told a path with a space.
    run(command.arg(name).current_dir(directory), guard).await
}

fn qemu_img() -> Result<Command> {
    let path = program::find("qemu-img").ok_or_else(|| error::missing_program("qemu-img", "qemu-utils"))?;
    Ok(Command::new(path))
}

/// Runs `qemu-img`. It holds `guard` open, so that what it writes is protected also when this process is killed.
async fn run(command: &mut Command, guard: File) -> Result<()> {
    run_within(command, guard, DEADLINE).await
}

async fn run_within(command: &mut Command, guard: File, deadline: Duration) -> Result<()> {
    command.stdin(Stdio::from(guard)).kill_on_drop(true);
    let output = timeout(deadline, command.output()).await;
    let output = output
        .map_err(|_| Error::new(ErrorKind::Timeout, format!("qemu-img did not end within {} s", deadline.as_secs())))?;
    let output = output.map_err(|error| error::io("running qemu-img", error))?;
    if output.status.success() { Ok(()) } else { Err(program::failed("qemu-img", &output)) }
}

/// For what writes little.
const DEADLINE: Duration = Duration::from_secs(120);

/// For a copy of a whole disk.
const COPY: Duration = Duration::from_secs(60 * 60);
