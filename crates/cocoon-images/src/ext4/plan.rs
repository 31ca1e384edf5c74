//! What goes where, decided before anything is written.

use super::encode::Fields;
use super::geometry::{BLOCK, Counts, Descriptor, FIRST_INODE, GROUP, Head, INODES, MOST_GROUPS};
use super::inode::{self, Extent, LONGEST_CAPABILITY, LONGEST_TARGET, MOST_EXTENTS};
use crate::root::{Content, Node, NodeId, NodeKind, Tree};
use crate::tar::shown;

/// Where everything of a tree is on the disk that is made of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) uuid: [u8; 16],
    pub(super) groups: u32,
    /// The first block that nothing is on.
    pub(super) free: u32,
    /// The root's, and from the second those from [`FIRST_INODE`].
    pub(super) inodes: Vec<Planned>,
    pub(super) journal: Vec<Extent>,
    /// The inodes of nodes; 0 for those that are not in the tree any more.
    pub(super) numbers: Vec<u32>,
    /// The files with content, as places in `inodes`, in the order in which the layers have them.
    pub(super) files: Vec<(Content, usize)>,
}

/// An inode and its blocks.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) node: NodeId,
    /// The inode of the directory above; of directories alone.
    pub(super) above: u32,
    pub(super) links: u32,
    pub(super) size: u64,
    pub(super) extents: Vec<Extent>,
    /// Blocks that hold extents.
    pub(super) leaves: Vec<u32>,
}

impl Plan {
    /// Plans a disk, with `uuid` as the file system's own.
    ///
    /// # Errors
    /// The reason for which the tree cannot be written.
    pub(crate) fn new(tree: &Tree, uuid: [u8; 16]) -> Result<Self, String> {
        let (mut inodes, numbers) = number(tree)?;
        let mut cursor = Cursor(0);
        let journal = cursor.take(JOURNAL)?;
        let mut files = Vec::new();
        for (at, inode) in inodes.iter_mut().enumerate() {
            match &tree.node(inode.node).kind {
                NodeKind::Directory(_) => {
                    let blocks = directory(tree, inode, inode_number(at), &numbers).len();
                    inode.size = (blocks * BLOCK) as u64;
                    inode.take(&mut cursor, blocks as u64)?;
                }
                NodeKind::Symlink(target) => {
                    inode.size = target.len() as u64;
                    if target.len() > LONGEST_TARGET {
                        inode.take(&mut cursor, 1)?;
                    }
                }
                NodeKind::File(content) if content.size > 0 => files.push((*content, at)),
                _ => {}
            }
        }
        files.sort_unstable();
        for (content, at) in &files {
            inodes[*at].size = content.size;
            inodes[*at].take(&mut cursor, content.size.div_ceil(BLOCK as u64))?;
        }
        let blocks = cursor.0.checked_add(ROOM).ok_or_else(too_large)?.div_ceil(GROUP);
        let for_inodes = (inodes.len() as u32 + FIRST_INODE + ROOM_INODES).div_ceil(INODES);
        let groups = blocks.max(for_inodes);
        if groups > MOST_GROUPS {
            return Err(too_large());
        }
        Ok(Self { uuid, groups, free: cursor.0, inodes, journal, numbers, files })
    }

    /// Bytes of the disk.
    pub(crate) fn size(&self) -> u64 {
        u64::from(self.groups) * u64::from(GROUP) * BLOCK as u64
    }

    /// The last inode that is in use.
    pub(super) fn last_inode(&self) -> u32 {
        inode_number(self.inodes.len() - 1).max(FIRST_INODE - 1)
    }

    pub(super) fn inode(&self, number: u32) -> Option<&Planned> {
        match number {
            ROOT => self.inodes.first(),
            FIRST_INODE.. => self.inodes.get((number - FIRST_INODE + 1) as usize),
            _ => None,
        }
    }

    /// The blocks of a group that are in use, counted from its first.
    pub(super) fn used_blocks(&self, group: u32) -> u32 {
        let head = Head::of(group);
        self.free.saturating_sub(head.start).clamp(head.length(), GROUP)
    }

    /// The inodes of a group that are in use, counted from its first.
    pub(super) fn used_inodes(&self, group: u32) -> u32 {
        self.last_inode().saturating_sub(group * INODES).min(INODES)
    }

    pub(super) fn descriptor(&self, group: u32, tree: &Tree) -> Descriptor {
        let numbers = (1..=self.used_inodes(group)).map(|number| group * INODES + number);
        let directories = numbers
            .filter_map(|number| self.inode(number))
            .filter(|inode| matches!(tree.node(inode.node).kind, NodeKind::Directory(_)));
        Descriptor {
            group,
            free_blocks: GROUP - self.used_blocks(group),
            free_inodes: INODES - self.used_inodes(group),
            directories: directories.count() as u32,
            flags: Descriptor::ZEROED,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            groups: self.groups,
            free_blocks: (0..self.groups).map(|group| GROUP - self.used_blocks(group)).sum(),
            free_inodes: self.groups * INODES - self.last_inode(),
        }
    }
}

impl Planned {
    fn take(&mut self, cursor: &mut Cursor, blocks: u64) -> Result<(), String> {
        self.extents = cursor.take(blocks)?;
        if self.extents.len() > MOST_EXTENTS {
            return Err(too_large());
        }
        let leaves = cursor.take(inode::leaves(self.extents.len()) as u64)?;
        self.leaves = leaves.iter().flat_map(|extent| extent.start..extent.start + extent.length).collect();
        Ok(())
    }
}

