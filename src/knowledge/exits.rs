use super::Rule;
pub(super) static RULES: &[(Option<i32>, Rule)] = &[];
pub(super) static SIGNAL: Rule = Rule::PLAIN;
