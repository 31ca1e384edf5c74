//! A root file system as its layers leave it: each is laid over those before it, in memory alone.
//!
//! Only names, attributes and sizes are here; what the files hold stays in the layers. Symbolic links are followed within
//! the tree, where no file of this box is. The rules: <https://github.com/opencontainers/image-spec/blob/main/layer.md>.

use std::collections::{BTreeMap, VecDeque};

use crate::tar::{Attributes, Device, Entry, EntryKind, parts, shown};

/// A tree of files. The first node is its root.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// A file, whatever its names are.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) attributes: Attributes,
    pub(crate) kind: NodeKind,
}

/// A node's place in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) usize);

/// What a node is.
#[derive(Debug)]
pub(crate) enum NodeKind {
    Directory(BTreeMap<String, Name>),
    File(Content),
    Symlink(String),
    Device(Device),
    Fifo,
}

/// A name in a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    pub(crate) node: NodeId,
    /// The layer that has it, or something below it: an earlier layer's is hidden by a whiteout.
    layer: u32,
}

/// Where a file's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    /// The layer's number, from the lowest.
    pub(crate) layer: u32,
    /// The entry's number in it.
    pub(crate) entry: u32,
    pub(crate) size: u64,
}

impl Tree {
    /// An empty root directory.
    pub(crate) fn new() -> Self {
        let mut tree = Self { nodes: Vec::new() };
        tree.add(directory());
        tree
    }

    pub(crate) const ROOT: NodeId = NodeId(0);

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// How many nodes there were ever.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The names in a directory; none in what is no directory.
    pub(crate) fn names(&self, id: NodeId) -> impl Iterator<Item = (&str, NodeId)> {
        let names = match &self.node(id).kind {
            NodeKind::Directory(names) => Some(names),
            _ => None,
        };
        names.into_iter().flatten().map(|(name, target)| (name.as_str(), target.node))
    }

