//! Root file systems that were made of an image's layers, on disks that are larger than those were.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use cloud_types::Result;
use cocoon_images::growth;
use cocoon_images::system::blocking;
use cocoon_images::{DiskFormat, ImageFile};

use crate::state::Stage;
use crate::{crash, disk, error};

/// Makes the file system on a new disk over `image` fill its `size`, where it is one of ours: the guest need not do it, nor
/// know how. Any other image is left alone.
pub(crate) async fn fill(stage: &Stage, name: &str, image: &ImageFile, size: u64) -> Result<()> {
    if image.format != DiskFormat::Raw || size <= image.size {
        return Ok(());
    }
    let (file, directory, hold) = (image.file.clone(), stage.directory().to_owned(), stage.hold());
    let written = blocking(move || {
        let _hold = hold;
        let image = File::open(file)?;
        let blocks = growth(size, |buffer, at| image.read_exact_at(buffer, at))?;
        let files = blocks.into_iter().enumerate().map(|(number, block)| {
            let file = format!("grow-{number}");
            fs::write(directory.join(&file), &block.content)?;
            Ok((block.offset, block.content.len(), file))
        });
        files.collect::<std::io::Result<Vec<_>>>()
    });
    let blocks = written.await.map_err(|error| error::io("preparing the file system's growth", error))?;
    if blocks.is_empty() {
        return Ok(());
    }
    crash::point("grow: prepared");
    let directory = stage.directory().to_owned();
    disk::write_blocks(&directory.join(name), &blocks, stage.guard()?).await?;
    let removed = blocking(move || blocks.iter().try_for_each(|(_, _, file)| fs::remove_file(directory.join(file))));
    removed.await.map_err(|error| error::io("removing what the file system's growth was made of", error))
}
