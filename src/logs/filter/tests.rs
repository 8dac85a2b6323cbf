use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::logs::fixture::{output_line, output_line_of};

const TASK: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f809";
const OTHER: &str = "99887766554433221100ffeeddccbbaa";

fn lines() -> Vec<Line> {
    vec![
        output_line_of(TASK, "app", "INFO payment 17 took 250ms"),
        output_line_of(TASK, "app", "ERROR Payment 18 failed: connection refused"),
        output_line_of(TASK, "envoy", "    at com.example.Pay.run(Pay.java:17)"),
        output_line_of(
            OTHER,
            "app",
            r#"{"level":"warn","msg":"slow","status":503,"user":{"id":7,"name":"Ada"},"tags":["a","b"]}"#,
        ),
        Line { late: true, ..output_line_of(OTHER, "app", "\u{1b}[32mDEBUG\u{1b}[0m pay\u{1b}[1mment\u{1b}[0m 19") },
        Line { role: Role::Mark, ..output_line("14:05:12") },
    ]
}

fn read(text: &str) -> LineFilter {
    LineFilter::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

/// Indexes of the lines that the filter admits.
fn admitted(text: &str) -> Vec<usize> {
    let filter = read(text);
    let admitted = lines().into_iter().enumerate().filter(|(_, line)| filter.admits(line));
    admitted.map(|(index, _)| index).collect()
}

#[rstest]
// Words, as in table filters.
#[case("", &[0, 1, 2, 3, 4, 5])]
#[case("payment", &[0, 1, 4])]
#[case("Payment", &[1])]
#[case(r"Payment \c", &[0, 1, 4])]
#[case(r"payment \C", &[0, 4])]
#[case("!payment", &[2, 3, 5])]
#[case("17|refused", &[0, 1, 2])]
#[case("^debug", &[4])]
#[case("payment failed", &[1])]
#[case("\"payment failed\"", &[])]
#[case("\"18 failed\"", &[1])]
#[case("\"17|refused\"", &[])]
#[case("(Pay", &[2])]
#[case("http://x", &[])]
// Levels: lines of unknown level pass.
#[case("level>=warn", &[1, 2, 3, 5])]
#[case("level>WARN", &[1, 2, 5])]
#[case("level<info", &[2, 4, 5])]
#[case("!level>=warn", &[0, 2, 4, 5])]
#[case("level=warning", &[3])]
#[case("level:error", &[1])]
#[case("level!=error", &[0, 2, 3, 4, 5])]
#[case("severity>=warn payment", &[1])]
// Sources.
#[case("task:1a2b", &[0, 1, 2])]
#[case("task=1a2b", &[])]
#[case("task=1a2b3c4d", &[0, 1, 2])]
#[case("task!=1a2b3c4d", &[3, 4])]
#[case("!task:1a2b", &[3, 4, 5])]
#[case("task:arn:aws:ecs:eu-west-1:123456789012:task/prod/1a2b3c4d5e6f708192a3b4c5d6e7f809", &[0, 1, 2])]
#[case("container:env", &[2])]
#[case("container=app service:pay", &[0, 1, 3, 4])]
#[case("container~^(app|envoy)$", &[0, 1, 2, 3, 4])]
#[case("container!~app", &[2])]
#[case("container>b", &[2])]
#[case("revision:42 envoy", &[])]
#[case("revision=payments:42 container:envoy", &[2])]
// JSON keys.
#[case(".status=503", &[3])]
#[case(".status=503.0", &[3])]
#[case(".Status>=500", &[3])]
#[case(".status<500", &[])]
#[case(".status!=200", &[3])]
#[case("!.status=503", &[0, 1, 2, 4, 5])]
#[case(".user.name=ada", &[3])]
#[case(".user.name=Ad", &[])]
#[case(".user.name:ad", &[3])]
#[case(".user.name~\"^A.a$\"", &[3])]
#[case(".user.id>6", &[3])]
#[case(".user.id>word", &[])]
#[case(".user:ada", &[3])]
#[case(".tags=b", &[3])]
#[case(".tags!=b", &[])]
#[case(".tags.0=a", &[3])]
#[case(".tags.0=b", &[])]
#[case(".nothing!=x", &[])]
// States.
#[case("is:late", &[4])]
#[case("is:mark", &[5])]
#[case("is:output !is:late", &[0, 1, 2, 3])]
fn filters_admit(#[case] text: &str, #[case] expected: &[usize]) {
    assert_eq!(admitted(text), expected, "{text}");
}

#[rstest]
#[case("a \"open", 2, "the quote is not closed")]
#[case("level>=", 7, "a value is missing after >=")]
#[case("é level>=loud", 9, "unknown level `loud`; expected trace, debug, info, warn, error or fatal")]
#[case("level~warn", 6, "levels can only be compared, as in level>=warn or level=error")]
#[case("is:lat", 3, "unknown state `lat`; did you mean late?")]
#[case("is:", 3, "a state is missing after is:; one of late, mark, output")]
#[case(
    "a levl>=error",
    2,
    "unknown field `levl`; did you mean level or lvl?; JSON keys begin with a dot, text goes in quotes"
)]
#[case(".status~(", 8, "invalid regex: unclosed group")]
#[case("!", 1, "a term is missing after !")]
#[case("-f pay", 0, "fuzzy search is not available in logs; use a word or a regular expression")]
#[case("-l team=pay", 0, "log lines have no tags; use task:, container: or .key=")]
fn mistakes_are_reported_with_their_position(#[case] text: &str, #[case] position: usize, #[case] reason: &str) {
    assert_eq!(LineFilter::parse(text).unwrap_err(), Fault::new(position, reason));
}

