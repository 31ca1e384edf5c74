//! From layers to a disk and a kernel: what is where is read first, and then written once.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use cloud_types::{Error, Result};

use super::boot::Kernel;
use super::tree::{Content, NodeId, Tree};
use crate::digest::Digest;
use crate::ext4::{self, Contents, Plan};
use crate::layer::{Place, Role, open, refused, unreadable};
use crate::part::Part;
use crate::progress::{Item, PullStep};
use crate::system::{crash, io_error};
use crate::tar::Tar;
use crate::unpack::Unpacked;

/// What layers were made to, on its way into the store.
#[derive(Debug)]
pub(crate) struct Converted {
    pub(crate) disk: Part,
    pub(crate) kernel: Part,
    pub(crate) initrd: Option<Part>,
    /// What `boot/cmdline` holds.
    pub(crate) command_line: Option<Vec<u8>>,
}

/// Makes a disk of layers, the lowest first. The same layers make the same disk; `id` is what its own id is made of.
///
/// # Errors
/// `InvalidRequest` on field `image` where a layer is hostile or broken, where there is no kernel, or where the whole is too
/// large; `QuotaExceeded` where the file system is full.
pub(crate) fn convert(layers: &[PathBuf], id: &Digest, place: &Place<'_>) -> Result<Converted> {
    let tree = read(layers, place)?;
    let kernel = Kernel::find(&tree).ok_or_else(|| Error::invalid("image", NO_KERNEL))?;
    let plan = Plan::new(&tree, uuid(id)).map_err(refused)?;
    let most = place.limits.unpacked.min(place.limits.disk);
    if plan.size() > most {
        let rule = format!("would be a disk of {} bytes, more than the {most} that are taken", plan.size());
        return Err(Error::invalid("image", rule));
    }
    place.item.tell(PullStep::Converting { total: Some(plan.size()) });
    let capture =
        |node: NodeId, role: Role| Ok::<_, Error>((node, Part::temporary(place.parts, role.most(place.limits))?));
    let mut contents = Layers {
        layers,
        place,
        open: None,
        kernel: capture(kernel.kernel, Role::Kernel)?,
        initrd: kernel.initrd.map(|node| capture(node, Role::Initrd)).transpose()?,
        command_line: kernel.command_line.map(|node| (node, Vec::new())),
        node: Tree::ROOT,
    };
    let mut disk = Part::temporary(place.parts, plan.size())?;
    ext4::write(&plan, &tree, &mut contents, |bytes| {
        disk.append(bytes)?;
        place.item.tell(PullStep::Advanced(bytes.len() as u64));
        Ok(())
    })?;
    crash::point("convert: written");
    Ok(Converted {
        disk,
        kernel: contents.kernel.1,
        initrd: contents.initrd.map(|(_, part)| part),
        command_line: contents.command_line.map(|(_, text)| text),
    })
}

/// Reads what the layers have, all of them together.
fn read(layers: &[PathBuf], place: &Place<'_>) -> Result<Tree> {
    let mut tree = Tree::new();
    let sizes = layers.iter().map(|layer| layer.metadata().map(|metadata| metadata.len()));
    let total = sizes.sum::<std::io::Result<u64>>().map_err(|error| io_error("looking at a layer", error))?;
    place.item.tell(PullStep::Unpacking { total: Some(total) });
    for (layer, path) in (0..).zip(layers) {
        let mut tar = tar(path, place, place.item)?;
        let mut number = 0;
        while let Some(entry) = tar.next().map_err(unreadable)?.map_err(refused)? {
            tree.apply(layer, number, &entry).map_err(refused)?;
            number += 1;
        }
    }
    // Where `e2fsck` puts what it finds.
    tree.ensure_directory("lost+found", 0o700);
    Ok(tree)
}

fn tar(path: &PathBuf, place: &Place<'_>, item: &Item) -> Result<Tar<Unpacked>> {
    let file = File::open(path).map_err(|error| io_error("opening a layer", error))?;
    Ok(Tar::new(open(file, item)?, place.limits.unpacked))
}

/// The files' bytes, read from the layers a second time, and copied where they are wanted besides.
struct Layers<'a> {
    layers: &'a [PathBuf],
    place: &'a Place<'a>,
    /// The layer that is being read, and the number of its next entry.
    open: Option<(u32, Tar<Unpacked>, u32)>,
    kernel: (NodeId, Part),
    initrd: Option<(NodeId, Part)>,
    command_line: Option<(NodeId, Vec<u8>)>,
    node: NodeId,
}

impl Contents for Layers<'_> {
    fn begin(&mut self, node: NodeId, content: Content) -> Result<()> {
        self.node = node;
        let (mut tar, mut next) = match self.open.take() {
            Some((layer, tar, next)) if layer == content.layer => (tar, next),
            _ => (tar(&self.layers[content.layer as usize], self.place, &Item::default())?, 0),
        };
        while next <= content.entry {
            let entry = tar.next().map_err(unreadable)?.map_err(refused)?;
            entry.ok_or_else(|| refused("it has changed meanwhile".to_owned()))?;
            next += 1;
        }
        self.open = Some((content.layer, tar, next));
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        if let Some((_, tar, _)) = &mut self.open {
            tar.read_exact(buffer).map_err(unreadable)?;
        }
        if self.node == self.kernel.0 {
            self.kernel.1.append(buffer)?;
        }
        if let Some((_, part)) = self.initrd.as_mut().filter(|(node, _)| *node == self.node) {
            part.append(buffer)?;
        }
        if let Some((_, text)) = self.command_line.as_mut().filter(|(node, _)| *node == self.node) {
            // What is longer than that is refused when it is read.
            let room = (Role::CommandLine.most(self.place.limits) as usize + 1).saturating_sub(text.len());
            text.extend_from_slice(&buffer[..room.min(buffer.len())]);
        }
        Ok(())
    }
}

/// An id of the file system, of the form that is left to whoever makes it: <https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8>.
fn uuid(id: &Digest) -> [u8; 16] {
    let mut uuid: [u8; 16] = std::array::from_fn(|at| id.bytes()[at]);
    uuid[6] = uuid[6] & 0x0f | 0x80;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

const NO_KERNEL: &str = "is no image of a VM: no layer has a `disk/NAME.qcow2`, `disk/NAME.img` or `disk/NAME.raw`, and as a \
    root file system it lacks a kernel, `/boot/vmlinuz` or `/boot/vmlinuz-VERSION`: install one when it is built (on Debian: \
    linux-image-cloud-amd64, and an init such as systemd-sysv)";
