//! Writing what was planned, from the first block to the last.

use cloud_types::Result;

use super::encode::{Fields, set_bits};
use super::geometry::{self, BLOCK, DESCRIBED, DESCRIPTOR, GROUP, Head, INODE, INODES, JOURNAL_INODE};
use super::inode::{self, BLOCKS, Body, CHARACTERS, DIRECTORY, Extent, FIFO, FILE, Inode, LINK, LONGEST_TARGET};
use super::plan::{self, Plan, Planned};
use crate::root::{Content, NodeId, NodeKind, Tree};
use crate::tar::Attributes;

/// What files hold. They are asked for in the order in which the layers have them.
pub(crate) trait Contents {
    /// Begins a file.
    fn begin(&mut self, node: NodeId, content: Content) -> Result<()>;

    /// The next bytes of that file.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()>;
}

/// Writes the disk to `out`, which gets all of it in its order.
///
/// # Errors
/// Those of `contents` and `out` alone.
pub(crate) fn write(
    plan: &Plan,
    tree: &Tree,
    contents: &mut impl Contents,
    out: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut disk = Disk { plan, tree, out, next: 0, buffer: vec![0; CHUNK] };
    disk.journal()?;
    for (place, inode) in plan.inodes.iter().enumerate() {
        match &tree.node(inode.node).kind {
            NodeKind::Directory(_) => {
                let blocks = plan::directory(tree, inode, plan::inode_number(place), &plan.numbers);
                disk.blocks(&inode.extents, &blocks)?;
                disk.leaves(inode)?;
            }
            NodeKind::Symlink(target) if target.len() > LONGEST_TARGET => {
                let mut block = [0; BLOCK];
                block[..target.len()].copy_from_slice(target.as_bytes());
                disk.blocks(&inode.extents, &[block])?;
            }
            _ => {}
        }
    }
    for (content, place) in &plan.files {
        let inode = &plan.inodes[*place];
        contents.begin(inode.node, *content)?;
        disk.file(inode, contents)?;
        disk.leaves(inode)?;
    }
    disk.reach(plan.groups * GROUP)
}

struct Disk<'a, Out> {
    plan: &'a Plan,
    tree: &'a Tree,
    out: Out,
    /// The block that is written next.
    next: u32,
    buffer: Vec<u8>,
}

