//! What a disk's first sectors tell of how it boots.
//!
//! The tables: <https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html>.

/// Who could boot a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// UEFI: the disk has an EFI system partition.
    Uefi,
    /// A PC's old firmware: the disk has partitions, and none of them is for UEFI.
    Bios,
    /// None: the disk has no partitions.
    Nothing,
}

/// What is read of a disk: its tables, as all tools write them.
pub(crate) const TABLES: usize = 34 * SECTOR;

/// Judges a disk's beginning, which is [`TABLES`] bytes or all of it.
pub(crate) fn firmware(disk: &[u8]) -> Firmware {
    let Some(entries) = old_table(disk) else { return Firmware::Nothing };
    if entries.contains(&EFI_SYSTEM) || (entries.contains(&PROTECTIVE) && has_system_partition(disk)) {
        Firmware::Uefi
    } else {
        Firmware::Bios
    }
}

/// The kinds of the partitions in the old table; `None` where there is none. A file system may have the same signature, but
/// then what stands for the partitions is none.
fn old_table(disk: &[u8]) -> Option<[u8; 4]> {
    let sector = disk.get(..SECTOR)?;
    if sector[510..] != [0x55, 0xaa] {
        return None;
    }
    let entry = |number: usize| &sector[446 + 16 * number..][..16];
    let kinds: [u8; 4] = std::array::from_fn(|number| entry(number)[4]);
    let sound = (0..4).all(|number| matches!(entry(number)[0], 0 | 0x80));
    (sound && kinds.iter().any(|kind| *kind != 0)).then_some(kinds)
}

/// Whether the newer table has an EFI system partition.
fn has_system_partition(disk: &[u8]) -> bool {
    let Some(header) = disk.get(SECTOR..2 * SECTOR) else { return false };
    let number = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
    let (start, count, size) = (number(72), number(80), number(84));
    if !header.starts_with(b"EFI PART") || !(128..=4096).contains(&size) || start >= TABLES / SECTOR {
        return false;
    }
    let table = disk.get(start * SECTOR..).unwrap_or_default();
    table.chunks_exact(size).take(count).any(|entry| entry.starts_with(&SYSTEM_PARTITION))
}

const SECTOR: usize = 512;
const EFI_SYSTEM: u8 = 0xef;
const PROTECTIVE: u8 = 0xee;

/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it is written on a disk.
const SYSTEM_PARTITION: [u8; 16] =
    [0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b];

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn old(kind: u8) -> Vec<u8> {
        let mut disk = vec![0; TABLES];
        disk[446 + 4] = kind;
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        disk
    }

    fn new(partition: [u8; 16]) -> Vec<u8> {
        let mut disk = old(PROTECTIVE);
        disk[SECTOR..][..8].copy_from_slice(b"EFI PART");
        disk[SECTOR + 72] = 2;
        disk[SECTOR + 80] = 128;
        disk[SECTOR + 84] = 128;
        // The second entry: a disk may have others before it.
        disk[2 * SECTOR + 128..][..16].copy_from_slice(&partition);
        disk
    }

    #[test]
    fn a_disk_with_an_efi_system_partition_boots_by_uefi() {
        assert_eq!(firmware(&new(SYSTEM_PARTITION)), Firmware::Uefi);
        assert_eq!(firmware(&old(EFI_SYSTEM)), Firmware::Uefi);
    }

    #[test]
    fn a_disk_with_other_partitions_boots_by_a_pcs_old_firmware() {
        assert_eq!(firmware(&old(0x83)), Firmware::Bios);
        assert_eq!(firmware(&new([7; 16])), Firmware::Bios);
    }

    #[test]
    fn a_disk_without_partitions_boots_by_nothing() {
        assert_eq!(firmware(&[0; TABLES]), Firmware::Nothing);
        assert_eq!(firmware(b"short"), Firmware::Nothing);
        let mut file_system = old(0);
        file_system[446] = b'x';
        assert_eq!(firmware(&file_system), Firmware::Nothing);
    }

    proptest! {
        #[test]
        fn any_table_is_judged_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 96)) {
            let mut disk = old(PROTECTIVE);
            disk[SECTOR..][..8].copy_from_slice(b"EFI PART");
            disk[SECTOR + 16..][..96].copy_from_slice(&bytes);
            let _ = firmware(&disk);
        }
    }
}
