//! Where everything is in a file system of ours: groups, their heads, the superblock, descriptors.

use super::encode::{Fields, crc16};

/// Bytes of a block.
pub(super) const BLOCK: usize = 4096;

/// Blocks of a group: as many as one block has bits.
pub(super) const GROUP: u32 = 8 * BLOCK as u32;

/// Inodes of a group: one for 16 KiB, as `mke2fs` has them.
pub(super) const INODES: u32 = 8192;

pub(super) const INODE: usize = 256;

/// The first inode that is not set aside.
pub(super) const FIRST_INODE: u32 = 11;

pub(super) const JOURNAL_INODE: u32 = 8;

const TABLE: u32 = INODES * INODE as u32 / BLOCK as u32;

pub(super) const DESCRIPTOR: usize = 32;

/// Groups whose descriptors fill a block.
pub(super) const DESCRIBED: u32 = (BLOCK / DESCRIPTOR) as u32;

/// The most groups: block numbers have 32 bits.
pub(super) const MOST_GROUPS: u32 = u32::MAX / GROUP;

/// What is at the beginning of a group. All numbers are of blocks of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) start: u32,
    /// The superblock, or a copy of it.
    pub(super) superblock: Option<u32>,
    /// A block of descriptors, or a copy of one.
    pub(super) descriptors: Option<u32>,
    pub(super) block_bitmap: u32,
    pub(super) inode_bitmap: u32,
    pub(super) table: u32,
    /// The first block after it.
    pub(super) end: u32,
}

impl Head {
    pub(super) fn of(group: u32) -> Self {
        let start = group * GROUP;
        let superblock = has_superblock(group).then_some(start);
        let after = start + u32::from(superblock.is_some());
        // The first, the second and the last of those that the block describes have it.
        let descriptors = matches!(group % DESCRIBED, 0 | 1 | LAST_DESCRIBED).then_some(after);
        let block_bitmap = after + u32::from(descriptors.is_some());
        let table = block_bitmap + 2;
        Self { start, superblock, descriptors, block_bitmap, inode_bitmap: block_bitmap + 1, table, end: table + TABLE }
    }

    /// How many blocks it has.
    pub(super) fn length(&self) -> u32 {
        self.end - self.start
    }
}

const LAST_DESCRIBED: u32 = DESCRIBED - 1;

/// Whether the group has a superblock: the first two, and the powers of 3, 5 and 7.
fn has_superblock(group: u32) -> bool {
    let power_of = |base: u32| {
        std::iter::successors(Some(base), |power| power.checked_mul(base))
            .take_while(|power| *power <= group)
            .any(|power| power == group)
    };
    group <= 1 || [3, 5, 7].into_iter().any(power_of)
}

/// What is counted of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) groups: u32,
    pub(super) free_blocks: u32,
    pub(super) free_inodes: u32,
}

/// Puts what is counted into a superblock.
pub(super) fn count(superblock: &mut [u8], counts: Counts) {
    let mut fields = Fields(superblock);
    let blocks = counts.groups * GROUP;
    fields.u32(0, counts.groups * INODES);
    fields.u32(4, blocks);
    // For root alone, so that a full disk can be cleaned up: a fiftieth.
    fields.u32(8, blocks / 50);
    fields.u32(12, counts.free_blocks);
    fields.u32(16, counts.free_inodes);
}

