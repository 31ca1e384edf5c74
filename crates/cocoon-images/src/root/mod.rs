//! Images that are a root file system in layers, and the disk that is made of one.

mod boot;
mod convert;
mod tree;

pub(crate) use convert::{Converted, convert};
pub(crate) use tree::{Content, Node, NodeId, NodeKind, Tree};
