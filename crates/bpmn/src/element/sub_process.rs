//! `subProcess`, embedded: a scope with a start event of its own.

use crate::model::{ElementIndex, ElementKind};

/// A sub-process whose elements are read later; until then it does not know where it starts.
pub(crate) fn kind() -> ElementKind {
    ElementKind::SubProcess { none_start_event: ElementIndex(u32::MAX) }
}
