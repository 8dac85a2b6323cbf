use super::Rule;
pub(super) const TABLES: &[&[Rule]] = &[];
