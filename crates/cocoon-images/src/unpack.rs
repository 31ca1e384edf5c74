//! Reading what is compressed, with a bound.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use crate::progress::{Item, PullStep};
use crate::zstd::Zstd;

/// What a file holds, unpacked where it is a gzip or zstd. How much that is, is for the reader to bound.
pub(crate) enum Unpacked {
    Gzip(Box<MultiGzDecoder<BufReader<Told>>>),
    Zstd(Box<Zstd<BufReader<Told>>>),
    Plain(BufReader<Told>),
}

impl Unpacked {
    /// Reads `file` from where it is, and tells `item` of it.
    pub(crate) fn new(mut file: File, item: Item) -> io::Result<Self> {
        use std::os::unix::fs::FileExt;
        let mut magic = [0; 4];
        let begins = file.read_at(&mut magic, 0)?;
        io::Seek::rewind(&mut file)?;
        let file = BufReader::with_capacity(64 << 10, Told { file, item });
        Ok(match &magic[..begins] {
            [0x1f, 0x8b, ..] => Self::Gzip(Box::new(MultiGzDecoder::new(file))),
            // A frame, or one that holds a note.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Self::Zstd(Box::new(Zstd::new(file))),
            _ => Self::Plain(file),
        })
    }

    /// Whether what is read is another thing than what the file holds.
    pub(crate) fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(reader) => reader.read(buffer),
            Self::Zstd(reader) => reader.read(buffer),
            Self::Plain(reader) => reader.read(buffer),
        }
    }
}

/// A file, of whose reading is told.
pub(crate) struct Told {
    file: File,
    item: Item,
}

impl Read for Told {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read(buffer)?;
        if got > 0 {
            self.item.tell(PullStep::Advanced(got as u64));
        }
        Ok(got)
    }
}
