use jiff::tz::TimeZone;
use proptest::prelude::*;
use rstest::rstest;

use super::{
    row_test::{RowTest, parse},
    *,
};
use crate::{
    data::Entry,
    grammar::OPS,
    model::fixture::{TASK, Task, at, entry, stopped, task},
    resource::Zone,
};

fn rows() -> Vec<Entry> {
    let old = Task { started: at(-3600), memory: 2048.0, ..task("api-old") };
    let rows = [
        task("api-1"),
        old,
        stopped("Web-1", 137, "OutOfMemoryError: killed"),
        stopped("web-2", 0, "Essential container exited"),
    ];
    rows.into_iter().map(entry).collect()
}

fn read(text: &str) -> Result<RowFilter, Fault> {
    RowFilter::parse(text, &TASK, at(0), &TimeZone::UTC)
}

/// Names of the rows that the filter accepts ten seconds after the tasks started; `web-2` is marked and has changed.
fn admitted(text: &str) -> Vec<String> {
    let filter = read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    let mut lens = Lens::new(&TASK, vec![0, 1, 2, 4], Context { now: at(10), zone: Zone::UTC });
    let rows = rows();
    let candidate = |entry| {
        let this = RowInFilter { entry, marked: false, changed: false };
        if entry.row.name() == "web-2" { RowInFilter { marked: true, changed: true, ..this } } else { this }
    };
    let admitted = rows.iter().filter(|entry| filter.admits(candidate(entry), &mut lens));
    admitted.map(|entry| entry.row.name().into_owned()).collect()
}

#[rstest]
// Words: any shown column, regular expressions, quotes, case.
#[case("", &["api-1", "api-old", "Web-1", "web-2"])]
#[case("  ", &["api-1", "api-old", "Web-1", "web-2"])]
#[case("web", &["Web-1", "web-2"])]
#[case("Web", &["Web-1"])]
#[case(r"Web \c", &["Web-1", "web-2"])]
#[case(r"web \C", &["web-2"])]
#[case("old|killed", &["api-old", "Web-1"])]
#[case("^api-.$", &["api-1"])]
#[case("web-[", &[])]
#[case("essential exited", &["web-2"])]
#[case("\"essential container\"", &["web-2"])]
#[case("\"container exited essential\"", &[])]
#[case("\"old|killed\"", &[])]
#[case("!web", &["api-1", "api-old"])]
#[case("!\"api-1\" !killed", &["api-old", "web-2"])]
// Text without a column name is plain text, including colons; an id can be pasted.
#[case("OutOfMemoryError:", &["Web-1"])]
#[case("http://x", &[])]
#[case("arn:aws:ecs:eu-west-1:1:task/prod/web-2", &["web-2"])]
// Columns.
#[case("status:run", &["api-1", "api-old"])]
#[case("state=running", &["api-1", "api-old"])]
#[case("status=run", &[])]
#[case("status!=running", &["Web-1", "web-2"])]
#[case("reason~\"OutOf|memory\"", &["Web-1"])]
#[case("reason~^Ess.*ed$", &["web-2"])]
#[case("reason!~OutOf", &["web-2"])]
#[case("exit=137", &["Web-1"])]
#[case("exit!=0", &["Web-1"])]
#[case("!exit=0", &["api-1", "api-old", "Web-1"])]
#[case("exit>=0", &["Web-1", "web-2"])]
#[case("age<10m", &["api-1", "Web-1", "web-2"])]
#[case("age>1h", &["api-old"])]
#[case("memory>=2Gi", &["api-old"])]
#[case("name>b", &["Web-1", "web-2"])]
#[case("exit=137 age<30m !sidecar reason~\"OutOf|memory\"", &["Web-1"])]
// States.
#[case("is:fault", &["Web-1"])]
#[case("is:stopped", &["Web-1", "web-2"])]
#[case("!is:stopped", &["api-1", "api-old"])]
#[case("is:marked", &["web-2"])]
#[case("is:changed", &["web-2"])]
#[case("-f wb2", &["web-2"])]
#[case("-f apiold", &["api-old"])]
fn filters_admit(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(admitted(text), expected, "{text}");
}