#[rstest]
#[case("payment", "a payment, a Payment", &[(2, 9), (13, 20)])]
#[case("pay payment ay", "payment", &[(0, 7)])]
#[case("a b", "ab ba", &[(0, 2), (3, 5)])]
#[case("!payment other", "a payment", &[])]
#[case("level>=warn task:1 .a=payment", "payment", &[])]
#[case("x*", "axxb", &[(1, 3)])]
#[case("\"\"", "payment", &[])]
#[case("é", "É é", &[(0, 2), (3, 5)])]
#[case("aa", "aaaa", &[(0, 4)])]
fn plain_and_regular_terms_are_found_in_a_text(
    #[case] filter: &str,
    #[case] text: &str,
    #[case] expected: &[(usize, usize)],
) {
    let found = read(filter).matches(text).into_iter().map(|range| (range.start, range.end));
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

fn rule(mode: FilterMode, text: &str) -> FilterRule {
    FilterRule { mode, filter: read(text), on: true }
}

#[test]
fn a_line_passes_when_any_filter_includes_and_none_excludes_it() {
    let mut stack = FilterStack {
        rules: vec![
            rule(FilterMode::Include, "17"),
            rule(FilterMode::Include, "refused"),
            rule(FilterMode::Exclude, "java"),
        ],
        ..FilterStack::default()
    };
    let admitted = |stack: &FilterStack| lines().iter().map(|line| stack.admits(line)).collect::<Vec<_>>();
    assert_eq!(admitted(&stack), [true, true, false, false, false, true]);
    stack.rules[2].on = false;
    assert_eq!(admitted(&stack), [true, true, true, false, false, true]);
    stack.suspended = true;
    assert_eq!((admitted(&stack), stack.is_active()), (vec![true; 6], false));
}

#[test]
fn highlight_filters_hide_nothing() {
    let mut stack = FilterStack {
        rules: vec![rule(FilterMode::Highlight, "pay"), rule(FilterMode::Highlight, "x")],
        ..FilterStack::default()
    };
    assert!(!stack.is_active() && lines().iter().all(|line| stack.admits(line)));
    assert_eq!(stack.highlights("pay x pay"), [0..3, 4..5, 6..9]);
    stack.rules[1].mode = FilterMode::Exclude;
    assert_eq!(stack.highlights("pay x pay"), [0..3, 6..9], "an excluding filter highlights nothing");
}

#[rstest]
#[case(FilterMode::Include, "level>=warn", true)]
#[case(FilterMode::Exclude, "level<=info", true)]
#[case(FilterMode::Exclude, "level>=trace", true)]
#[case(FilterMode::Exclude, "!level>=warn", true)]
#[case(FilterMode::Exclude, "level!=error", false)]
#[case(FilterMode::Include, "level=error", false)]
fn no_level_comparison_hides_a_line_of_unknown_level(
    #[case] mode: FilterMode,
    #[case] text: &str,
    #[case] shown: bool,
) {
    let stack = FilterStack { rules: vec![rule(mode, text)], ..FilterStack::default() };
    assert_eq!(stack.admits(&output_line("    at com.example.Pay.run(Pay.java:17)")), shown);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".*") {
        let _ = LineFilter::parse(&text);
    }

    #[test]
    fn nothing_that_looks_like_a_filter_makes_it_panic(
        text in r#"(level|task|is|\.a|\.a\.b)?[a-z!"~=<>:\\ ()\[|*.é-]{0,16}"#,
        line_text in r#"[a-z{}"é:\\\[,\x1b 1.]{0,24}"#,
    ) {
        if let Ok(filter) = LineFilter::parse(&text) {
            for line in lines().iter().chain([&output_line(&line_text)]) {
                filter.admits(line);
                filter.certainly_matches(line);
            }
            let found = filter.matches(&line_text);
            prop_assert!(found.iter().all(|range| line_text.get(range.clone()).is_some_and(|text| !text.is_empty())));
            prop_assert!(found.is_sorted_by(|a, b| a.end < b.start));
        }
    }

    /// Only an empty text is parsed as the empty filter.
    #[test]
    fn only_an_empty_text_is_the_empty_filter(text in "[a-z!=<>:.]{1,8}") {
        if let Ok(filter) = LineFilter::parse(&text) {
            prop_assert!(!filter.is_empty());
        }
    }

    /// The fast methods find the same as a regular expression.
    #[test]
    fn plain_text_search_agrees_with_a_regular_expression(
        needle in "[abkAB .0é]{1,4}",
        text in "[abkAB .0é]{0,40}",
        case in prop::sample::select(vec![Case::Smart, Case::Ignore, Case::Respect]),
    ) {
        let regex = compile(&regex::escape(&needle), &needle, case).unwrap();
        let found = Needle::new(&needle, case).unwrap();
        prop_assert_eq!(found.is_in(&text), regex.is_match(&text));
        let expected = regex.find_iter(&text).map(|found| found.range()).collect();
        prop_assert_eq!(merge_ranges(found.find(&text).collect()), merge_ranges(expected));
    }
}
