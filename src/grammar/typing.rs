//! Helpers for completing a filter while it is typed: its last term, and how a value is quoted.

use std::{borrow::Cow, collections::HashMap};

use super::{OPS, Op};

/// The byte at which the last term of `text` begins, after its `!`; the end of the text after a space. `None` inside
/// quotes.
pub fn last_term(text: &str) -> Option<usize> {
    let (mut start, mut quoted, mut before) = (0, false, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '"' if quoted => quoted = before == '\\',
            '"' => quoted = at == start || matches!(before, ':' | '=' | '~' | '<' | '>'),
            '!' if at == start && before != '!' => start = at + 1,
            c if c.is_whitespace() && !quoted => start = at + c.len_utf8(),
            _ => {}
        }
        before = c;
    }
    (!quoted).then_some(start)
}

/// `text` without its last term and the `!` in front of that.
pub fn without_last_term(text: &str) -> &str {
    let before = last_term(text).and_then(|at| text.get(..at)).unwrap_or(text);
    before.strip_suffix('!').unwrap_or(before)
}

/// Splits a term that looks like a comparison into name, operator and value, whether the name is known or not.
pub fn comparison(term: &str) -> Option<(&str, Op, &str)> {
    let at = term.find([':', '=', '!', '~', '<', '>']).filter(|at| *at > 0)?;
    let (name, rest) = term.split_at(at);
    OPS.iter().find_map(|(spelling, op)| Some((name, *op, rest.strip_prefix(spelling)?)))
}

/// `value` as written after an operator, quoted if needed. `None` if it is empty or can't be quoted.
pub fn written(value: &str) -> Option<Cow<'_, str>> {
    match value.starts_with('"') || value.contains(char::is_whitespace) {
        false => (!value.is_empty()).then_some(Cow::Borrowed(value)),
        // The backslash would escape the closing quote.
        true if value.ends_with('\\') => None,
        true => Some(Cow::Owned(format!("\"{}\"", value.replace('"', "\\\"")))),
    }
}

/// Counts values: the most frequent first, equal counts in order of first occurrence.
pub fn by_frequency(values: impl IntoIterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, value) in values.into_iter().enumerate() {
        counts.entry(value).or_insert((0, at)).0 += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, (count, first))| (usize::MAX - count, *first));
    counts.into_iter().map(|(value, (count, _))| (value, count)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", Some(""), "")]
    #[case("exit=1", Some("exit=1"), "")]
    #[case("exit=1 sta", Some("sta"), "exit=1 ")]
    #[case("exit=1 ", Some(""), "exit=1 ")]
    #[case("!", Some(""), "")]
    #[case("a !sta", Some("sta"), "a ")]
    #[case("!!sta", Some("!sta"), "")]
    #[case("status!=a", Some("status!=a"), "")]
    #[case("\"two wo", None, "\"two wo")]
    #[case("\"two words\"", Some("\"two words\""), "")]
    #[case("!\"two words\" sta", Some("sta"), "!\"two words\" ")]
    #[case("reason=\"out of", None, "reason=\"out of")]
    #[case("reason=\"out of memory\" sta", Some("sta"), "reason=\"out of memory\" ")]
    #[case("\"a \\\" b", None, "\"a \\\" b")]
    #[case("5\" sta", Some("sta"), "5\" ")]
    #[case("日本 é", Some("é"), "日本 ")]
    fn the_last_term_begins_after_an_unquoted_space(
        #[case] text: &str,
        #[case] term: Option<&str>,
        #[case] before: &str,
    ) {
        assert_eq!(last_term(text).map(|at| &text[at..]), term);
        assert_eq!(without_last_term(text), before);
    }

    #[rstest]
    #[case("status=a", Some(("status", Op::Equals, "a")))]
    #[case("exit!=", Some(("exit", Op::Differs, "")))]
    #[case("age<=5m", Some(("age", Op::AtMost, "5m")))]
    #[case(".user.id:7", Some((".user.id", Op::Contains, "7")))]
    #[case("status", None)]
    #[case("a!b", None)]
    #[case("=a", None)]
    fn a_comparison_is_split_into_name_operator_and_value(
        #[case] term: &str,
        #[case] expected: Option<(&str, Op, &str)>,
    ) {
        assert_eq!(comparison(term), expected);
    }

    #[test]
    fn values_are_counted_and_sorted_by_frequency() {
        let values = ["b", "a", "c", "a", "c"].map(String::from);
        assert_eq!(by_frequency(values), [("a".into(), 2), ("c".into(), 2), ("b".into(), 1)]);
    }

    proptest! {
        /// A written value is one term, and is parsed as the same value.
        #[test]
        fn a_written_value_is_parsed_back(value in "[a\"\\\\ é=!:]{0,6}|.{0,8}") {
            let Some(text) = written(&value) else {
                prop_assert!(value.is_empty() || value.ends_with('\\'));
                return Ok(());
            };
            let term = format!("x={text}");
            let read = super::super::terms(&term, |reader| {
                let ((), op) = reader.comparison(|c| c == 'x', |_| Some(())).unwrap();
                Ok(Some((0, reader.value(op)?)))
            });
            let (terms, _) = read.unwrap();
            prop_assert_eq!(terms.len(), 1);
            prop_assert_eq!(&terms[0].test, &super::super::Test::Own(value));
        }
    }
}
