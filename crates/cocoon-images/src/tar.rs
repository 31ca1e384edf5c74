//! A layer's files, read one after the other and never unpacked.
//!
//! Nothing of a layer reaches the file system by its own name or with its own links: what is wanted is asked for by name,
//! and its bytes become a blob, or part of a disk that is written whole. Long names are bounded here, which the crates for this format do not do: one of them may
//! claim gigabytes. The format: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>.

use std::io::{self, Read};

/// A tar that is being read.
pub(crate) struct Tar<R> {
    reader: R,
    /// Bytes of the present entry that are not read so far, and the padding after them.
    left: u64,
    padding: u64,
    /// Bytes that may be read in all.
    budget: u64,
}

/// An entry of a tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path without `./` and `/` at the beginning.
    pub(crate) path: String,
    pub(crate) kind: EntryKind,
    pub(crate) size: u64,
    pub(crate) attributes: Attributes,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    /// Its target, as it is said; it leads nowhere out of the layer.
    Symlink(String),
    /// The path of the file that it is another name of, without `./` and `/` at the beginning.
    HardLink(String),
    Directory,
    Device(Device),
    Fifo,
    /// A form of a file that is not read here, one with holes for instance.
    Other,
}

/// A device's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    /// Of characters; of blocks otherwise.
    pub(crate) characters: bool,
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// Whose a file is, and who may do what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Attributes {
    /// The lower twelve bits: permissions, set-user-id, set-group-id, sticky.
    pub(crate) mode: u16,
    pub(crate) user: u32,
    pub(crate) group: u32,
    /// Seconds since 1970.
    pub(crate) modified: i64,
    /// The extended attribute `security.capability`.
    pub(crate) capability: Option<Vec<u8>>,
}

/// What extended headers say of the entry that follows.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    user: Option<u32>,
    group: Option<u32>,
    modified: Option<i64>,
    capability: Option<Vec<u8>>,
    holes: bool,
}

impl<R: Read> Tar<R> {
    /// Reads a tar of at most `most` bytes.
    pub(crate) fn new(reader: R, most: u64) -> Self {
        Self { reader, left: 0, padding: 0, budget: most }
    }

    /// Whether a file that begins so is a tar.
    pub(crate) fn begins(head: &[u8]) -> bool {
        head.get(257..262).is_some_and(|magic| magic == b"ustar")
    }

    /// The next entry, whose content [`read`](Read::read) gives; `None` at the end.
    ///
    /// # Errors
    /// The outer one where reading fails; the inner one is the reason for which the layer is refused.
    pub(crate) fn next(&mut self) -> io::Result<Result<Option<Entry>, String>> {
        let mut extended = Extended::default();
        for _ in 0..MOST_EXTENSIONS {
            self.skip()?;
            let mut header = [0; BLOCK];
            if !self.fill(&mut header)? || header == [0; BLOCK] {
                return Ok(Ok(None));
            }
            let header = match Header::read(&header) {
                Ok(header) => header,
                Err(reason) => return Ok(Err(reason.to_owned())),
            };
            self.left = header.size;
            self.padding = header.size.wrapping_neg() % BLOCK as u64;
            match header.kind {
                b'x' | b'L' | b'K' => {
                    if header.size > LONGEST_EXTENSION {
                        return Ok(Err("a name in it is absurdly long".to_owned()));
                    }
                    let mut content = Vec::new();
                    self.read_to_end(&mut content)?;
                    match header.kind {
                        b'L' => extended.name = Some(text(&content)),
                        b'K' => extended.link = Some(text(&content)),
                        _ => pax(&content).into_iter().for_each(|(key, value)| extended.take(&key, value)),
                    }
                }
                // Says something of all entries; none of it is needed.
                b'g' => {}
                kind => {
                    // Only files have content; others may say a size that means something else.
                    let file = matches!(kind, b'0' | 0 | b'7' | b'S');
                    self.left = if file { extended.size.unwrap_or(header.size) } else { 0 };
                    self.padding = self.left.wrapping_neg() % BLOCK as u64;
                    return Ok(header.entry(extended, self.left).map(Some));
                }
            }
        }
        Ok(Err("it has an absurd number of extended headers".to_owned()))
    }

    /// Passes by what is left of the present entry.
    fn skip(&mut self) -> io::Result<()> {
        let (mut left, mut buffer) = (self.left.saturating_add(self.padding), [0; 16 << 10]);
        while left > 0 {
            let part = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if !self.fill(&mut buffer[..part])? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= part as u64;
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Fills the buffer; `false` where nothing at all is left.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.take(&mut buffer[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                got => filled += got,
            }
        }
        Ok(true)
    }

    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.reader.read(buffer)?;
        let over = || io::Error::new(io::ErrorKind::FileTooLarge, "it unpacks to more than is taken");
        self.budget = self.budget.checked_sub(got as u64).ok_or_else(over)?;
        Ok(got)
    }
}

