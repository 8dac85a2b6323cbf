//! Queries: parsing and results.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Queries, Query, language::Program};
use crate::demo::{logs::Settings, world::World};

const START_MS: i64 = 1_769_860_800_000;

/// Eight events, a minute apart, in two streams.
fn world() -> World {
    let mut world = World::empty(0, START_MS + 3_600_000);
    let lines = [
        r#"{"level":"info","ms":12,"http":{"status":200},"tags":["a","b"]}"#,
        r#"{"level":"error","ms":340,"http":{"status":503}}"#,
        "plain | text",
        r#"{"level":"info","ms":7.5,"http":{"status":204}}"#,
        r#"{"level":"warn","ms":90,"retry":true,"http":{"status":429}}"#,
        "ERROR: no route",
        r#"{"level":"error","ms":15,"http":{"status":500}}"#,
        r#"{"level":"info","ms":11,"http":{"status":200}}"#,
    ];
    for (number, line) in lines.iter().enumerate() {
        let stream = ["ecs/app/1", "ecs/app/2"][number % 2];
        world.logs.put("app", stream, START_MS + number as i64 * 60_000, (*line).into());
    }
    world
}

/// The result rows of a query over the group, without their pointers.
fn rows(query: &str) -> Vec<String> {
    let world = world();
    let input = json!({ "logGroupName": "app", "startTime": START_MS / 1_000, "endTime": START_MS / 1_000 + 3_600,
        "queryString": query });
    let mut queries = Queries::default();
    let query = Query::from_input(world.logs_in(&world.region), &input).unwrap();
    let id = queries.start(query).unwrap();
    loop {
        let answer = queries.results(&id).unwrap();
        if answer["status"] == "Complete" {
            return answer["results"].as_array().unwrap().iter().map(cells).collect();
        }
    }
}

fn cells(row: &Value) -> String {
    let cells = row.as_array().unwrap().iter().filter(|cell| cell["field"] != "@ptr");
    let text = |cell: &Value| format!("{}={}", cell["field"].as_str().unwrap(), cell["value"].as_str().unwrap());
    cells.map(text).collect::<Vec<_>>().join(" ")
}

#[rstest]
#[case::of_json("fields ms | filter level = 'error'", &["ms=15", "ms=340"])]
#[case::the_newest_first("fields level | filter ispresent(level) | limit 2", &["level=info", "level=error"])]
#[case::of_a_path("fields http.status as status | filter http.status >= 500 | sort status", &["status=500", "status=503"])]
#[case::of_a_list("fields tags.1 | filter ispresent(tags.1)", &["tags.1=b"])]
#[case::numbers("fields ms | filter ms < 12 | sort ms asc", &["ms=7.5", "ms=11"])]
#[case::truth("fields retry | filter retry = 1", &["retry=1"])]
#[case::expression("fields @message | filter @message like /(?i)^error/", &["@message=ERROR: no route"])]
#[case::text_with_a_bar("fields @message | filter @message like 'n | t'", &["@message=plain | text"])]
#[case::not("fields @message | filter not ispresent(level) and @message not like /ERROR/", &["@message=plain | text"])]
#[case::or_binds_less("fields ms | filter level = 'warn' or level = 'error' and ms > 100", &["ms=90", "ms=340"])]
#[case::one_of("fields ms | filter http.status in [204, 429] | sort @timestamp desc", &["ms=90", "ms=7.5"])]
#[case::unequal("fields ms | filter level != 'info' and ispresent(ms) | sort ms", &["ms=15", "ms=90", "ms=340"])]
#[case::streams("stats count(*) by @logStream", &["@logStream=ecs/app/1 count(*)=4", "@logStream=ecs/app/2 count(*)=4"])]
#[case::spans("stats count(*) as n by bin(5m)", &["bin(5m)=2026-01-31 12:00:00.000 n=5", "bin(5m)=2026-01-31 12:05:00.000 n=3"])]
#[case::figures("filter level = 'info' | stats sum(ms), avg(ms) as mean, min(ms), max(ms), count_distinct(http.status)",
    &["sum(ms)=30.5 mean=10.1667 min(ms)=7.5 max(ms)=12 count_distinct(http.status)=2"])]
#[case::figures_sorted("stats count(*) as n by level | sort n desc | limit 1", &["level=info n=3"])]
#[case::of_nothing("filter level = 'none' | stats count(*)", &["count(*)=0"])]
#[case::comments("fields ms # only these\n| filter ms = 90", &["ms=90"])]
#[case::quoted_names("fields `ms` | filter `ms` = 90", &["ms=90"])]
fn a_query_returns(#[case] query: &str, #[case] expected: &[&str]) {
    assert_eq!(rows(query), expected);
}

