//! Making a file system of ours fill a larger disk, before it was ever mounted.
//!
//! The groups that come to it are empty, and their descriptors say so: Linux and `e2fsck` do not read what is not there.
//! So a gigabyte and a terabyte more are both a handful of blocks that are written.

use std::io;

use super::encode::{read_u32, set_bits};
use super::geometry::{
    self, BLOCK, COMPATIBLE, Counts, DESCRIBED, DESCRIPTOR, Descriptor, GROUP, Head, INCOMPATIBLE, INODES, LABEL,
    MOST_GROUPS, READ_ONLY_COMPATIBLE,
};

/// A block that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Where, in bytes.
    pub offset: u64,
    /// What is written there.
    pub content: Vec<u8>,
}

/// The blocks that make a file system fill a disk of `size` bytes. None where it does already, or is none of ours, or was in
/// use since.
///
/// `read` fills a buffer from a place of the disk.
///
/// # Errors
/// What `read` says.
pub fn growth(size: u64, read: impl Fn(&mut [u8], u64) -> io::Result<()>) -> io::Result<Vec<Growth>> {
    let mut first = vec![0; BLOCK];
    read(&mut first, 0)?;
    let superblock = &first[SUPERBLOCK..SUPERBLOCK + 1024];
    let wanted = u32::try_from(size / (u64::from(GROUP) * BLOCK as u64)).unwrap_or(u32::MAX).min(MOST_GROUPS);
    let groups = read_u32(superblock, 4) / GROUP;
    if !is_ours(superblock) || groups == 0 || wanted <= groups {
        return Ok(Vec::new());
    }
    let uuid: [u8; 16] = std::array::from_fn(|at| superblock[104 + at]);
    let added = groups..wanted;
    let counts = Counts {
        groups: wanted,
        free_blocks: read_u32(superblock, 12)
            + added.clone().map(|group| GROUP - Head::of(group).length()).sum::<u32>(),
        free_inodes: read_u32(superblock, 16) + (wanted - groups) * INODES,
    };
    geometry::count(&mut first[SUPERBLOCK..], counts);
    let mut written = Vec::new();
    // The copy that repairs look at first.
    let mut copy = first[SUPERBLOCK..SUPERBLOCK + 1024].to_vec();
    copy.resize(BLOCK, 0);
    copy[90] = 1;
    written.push(block(0, first));
    written.push(block(GROUP, copy));
    for described in (groups - groups % DESCRIBED..wanted).step_by(DESCRIBED as usize) {
        let heads = [described, described + 1].map(Head::of).map(|head| head.descriptors);
        let mut content = vec![0; BLOCK];
        if let (true, Some(place)) = (described < groups, heads[0]) {
            read(&mut content, u64::from(place) * BLOCK as u64)?;
        }
        for group in described.max(groups)..wanted.min(described + DESCRIBED) {
            let at = (group - described) as usize * DESCRIPTOR;
            content[at..at + DESCRIPTOR].copy_from_slice(&descriptor(group, wanted).encode(&uuid));
        }
        let second = described + 1 < wanted;
        let places = heads.into_iter().take(1 + usize::from(second)).flatten();
        written.extend(places.map(|place| block(place, content.clone())));
    }
    // As `mke2fs` does it, the last group has a bitmap.
    let mut bitmap = vec![0; BLOCK];
    let head = Head::of(wanted - 1);
    set_bits(&mut bitmap, 0..head.length());
    written.push(block(head.block_bitmap, bitmap));
    Ok(written)
}

/// The descriptor of a group in which nothing is.
fn descriptor(group: u32, groups: u32) -> Descriptor {
    let bitmap = if group + 1 == groups { 0 } else { Descriptor::NO_BLOCKS };
    Descriptor {
        group,
        free_blocks: GROUP - Head::of(group).length(),
        free_inodes: INODES,
        directories: 0,
        flags: Descriptor::ZEROED | Descriptor::NO_INODES | bitmap,
    }
}

/// Whether [`write`](super::write) wrote it, and nobody has mounted it since.
fn is_ours(superblock: &[u8]) -> bool {
    let features = [92, 96, 100].map(|at| read_u32(superblock, at));
    superblock[56..60] == [0x53, 0xef, 1, 0]
        && superblock[120..136] == *LABEL
        && features == [COMPATIBLE, INCOMPATIBLE, READ_ONLY_COMPATIBLE]
        && read_u32(superblock, 32) == GROUP
        && read_u32(superblock, 40) == INODES
        && read_u32(superblock, 44) == 0
}

fn block(place: u32, content: Vec<u8>) -> Growth {
    Growth { offset: u64::from(place) * BLOCK as u64, content }
}

const SUPERBLOCK: usize = 1024;
