//! Evaluates queries.

use std::{cmp::Ordering, collections::BTreeMap};

use serde_json::{Value, json};

use super::language::{Comparison, Field, Figure, Group, Literal, Program, Stats, Test};
use crate::demo::logs::{
    Here,
    store::{self, Event},
    token,
};

/// A row of results: names and values in order. Fields without a value are left out.
type Row = Vec<(String, String)>;

/// The results of a query, and its statistics.
#[derive(Debug)]
pub(super) struct Outcome {
    rows: Vec<Row>,
    matched: usize,
    scanned: usize,
    bytes: usize,
    groups: usize,
}

impl Outcome {
    /// The answer after `part` of `whole` polls.
    pub(super) fn json(&self, status: &str, part: u32, whole: u32) -> Value {
        let so_far = |all: usize| all * part as usize / whole.max(1) as usize;
        let rows = self.rows.iter().take(so_far(self.rows.len()));
        let cells = |row: &Row| row.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect();
        json!({
            "queryLanguage": "CWLI",
            "results": rows.map(cells).collect::<Vec<Value>>(),
            "status": status,
            "statistics": {
                "recordsMatched": so_far(self.matched) as f64,
                "recordsScanned": so_far(self.scanned) as f64,
                "bytesScanned": so_far(self.bytes) as f64,
                "estimatedRecordsSkipped": 0.0,
                "estimatedBytesSkipped": 0.0,
                "logGroupsScanned": self.groups as f64,
            },
        })
    }
}

/// An event as seen by a query.
struct Record<'a> {
    account_id: &'a str,
    group: &'a str,
    stream: &'a str,
    event: &'a Event,
    json: Option<Value>,
}

impl Record<'_> {
    /// The value of a field as text. Times are numbers in comparisons, and dates in results.
    fn value(&self, field: &str) -> Option<String> {
        Some(match field {
            "@timestamp" => self.event.at.timestamp_ms.to_string(),
            "@ingestionTime" => self.event.ingested_ms.to_string(),
            "@message" => self.event.message.to_string(),
            "@logStream" => self.stream.to_owned(),
            "@log" => format!("{}:{}", self.account_id, self.group),
            "@ptr" => token::after(&format!("{}/{}", self.group, token::event_id(self.event.at))),
            path => {
                let found = path.split('.').try_fold(self.json.as_ref()?, |value, step| match value {
                    Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                    other => other.get(step),
                })?;
                match found {
                    Value::Null | Value::Object(_) | Value::Array(_) => return None,
                    Value::String(text) => text.clone(),
                    Value::Bool(yes) => i32::from(*yes).to_string(),
                    Value::Number(number) => number.to_string(),
                }
            }
        })
    }

    fn shown(&self, field: &str) -> Option<String> {
        let value = self.value(field)?;
        let is_time = matches!(field, "@timestamp" | "@ingestionTime");
        Some(if is_time { value.parse().map_or(value, clock) } else { value })
    }
}

/// A time as shown in results.
fn clock(at_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at_ms);
    time.map_or_else(|_| at_ms.to_string(), |time| time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

/// Runs a query over groups and a time range in milliseconds, both ends inclusive.
pub(super) fn run(
    program: &Program,
    here: Here,
    groups: &[(&str, &store::Group)],
    (start_ms, end_ms): (i64, i64),
    limit: usize,
) -> Outcome {
    let needs_json = program.fields().any(|field| !field.starts_with('@'));
    let (mut records, mut scanned, mut bytes) = (Vec::new(), 0, 0);
    for (name, group) in groups {
        let from = Some(start_ms).max(group.kept_from_ms(here.now_ms));
        for (stream, events) in &group.streams {
            for event in events.events.range(events.between(from, Some(end_ms.saturating_add(1)), here.now_ms)) {
                (scanned, bytes) = (scanned + 1, bytes + event.aws_bytes());
                let json = needs_json.then(|| serde_json::from_str(&event.message).ok()).flatten();
                let record = Record { account_id: here.account_id, group: name, stream, event, json };
                if program.filters.iter().all(|filter| holds(filter, &record)) {
                    records.push(record);
                }
            }
        }
    }
    let matched = records.len();
    let limit = program.limit.unwrap_or(limit).min(limit);
    let mut rows = match &program.stats {
        Some(stats) => figures(stats, &records, &program.sort),
        None => lines(program, records, limit),
    };
    rows.truncate(limit);
    Outcome { rows, matched, scanned, bytes, groups: groups.len() }
}

impl Program {
    /// The fields it reads.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        let stats = self.stats.iter().flat_map(|stats| {
            let figures = stats.figures.iter().filter_map(|(figure, _)| field_of(figure));
            let by = stats.by.iter().filter_map(|(group, _)| match group {
                Group::Field(field) => Some(field),
                Group::Bin(_) => None,
            });
            figures.chain(by)
        });
        let mut tested = Vec::new();
        self.filters.iter().for_each(|test| tested_fields(test, &mut tested));
        let shown = self.shown.iter().map(|(field, _)| field);
        shown.chain(self.sort.iter().map(|(name, _)| name)).chain(stats).chain(tested)
    }
}

