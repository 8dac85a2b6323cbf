//! Completion of the last term of a table's filter: columns, states, and values of the loaded rows.

use std::collections::BTreeSet;

use super::{RowFilter, amount, row_test::STATES};
use crate::{
    grammar::{
        Op, option,
        typing::{by_frequency, without_last_term},
    },
    model::{
        Table,
        prompt::{Completion, FilterTerm, Suggestion},
    },
    resource::{Cell, Column, Context, Kind, Row, Unit},
};

/// Suggested ages, with their meaning.
const AGES: [(&str, &str); 4] = [("5m", "5 minutes"), ("1h", "1 hour"), ("6h", "6 hours"), ("1d", "1 day")];

/// Completes the last term of `text` with values of the rows that the other terms accept.
pub(in crate::model) fn complete(text: &str, table: &Table, cx: &Context) -> Completion {
    if option(text, "-f").is_some() {
        return Completion::default();
    }
    let kind = table.view.kind;
    let values = |name: &str, op: Op| {
        let Some(column) = kind.column(name) else { return Vec::new() };
        let unit = (kind.columns)().get(column).map(|column| column.unit).unwrap_or_default();
        let ordered = matches!(op, Op::Less | Op::AtMost | Op::Greater | Op::AtLeast);
        match unit {
            Unit::Seconds | Unit::Time if ordered => examples(unit, cx),
            // An age changes each second, and text is rarely compared by order.
            Unit::Seconds => Vec::new(),
            Unit::Text if ordered => Vec::new(),
            _ => {
                let others = RowFilter::parse(without_last_term(text), kind, cx.now, &cx.zone.zone).unwrap_or_default();
                let rows = table.admitted(&others, cx).map(|entry| &*entry.row);
                let values = by_frequency(rows.flat_map(|row| compared(row, column, unit, op, cx)));
                values.into_iter().map(|(value, rows)| (value, count(rows, kind))).collect()
            }
        }
    };
    Completion::of_term(text, |word| terms(kind, word), values)
}

fn count(rows: usize, kind: &Kind) -> String {
    format!("{rows} {}", if rows == 1 { kind.name } else { kind.plural })
}

/// The columns of a kind and the states of its rows. For a complete column name, `word`, also what may follow it.
fn terms(kind: &Kind, word: &str) -> Vec<FilterTerm> {
    let column = |column: &Column| FilterTerm {
        spellings: column.names().map(str::to_lowercase).filter(|name| !name.contains(' ')).collect(),
        about: match column.answers_to(word) {
            true => format!("{}; {}", column.title, operators(column.unit)),
            false => column.title.to_owned(),
        },
    };
    let states = STATES.into_iter().chain(kind.states.iter().map(|state| (*state, "")));
    let states = states.map(|(state, about)| FilterTerm::state(state, about));
    (kind.columns)().into_iter().map(column).chain(states).collect()
}

/// What may follow the name of a column.
fn operators(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "= is, : contains, ~ matches, != is not",
        Unit::Count => "= != < <= > >= a number",
        Unit::Seconds => "< <= > >= a time such as 10m",
        Unit::Time => "= < <= > >= a time such as 14:05",
        Unit::Mebibytes => "= != < <= > >= a size such as 512Mi",
        Unit::Cpu => "= != < <= > >= a size such as 0.5vcpu",
    }
}

/// Suggested ages or times for a column with this unit.
fn examples(unit: Unit, cx: &Context) -> Vec<Suggestion> {
    if unit == Unit::Seconds {
        return AGES.map(|(age, about)| (age.to_owned(), about.to_owned())).into();
    }
    let now = cx.now.to_zoned_datetime(cx.zone.zone.clone());
    let [hour, day] = ["%H:00", "%Y-%m-%d"].map(|format| now.strftime(format).to_string());
    vec![(hour, "the last full hour".into()), (day, "today".into())]
}

/// The distinct values of a cell that `op` can compare; empty if there are none.
fn compared(row: &dyn Row, column: usize, unit: Unit, op: Op, cx: &Context) -> BTreeSet<String> {
    let cell: Cell<'_> = row.cell(column, cx);
    if cell.is_absent() {
        return BTreeSet::new();
    }
    let drawn = matches!(op, Op::Contains | Op::Matches | Op::MatchesNot);
    let within = |value: &&str| !drawn || cell.text.contains(*value);
    let mut values: BTreeSet<String> = match unit {
        // The text as drawn, in the time zone of the console.
        Unit::Time => BTreeSet::new(),
        _ => cell.compared().filter(within).map(str::to_owned).collect(),
    };
    if values.is_empty() {
        values.insert(cell.text.clone().into_owned());
    }
    // A column of numbers may show a word, such as `off`.
    values.retain(|value| {
        drawn || unit == Unit::Text || amount::parse_amount(value, unit, cx.now, &cx.zone.zone).is_ok()
    });
    values
}