/// Gives every node that has a name an inode, and counts its names.
fn number(tree: &Tree) -> Result<(Vec<Planned>, Vec<u32>), String> {
    let mut numbers = vec![0; tree.len()];
    let planned = |node, above| Planned { node, above, links: 1, size: 0, extents: Vec::new(), leaves: Vec::new() };
    let mut inodes = vec![planned(Tree::ROOT, ROOT)];
    numbers[Tree::ROOT.0] = ROOT;
    let mut at = 0;
    while at < inodes.len() {
        let (id, number) = (inodes[at].node, inode_number(at));
        for (name, child) in tree.names(id) {
            if numbers[child.0] == 0 {
                numbers[child.0] = inode_number(inodes.len());
                inodes.push(planned(child, number));
            } else {
                let known = &mut inodes[place(numbers[child.0])];
                known.links += 1;
            }
            if let NodeKind::Directory(_) = tree.node(child).kind {
                inodes[at].links += 1;
            }
            let child = &inodes[place(numbers[child.0])];
            if child.links > MOST_LINKS || inodes[at].links > MOST_LINKS {
                return Err(format!("{} has more than {MOST_LINKS} names or directories in it", shown(name)));
            }
        }
        // A directory is named by itself too.
        inodes[at].links += u32::from(is_directory(tree.node(id)));
        let capability = &tree.node(id).attributes.capability;
        if capability.as_ref().is_some_and(|value| value.len() > LONGEST_CAPABILITY) {
            return Err("a file has capabilities of an absurd length".to_owned());
        }
        at += 1;
    }
    Ok((inodes, numbers))
}

fn is_directory(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Directory(_))
}

/// The number of the inode at a place of [`Plan::inodes`].
pub(super) fn inode_number(place: usize) -> u32 {
    if place == 0 { ROOT } else { FIRST_INODE + place as u32 - 1 }
}

fn place(number: u32) -> usize {
    if number == ROOT { 0 } else { (number - FIRST_INODE) as usize + 1 }
}

/// A directory's blocks: <https://docs.kernel.org/filesystems/ext4/dynamic.html#linear-classic-directories>.
pub(super) fn directory(tree: &Tree, inode: &Planned, number: u32, numbers: &[u32]) -> Vec<[u8; BLOCK]> {
    let fixed = [(".", number, DIRECTORY_TYPE), ("..", inode.above, DIRECTORY_TYPE)];
    let names = tree.names(inode.node).map(|(name, child)| (name, numbers[child.0], kind(tree.node(child))));
    let mut blocks: Vec<[u8; BLOCK]> = Vec::new();
    // Where the last entry of the last block begins, and where it ends.
    let (mut last, mut end) = (0, BLOCK);
    for (name, number, kind) in fixed.into_iter().chain(names) {
        let length = (8 + name.len()).next_multiple_of(4);
        if end + length > BLOCK {
            blocks.push([0; BLOCK]);
            last = 0;
        } else {
            let block = blocks.last_mut().expect("one was pushed for the first entry");
            Fields(block).u16(last + 4, (end - last) as u16);
            last = end;
        }
        let block = blocks.last_mut().expect("one was pushed for the first entry");
        let mut fields = Fields(block);
        fields.u32(last, number);
        // To the block's end, unless another follows.
        fields.u16(last + 4, (BLOCK - last) as u16);
        fields.bytes(last + 6, &[name.len() as u8, kind]);
        fields.bytes(last + 8, name.as_bytes());
        end = last + length;
    }
    blocks
}

fn kind(node: &Node) -> u8 {
    match &node.kind {
        NodeKind::File(_) => 1,
        NodeKind::Directory(_) => DIRECTORY_TYPE,
        NodeKind::Device(device) if device.characters => 3,
        NodeKind::Device(_) => 4,
        NodeKind::Fifo => 5,
        NodeKind::Symlink(_) => 7,
    }
}

/// Gives blocks out from the first on, past the heads of groups.
struct Cursor(u32);

impl Cursor {
    fn take(&mut self, mut blocks: u64) -> Result<Vec<Extent>, String> {
        let mut extents = Vec::new();
        while blocks > 0 {
            let group = self.0 / GROUP;
            if group >= MOST_GROUPS {
                return Err(too_large());
            }
            if self.0.is_multiple_of(GROUP) {
                self.0 = Head::of(group).end;
            }
            let room = (group + 1) * GROUP - self.0;
            let length = blocks.min(u64::from(room)) as u32;
            extents.push(Extent { start: self.0, length });
            self.0 += length;
            blocks -= u64::from(length);
        }
        Ok(extents)
    }
}

fn too_large() -> String {
    "it is larger than a file system can be".to_owned()
}

pub(super) const ROOT: u32 = 2;

const DIRECTORY_TYPE: u8 = 2;

/// Blocks of the journal: 32 MiB.
const JOURNAL: u64 = 8192;

/// Blocks that are left free at least, 64 MiB. A VM's disk is larger than its image's anyway.
const ROOM: u32 = 16384;

/// Inodes that are left free at least.
const ROOM_INODES: u32 = INODES / 2;

/// Linux' bound.
const MOST_LINKS: u32 = 65_000;
