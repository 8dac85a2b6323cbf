//! Text utilities.

use std::sync::LazyLock;

use fuzzy_matcher::skim::SkimMatcherV2;

pub use crate::visible::safe;

/// The matcher for all fuzzy matching.
pub(super) static FUZZY: LazyLock<SkimMatcherV2> = LazyLock::new(|| SkimMatcherV2::default().smart_case());
