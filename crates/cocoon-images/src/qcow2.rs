//! The header of a qcow2, read by ourselves before QEMU opens the file.
//!
//! A qcow2 can name other files that it lies over or keeps its data in: a guest would read those of this box through it.
//! The format: <https://www.qemu.org/docs/master/interop/qcow2.html>.

use std::io;

/// A qcow2 that leads nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Qcow2 {
    /// Bytes of the disk.
    pub(crate) size: u64,
    cluster_bits: u32,
    first_table: u64,
    deflate: bool,
    extended: bool,
}

/// What is read of a file to tell what it is.
pub(crate) const HEAD: usize = 64 << 10;

/// What a qcow2 begins with.
const MAGIC: &[u8] = b"QFI\xfb";

impl Qcow2 {
    /// Whether a file that begins so is a qcow2.
    pub(crate) fn begins(head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    /// Judges a file's beginning, which is [`HEAD`] bytes or all of it; `length` is the file's, `most` that of the disk.
    ///
    /// # Errors
    /// The reason for which it is refused, to be read after "it".
    pub(crate) fn read(head: &[u8], length: u64, most: u64) -> Result<Self, &'static str> {
        let version = short(head, 4)?;
        if !(2..=3).contains(&version) {
            return Err("is a qcow2 of a version other than 2 and 3");
        }
        if long(head, 8)? != 0 || short(head, 16)? != 0 {
            return Err("has a backing file: flatten it with `qemu-img convert -O qcow2`");
        }
        let cluster_bits = short(head, 20)?;
        if !(9..=21).contains(&cluster_bits) {
            return Err("has clusters of an absurd size");
        }
        let size = long(head, 24)?;
        if size == 0 || size > most {
            return Err("has a disk of no size, or of more than is taken");
        }
        if short(head, 32)? != 0 {
            return Err("is encrypted");
        }
        let (entries, first_table) = (u64::from(short(head, 36)?), long(head, 40)?);
        // A table of the second level covers a cluster's worth of entries, each a cluster.
        let needed = size.div_ceil(1 << (2 * cluster_bits - 3));
        if entries < needed || entries > LARGEST_TABLE / 8 || !inside(first_table, entries * 8, cluster_bits, length) {
            return Err("has a first table that does not fit its disk, or is not within the file");
        }
        let counts = (long(head, 48)?, u64::from(short(head, 56)?));
        if counts.1 == 0
            || counts.1 > LARGEST_TABLE
            || !inside(counts.0, counts.1 << cluster_bits, cluster_bits, length)
        {
            return Err("has a table of reference counts that is not within the file");
        }
        if short(head, 60)? > MOST_SNAPSHOTS {
            return Err("has an absurd number of snapshots");
        }
        let mut header = Self { size, cluster_bits, first_table, deflate: true, extended: false };
        let extensions = if version == 3 { header.read_third(head)? } else { 72 };
        no_data_file(head, extensions, 1 << cluster_bits)?;
        Ok(header)
    }

