//! Parts of a table's filter besides words: columns, states, and fuzzy terms.

use crate::{
    grammar::{self, Case, Fault, FilterReader, Op, Term, Test, in_column, option},
    kinds::KINDS,
    nearest::hint,
    resource::Kind,
};

/// The states of all kinds, in addition to their own, with their meaning.
pub(super) const STATES: [(&str, &str); 3] =
    [("fault", "it has a problem"), ("marked", "marked"), ("changed", "changed recently")];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum RowTest {
    Fuzzy(String),
    Compare { column: usize, op: Op, value: String },
    State(String),
}

/// The terms of `text` for a table of `kind`.
pub(super) fn parse(text: &str, kind: &Kind) -> Result<(Vec<Term<RowTest>>, Case), Fault> {
    if let Some(fuzzy) = option(text, "-f").map(str::trim) {
        return match fuzzy {
            "" => Err(Fault::new(text.chars().count(), "the text after -f is missing")),
            fuzzy => {
                Ok((vec![Term { negated: false, test: Test::Own(RowTest::Fuzzy(fuzzy.into())), at: 0 }], Case::Smart))
            }
        };
    }
    if option(text, "-l").is_some() {
        return Err(Fault::new(0, no_tags(kind)));
    }
    grammar::terms(text, |reader| own(reader, kind))
}

fn own(reader: &mut FilterReader<'_>, kind: &Kind) -> Result<Option<(usize, RowTest)>, Fault> {
    if let Some((column, op)) = reader.comparison(in_column, |name| kind.column(name)) {
        let at = reader.characters();
        return Ok(Some((at, RowTest::Compare { column, op, value: reader.value(op)? })));
    }
    let at = reader.characters();
    if reader.take("is:") {
        let unknown = reader.fault("");
        let state = reader.until_space().to_lowercase();
        let states = || STATES.iter().map(|(state, _)| *state).chain(kind.states.iter().copied());
        if states().any(|known| known == state) {
            return Ok(Some((at, RowTest::State(state))));
        }
        let reason = match state.as_str() {
            "" => format!("a state is missing after is:{}", hint("", states())),
            state => format!("unknown state `{state}`{}", hint(state, states())),
        };
        return Err(Fault { reason, ..unknown });
    }
    if reader.rest().starts_with("tag:") {
        return Err(reader.fault(no_tags(kind)));
    }
    let columns = (kind.columns)();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let elsewhere = |name: &str| KINDS.iter().any(|kind| kind.column(name).is_some());
    reader.refuse_unknown("column", "text goes in quotes", &names, elsewhere)?;
    Ok(None)
}

fn no_tags(kind: &Kind) -> String {
    format!("{} are fetched without their tags", kind.plural)
}
