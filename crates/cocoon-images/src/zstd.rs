//! zstd: <https://www.rfc-editor.org/rfc/rfc8878>. The memory that a frame may ask for is bounded, and each is held to its checksum.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Unpacks frames, one after the other as tools write them that work in parallel; passes by those that hold notes.
pub(crate) struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    within: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(crate) fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self { source, decoder, within: false }
    }

    /// Begins the next frame; `false` where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                begun => return begun.map(|()| true).map_err(|error| broken(&error)),
            }
        }
        Ok(false)
    }

    fn end(&mut self) -> io::Result<()> {
        self.within = false;
        let said = self.decoder.get_checksum_from_data();
        match said.is_none_or(|said| self.decoder.get_calculated_checksum() == Some(said)) {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of zstd does not fit its checksum")),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.within {
                self.within = self.begin()?;
                if !self.within {
                    return Ok(0);
                }
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let decoded = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1));
                decoded.map_err(|error| broken(&error))?;
            }
            if self.decoder.can_collect() > 0 || buffer.is_empty() {
                return self.decoder.read(buffer);
            }
            self.end()?;
        }
    }
}

fn broken(error: &FrameDecoderError) -> io::Error {
    let kind = match error {
        FrameDecoderError::WindowSizeTooBig { .. } => io::ErrorKind::FileTooLarge,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, format!("zstd: {error}"))
}

/// What `zstd` itself takes without a word: <https://github.com/facebook/zstd/blob/dev/programs/zstd.1.md>.
const LARGEST_WINDOW: u64 = 128 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames in the form that needs no packing: raw blocks, and blocks of one byte repeated.
    fn frame(blocks: &[(bool, &[u8], u32)]) -> Vec<u8> {
        // No checksum, no size, a window of 1 MiB.
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
        for (at, (repeated, content, length)) in blocks.iter().enumerate() {
            let last = u32::from(at + 1 == blocks.len());
            let header = last | u32::from(*repeated) << 1 | length << 3;
            frame.extend_from_slice(&header.to_le_bytes()[..3]);
            frame.extend_from_slice(content);
        }
        frame
    }

    fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Zstd::new(bytes).read_to_end(&mut content).map(|_| content)
    }

    #[test]
    fn frames_and_notes_between_them_are_read_to_their_end() {
        let note = [&0x184d_2a50_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"note"].concat();
        let one = frame(&[(false, b"abc", 3), (true, b"x", 5)]);
        let all = [note.clone(), one.clone(), note.clone(), one, note].concat();
        assert_eq!(unpack(&all).unwrap(), b"abcxxxxxabcxxxxx");
        unpack(&all[..all.len() - 1]).unwrap_err();
    }

    #[test]
    fn what_zstd_itself_packed_is_unpacked_and_held_to_its_checksum() {
        // `printf 'cocoon cocoon cocoon cocoon' | zstd -c`
        let mut packed = PACKED.to_vec();
        assert_eq!(unpack(&packed).unwrap(), b"cocoon cocoon cocoon cocoon");
        *packed.last_mut().unwrap() ^= 1;
        assert!(unpack(&packed).unwrap_err().to_string().contains("checksum"));
    }

    #[test]
    fn a_frame_that_asks_for_absurd_memory_is_refused() {
        let mut hostile = frame(&[(false, b"abc", 3)]);
        hostile[5] = 0xf0;
        assert_eq!(unpack(&hostile).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    proptest! {
        #[test]
        fn any_change_is_read_without_a_panic(at in 0_usize..64, byte: u8) {
            let mut packed = PACKED.to_vec();
            let at = at % packed.len();
            packed[at] = byte;
            let _ = unpack(&packed);
        }
    }

    const PACKED: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x6d, 0x00, 0x00, 0x38, 0x63, 0x6f, 0x63, 0x6f, 0x6f, 0x6e, 0x20, 0x01,
        0x00, 0xa2, 0x8b, 0x11, 0xce, 0x49, 0x0b, 0x49,
    ];
}