    /// Lays the `number`th entry of a layer over what is there.
    ///
    /// # Errors
    /// The reason for which the layer is refused.
    pub(crate) fn apply(&mut self, layer: u32, number: u32, entry: &Entry) -> Result<(), String> {
        if self.nodes.len() >= MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} files with those before it"));
        }
        if entry.path.len() > LONGEST_PATH || entry.path.contains(char::REPLACEMENT_CHARACTER) {
            return Err(format!("it has a file whose name is too long or no UTF-8: {}", shown(&entry.path)));
        }
        let (above, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        if name.len() > LONGEST_NAME {
            return Err(format!("it has a file whose name is too long: {}", shown(name)));
        }
        if name.is_empty() {
            self.nodes[Self::ROOT.0].attributes = entry.attributes.clone();
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            self.hide(above, hidden, layer);
            return Ok(());
        }
        let kind = match &entry.kind {
            EntryKind::Directory => {
                let existing = self.directory(above, layer)?;
                return self.apply_directory(existing, name, layer, entry);
            }
            EntryKind::HardLink(target) => {
                let node = self.find(target, Follow::Directories);
                let node = node.filter(|node| !matches!(self.node(*node).kind, NodeKind::Directory(_)));
                let node = node.ok_or_else(|| {
                    format!("it has a link to what is no file in it: {} to {}", shown(&entry.path), shown(target))
                })?;
                return self.set(above, name, Name { node, layer });
            }
            EntryKind::File => NodeKind::File(Content { layer, entry: number, size: entry.size }),
            EntryKind::Symlink(target) if (1..LONGEST_PATH).contains(&target.len()) => {
                NodeKind::Symlink(target.clone())
            }
            EntryKind::Symlink(_) => return Err(format!("it has a link of absurd length: {}", shown(&entry.path))),
            EntryKind::Device(device) => NodeKind::Device(*device),
            EntryKind::Fifo => NodeKind::Fifo,
            EntryKind::Other => {
                return Err(format!("it has a file in a form that is not read (with holes?): {}", shown(&entry.path)));
            }
        };
        let node = self.add(Node { attributes: entry.attributes.clone(), kind });
        self.set(above, name, Name { node, layer })
    }

    /// The node of a path from the root; symbolic links are followed within the tree.
    pub(crate) fn find(&self, path: &str, follow: Follow) -> Option<NodeId> {
        let mut walk = Walk::new(path);
        while let Some(part) = walk.next_part()? {
            let node = self.child(walk.here(), &part)?;
            match &self.node(node).kind {
                NodeKind::Symlink(target) if follow == Follow::All || !walk.rest.is_empty() => walk.follow(target)?,
                _ => walk.above.push(node),
            }
        }
        Some(walk.here())
    }

    /// Adds a directory to the root unless there is something of that name.
    pub(crate) fn ensure_directory(&mut self, name: &str, mode: u16) {
        if self.child(Self::ROOT, name).is_none() {
            let mut node = directory();
            node.attributes.mode = mode;
            let node = self.add(node);
            self.names_mut(Self::ROOT).insert(name.to_owned(), Name { node, layer: 0 });
        }
    }

    fn apply_directory(&mut self, above: NodeId, name: &str, layer: u32, entry: &Entry) -> Result<(), String> {
        let existing = self.child(above, name).filter(|node| matches!(self.node(*node).kind, NodeKind::Directory(_)));
        let node = existing.unwrap_or_else(|| self.add(directory()));
        self.nodes[node.0].attributes = entry.attributes.clone();
        self.names_mut(above).insert(name.to_owned(), Name { node, layer });
        Ok(())
    }

    /// Hides what earlier layers have in the directory: one name, or for an opaque directory all of them.
    fn hide(&mut self, above: &str, hidden: &str, layer: u32) {
        let Some(directory) = self.find(above, Follow::All) else { return };
        if hidden == OPAQUE {
            self.prune(directory, layer);
            return;
        }
        // Other names of this kind are notes of a file system that is no more.
        let NodeKind::Directory(names) = &mut self.nodes[directory.0].kind else { return };
        match names.get(hidden).copied() {
            Some(name) if name.layer < layer => drop(names.remove(hidden)),
            Some(name) => self.prune(name.node, layer),
            None => {}
        }
    }

    /// Removes what earlier layers have below a directory.
    fn prune(&mut self, id: NodeId, layer: u32) {
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if let NodeKind::Directory(names) = &mut self.nodes[id.0].kind {
                names.retain(|_, name| name.layer >= layer);
                pending.extend(names.values().map(|name| name.node));
            }
        }
    }

    /// The directory of a path, made where it is missing: layers may leave directories out.
    fn directory(&mut self, path: &str, layer: u32) -> Result<NodeId, String> {
        let lost = || format!("it has a file below what is no directory: {}", shown(path));
        let mut walk = Walk::new(path);
        while let Some(part) = walk.next_part().ok_or_else(lost)? {
            let here = walk.here();
            let Some(node) = self.child(here, &part) else {
                if walk.above.len() >= DEEPEST {
                    return Err(format!("it has directories that are more than {DEEPEST} deep: {}", shown(path)));
                }
                let node = self.add(directory());
                self.names_mut(here).insert(part, Name { node, layer });
                walk.above.push(node);
                continue;
            };
            match &self.node(node).kind {
                NodeKind::Symlink(target) => walk.follow(target).ok_or_else(lost)?,
                NodeKind::Directory(_) => {
                    self.names_mut(here).insert(part, Name { node, layer });
                    walk.above.push(node);
                }
                _ => return Err(lost()),
            }
        }
        Ok(walk.here())
    }

    fn set(&mut self, above: &str, name: &str, target: Name) -> Result<(), String> {
        let directory = self.directory(above, target.layer)?;
        self.names_mut(directory).insert(name.to_owned(), target);
        Ok(())
    }

    fn child(&self, id: NodeId, name: &str) -> Option<NodeId> {
        match &self.node(id).kind {
            NodeKind::Directory(names) => names.get(name).map(|name| name.node),
            _ => None,
        }
    }

    fn names_mut(&mut self, id: NodeId) -> &mut BTreeMap<String, Name> {
        match &mut self.nodes[id.0].kind {
            NodeKind::Directory(names) => names,
            _ => unreachable!("asked of directories alone"),
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }
}

/// What becomes of a symbolic link that is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// It is followed.
    All,
    /// It is followed, but for the last part of the path.
    Directories,
}

/// A way through a tree.
struct Walk {
    /// The directories down to the present one, without the root.
    above: Vec<NodeId>,
    rest: VecDeque<String>,
    links: u32,
}

impl Walk {
    fn new(path: &str) -> Self {
        Self { above: Vec::new(), rest: parts(path).map(str::to_owned).collect(), links: 0 }
    }

    fn here(&self) -> NodeId {
        self.above.last().copied().unwrap_or(Tree::ROOT)
    }

    /// The next name that is to be looked up; the inner `None` at the end, the outer one where that does not come.
    fn next_part(&mut self) -> Option<Option<String>> {
        loop {
            match self.rest.pop_front() {
                // Above the root is the root.
                Some(part) if part == ".." => drop(self.above.pop()),
                part => return Some(part),
            }
        }
    }

    fn follow(&mut self, target: &str) -> Option<()> {
        self.links += 1;
        if self.links > MOST_LINKS || self.rest.len() > LONGEST_PATH {
            return None;
        }
        if target.starts_with('/') {
            self.above.clear();
        }
        for part in parts(target).collect::<Vec<_>>().into_iter().rev() {
            self.rest.push_front(part.to_owned());
        }
        Some(())
    }
}

fn directory() -> Node {
    let attributes = Attributes { mode: 0o755, ..Attributes::default() };
    Node { attributes, kind: NodeKind::Directory(BTreeMap::new()) }
}

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..opq";

/// Linux' own bounds: <https://man7.org/linux/man-pages/man7/path_resolution.7.html>.
const LONGEST_PATH: usize = 4096;
const LONGEST_NAME: usize = 255;
const MOST_LINKS: u32 = 40;