#[rstest]
#[case("web \"open", 4, "the quote is not closed")]
#[case("exit=", 5, "a value is missing after =")]
#[case("é exit>=", 8, "a value is missing after >=")]
#[case("exit=many", 5, "invalid number `many`; try 42")]
#[case("age<soon", 4, "invalid duration `soon`; try 90s, 10m, 2h or 1d12h")]
#[case("a !", 3, "a term is missing after !")]
#[case("is:", 3, "a state is missing after is:; one of fault, marked, changed, running, stopped")]
#[case("a is:stoped", 5, "unknown state `stoped`; did you mean stopped?")]
#[case("exti=137", 0, "unknown column `exti`; did you mean exit?; text goes in quotes")]
#[case("tag:team=pay", 0, "tasks are fetched without their tags")]
#[case("-l team=pay", 0, "tasks are fetched without their tags")]
#[case("-f", 2, "the text after -f is missing")]
#[case("reason~(", 7, "invalid regex: unclosed group")]
fn mistakes_are_reported_with_their_position(#[case] text: &str, #[case] position: usize, #[case] reason: &str) {
    assert_eq!(read(text).unwrap_err(), Fault::new(position, reason));
}

#[test]
fn only_filters_with_ages_depend_on_time() {
    for (text, ages) in [("web", false), ("exit=1", false), ("age<5m", true), ("a !age>1h", true), ("is:changed", true)]
    {
        assert_eq!(read(text).unwrap().ages(), ages, "{text}");
    }
}

/// Terms, and a way to write each of them.
fn term() -> impl Strategy<Value = (String, Term<RowTest>)> {
    let word = "[a-z][a-z0-9]{0,6}";
    let quoted = "[a-z \"]{0,8}".prop_map(|text| (format!("\"{}\"", text.replace('"', "\\\"")), Test::Quoted(text)));
    let compared = (0usize..6, 0usize..OPS.len(), "[a-z0-9]{1,5}").prop_map(|(column, op, value)| {
        let (spelling, op) = OPS[op];
        let name = (TASK.columns)()[column].name;
        (format!("{name}{spelling}{value}"), Test::Own(RowTest::Compare { column, op, value }))
    });
    let test = prop_oneof![
        word.prop_map(|word| (word.clone(), Test::Word(word))),
        quoted,
        compared,
        prop::sample::select(vec!["fault", "changed", "stopped"])
            .prop_map(|state| (format!("is:{state}"), Test::Own(RowTest::State(state.into())))),
    ];
    (any::<bool>(), test).prop_map(|(negated, (text, test))| {
        let text = if negated { format!("!{text}") } else { text };
        (text, Term { negated, test, at: 0 })
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".*") {
        let _ = read(&text);
    }

    #[test]
    fn no_term_makes_the_parser_panic(text in r#"[a-z!"~=<>:\\ ()\[|*-]{0,24}"#) {
        if let Ok(filter) = read(&text) {
            let mut lens = Lens::new(&TASK, vec![0, 1], Context { now: at(10), zone: Zone::UTC });
            for entry in rows() {
                filter.admits(RowInFilter { entry: &entry, marked: false, changed: false }, &mut lens);
            }
        }
    }

    #[test]
    fn formatted_terms_are_parsed_back(terms in prop::collection::vec(term(), 0..5)) {
        let text = terms.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("  ");
        let (read, _) = parse(&text, &TASK).unwrap();
        let read: Vec<Term<RowTest>> = read.into_iter().map(|term| Term { at: 0, ..term }).collect();
        let written: Vec<Term<RowTest>> = terms.into_iter().map(|(_, term)| term).collect();
        prop_assert_eq!(read, written);
    }

    /// Only an empty filter is empty.
    #[test]
    fn only_the_empty_filter_is_empty(text in "[a-z!=<>:]{1,8}") {
        if let Ok(filter) = read(&text) {
            prop_assert!(!filter.is_empty());
        }
    }
}
