//! ext4, written whole and in one go from a tree: <https://docs.kernel.org/filesystems/ext4/index.html>.
//!
//! All is decided before the first byte ([`Plan`]), so that the disk is written from its beginning to its end, hashed on
//! the way, and the same for the same layers. No program is needed, nobody has to be root, and nothing is ever unpacked to
//! this box's own file system. [`growth`] makes such a file system larger by changing its first blocks alone.
//!
//! What is written: a journal, extents, checksums of group descriptors, directories without an index (Linux makes one when
//! they grow). Descriptors are in the groups that they describe (`meta_bg`), so that nothing is set aside for growth.

mod encode;
mod geometry;
mod grow;
mod inode;
mod plan;
mod write;

pub use grow::{Growth, growth};
pub(crate) use plan::Plan;
pub(crate) use write::{Contents, write};

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use cloud_types::Result;

    use super::geometry::BLOCK;
    use super::*;
    use crate::root::{Content, NodeId, Tree};
    use crate::tar::{Attributes, Entry, EntryKind};

    /// Files each block of which begins with its number.
    struct Numbered(u64);

    impl Contents for Numbered {
        fn begin(&mut self, _: NodeId, _: Content) -> Result<()> {
            self.0 = 0;
            Ok(())
        }

        fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
            buffer.fill(0);
            for block in buffer.chunks_mut(BLOCK).filter(|block| block.len() >= 8) {
                block[..8].copy_from_slice(&self.0.to_le_bytes());
                self.0 += 1;
            }
            Ok(())
        }
    }

    fn tree(files: &[(&str, u64)]) -> Tree {
        let mut tree = Tree::new();
        for (number, (path, size)) in (0..).zip(files) {
            let attributes =
                Attributes { mode: 0o4755, user: 70_000, capability: Some(vec![1; 20]), ..Attributes::default() };
            let entry = Entry { path: (*path).to_owned(), kind: EntryKind::File, size: *size, attributes };
            tree.apply(0, number, &entry).unwrap();
        }
        tree
    }

    /// A disk's file, removed when it is dropped.
    struct Disk(PathBuf);

    impl Disk {
        fn of(tree: &Tree) -> Self {
            let path = std::env::temp_dir().join(format!("cocoon-ext4-{:016x}", fastrand::u64(..)));
            let (plan, file) = (Plan::new(tree, [7; 16]).unwrap(), File::create(&path).unwrap());
            let mut at = 0;
            write(&plan, tree, &mut Numbered(0), |bytes| {
                for block in bytes.chunks(BLOCK) {
                    if *block != [0; BLOCK] {
                        file.write_all_at(block, at).unwrap();
                    }
                    at += block.len() as u64;
                }
                Ok(())
            })
            .unwrap();
            file.set_len(at).unwrap();
            assert_eq!(at, plan.size());
            Self(path)
        }

        fn grow(&self, size: u64) -> usize {
            let file = File::options().read(true).write(true).open(&self.0).unwrap();
            let blocks = growth(size, |buffer, at| file.read_exact_at(buffer, at)).unwrap();
            file.set_len(size).unwrap();
            blocks.iter().for_each(|block| file.write_all_at(&block.content, block.offset).unwrap());
            blocks.len()
        }

        /// What a program of e2fsprogs says of it; `None`, with a word, where that is missing.
        fn ask(&self, program: &str, arguments: &[&str]) -> Option<(bool, String)> {
            let path = ["/usr/sbin", "/sbin"]
                .map(|folder| Path::new(folder).join(program))
                .into_iter()
                .find(|path| path.exists());
            let Some(path) = path else {
                eprintln!("skipped: {program} is not installed (e2fsprogs)");
                return None;
            };
            let output = Command::new(path).args(arguments).arg(&self.0).output().unwrap();
            let words = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&words).into_owned()))
        }

        #[track_caller]
        fn assert_sound(&self) {
            if let Some((sound, words)) = self.ask("e2fsck", &["-f", "-n"]) {
                assert!(sound, "{words}");
            }
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn large_and_many_files_are_where_they_are_looked_for() {
        let names: Vec<String> = (0..9000).map(|number| format!("many/{number:0>60}")).collect();
        // Over six groups, which are more runs of blocks than an inode has room for.
        let mut files = vec![("large", 700 << 20)];
        files.extend(names.iter().map(|name| (name.as_str(), 10)));
        let disk = Disk::of(&tree(&files));
        disk.assert_sound();
        for block in [0_u64, 100_000, 179_199] {
            let Some((_, place)) = disk.ask("debugfs", &["-R", &format!("bmap large {block}")]) else { return };
            let place: u64 = place.lines().find_map(|line| line.trim().parse().ok()).unwrap();
            let mut found = [0; 8];
            File::open(&disk.0).unwrap().read_exact_at(&mut found, place * BLOCK as u64).unwrap();
            assert_eq!(u64::from_le_bytes(found), block);
        }
        let (_, said) = disk.ask("debugfs", &["-R", &format!("stat {}", names[8999])]).unwrap();
        for word in ["User: 70000", "Mode:  04755", "security.capability"] {
            assert!(said.contains(word), "{word}: {said}");
        }
    }

    #[test]
    fn a_file_system_grows_to_any_size_by_few_blocks() {
        for (size, most) in [(1 << 30, 5), (17 << 30, 7), (300 << 30, 50), (2 << 40, 300)] {
            let disk = Disk::of(&tree(&[("file", 5 << 20)]));
            let written = disk.grow(size);
            assert!((4..=most).contains(&written), "{written} blocks for {size}");
            if size < 1 << 40 {
                disk.assert_sound();
            }
            assert_eq!(disk.grow(size), 0, "it is as large as that");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let disk = vec![0xee; 128 << 10];
        let read = |buffer: &mut [u8], _| {
            buffer.copy_from_slice(&disk[..buffer.len()]);
            Ok(())
        };
        assert_eq!(growth(10 << 30, read).unwrap(), []);
    }
}