#[test]
fn without_fields_time_and_message_are_shown() {
    assert_eq!(
        rows("filter ms = 90 | limit 1")[0].split(" @message=").next(),
        Some("@timestamp=2026-01-31 12:04:00.000")
    );
    assert_eq!(rows("").len(), 8);
}

#[rstest]
#[case("frob", 0, 4, "frob", 1, 1)]
#[case("fields", 6, 6, "<EOF>", 1, 7)]
#[case("fields @message |", 17, 17, "<EOF>", 1, 18)]
#[case("fields ms\n| filter ms ~ 3", 22, 23, "~", 2, 13)]
#[case("filter level = ", 15, 15, "<EOF>", 1, 16)]
#[case("filter level = error", 15, 20, "error", 1, 16)]
#[case("filter (level = 'a'", 19, 19, "<EOF>", 1, 20)]
#[case("filter level like 'a", 18, 20, "'a", 1, 19)]
#[case("filter level like /(/", 18, 21, "/(/", 1, 19)]
#[case("sort", 4, 4, "<EOF>", 1, 5)]
#[case("limit 0", 6, 7, "0", 1, 7)]
#[case("limit 10001", 6, 11, "10001", 1, 7)]
#[case("stats frob(ms)", 6, 10, "frob", 1, 7)]
#[case("stats count(*) by bin(5x)", 22, 24, "5x", 1, 23)]
#[case("fields ms ms", 10, 12, "ms", 1, 11)]
#[case("parse @message 'a *' as b", 0, 5, "parse", 1, 1)]
fn invalid_queries_are_refused_with_their_position(
    #[case] query: &str,
    #[case] from: usize,
    #[case] to: usize,
    #[case] found: &str,
    #[case] line: usize,
    #[case] position: usize,
) {
    let error = Program::parse(query).unwrap_err();
    assert_eq!((error.from, error.to), (from, to), "{error:?}");
    assert_eq!(error.message, format!("unexpected symbol found {found} at line {line} and position {position}"));
}

#[rstest]
#[case(json!({}), "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers")]
#[case(json!({ "logGroupName": "app", "logGroupNames": ["app"] }), "Exactly one of")]
#[case(json!({ "logGroupNames": [] }), "1 to 50")]
#[case(json!({ "logGroupIdentifiers": ["arn:aws:logs:eu-west-1:123456789012:log-group:app:*"] }), "regular expression")]
#[case(json!({ "logGroupName": "app", "limit": 10_001 }), "limit")]
#[case(json!({ "logGroupName": "app", "startTime": 2 }), "End time should not be less than start time.")]
#[case(json!({ "logGroupName": "none" }), "The specified log group does not exist.")]
fn bad_input_is_refused(#[case] input: Value, #[case] message: &str) {
    let mut whole = json!({ "startTime": 0, "endTime": 1, "queryString": "" });
    whole.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    let world = world();
    let error = Query::from_input(world.logs_in(&world.region), &whole).unwrap_err();
    assert!(error.message.contains(message), "{}", error.message);
}

#[test]
fn denied_groups_are_not_queried_and_expired_events_are_gone() {
    let mut world = world();
    let query = |world: &World| {
        let input = json!({ "logGroupName": "app", "startTime": 0, "endTime": START_MS, "queryString": "" });
        let mut queries = Queries::default();
        let id = queries.start(Query::from_input(world.logs_in(&world.region), &input)?)?;
        (0..3).for_each(|_| drop(queries.results(&id)));
        queries.results(&id)
    };
    world.logs.set("app", START_MS, Settings { retention_days: Some(1), ..Settings::default() });
    world.now_ms = START_MS + 24 * 3_600_000 + 3 * 60_000;
    assert_eq!(query(&world).unwrap()["statistics"]["recordsScanned"], 5.0);
    let access = crate::demo::logs::Access::Denied;
    world.logs.set("app", START_MS, Settings { access, ..Settings::default() });
    assert_eq!(query(&world).unwrap_err().code, "AccessDeniedException");
}

proptest::proptest! {
    #[test]
    fn no_query_panics(query in "(fields|filter|stats|sort|limit| |\\||@message|ms|count\\(\\*\\)|by|bin\\(5m\\)|like|/a/|'b'|=|>|[0-9]|not|in|\\[|\\]|\\(|\\)|,|é){0,12}") {
        let _ = Program::parse(&query);
    }
}
