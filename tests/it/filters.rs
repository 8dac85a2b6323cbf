//! Table filters compared with the text of the cells, for every kind and column over all rows of the embedded AWS.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    data::{self, Demand, Entry},
    demo::{Endpoint, Options},
    history::HistoryConfig,
    kinds::KINDS,
    model::filter::{Lens, RowFilter, RowInFilter},
    resource::{
        Column, Context, Kind, Query, Row, Status, Unit, View, Zone,
        capacity_provider::{AutoScalingGroup, CapacityProvider},
        container::Container,
        family, revision, task,
        task::Task,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::Instant;

use crate::support::{fixtures, in_process::sdk_config};

const START_MS: i64 = 1_750_000_000_000;

thread_local! {
    static START: Instant = Instant::now();
}

/// Simulated time.
fn now() -> Timestamp {
    let passed = START.with(Instant::elapsed);
    Timestamp::from_millisecond(START_MS + passed.as_millis() as i64).expect("a time")
}

/// Rows of one kind, and the context of their cells.
pub struct Rows {
    pub kind: &'static Kind,
    pub entries: Vec<Entry>,
    pub cx: Context,
}

impl Rows {
    /// Cell texts of one column.
    fn drawn(&self, column: usize) -> Vec<String> {
        self.entries.iter().map(|entry| entry.row.cell(column, &self.cx).text.into_owned()).collect()
    }

    /// Indexes of the rows that a filter admits.
    pub fn admitted(&self, text: &str) -> BTreeSet<usize> {
        let filter = RowFilter::parse(text, self.kind, self.cx.now, &self.cx.zone.zone);
        let filter = filter.unwrap_or_else(|fault| panic!("{}: {text}: {fault:?}", self.kind.plural));
        let mut lens = Lens::new(self.kind, Vec::new(), self.cx.clone());
        let mut admits = |entry| filter.admits(RowInFilter { entry, marked: false, changed: false }, &mut lens);
        (0..self.entries.len()).filter(|index| admits(&self.entries[*index])).collect()
    }
}

/// All rows of the embedded AWS some time after its start, by kind, with a few rows that it does not produce.
pub async fn everything() -> Vec<Rows> {
    START.with(|_| ());
    let endpoint = Endpoint::new(Options { start_ms: Some(START_MS), ..Options::default() });
    tokio::time::sleep(Duration::from_mins(20)).await;
    let clients = Clients::from_config(&sdk_config(&endpoint), ScopeSpec::default(), Budget::default());
    let mut handle = data::start(clients, now, HistoryConfig::default());
    let mut all = Vec::new();
    for kind in KINDS.iter().copied() {
        let query = match kind.name {
            "revision" => Query::family("web"),
            _ if kind.by_service() => Query::service("prod", "checkout"),
            _ => Query { status: Status::All, ..Query::default() },
        };
        let view = View::new(kind, query);
        let mut demand = Demand { foreground: Some(view.clone()), slowdown: 1, ..Demand::default() };
        handle.demand.send_replace(demand.clone());
        let snapshot = handle.snapshots.wait_for(|snapshot| snapshot.complete(&view)).await.expect("rows").clone();
        // Revisions are described only while visible.
        demand.visible =
            snapshot.feeds_of(&view).iter().flat_map(|feed| &*feed.rows).map(|e| e.row.id().into()).collect();
        handle.demand.send_replace(demand);
        tokio::time::sleep(Duration::from_secs(30)).await;
        let snapshot = handle.snapshots.borrow().clone();
        let feeds = snapshot.feeds_of(&view);
        let all_of_it: Vec<Entry> = feeds.iter().flat_map(|feed| feed.rows.iter().cloned()).collect();
        assert!(!all_of_it.is_empty(), "{}", kind.plural);
        let entries = all_of_it.iter().step_by(all_of_it.len().div_ceil(200)).cloned();
        all.push(Rows {
            kind,
            entries: entries.chain(rare(kind)).collect(),
            cx: Context { now: now(), zone: Zone::named(new_york()) },
        });
    }
    all
}

/// Rows of a kind that the embedded AWS does not produce: empty ones, several values with some missing, archived ones.
fn rare(kind: &Kind) -> Vec<Entry> {
    let rows: Vec<Arc<dyn Row>> = match kind.name {
        "task" => {
            let exited = |code| Container { exit_code: code, ..Container::default() };
            let several = vec![exited(Some(0)), exited(None), exited(Some(137))];
            vec![
                Arc::new(Task::default()),
                Arc::new(Task {
                    task_arn: "arn:aws:ecs:eu-west-1:1:task/prod/ffff".into(),
                    containers: several,
                    last_status: Some("STOPPED".into()),
                    current: Some(false),
                    archived: true,
                    ..Task::default()
                }),
            ]
        }
        "container" => vec![Arc::new(Container::default())],
        "revision" => vec![Arc::new(revision::Revision::default())],
        "family" => vec![Arc::new(family::Family { family: "a|b (c".into() })],
        "provider" => {
            let group = AutoScalingGroup {
                managed_scaling: Some("off".into()),
                target_capacity: Some(100),
                ..AutoScalingGroup::default()
            };
            vec![Arc::new(CapacityProvider { auto_scaling_group: Some(group), ..CapacityProvider::default() })]
        }
        _ => Vec::new(),
    };
    rows.into_iter().map(|row| Entry { row, changed: 0, changed_at: None }).collect()
}

fn absent(text: &str) -> bool {
    ["", "-", "…"].contains(&text)
}

/// Numbers in the text of a cell, in the unit of its column. In a share, the first number.
fn numbers(text: &str, unit: Unit) -> Vec<f64> {
    let one = |token: &str| {
        let token = token.rsplit(':').next().unwrap_or(token).split('/').next().unwrap_or(token);
        match unit {
            Unit::Text | Unit::Time => None,
            Unit::Count | Unit::Cpu | Unit::Mebibytes => token.parse().ok(),
            Unit::Seconds => {
                let parts = token.split_inclusive(|c: char| c.is_ascii_alphabetic());
                let seconds = |part: &str| {
                    let (number, unit) = part.split_at_checked(part.len() - 1)?;
                    let factor = match unit {
                        "s" => 1.0,
                        "m" => 60.0,
                        "h" => 3_600.0,
                        "d" => 86_400.0,
                        _ => return None,
                    };
                    Some(number.parse::<f64>().ok()? * factor)
                };
                parts.map(seconds).sum::<Option<f64>>().filter(|_| !token.is_empty())
            }
        }
    };
    text.split([' ', ',']).filter_map(one).collect()
}

/// Quotes a text for a filter.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}

/// A sample of the distinct texts of a column.
fn samples(drawn: &[String]) -> Vec<&str> {
    let distinct: BTreeSet<&str> = drawn.iter().map(String::as_str).filter(|text| !absent(text)).collect();
    let step = distinct.len().div_ceil(12).max(1);
    distinct.into_iter().step_by(step).collect()
}

#[tokio::test(start_paused = true)]
async fn every_column_filters_by_the_text_of_its_cells() {
    let mut compared = 0;
    for rows in everything().await {
        for (index, column) in (rows.kind.columns)().into_iter().enumerate() {
            let drawn = rows.drawn(index);
            let places = |holds: &dyn Fn(&str) -> bool| -> BTreeSet<usize> {
                (0..drawn.len()).filter(|row| holds(&drawn[*row])).collect()
            };
            let present = places(&|text| !absent(text));
            for text in samples(&drawn) {
                compared += 1;
                let place = format!("{} {} {text:?}", rows.kind.plural, column.name);
                let term = |op: &str, value: &str| rows.admitted(&format!(r"{}{op}{} \C", column.name, quoted(value)));
                assert_eq!(term(":", text), places(&|other| other.contains(text)), "{place}");
                assert_eq!(term("!~", &regex::escape(text)), &present - &term(":", text), "{place}");
                match column.unit {
                    Unit::Text => check_text(&place, text, &drawn, &present, &term),
                    Unit::Time => check_times(&place, text, &drawn, &present, &term),
                    unit => check_numbers(&place, &numbers(text, unit), &drawn, unit, &present, &rows, column),
                }
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

fn new_york() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(-5))
}

/// Checks that a time is found in its displayed form and in UTC.
fn check_times(place: &str, text: &str, drawn: &[String], present: &BTreeSet<usize>, term: &Term<'_>) {
    let places = |holds: &dyn Fn(&str) -> bool| -> BTreeSet<usize> {
        present.iter().copied().filter(|row| holds(&drawn[*row])).collect()
    };
    assert_eq!(term("=", text), places(&|other| other == text), "{place}");
    assert_eq!(term("!=", text), places(&|other| other != text), "{place}");
    // Dates sort like texts.
    let Ok(moment) = text.parse::<jiff::civil::DateTime>() else { return };
    let utc =
        moment.to_zoned_datetime(new_york()).expect("a time").timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for written in [text, &utc] {
        let place = format!("{place} {written}");
        assert_eq!(term("=", written), places(&|other| other == text), "{place}");
        assert_eq!(term("<", written), places(&|other| other < text), "{place}");
        assert_eq!(term(">=", written), places(&|other| other >= text), "{place}");
    }
    let minute = &text[..16];
    assert_eq!(term("=", minute), places(&|other| other.starts_with(minute)), "{place} {minute}");
}

type Term<'a> = dyn Fn(&str, &str) -> BTreeSet<usize> + 'a;

fn check_text(place: &str, text: &str, drawn: &[String], present: &BTreeSet<usize>, term: &Term<'_>) {
    let equal = term("=", text);
    for (row, other) in drawn.iter().enumerate() {
        assert!(other != text || equal.contains(&row), "{place} is not equal to itself");
        assert!(!equal.contains(&row) || other.contains(text), "{place} is not in {other:?}");
    }
    assert_eq!(term("!=", text), present - &equal, "{place}");
    // Several values count one by one, and text drawn next to a value does not count.
    if ["clusters providers", "revisions images"].iter().any(|list| place.starts_with(list)) {
        for value in text.split(", ") {
            let among = |other: &String| other.split(", ").any(|other| other == value);
            let listed = (0..drawn.len()).filter(|row| among(&drawn[*row])).collect();
            assert_eq!(term("=", value), listed, "{place}: {value}");
        }
    }
    let (below, above) = (term("<", text), term(">", text));
    let not_above = term("<=", text);
    assert!(below.is_subset(&not_above) && above.is_subset(present), "{place}");
    assert_eq!(&not_above | &above, *present, "{place}");
}

fn check_numbers(
    place: &str,
    shown: &[f64],
    drawn: &[String],
    unit: Unit,
    present: &BTreeSet<usize>,
    rows: &Rows,
    column: &Column,
) {
    assert!(unit == Unit::Time || !shown.is_empty() || place.ends_with("\"off\""), "{place}: no number");
    for number in shown {
        let any = |holds: &dyn Fn(f64) -> bool| -> BTreeSet<usize> {
            let holds = |text: &String| numbers(text, unit).into_iter().any(holds);
            (0..drawn.len()).filter(|row| holds(&drawn[*row])).collect()
        };
        let equal = any(&|other| other == *number);
        let mut spellings = vec![number.to_string()];
        match unit {
            Unit::Cpu => spellings.push(format!("{}vcpu", number / 1024.0)),
            Unit::Mebibytes => spellings.extend([format!("{number}Mi"), format!("{}Gi", number / 1024.0)]),
            Unit::Seconds => spellings.push(format!("{number}s")),
            _ => {}
        }
        // All names of the column work, including its title.
        let names = column.names().map(|name| name.replace(' ', ""));
        for name in names {
            for spelling in &spellings {
                let term = |op: &str| rows.admitted(&format!("{name}{op}{spelling}"));
                let place = format!("{place}: {name} {spelling}");
                assert_eq!(term("="), equal, "{place}");
                assert_eq!(term("!="), present - &equal, "{place}");
                assert_eq!(term("<"), any(&|other| other < *number), "{place}");
                assert_eq!(term(">"), any(&|other| other > *number), "{place}");
                assert_eq!(term("<="), any(&|other| other <= *number), "{place}");
                assert_eq!(term(">="), any(&|other| other >= *number), "{place}");
            }
        }
    }
}

#[test]
fn every_header_names_its_column_and_no_other() {
    for kind in KINDS {
        let columns = (kind.columns)();
        for (index, column) in columns.iter().enumerate() {
            for name in column.names() {
                for written in [name.replace(' ', ""), name.replace(' ', "-"), name.to_lowercase().replace(' ', "")] {
                    assert_eq!(kind.column(&written), Some(index), "{}: {written}", kind.plural);
                    let filter = format!("{written}:x");
                    let read = RowFilter::parse(&filter, kind, fixtures::now(), &TimeZone::UTC).expect("a filter");
                    assert!(!read.is_empty());
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rows_are_only_in_states_of_their_kind() {
    for rows in everything().await {
        for state in rows.kind.states {
            let within = |entry: &Entry| entry.row.states().contains(state);
            let expected = (0..rows.entries.len()).filter(|index| within(&rows.entries[*index])).collect();
            assert_eq!(rows.admitted(&format!("is:{state}")), expected, "{} is:{state}", rows.kind.plural);
        }
        for state in rows.entries.iter().flat_map(|entry| entry.row.states()) {
            assert!(rows.kind.states.contains(&state), "{}: nobody can ask for {state}", rows.kind.plural);
        }
    }
}

/// An unknown column or state is reported with its position and the nearest name.
#[test]
fn unknown_columns_and_states_are_mistakes() {
    for kind in KINDS {
        let read = |text: &str| RowFilter::parse(text, kind, fixtures::now(), &TimeZone::UTC);
        for op in ["=", "!=", "~", "!~", "<", "<=", ">", ">="] {
            let fault = read(&format!("a nosuchthing{op}1")).expect_err(kind.plural);
            assert_eq!(fault.at, 2, "{}: {fault:?}", kind.plural);
            assert!(fault.reason.starts_with("unknown column `nosuchthing`"), "{fault:?}");
        }
        for column in (kind.columns)().iter().filter(|column| column.name.len() > 3) {
            let mistyped = format!("{}x", column.name);
            if kind.column(&mistyped).is_none() {
                let fault = read(&format!("{mistyped}:1")).expect_err(&mistyped);
                assert!(fault.reason.contains(&format!("did you mean {}", column.name)), "{fault:?}");
            }
        }
        let fault = read("is:fautl").expect_err("no state");
        assert!(fault.at == 3 && fault.reason.starts_with("unknown state `fautl`; did you mean fault"), "{fault:?}");
        // A word with a colon that is not a column is text.
        for text in [
            "nginx:1.2",
            "registry.example.com:5000/app:latest",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:42",
            "arn:aws:ecs:eu-west-1:123456789012:task/prod/8a53a2fa",
            "http://10.0.0.7:8080/healthz",
            "10.0.0.7:8080",
            "web:57",
            "OutOfMemoryError:",
            "\"exti=137\"",
        ] {
            assert!(read(text).is_ok(), "{}: {text}: {:?}", kind.plural, read(text));
        }
    }
    // A column of another kind is a mistake, not text.
    let read = |text: &str| RowFilter::parse(text, &task::KIND, fixtures::now(), &TimeZone::UTC);
    assert!(read("rollout:failed").is_err() && read("image:nginx").is_err());
}