impl<R: Read> Read for Tar<R> {
    /// The present entry's content.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let part = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if part == 0 {
            return Ok(0);
        }
        let got = self.take(&mut buffer[..part])?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= got as u64;
        Ok(got)
    }
}

impl Extended {
    /// Takes a record of pax: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>. Extended attributes are
    /// said as Go and GNU tar say them.
    fn take(&mut self, key: &str, value: Vec<u8>) {
        match key {
            "path" => self.name = Some(text(&value)),
            "linkpath" => self.link = Some(text(&value)),
            "size" => self.size = text(&value).parse().ok(),
            "uid" => self.user = text(&value).parse().ok(),
            "gid" => self.group = text(&value).parse().ok(),
            "mtime" => self.modified = text(&value).split('.').next().and_then(|seconds| seconds.parse().ok()),
            "SCHILY.xattr.security.capability" => self.capability = Some(value),
            key => self.holes |= key.starts_with("GNU.sparse."),
        }
    }
}

/// What a header says.
struct Header {
    name: String,
    link: String,
    size: u64,
    kind: u8,
    mode: u64,
    user: Option<u64>,
    group: Option<u64>,
    modified: Option<u64>,
    device: [Option<u64>; 2],
}

impl Header {
    fn read(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        let sum = number(&block[148..156]).ok_or("a header in it has no checksum")?;
        let found: u64 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| match at {
                148..156 => u64::from(b' '),
                _ => u64::from(*byte),
            })
            .sum();
        if sum != found {
            return Err("a header in it does not fit its checksum");
        }
        let mut name = text(&block[..100]);
        let prefix = text(&block[345..500]);
        // The older GNU form has other things there.
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            name = format!("{prefix}/{name}");
        }
        Ok(Self {
            name,
            link: text(&block[157..257]),
            size: number(&block[124..136]).ok_or("a size in it is absurd")?,
            kind: block[156],
            mode: number(&block[100..108]).ok_or("a mode in it is absurd")?,
            user: number(&block[108..116]),
            group: number(&block[116..124]),
            modified: number(&block[136..148]),
            device: [number(&block[329..337]), number(&block[337..345])],
        })
    }

    /// The entry that this header and those before it describe.
    fn entry(self, extended: Extended, size: u64) -> Result<Entry, String> {
        let absurd = |what: &str| format!("{what} in it is absurd");
        let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
        let (name, link) = (extended.name.unwrap_or(self.name), extended.link.unwrap_or(self.link));
        let path = checked(&name, &link, self.kind == b'2')?;
        let kind = match self.kind {
            _ if extended.holes => EntryKind::Other,
            b'0' | 0 | b'7' => EntryKind::File,
            b'1' => EntryKind::HardLink(plain(&link)),
            b'2' => EntryKind::Symlink(link),
            b'5' => EntryKind::Directory,
            b'3' | b'4' => {
                let [major, minor] = self.device.map(small);
                let (major, minor) = major.zip(minor).ok_or_else(|| absurd("a device's number"))?;
                EntryKind::Device(Device { characters: self.kind == b'3', major, minor })
            }
            b'6' => EntryKind::Fifo,
            _ => EntryKind::Other,
        };
        let attributes = Attributes {
            mode: (self.mode & 0o7777) as u16,
            user: extended.user.or(small(self.user)).ok_or_else(|| absurd("a user"))?,
            group: extended.group.or(small(self.group)).ok_or_else(|| absurd("a group"))?,
            // A time before 1970 is not worth a refusal.
            modified: extended.modified.or(self.modified.and_then(|time| time.try_into().ok())).unwrap_or(0),
            capability: extended.capability,
        };
        Ok(Entry { path, kind, size, attributes })
    }
}

/// Octal digits, or GNU's binary form for what they are too few for: big-endian, its highest bit set, and the next one its sign.
fn number(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xff, rest @ ..] = field {
        let add = |value: u64, byte: &u8| value.checked_mul(256)?.checked_add(u64::from(*byte));
        let value = rest.iter().try_fold(u64::from(first & 0x3f), add);
        return value.filter(|value| first & 0x40 == 0 && *value <= i64::MAX as u64);
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

/// The records of an extended header, `LENGTH KEY=VALUE`; what is none ends them.
fn pax(content: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut rest, mut records) = (content, Vec::new());
    while let Some(space) = rest.iter().take(20).position(|byte| *byte == b' ') {
        let length = text(&rest[..space]).parse::<usize>().unwrap_or(0);
        let Some(record) = rest.get(space + 1..length) else { break };
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        if let Some(at) = record.iter().position(|byte| *byte == b'=') {
            records.push((text(&record[..at]), record[at + 1..].to_vec()));
        }
        rest = &rest[length..];
    }
    records
}