fn tested_fields<'a>(test: &'a Test, fields: &mut Vec<&'a Field>) {
    match test {
        Test::All(tests) | Test::Any(tests) => tests.iter().for_each(|test| tested_fields(test, fields)),
        Test::Not(test) => tested_fields(test, fields),
        Test::Compare(field, ..)
        | Test::Matches(field, _)
        | Test::Contains(field, _)
        | Test::OneOf(field, _)
        | Test::Present(field) => fields.push(field),
    }
}

fn field_of(figure: &Figure) -> Option<&Field> {
    match figure {
        Figure::Count(field) => field.as_ref(),
        Figure::Distinct(field)
        | Figure::Sum(field)
        | Figure::Average(field)
        | Figure::Least(field)
        | Figure::Greatest(field) => Some(field),
    }
}

fn holds(test: &Test, record: &Record) -> bool {
    match test {
        Test::All(tests) => tests.iter().all(|test| holds(test, record)),
        Test::Any(tests) => tests.iter().any(|test| holds(test, record)),
        Test::Not(test) => !holds(test, record),
        Test::Present(field) => record.value(field).is_some(),
        Test::Matches(field, regex) => record.value(field).is_some_and(|value| regex.is_match(&value)),
        Test::Contains(field, text) => record.value(field).is_some_and(|value| value.contains(text)),
        Test::OneOf(field, literals) => {
            let equal = |value: &str, literal| compare(value, literal) == Some(Ordering::Equal);
            record.value(field).is_some_and(|value| literals.iter().any(|literal| equal(&value, literal)))
        }
        Test::Compare(field, comparison, literal) => {
            let Some(value) = record.value(field) else { return *comparison == Comparison::Unequal };
            let order = compare(&value, literal);
            match comparison {
                Comparison::Equal => order == Some(Ordering::Equal),
                Comparison::Unequal => order != Some(Ordering::Equal),
                Comparison::Less => order == Some(Ordering::Less),
                Comparison::AtMost => order.is_some_and(Ordering::is_le),
                Comparison::Greater => order == Some(Ordering::Greater),
                Comparison::AtLeast => order.is_some_and(Ordering::is_ge),
            }
        }
    }
}

/// Compares as numbers if the literal is one, else as text.
fn compare(value: &str, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Number(number) => value.parse::<f64>().ok()?.partial_cmp(number),
        Literal::Text(text) => Some(value.cmp(text.as_str())),
    }
}

/// Compares two values for `sort`: numbers before texts, missing values last.
fn order(a: Option<&str>, b: Option<&str>) -> Ordering {
    let number = |value: &str| value.parse::<f64>().ok();
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(a), Some(b)) => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.cmp(b),
        },
    }
}

