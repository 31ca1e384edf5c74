//! `cocoon resize`.

use clap::Args;
use cloud_types::{Error, GiB, MiB, Name, Result};
use cocoon::{Cocoon, Resize, Vm};

use super::arguments::{memory, storage};

/// What is to be changed of a VM that does not run.
#[derive(Debug, Args)]
pub(crate) struct ResizeArguments {
    #[arg(value_name = "VM")]
    name: Name,
    /// Virtual CPUs.
    #[arg(long)]
    cpu: Option<u32>,
    /// Memory, such as 512M or 2G.
    #[arg(long, value_parser = memory, value_name = "SIZE")]
    memory: Option<MiB>,
    /// The system disk's size, such as 20G; it only grows. cloud-init makes the guest's file system as large when it boots.
    #[arg(long, value_parser = storage, value_name = "SIZE")]
    storage: Option<GiB>,
    /// A data disk's size, such as 1:20G for the first one; it only grows. May be given again.
    #[arg(long, value_parser = data_disk, value_name = "NUMBER:SIZE")]
    data_disk: Vec<(usize, GiB)>,
}

/// Does it.
pub(super) async fn resize(cocoon: &Cocoon, arguments: ResizeArguments) -> Result<Vm> {
    let ResizeArguments { name, cpu, memory, storage, data_disk } = arguments;
    let mut resize = Resize::new();
    resize = cpu.into_iter().fold(resize, Resize::cpus);
    resize = memory.into_iter().fold(resize, Resize::memory);
    resize = storage.into_iter().fold(resize, Resize::storage);
    resize = data_disk.into_iter().fold(resize, |resize, (number, size)| resize.data_disk(number, size));
    if resize == Resize::new() {
        return Err(Error::invalid("resize", "needs `--cpu`, `--memory`, `--storage` or `--data-disk`"));
    }
    cocoon.resize(&name, &resize).await
}

fn data_disk(text: &str) -> Result<(usize, GiB), String> {
    let wrong = || format!("{text:?} names no disk: give NUMBER:SIZE, such as 1:20G");
    let (number, size) = text.split_once(':').ok_or_else(wrong)?;
    let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    Ok((number, storage(size)?))
}
