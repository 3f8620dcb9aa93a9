//! The labels of a touched node, in the node where they are few.

use std::ops::Deref;
use std::sync::Arc;

use crate::graph::LabelId;

/// How many are kept in place.
const FEW: usize = 3;

/// Labels, ascending.
#[derive(Debug, Clone)]
pub(in crate::graph) enum Labels {
    Few(u8, [LabelId; FEW]),
    Many(Arc<[LabelId]>),
}

impl Labels {
    /// They must be in order.
    pub(in crate::graph) fn new(labels: &[LabelId]) -> Self {
        if labels.len() > FEW {
            return Self::Many(labels.into());
        }
        let mut few = [LabelId(0); FEW];
        few.iter_mut().zip(labels).for_each(|(slot, label)| *slot = *label);
        Self::Few(labels.len() as u8, few)
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Deref for Labels {
    type Target = [LabelId];

    #[inline]
    fn deref(&self) -> &[LabelId] {
        match self {
            Self::Few(count, labels) => &labels[..usize::from(*count).min(FEW)],
            Self::Many(labels) => labels,
        }
    }
}