impl<Out: FnMut(&[u8]) -> Result<()>> Disk<'_, Out> {
    /// Writes whole blocks.
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.next += (bytes.len() / BLOCK) as u32;
        (self.out)(bytes)
    }

    /// Writes the heads of groups, and zeros where nothing is, up to a block.
    fn reach(&mut self, block: u32) -> Result<()> {
        const ZEROS: &[u8] = &[0; CHUNK];
        while self.next < block {
            if self.next.is_multiple_of(GROUP) {
                self.head(self.next / GROUP)?;
            } else {
                let end = block.min(self.next.next_multiple_of(GROUP));
                let length = ((end - self.next) as usize * BLOCK).min(CHUNK);
                self.put(&ZEROS[..length])?;
            }
        }
        Ok(())
    }

    fn blocks(&mut self, extents: &[Extent], blocks: &[[u8; BLOCK]]) -> Result<()> {
        let places = extents.iter().flat_map(|extent| extent.start..extent.start + extent.length);
        places.zip(blocks).try_for_each(|(place, block)| {
            self.reach(place)?;
            self.put(block)
        })
    }

    fn leaves(&mut self, inode: &Planned) -> Result<()> {
        let (_, blocks) = inode::extents(&inode.extents, &inode.leaves);
        inode.leaves.iter().zip(&blocks).try_for_each(|(place, block)| {
            self.reach(*place)?;
            self.put(block)
        })
    }

    fn file(&mut self, inode: &Planned, contents: &mut impl Contents) -> Result<()> {
        let mut left = inode.size;
        for extent in &inode.extents {
            self.reach(extent.start)?;
            let mut room = extent.length as usize * BLOCK;
            while room > 0 {
                let length = room.min(CHUNK);
                let full = (length as u64).min(left) as usize;
                let mut buffer = std::mem::take(&mut self.buffer);
                contents.fill(&mut buffer[..full])?;
                buffer[full..length].fill(0);
                self.put(&buffer[..length])?;
                self.buffer = buffer;
                room -= length;
                left -= full as u64;
            }
        }
        Ok(())
    }

    /// An empty journal: <https://docs.kernel.org/filesystems/ext4/journal.html>. Its numbers begin with the most significant byte.
    fn journal(&mut self) -> Result<()> {
        let extents = &self.plan.journal;
        let length: u32 = extents.iter().map(|extent| extent.length).sum();
        let mut block = [0; BLOCK];
        for (at, number) in [(0, 0xc03b_3998), (4, 4), (12, BLOCK as u32), (16, length), (20, 1), (24, 1), (64, 1)] {
            block[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
        block[48..64].copy_from_slice(&self.plan.uuid);
        self.blocks(extents, &[block])?;
        let end = extents.last().map_or(0, |extent| extent.start + extent.length);
        self.reach(end)
    }

    fn head(&mut self, group: u32) -> Result<()> {
        let (plan, head) = (self.plan, Head::of(group));
        if head.superblock.is_some() {
            let mut block = [0; BLOCK];
            let (root, _) = inode::extents(&plan.journal, &[]);
            let size = plan.journal.iter().map(|extent| extent.length).sum::<u32>() * BLOCK as u32;
            let mut superblock = geometry::superblock(&plan.uuid, plan.counts(), &root, size);
            Fields(&mut superblock).u16(90, group as u16);
            let at = if group == 0 { 1024 } else { 0 };
            block[at..at + 1024].copy_from_slice(&superblock);
            self.put(&block)?;
        }
        if head.descriptors.is_some() {
            let mut block = [0; BLOCK];
            let first = group - group % DESCRIBED;
            let groups = (first..plan.groups).take(DESCRIBED as usize);
            for (bytes, group) in block.chunks_mut(DESCRIPTOR).zip(groups) {
                bytes.copy_from_slice(&plan.descriptor(group, self.tree).encode(&plan.uuid));
            }
            self.put(&block)?;
        }
        let mut bitmap = [0; BLOCK];
        set_bits(&mut bitmap, 0..plan.used_blocks(group));
        self.put(&bitmap)?;
        let mut bitmap = [0; BLOCK];
        set_bits(&mut bitmap, 0..plan.used_inodes(group));
        // What is beyond the last inode is in use, so that nobody takes it.
        set_bits(&mut bitmap, INODES..GROUP);
        self.put(&bitmap)?;
        let mut table = vec![0; INODES as usize * INODE];
        for (bytes, number) in table.chunks_mut(INODE).zip(group * INODES + 1..).take(plan.used_inodes(group) as usize)
        {
            if let Some(inode) = self.inode(number) {
                bytes.copy_from_slice(&inode);
            }
        }
        self.put(&table)
    }

    fn inode(&self, number: u32) -> Option<[u8; INODE]> {
        if number == JOURNAL_INODE {
            let blocks = self.plan.journal.iter().map(|extent| u64::from(extent.length)).sum::<u64>();
            let body = Body::Extents(inode::extents(&self.plan.journal, &[]).0);
            let attributes = &Attributes { mode: 0o600, ..Attributes::default() };
            let journal = Inode { attributes, kind: FILE, links: 1, size: blocks * BLOCK as u64, blocks, body };
            return Some(journal.encode());
        }
        let inode = self.plan.inode(number)?;
        let node = self.tree.node(inode.node);
        let extents = || Body::Extents(inode::extents(&inode.extents, &inode.leaves).0);
        let (kind, body) = match &node.kind {
            NodeKind::Directory(_) => (DIRECTORY, extents()),
            NodeKind::File(_) => (FILE, extents()),
            NodeKind::Symlink(target) if target.len() <= LONGEST_TARGET => (LINK, Body::Target(target)),
            NodeKind::Symlink(_) => (LINK, extents()),
            NodeKind::Device(device) => (if device.characters { CHARACTERS } else { BLOCKS }, Body::Device(*device)),
            NodeKind::Fifo => (FIFO, Body::Nothing),
        };
        let blocks = inode.extents.iter().map(|extent| u64::from(extent.length)).sum::<u64>();
        let blocks = blocks + inode.leaves.len() as u64;
        let attributes = &node.attributes;
        Some(Inode { attributes, kind, links: inode.links, size: inode.size, blocks, body }.encode())
    }
}

/// Bytes that are written at once.
const CHUNK: usize = 256 << 10;
