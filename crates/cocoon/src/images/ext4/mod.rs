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

pub(crate) use grow::growth;
pub(crate) use plan::Plan;
pub(crate) use write::{Contents, write};