/// The rows of a query without `stats`, newest first unless sorted otherwise.
fn lines(program: &Program, mut records: Vec<Record>, limit: usize) -> Vec<Row> {
    records.sort_by_key(|record| std::cmp::Reverse(record.event.at));
    if !program.sort.is_empty() {
        let keys = |record: &Record| program.sort.iter().map(|(name, _)| record.value(name)).collect::<Vec<_>>();
        let mut keyed: Vec<_> = records.into_iter().map(|record| (keys(&record), record)).collect();
        keyed.sort_by(|(a, _), (b, _)| sorted(&program.sort, |key| (a[key].as_deref(), b[key].as_deref())));
        records = keyed.into_iter().map(|(_, record)| record).collect();
    }
    let default: Vec<(Field, String)>;
    let mut shown = &program.shown;
    if shown.is_empty() {
        default = ["@timestamp", "@message"].map(|name| (name.into(), name.into())).into();
        shown = &default;
    }
    let row = |record: &Record| {
        let pointer = ("@ptr".to_owned(), "@ptr".to_owned());
        let fields = shown.iter().chain([&pointer]).map(|(field, name)| Some((name.clone(), record.shown(field)?)));
        fields.flatten().collect()
    };
    records.iter().take(limit).map(row).collect()
}

/// Compares by several keys, each in its direction.
fn sorted<'a>(sort: &[(String, bool)], values: impl Fn(usize) -> (Option<&'a str>, Option<&'a str>)) -> Ordering {
    let each = sort.iter().enumerate().map(|(key, (_, descending))| {
        let (a, b) = values(key);
        if *descending { order(b, a) } else { order(a, b) }
    });
    each.fold(Ordering::Equal, Ordering::then)
}

/// The rows of a query with `stats`, in the order of their groups unless sorted otherwise.
fn figures(stats: &Stats, records: &[Record], sort: &[(String, bool)]) -> Vec<Row> {
    let key = |record: &Record| -> Vec<Option<String>> {
        let group = |(group, _): &(Group, String)| match group {
            Group::Field(field) => record.shown(field),
            Group::Bin(width) => Some(clock(record.event.at.timestamp_ms.div_euclid(*width) * width)),
        };
        stats.by.iter().map(group).collect()
    };
    let mut grouped: BTreeMap<Vec<Option<String>>, Vec<&Record>> = BTreeMap::new();
    for record in records {
        grouped.entry(key(record)).or_default().push(record);
    }
    if stats.by.is_empty() {
        grouped.entry(Vec::new()).or_default();
    }
    let row = |(key, members): (Vec<Option<String>>, Vec<&Record>)| -> Row {
        let by = stats.by.iter().zip(key).filter_map(|((_, name), value)| Some((name.clone(), value?)));
        let figures = stats.figures.iter().map(|(what, name)| Some((name.clone(), figure(what, &members)?)));
        by.chain(figures.flatten()).collect()
    };
    let mut rows: Vec<Row> = grouped.into_iter().map(row).collect();
    let cell = |row: &'_ Row, name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    rows.sort_by(|a, b| {
        let pairs: Vec<_> = sort.iter().map(|(name, _)| (cell(a, name), cell(b, name))).collect();
        sorted(sort, |key| (pairs[key].0.as_deref(), pairs[key].1.as_deref()))
    });
    rows
}

fn figure(what: &Figure, members: &[&Record]) -> Option<String> {
    let values = |field: &Field| members.iter().filter_map(|record| record.value(field)).collect::<Vec<_>>();
    let numbers =
        |field: &Field| values(field).iter().filter_map(|value| value.parse::<f64>().ok()).collect::<Vec<_>>();
    let number = match what {
        Figure::Count(None) => members.len() as f64,
        Figure::Count(Some(field)) => values(field).len() as f64,
        Figure::Distinct(field) => {
            let mut values = values(field);
            values.sort();
            values.dedup();
            values.len() as f64
        }
        Figure::Sum(field) => numbers(field).iter().sum(),
        Figure::Average(field) => {
            let numbers = numbers(field);
            (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)?
        }
        Figure::Least(field) => numbers(field).into_iter().reduce(f64::min)?,
        Figure::Greatest(field) => numbers(field).into_iter().reduce(f64::max)?,
    };
    let written = format!("{number:.4}");
    Some(written.trim_end_matches('0').trim_end_matches('.').to_owned())
}
