//! The rules, a file each.

mod count_without_expanding;
mod fold_constants;
mod join_by_hash;
mod prune_variables;
mod push_filters;
mod scan_by_label;
mod sort_with_limit;
mod walk_one_relationship;

pub(super) use count_without_expanding::COUNT_WITHOUT_EXPANDING;
pub(super) use fold_constants::FOLD_CONSTANTS;
pub(super) use join_by_hash::JOIN_BY_HASH;
pub(super) use prune_variables::PRUNE_VARIABLES;
pub(super) use push_filters::PUSH_FILTERS;
pub(super) use scan_by_label::SCAN_BY_LABEL;
pub(super) use sort_with_limit::SORT_WITH_LIMIT;
pub(super) use walk_one_relationship::WALK_ONE_RELATIONSHIP;