/// A superblock: <https://docs.kernel.org/filesystems/ext4/globals.html#super-block>.
pub(super) fn superblock(uuid: &[u8; 16], counts: Counts, journal: &[u8; 60], journal_size: u32) -> [u8; 1024] {
    let mut bytes = [0; 1024];
    count(&mut bytes, counts);
    let mut fields = Fields(&mut bytes);
    fields.u32(24, 2); // blocks of 4 KiB
    fields.u32(28, 2);
    fields.u32(32, GROUP);
    fields.u32(36, GROUP);
    fields.u32(40, INODES);
    fields.u16(54, u16::MAX); // checked when there is a reason, not after some mounts
    fields.u16(56, 0xef53);
    fields.u16(58, 1); // clean
    fields.u16(60, 1); // goes on after an error
    fields.u32(76, 1);
    fields.u32(84, FIRST_INODE);
    fields.u16(88, INODE as u16);
    fields.u32(92, COMPATIBLE);
    fields.u32(96, INCOMPATIBLE);
    fields.u32(100, READ_ONLY_COMPATIBLE);
    fields.bytes(104, uuid);
    fields.bytes(120, LABEL);
    fields.u32(224, JOURNAL_INODE);
    fields.bytes(236, uuid); // the seed of hashes in directories
    fields.bytes(252, &[1, 1]); // half MD4; the journal's blocks are copied below
    fields.u32(256, 0x000c); // user_xattr, acl
    fields.bytes(268, journal);
    fields.u32(332, journal_size);
    fields.u16(348, EXTRA as u16);
    fields.u16(350, EXTRA as u16);
    fields.u32(352, 1); // signed hashes
    bytes
}

/// What a file system of ours is known by.
pub(super) const LABEL: &[u8; 16] = b"cocoon-root\0\0\0\0\0";

/// Journal, extended attributes, indexed directories.
pub(super) const COMPATIBLE: u32 = 0x4 | 0x8 | 0x20;

/// File types in directories, descriptors within their groups, extents.
pub(super) const INCOMPATIBLE: u32 = 0x2 | 0x10 | 0x40;

/// Few superblocks, large files, huge files, checksums of descriptors, many directories in one, large inodes.
pub(super) const READ_ONLY_COMPATIBLE: u32 = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40;

/// Bytes of an inode beyond the first 128 that have a meaning.
pub(super) const EXTRA: usize = 32;

/// A group's descriptor: <https://docs.kernel.org/filesystems/ext4/globals.html#block-group-descriptors>.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub(super) group: u32,
    pub(super) free_blocks: u32,
    pub(super) free_inodes: u32,
    pub(super) directories: u32,
    pub(super) flags: u16,
}

impl Descriptor {
    /// The inode table is not to be read.
    pub(super) const NO_INODES: u16 = 1;
    /// The bitmap of blocks is not to be read.
    pub(super) const NO_BLOCKS: u16 = 2;
    /// The inode table is zero where nothing was written.
    pub(super) const ZEROED: u16 = 4;

    pub(super) fn encode(&self, uuid: &[u8; 16]) -> [u8; DESCRIPTOR] {
        let head = Head::of(self.group);
        let mut bytes = [0; DESCRIPTOR];
        let mut fields = Fields(&mut bytes);
        fields.u32(0, head.block_bitmap);
        fields.u32(4, head.inode_bitmap);
        fields.u32(8, head.table);
        // All are below 2^16, as a group is.
        fields.u16(12, self.free_blocks as u16);
        fields.u16(14, self.free_inodes as u16);
        fields.u16(16, self.directories as u16);
        fields.u16(18, self.flags);
        // Inodes are given out from the first, so that all that are free follow.
        fields.u16(28, self.free_inodes as u16);
        let sum = crc16(crc16(u16::MAX, uuid), &self.group.to_le_bytes());
        let sum = crc16(sum, &bytes[..30]);
        Fields(&mut bytes).u16(30, sum);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn superblocks_are_in_the_first_groups_and_in_powers() {
        let groups: Vec<u32> = (0..130).filter(|group| has_superblock(*group)).collect();
        assert_eq!(groups, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
    }

    #[test]
    fn a_head_has_what_its_group_has() {
        let first = Head::of(0);
        assert_eq!((first.superblock, first.descriptors, first.block_bitmap), (Some(0), Some(1), 2));
        let plain = Head::of(2);
        assert_eq!((plain.superblock, plain.descriptors, plain.block_bitmap), (None, None, 2 * GROUP));
        assert_eq!(Head::of(128).descriptors, Some(128 * GROUP));
        assert_eq!(Head::of(2).length(), 2 + 512);
    }
}
