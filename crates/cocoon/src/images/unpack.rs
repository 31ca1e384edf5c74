//! Reading what is compressed, with a bound.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

use super::progress::{Item, PullStep};

/// What a file holds, unpacked where it is a gzip.
pub(crate) enum Unpacked {
    Gzip(Box<MultiGzDecoder<BufReader<Told>>>),
    Plain(BufReader<Told>),
}

impl Unpacked {
    /// Reads `file` from where it is, and tells `item` of it.
    pub(crate) fn new(mut file: File, item: Item) -> io::Result<Self> {
        use std::os::unix::fs::FileExt;
        let mut magic = [0; 2];
        let begins = file.read_at(&mut magic, 0)?;
        io::Seek::rewind(&mut file)?;
        let file = BufReader::with_capacity(64 << 10, Told { file, item });
        Ok(match begins == 2 && magic == GZIP {
            true => Self::Gzip(Box::new(MultiGzDecoder::new(file))),
            false => Self::Plain(file),
        })
    }

    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(reader) => reader.read(buffer),
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

const GZIP: [u8; 2] = [0x1f, 0x8b];
