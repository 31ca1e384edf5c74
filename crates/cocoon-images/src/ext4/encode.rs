//! Numbers in blocks.

/// Bytes in which numbers are put, the least significant byte first.
pub(super) struct Fields<'a>(pub(super) &'a mut [u8]);

impl Fields<'_> {
    pub(super) fn bytes(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn u16(&mut self, at: usize, number: u16) {
        self.bytes(at, &number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, at: usize, number: u32) {
        self.bytes(at, &number.to_le_bytes());
    }
}

/// The number at a place, which is within the bytes.
pub(super) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |number| u32::from_le_bytes(*number))
}

/// Sets the bits of a range in a bitmap.
pub(super) fn set_bits(bitmap: &mut [u8], range: std::ops::Range<u32>) {
    for bit in range {
        bitmap[bit as usize / 8] |= 1 << (bit % 8);
    }
}

/// CRC-16 with the polynomial 0x8005, as descriptors have it.
pub(super) fn crc16(start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xa001 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_that_is_known() {
        assert_eq!(crc16(0, b"123456789"), 0xbb3d);
        assert_eq!(crc16(0xffff, b"123456789"), 0x4b37);
    }

    #[test]
    fn bits_are_counted_from_the_lowest() {
        let mut bitmap = [0; 3];
        set_bits(&mut bitmap, 1..10);
        assert_eq!(bitmap, [0xfe, 0x03, 0]);
    }
}
