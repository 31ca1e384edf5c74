//! The bound of a console's log: its beginning is given up, so that what a guest says does not fill this box's disk.
//!
//! The hypervisor appends to the file for as long as it runs, and nobody of ours is there then. So whatever command comes
//! by (start, stop, logs, gc) makes a hole of all but the last part. The file keeps its length, and no byte that is written
//! meanwhile is lost; only the hole takes no room.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use rustix::fs::{FallocateFlags, SeekFrom as Place, fallocate, seek};

/// What is kept at least; twice as much before anything is given up.
const KEPT: u64 = 16 << 20;

/// Gives up the beginning of a log that is too large. A log that is not there has none.
pub(crate) fn bound(path: &Path) -> io::Result<()> {
    bound_to(path, KEPT)
}

fn bound_to(path: &Path, kept: u64) -> io::Result<()> {
    let file = match File::options().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let end = file.metadata()?.len().saturating_sub(kept);
    if end < kept {
        return Ok(());
    }
    match fallocate(&file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, end) {
        // A file system without holes keeps all of it.
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        punched => Ok(punched?),
    }
}

/// Where what is kept begins.
pub(crate) fn beginning(file: &File) -> io::Result<u64> {
    match seek(file, Place::Data(0)) {
        Ok(at) => Ok(at),
        // There is nothing in it.
        Err(rustix::io::Errno::NXIO | rustix::io::Errno::INVAL) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Where the last `lines` lines begin; one that is not ended counts.
pub(crate) fn last_lines(file: &mut File, lines: u64) -> io::Result<u64> {
    let beginning = beginning(file)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    let (mut wanted, mut last) = (lines, true);
    while end > beginning {
        let begin = end.saturating_sub(BLOCK).max(beginning);
        file.seek(SeekFrom::Start(begin))?;
        let mut block = Vec::new();
        Read::by_ref(file).take(end - begin).read_to_end(&mut block)?;
        for (at, byte) in block.iter().enumerate().rev() {
            // The end of the last line begins no further one.
            if *byte == b'\n' && !std::mem::take(&mut last) {
                wanted = wanted.saturating_sub(1);
            }
            last = false;
            if wanted == 0 {
                return Ok(begin + at as u64 + 1);
            }
        }
        end = begin;
    }
    Ok(beginning)
}

const BLOCK: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn scratch(content: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("cocoon-log-{:016x}", fastrand::u64(..)));
        fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_log_gives_up_its_beginning_and_keeps_what_is_appended_meanwhile() {
        use std::io::Write;
        let path = scratch(&vec![b'a'; 1 << 20]);
        let mut hypervisor = File::options().append(true).open(&path).unwrap();
        bound_to(&path, 1 << 18).unwrap();
        hypervisor.write_all(b"the end").unwrap();
        let log = File::open(&path).unwrap();
        let metadata = log.metadata().unwrap();
        assert_eq!(metadata.len(), (1 << 20) + 7);
        assert!(metadata.blocks() * 512 < 1 << 19, "{} bytes on disk", metadata.blocks() * 512);
        assert_eq!(beginning(&log).unwrap(), (1 << 20) - (1 << 18));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_small_log_stays_and_a_missing_one_is_no_failure() {
        let path = scratch(b"short");
        bound(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short");
        fs::remove_file(&path).unwrap();
        bound(&path).unwrap();
    }

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        for (content, lines, shown) in [
            ("one\ntwo\nthree\n", 2, "two\nthree\n"),
            ("one\ntwo\nthree", 2, "two\nthree"),
            ("one\n", 5, "one\n"),
            ("one\ntwo\n", 0, ""),
            ("", 3, ""),
            ("\n\n\n", 2, "\n\n"),
        ] {
            let path = scratch(content.as_bytes());
            let at = last_lines(&mut File::open(&path).unwrap(), lines).unwrap();
            assert_eq!(&content[at as usize..], shown, "{lines} of {content:?}");
            fs::remove_file(path).unwrap();
        }
    }
}
