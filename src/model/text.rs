//! Small matters of text.

use std::sync::LazyLock;

use fuzzy_matcher::skim::SkimMatcherV2;

pub use crate::visible::safe;

/// The one way in which anything is matched fuzzily.
pub(super) static FUZZY: LazyLock<SkimMatcherV2> = LazyLock::new(|| SkimMatcherV2::default().smart_case());
