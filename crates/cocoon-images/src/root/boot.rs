//! The kernel of a root file system, by the places in which distributions keep theirs.

use std::cmp::Ordering;

use super::tree::{Follow, NodeId, NodeKind, Tree};

/// What a root file system is booted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) kernel: NodeId,
    pub(crate) initrd: Option<NodeId>,
    /// The file `boot/cmdline`.
    pub(crate) command_line: Option<NodeId>,
}

impl Kernel {
    /// Finds the kernel: the one that `/boot/vmlinuz` or `/vmlinuz` is or leads to, else the newest one.
    pub(crate) fn find(tree: &Tree) -> Option<Self> {
        let versions = versions(tree);
        let linked = ["boot/vmlinuz", "vmlinuz"].into_iter().find_map(|path| file(tree, path));
        let newest = || versions.iter().max_by(|one, other| natural(&one.0, &other.0)).map(|(_, node)| *node);
        let kernel = linked.or_else(newest)?;
        let version = versions.iter().find(|(_, node)| *node == kernel).map(|(version, _)| version);
        let of_version = version.iter().flat_map(|version| {
            [
                format!("boot/initrd.img-{version}"),
                format!("boot/initrd-{version}"),
                format!("boot/initramfs-{version}.img"),
                format!("boot/initramfs-{version}"),
                format!("usr/lib/modules/{version}/initramfs.img"),
            ]
        });
        // The link of a kernel that was linked to; of another one it could be any version's.
        let linked = ["boot/initrd.img", "boot/initrd", "boot/initramfs.img", "initrd.img"].map(str::to_owned);
        let linked = linked.into_iter().filter(|_| version.is_none() || versions.len() == 1);
        Some(Self {
            kernel,
            initrd: of_version.chain(linked).find_map(|path| file(tree, &path)),
            command_line: file(tree, "boot/cmdline"),
        })
    }
}

/// The kernels that are called by their version, with it.
fn versions(tree: &Tree) -> Vec<(String, NodeId)> {
    let names = |path| tree.find(path, Follow::All).into_iter().flat_map(|directory| tree.names(directory));
    let in_boot =
        names("boot").filter_map(|(name, _)| Some((name, format!("boot/{name}"), name.strip_prefix("vmlinuz-")?)));
    let in_boot = in_boot.map(|(_, path, version)| (path, version));
    // Where Fedora's packages have it, before a script copies it.
    let in_modules = names("usr/lib/modules").map(|(name, _)| (format!("usr/lib/modules/{name}/vmlinuz"), name));
    in_boot.chain(in_modules).filter_map(|(path, version)| Some((version.to_owned(), file(tree, &path)?))).collect()
}

/// The file of a path, where it is one with something in it.
fn file(tree: &Tree, path: &str) -> Option<NodeId> {
    let node = tree.find(path, Follow::All)?;
    matches!(tree.node(node).kind, NodeKind::File(content) if content.size > 0).then_some(node)
}

/// Compares versions: runs of digits by their value, all else by its letters.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one, other);
    while let (Some(first), Some(second)) = (one.chars().next(), other.chars().next()) {
        let digits = |text: &str| text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (at, beside) = match (digits(one), digits(other)) {
            (0, _) | (_, 0) => (first.len_utf8(), second.len_utf8()),
            both => both,
        };
        let ((left, after), (right, beyond)) = (one.split_at(at), other.split_at(beside));
        let numbers = left.parse::<u64>().ok().zip(right.parse::<u64>().ok());
        let order = numbers.map_or_else(|| left.cmp(right), |(left, right)| left.cmp(&right));
        if order != Ordering::Equal {
            return order;
        }
        (one, other) = (after, beyond);
    }
    one.len().cmp(&other.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::{Attributes, Entry, EntryKind};

    fn tree(paths: &[&str]) -> Tree {
        let mut tree = Tree::new();
        for path in paths {
            let (path, kind) = match path.split_once(" -> ") {
                Some((path, target)) => (path, EntryKind::Symlink(target.to_owned())),
                None => (*path, EntryKind::File),
            };
            let entry = Entry { path: path.to_owned(), kind, size: 1, attributes: Attributes::default() };
            tree.apply(0, 0, &entry).unwrap();
        }
        tree
    }

    #[track_caller]
    fn boots(paths: &[&str], kernel: &str, initrd: Option<&str>) {
        let tree = tree(paths);
        let found = Kernel::find(&tree).unwrap();
        assert_eq!(Some(found.kernel), file(&tree, kernel), "{paths:?}");
        assert_eq!(found.initrd, initrd.map(|path| file(&tree, path).unwrap()), "{paths:?}");
    }

    #[test]
    fn kernels_are_found_where_distributions_have_them() {
        let debian = [
            "boot/vmlinuz-6.1.0-9-amd64",
            "boot/initrd.img-6.1.0-9-amd64",
            "boot/vmlinuz-6.1.0-18-amd64",
            "boot/initrd.img-6.1.0-18-amd64",
        ];
        boots(&debian, debian[2], Some(debian[3]));
        let linked =
            [&debian[..], &["vmlinuz -> boot/vmlinuz-6.1.0-9-amd64", "initrd.img -> boot/initrd.img-6.1.0-9-amd64"]];
        boots(&linked.concat(), debian[0], Some(debian[1]));
        boots(&["boot/vmlinuz-virt", "boot/initramfs-virt"], "boot/vmlinuz-virt", Some("boot/initramfs-virt"));
        boots(
            &["boot/vmlinuz-linux", "boot/initramfs-linux.img"],
            "boot/vmlinuz-linux",
            Some("boot/initramfs-linux.img"),
        );
        boots(
            &["lib -> usr/lib", "lib/modules/6.9/vmlinuz", "boot/initramfs-6.9.img"],
            "usr/lib/modules/6.9/vmlinuz",
            Some("boot/initramfs-6.9.img"),
        );
        boots(&["boot/vmlinuz", "boot/initrd.img"], "boot/vmlinuz", Some("boot/initrd.img"));
        boots(&["boot/vmlinuz-6.1", "boot/initrd.img-5.10"], "boot/vmlinuz-6.1", None);
        assert_eq!(Kernel::find(&tree(&["bin/sh", "boot/grub/x", "vmlinuz -> boot/missing"])), None);
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (older, newer) in [
            ("6.9", "6.10"),
            ("5.10-cloud", "6.1-cloud"),
            ("6.1.0-9", "6.1.0-18"),
            ("6.1", "6.1.1"),
            ("0-rescue", "6.1"),
        ] {
            assert_eq!(
                (natural(older, newer), natural(newer, older)),
                (Ordering::Less, Ordering::Greater),
                "{older} {newer}"
            );
        }
        assert_eq!(natural("6.1", "6.1"), Ordering::Equal);
    }
}
