//! An inode: <https://docs.kernel.org/filesystems/ext4/dynamic.html#index-nodes>.

use super::encode::Fields;
use super::geometry::{BLOCK, EXTRA, INODE};
use crate::tar::{Attributes, Device};

/// A run of blocks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Its first block on the disk.
    pub(super) start: u32,
    /// Fewer than 2^15: no run leaves its group, whose head it stops at.
    pub(super) length: u32,
}

/// What an inode says of a file.
#[derive(Debug)]
pub(super) struct Inode<'a> {
    pub(super) attributes: &'a Attributes,
    /// What it is, the upper four bits of its mode.
    pub(super) kind: u16,
    pub(super) links: u32,
    pub(super) size: u64,
    /// All of its blocks, those that hold extents too.
    pub(super) blocks: u64,
    pub(super) body: Body<'a>,
}

/// The 60 bytes in the midst of an inode.
#[derive(Debug)]
pub(super) enum Body<'a> {
    /// The roots of a file's extents.
    Extents([u8; 60]),
    /// A short link's target.
    Target(&'a str),
    Device(Device),
    Nothing,
}

pub(super) const FIFO: u16 = 0x1000;
pub(super) const CHARACTERS: u16 = 0x2000;
pub(super) const DIRECTORY: u16 = 0x4000;
pub(super) const BLOCKS: u16 = 0x6000;
pub(super) const FILE: u16 = 0x8000;
pub(super) const LINK: u16 = 0xa000;

/// The longest target of a link that is in the inode itself.
pub(super) const LONGEST_TARGET: usize = 59;

/// The most bytes of `security.capability` that fit in an inode; it has 20 or 24.
pub(crate) const LONGEST_CAPABILITY: usize = 32;

impl Inode<'_> {
    pub(super) fn encode(&self) -> [u8; INODE] {
        let mut bytes = [0; INODE];
        let Attributes { mode, user, group, modified, capability } = self.attributes;
        // More than 32 bits of seconds, of which the upper ones are elsewhere.
        let time = (*modified).clamp(0, 1 << 33);
        let sectors = self.blocks * (BLOCK as u64 / 512);
        let mut fields = Fields(&mut bytes);
        fields.u16(0, self.kind | mode);
        fields.u16(2, *user as u16);
        fields.u32(4, self.size as u32);
        for at in [8, 12, 16] {
            fields.u32(at, time as u32);
        }
        fields.u16(24, *group as u16);
        fields.u16(26, self.links as u16);
        fields.u32(28, sectors as u32);
        fields.u32(108, (self.size >> 32) as u32);
        fields.u16(116, (sectors >> 32) as u16);
        fields.u16(120, (user >> 16) as u16);
        fields.u16(122, (group >> 16) as u16);
        fields.u16(128, EXTRA as u16);
        fields.u32(144, time as u32);
        for at in [132, 136, 140, 148] {
            // The lower two bits: times are read as signed, with this for each 2^32 seconds beyond.
            fields.u32(at, ((time + (1 << 31)) >> 32) as u32 & 3);
        }
        match &self.body {
            Body::Extents(root) => {
                fields.u32(32, 0x8_0000);
                fields.bytes(40, root);
            }
            Body::Target(target) => fields.bytes(40, target.as_bytes()),
            Body::Device(Device { major, minor, .. }) if *major < 256 && *minor < 256 => {
                fields.u32(40, major << 8 | minor);
            }
            Body::Device(Device { major, minor, .. }) => {
                fields.u32(44, (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12);
            }
            Body::Nothing => {}
        }
        if let Some(value) = capability {
            attribute(&mut bytes, value);
        }
        bytes
    }
}

/// Puts `security.capability` behind the inode's fields: <https://docs.kernel.org/filesystems/ext4/dynamic.html#extended-attributes>.
fn attribute(inode: &mut [u8; INODE], value: &[u8]) {
    const NAME: &[u8] = b"capability";
    let start = 128 + EXTRA;
    let padded = value.len().next_multiple_of(4);
    let mut fields = Fields(&mut inode[start..]);
    fields.u32(0, 0xea02_0000);
    let room = INODE - start - 4;
    let mut fields = Fields(&mut inode[start + 4..]);
    // The name's length, and 6 for `security.`.
    fields.bytes(0, &[NAME.len() as u8, 6]);
    fields.u16(2, (room - padded) as u16);
    fields.u32(8, value.len() as u32);
    fields.bytes(16, NAME);
    fields.bytes(room - padded, value);
}

/// The roots of a file's extents, and the blocks that they lead to where they are too many: `leaves` are the blocks' places.
pub(super) fn extents(extents: &[Extent], leaves: &[u32]) -> ([u8; 60], Vec<[u8; BLOCK]>) {
    let mut root = [0; 60];
    if leaves.is_empty() {
        list(&mut root, 4, extents, 0);
        return (root, Vec::new());
    }
    header(&mut root, leaves.len(), 4, 1);
    let (mut blocks, mut logical) = (Vec::new(), 0);
    for (number, (place, part)) in leaves.iter().zip(extents.chunks(EXTENTS_IN_A_BLOCK)).enumerate() {
        let mut block = [0; BLOCK];
        let at = 12 * (number + 1);
        Fields(&mut root).u32(at, logical);
        Fields(&mut root).u32(at + 4, *place);
        list(&mut block, EXTENTS_IN_A_BLOCK, part, logical);
        logical += part.iter().map(|extent| extent.length).sum::<u32>();
        blocks.push(block);
    }
    (root, blocks)
}

/// How many blocks a file's extents need besides its inode.
pub(super) fn leaves(extents: usize) -> usize {
    if extents <= 4 { 0 } else { extents.div_ceil(EXTENTS_IN_A_BLOCK) }
}

/// The most extents of a file: four blocks of them.
pub(super) const MOST_EXTENTS: usize = 4 * EXTENTS_IN_A_BLOCK;

const EXTENTS_IN_A_BLOCK: usize = (BLOCK - 12) / 12;

fn list(bytes: &mut [u8], most: usize, extents: &[Extent], first: u32) {
    header(bytes, extents.len(), most, 0);
    let mut logical = first;
    for (number, extent) in extents.iter().enumerate() {
        let (mut fields, at) = (Fields(bytes), 12 * (number + 1));
        fields.u32(at, logical);
        fields.u16(at + 4, extent.length as u16);
        fields.u32(at + 8, extent.start);
        logical += extent.length;
    }
}

fn header(bytes: &mut [u8], count: usize, most: usize, depth: u16) {
    let mut fields = Fields(bytes);
    fields.u16(0, 0xf30a);
    fields.u16(2, count as u16);
    fields.u16(4, most as u16);
    fields.u16(6, depth);
}
