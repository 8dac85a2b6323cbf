use super::Rule;
pub(super) static RULES: &[(&str, Rule)] = &[];