/// A distribution with a desktop has some 300,000.
const MOST_NODES: usize = 4_000_000;

const DEEPEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(tree: &mut Tree, layer: u32, path: &str, kind: EntryKind) -> Result<(), String> {
        let entry = Entry { path: path.to_owned(), kind, size: 1, attributes: Attributes::default() };
        tree.apply(layer, 0, &entry)
    }

    fn tree(entries: &[(u32, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (layer, path) in entries {
            let (path, kind) = match path.strip_suffix('/') {
                Some(path) => (path, EntryKind::Directory),
                None => (*path, EntryKind::File),
            };
            match path.split_once(" -> ") {
                Some((path, target)) => apply(&mut tree, *layer, path, EntryKind::Symlink(target.to_owned())),
                None => apply(&mut tree, *layer, path, kind),
            }
            .unwrap();
        }
        tree
    }

    fn all(tree: &Tree) -> Vec<String> {
        let (mut found, mut pending) = (Vec::new(), vec![(String::new(), Tree::ROOT)]);
        while let Some((path, id)) = pending.pop() {
            for (name, child) in tree.names(id) {
                found.push(format!("{path}{name}"));
                pending.push((format!("{path}{name}/"), child));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_later_layer_replaces_adds_and_hides() {
        let layers = [(0, "etc/a"), (0, "etc/b"), (0, "var/"), (1, "etc/a"), (1, "etc/.wh.b"), (1, "new")];
        let tree = tree(&layers);
        assert_eq!(all(&tree), ["etc", "etc/a", "new", "var"]);
        let node = tree.find("etc/a", Follow::All).unwrap();
        assert!(matches!(tree.node(node).kind, NodeKind::File(Content { layer: 1, .. })));
    }

    #[test]
    fn a_whiteout_hides_earlier_layers_and_not_its_own() {
        for own in [[(1, "a/.wh.x"), (1, "a/x/new")], [(1, "a/x/new"), (1, "a/.wh.x")]] {
            let layers = [&[(0, "a/x/old"), (0, "a/y")][..], &own].concat();
            assert_eq!(all(&tree(&layers)), ["a", "a/x", "a/x/new", "a/y"]);
        }
        for own in [[(1, "a/.wh..wh..opq"), (1, "a/x/new")], [(1, "a/x/new"), (1, "a/.wh..wh..opq")]] {
            let layers = [&[(0, "a/x/old"), (0, "a/y")][..], &own].concat();
            assert_eq!(all(&tree(&layers)), ["a", "a/x", "a/x/new"]);
        }
    }

    #[test]
    fn links_are_followed_within_the_tree() {
        let tree =
            tree(&[(0, "usr/lib/"), (0, "lib -> usr/lib"), (0, "boot/k-1"), (0, "k -> /boot/k-1"), (1, "lib/x")]);
        assert!(tree.find("usr/lib/x", Follow::All).is_some());
        assert_eq!(tree.find("k", Follow::All), tree.find("boot/k-1", Follow::All));
        assert_ne!(tree.find("k", Follow::Directories), tree.find("boot/k-1", Follow::All));
        assert_eq!(tree.find("lib/../../../boot/k-1", Follow::All), tree.find("boot/k-1", Follow::All));
    }

    #[test]
    fn a_file_has_as_many_names_as_it_is_given_and_keeps_what_it_was() {
        let mut tree = tree(&[(0, "a")]);
        apply(&mut tree, 0, "b", EntryKind::HardLink("a".to_owned())).unwrap();
        assert_eq!(tree.find("a", Follow::All), tree.find("b", Follow::All));
        apply(&mut tree, 1, "a", EntryKind::File).unwrap();
        let node = tree.find("b", Follow::All).unwrap();
        assert!(matches!(tree.node(node).kind, NodeKind::File(Content { layer: 0, .. })));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let mut tree = tree(&[(0, "file"), (0, "one -> two"), (0, "two -> one"), (0, "dir/")]);
        for path in ["file/x", "one/x"] {
            assert!(apply(&mut tree, 0, path, EntryKind::File).unwrap_err().contains("no directory"), "{path}");
        }
        for target in ["missing", "dir"] {
            let error = apply(&mut tree, 0, "link", EntryKind::HardLink(target.to_owned())).unwrap_err();
            assert!(error.contains("no file in it"), "{error}");
        }
        assert!(apply(&mut tree, 0, "x", EntryKind::Other).unwrap_err().contains("not read"));
        assert!(apply(&mut tree, 0, &"n".repeat(256), EntryKind::File).unwrap_err().contains("too long"));
        assert!(
            apply(&mut tree, 0, &format!("{}x", "d/".repeat(600)), EntryKind::Directory).unwrap_err().contains("deep")
        );
        assert!(apply(&mut tree, 0, "l", EntryKind::Symlink(String::new())).unwrap_err().contains("absurd length"));
    }
}