    /// Reads what version 3 has more; answers where the extensions begin.
    fn read_third(&mut self, head: &[u8]) -> Result<usize, &'static str> {
        let incompatible = long(head, 72)?;
        if incompatible & EXTERNAL_DATA != 0 {
            return Err(ELSEWHERE);
        }
        if incompatible & CORRUPT != 0 {
            return Err("is marked as corrupt: `qemu-img check -r all` may mend it");
        }
        if incompatible & DIRTY != 0 {
            return Err("was not closed properly: `qemu-img check -r all` mends it");
        }
        if incompatible & !(COMPRESSION | EXTENDED) != 0 {
            return Err("needs features that are not known");
        }
        if short(head, 96)? > 6 {
            return Err("has reference counts of an absurd width");
        }
        let length = short(head, 100)?;
        if length < 104 || !length.is_multiple_of(8) || length > 1 << self.cluster_bits || length as usize > HEAD {
            return Err("has a header of an absurd length");
        }
        if incompatible & COMPRESSION != 0 {
            self.deflate = length > 104 && *head.get(104).ok_or(CUT)? == 0;
        }
        self.extended = incompatible & EXTENDED != 0;
        Ok(length as usize)
    }

    /// The disk's beginning, as far as `buffer` goes, by `read_at` from the file. `None` where it is kept in a way that is
    /// not read here.
    pub(crate) fn beginning(
        &self,
        length: usize,
        mut read_at: impl FnMut(u64, &mut [u8]) -> io::Result<()>,
    ) -> io::Result<Option<Vec<u8>>> {
        let cluster = 1_usize << self.cluster_bits;
        let mut disk = Vec::new();
        if self.extended || length > cluster * (cluster / 8) {
            return Ok(None);
        }
        let mut number = |at: u64| -> io::Result<u64> {
            let mut bytes = [0; 8];
            read_at(at, &mut bytes)?;
            Ok(u64::from_be_bytes(bytes))
        };
        let table = number(self.first_table)? & OFFSET;
        let mut entries = vec![0; length.div_ceil(cluster)];
        if table != 0 {
            for (index, entry) in entries.iter_mut().enumerate() {
                *entry = number(table + 8 * index as u64)?;
            }
        }
        for entry in entries {
            let mut content = vec![0; cluster];
            if entry & COMPRESSED != 0 {
                let bits = 62 - (self.cluster_bits - 8);
                let at = entry & ((1 << bits) - 1);
                let sectors = ((entry & !(0b11 << 62)) >> bits) + 1;
                let packed_length = (sectors * 512 - at % 512) as usize;
                if !self.deflate || packed_length > 2 * cluster {
                    return Ok(None);
                }
                let mut packed = vec![0; packed_length];
                read_at(at, &mut packed)?;
                // Its end is not told to the byte; that the cluster is full tells it.
                let mut unpack = flate2::Decompress::new(false);
                let done = unpack.decompress(&packed, &mut content, flate2::FlushDecompress::Finish);
                if done.is_err() || unpack.total_out() != cluster as u64 {
                    return Ok(None);
                }
            } else if entry & OFFSET != 0 && entry & ZERO == 0 {
                read_at(entry & OFFSET, &mut content)?;
            }
            disk.extend(content);
        }
        disk.truncate(length);
        Ok(Some(disk))
    }
}

/// Looks through the header's extensions for the name of a file.
fn no_data_file(head: &[u8], mut at: usize, end: usize) -> Result<(), &'static str> {
    for _ in 0..MOST_EXTENSIONS {
        // An image of one cluster may end with its header.
        if at + 8 > end.min(head.len()) {
            return Ok(());
        }
        let (kind, length) = (short(head, at)?, short(head, at + 4)? as usize);
        match kind {
            END => return Ok(()),
            DATA_FILE => return Err(ELSEWHERE),
            BACKING_FORMAT => return Err("names the format of a backing file: flatten it with `qemu-img convert`"),
            _ => at += 8 + length.next_multiple_of(8),
        }
    }
    Err("has an absurd number of extensions")
}

/// Whether a table is where it may be.
fn inside(at: u64, length: u64, cluster_bits: u32, file: u64) -> bool {
    at != 0 && at.is_multiple_of(1 << cluster_bits) && at.checked_add(length).is_some_and(|end| end <= file)
}

fn short(head: &[u8], at: usize) -> Result<u32, &'static str> {
    head.get(at..).and_then(|rest| rest.first_chunk()).map(|bytes| u32::from_be_bytes(*bytes)).ok_or(CUT)
}

fn long(head: &[u8], at: usize) -> Result<u64, &'static str> {
    head.get(at..).and_then(|rest| rest.first_chunk()).map(|bytes| u64::from_be_bytes(*bytes)).ok_or(CUT)
}

const CUT: &str = "has a header that is cut off";
const ELSEWHERE: &str = "has its data in another file: flatten it with `qemu-img convert -O qcow2`";

/// QEMU's own bound of its tables: <https://gitlab.com/qemu-project/qemu/-/blob/master/block/qcow2.h>.
const LARGEST_TABLE: u64 = 32 << 20;
const MOST_SNAPSHOTS: u32 = 1 << 16;
const MOST_EXTENSIONS: usize = 64;

const DIRTY: u64 = 1 << 0;
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED: u64 = 1 << 4;

const END: u32 = 0;
const DATA_FILE: u32 = 0x4441_5441;
const BACKING_FORMAT: u32 = 0xe279_2aca;

