//! XML documents as Spin offers them: a tree that is read once, and every change makes another tree.
//!
//! A node is a tree and a number in it. Numbers stay what they are through all changes, and a tree knows which texts its
//! nodes were read from; so a node of an earlier tree, or of a document that was adopted meanwhile, is found in a later one.

mod handle;
mod read;
mod tree;
mod write;

pub use handle::Xml;
pub(crate) use handle::{Part, Query};
pub(crate) use tree::{Kind, Name, NodeNumber, Tree, XML_NAMESPACE, XMLNS};