/// Text up to the first zero.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// The path as it is within the layer.
///
/// # Errors
/// The reason, where it or its link leads out of the layer.
fn checked(name: &str, link: &str, symbolic: bool) -> Result<String, String> {
    let path: Vec<&str> = parts(name).collect();
    if path.contains(&"..") {
        return Err(format!("it has a file whose name leads out of it: {}", shown(name)));
    }
    // A symbolic link is read from the directory it is in, another one from the root; neither is ever followed.
    let mut depth = if symbolic && !link.starts_with('/') { path.len().saturating_sub(1) } else { 0 };
    for part in parts(link) {
        match (part, depth.checked_sub(1)) {
            ("..", None) => {
                return Err(format!("it has a link that leads out of it: {} to {}", shown(name), shown(link)));
            }
            ("..", Some(above)) => depth = above,
            _ => depth += 1,
        }
    }
    Ok(path.join("/"))
}

/// The parts of a path that say something.
pub(crate) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

/// A path from the root, without what says nothing.
fn plain(path: &str) -> String {
    parts(path).collect::<Vec<_>>().join("/")
}

/// A name that others chose, fit for a message.
pub(crate) fn shown(name: &str) -> String {
    format!("{:?}", name.chars().take(100).collect::<String>())
}

const BLOCK: usize = 512;
const LONGEST_EXTENSION: u64 = 64 << 10;
const MOST_EXTENSIONS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An entry as tools write it.
    fn entry(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = kind;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend(content);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn all(tar: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, String> {
        let (mut tar, mut entries) = (Tar::new(tar, 1 << 20), Vec::new());
        while let Some(entry) = tar.next().map_err(|error| error.to_string())?? {
            let mut content = Vec::new();
            tar.read_to_end(&mut content).map_err(|error| error.to_string())?;
            entries.push((entry, content));
        }
        Ok(entries)
    }

    #[test]
    fn a_number_has_two_forms_in_a_field_of_any_width() {
        assert_eq!((number(b"0000644\0"), number(b"        ")), (Some(0o644), Some(0)));
        let wide = [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1];
        assert_eq!(number(&wide), Some((2 << 32) + 1));
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 1, 0, 0]), Some(1 << 16));
        assert_eq!((number(&[0xff; 8]), number(&[0x81; 12]), number(b"0000689\0")), (None, None, None));
    }

    #[test]
    fn files_are_read_by_their_names_long_ones_too() {
        let long = format!("disk/{}.img", "x".repeat(200));
        let record = format!("path={long}\n");
        let pax = format!("{} {record}", record.len() + 4);
        let tar = [
            entry("./disk/", b'5', "", b""),
            entry("./disk/a.img", b'0', "", &[1; 700]),
            entry("long", b'x', "", pax.as_bytes()),
            entry("cut", b'0', "", b"pax"),
            entry("long", b'L', "", format!("{long}\0").as_bytes()),
            entry("cut", b'0', "", b"gnu"),
        ];
        let entries = all(&tar.concat()).unwrap();
        let paths: Vec<&str> = entries.iter().map(|(entry, _)| entry.path.as_str()).collect();
        assert_eq!(paths, ["disk", "disk/a.img", &long, &long]);
        assert_eq!([&entries[1].1, &entries[2].1, &entries[3].1], [&vec![1; 700], &b"pax".to_vec(), &b"gnu".to_vec()]);
    }

    #[test]
    fn a_name_or_link_that_leads_out_is_refused_with_the_reason() {
        for hostile in [
            entry("../../etc/passwd", b'0', "", b"x"),
            entry("disk/../../x", b'0', "", b"x"),
            entry("disk", b'2', "../etc", b""),
            entry("a/b", b'2', "x/../../../etc", b""),
            entry("disk/a.img", b'1', "../a", b""),
        ] {
            let reason = all(&hostile).unwrap_err();
            assert!(reason.contains("leads out of it"), "{reason}");
        }
        all(&entry("usr/bin/sh", b'2', "../../bin/sh", b"")).unwrap();
    }

    #[test]
    fn what_is_cut_absurd_or_endless_is_refused() {
        let whole = entry("disk/a.img", b'0', "", &[1; 700]);
        all(&whole[..600]).unwrap_err();
        all(&whole[..1100]).unwrap_err();
        all(&[&[b'x'; 100][..], &whole].concat()).unwrap_err();
        assert!(all(&entry("x", b'x', "", &vec![b'9'; 70 << 10])).unwrap_err().contains("absurdly long"));
        assert!(all(&entry("x", b'g', "", b"").repeat(20)).unwrap_err().contains("absurd number"));
        assert!(all(&entry("x", b'0', "", &vec![0; 2 << 20])).unwrap_err().contains("more than is taken"));
    }

    proptest! {
        #[test]
        fn any_change_of_a_tar_is_read_without_a_panic(at in 0_usize..1024, byte: u8, content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut tar = [entry("long", b'x', "", &content), entry("disk/a.img", b'0', "", &[1; 300])].concat();
            let at = at % tar.len();
            tar[at] = byte;
            let _ = all(&tar);
            let _ = pax(&content);
        }
    }
}