const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const COMPRESSED: u64 = 1 << 62;
const ZERO: u64 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The header of a sound qcow2 of 1 GiB in a file of 1 MiB, with one field set to another value.
    fn header(at: usize, field: &[u8]) -> Vec<u8> {
        let mut head = vec![0; 1 << 16];
        let mut set = |at: usize, field: &[u8]| head[at..at + field.len()].copy_from_slice(field);
        set(0, b"QFI\xfb\0\0\0\x03");
        set(20, &16_u32.to_be_bytes());
        set(24, &(1_u64 << 30).to_be_bytes());
        set(36, &2_u32.to_be_bytes());
        set(40, &(3_u64 << 16).to_be_bytes());
        set(48, &(1_u64 << 16).to_be_bytes());
        set(56, &1_u32.to_be_bytes());
        set(96, &4_u32.to_be_bytes());
        set(100, &104_u32.to_be_bytes());
        set(at, field);
        head
    }

    fn judged(head: &[u8]) -> Result<u64, &'static str> {
        assert!(Qcow2::begins(head));
        Qcow2::read(head, 1 << 20, 64 << 40).map(|header| header.size)
    }

    #[test]
    fn the_size_of_a_sound_qcow2_is_read() {
        assert_eq!(judged(&header(0, MAGIC)), Ok(1 << 30));
        assert!(!Qcow2::begins(b"\x7fELF"));
    }

    #[test]
    fn a_qcow2_that_leads_elsewhere_or_is_absurd_is_refused_with_the_reason() {
        let data_file = [DATA_FILE.to_be_bytes(), 8_u32.to_be_bytes()].concat();
        let backing = [BACKING_FORMAT.to_be_bytes(), 8_u32.to_be_bytes()].concat();
        let rows: &[(usize, &[u8], &str)] = &[
            (8, &512_u64.to_be_bytes(), "backing"),
            (16, &9_u32.to_be_bytes(), "backing"),
            (104, &backing, "backing"),
            (72, &EXTERNAL_DATA.to_be_bytes(), "another file"),
            (104, &data_file, "another file"),
            (72, &CORRUPT.to_be_bytes(), "corrupt"),
            (72, &DIRTY.to_be_bytes(), "closed properly"),
            (72, &(1_u64 << 40).to_be_bytes(), "features"),
            (4, &9_u32.to_be_bytes(), "version"),
            (20, &40_u32.to_be_bytes(), "clusters"),
            (20, &0_u32.to_be_bytes(), "clusters"),
            (24, &0_u64.to_be_bytes(), "size"),
            (24, &u64::MAX.to_be_bytes(), "size"),
            (24, &(1_u64 << 40).to_be_bytes(), "first table"),
            (36, &u32::MAX.to_be_bytes(), "first table"),
            (40, &(1_u64 << 50).to_be_bytes(), "first table"),
            (40, &(u64::MAX << 16).to_be_bytes(), "first table"),
            (48, &7_u64.to_be_bytes(), "reference counts"),
            (56, &u32::MAX.to_be_bytes(), "reference counts"),
            (60, &u32::MAX.to_be_bytes(), "snapshots"),
            (32, &1_u32.to_be_bytes(), "encrypted"),
            (96, &7_u32.to_be_bytes(), "width"),
            (100, &u32::MAX.to_be_bytes(), "length"),
        ];
        for (at, field, word) in rows {
            let reason = judged(&header(*at, field)).expect_err(word);
            assert!(reason.contains(word), "{word}: {reason}");
        }
    }

    #[test]
    fn a_header_that_is_cut_anywhere_is_refused() {
        let whole = header(0, MAGIC);
        for length in 4..104 {
            judged(&whole[..length]).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn any_header_is_judged_without_a_panic(at in 4_usize..200, field in proptest::collection::vec(any::<u8>(), 1..16)) {
            let _ = judged(&header(at, &field));
        }

        #[test]
        fn any_tables_are_read_without_a_panic(entries in proptest::collection::vec(any::<u64>(), 8)) {
            let header = Qcow2 { size: 1 << 30, cluster_bits: 9, first_table: 0, deflate: true, extended: false };
            let _ = header.beginning(4096, |at, buffer| {
                let bytes = entries[(at / 8) as usize % 8].to_be_bytes();
                buffer.iter_mut().zip(bytes.iter().cycle()).for_each(|(to, from)| *to = *from);
                Ok(())
            });
        }
    }
}
