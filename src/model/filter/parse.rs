//! What a table's filter knows besides words: columns, states, and what is fuzzy.

use crate::{
    grammar::{self, Case, Fault, Op, Reader, Term, Test, in_column, option},
    resource::Kind,
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Own {
    Fuzzy(String),
    Compare { column: usize, op: Op, value: String },
    State(String),
}

/// The terms of `text` for a table of `kind`.
pub(super) fn parse(text: &str, kind: &Kind) -> Result<(Vec<Term<Own>>, Case), Fault> {
    if let Some(fuzzy) = option(text, "-f").map(str::trim) {
        return match fuzzy {
            "" => Err(Fault::new(text.chars().count(), "what to look for is missing after -f")),
            fuzzy => Ok((vec![Term { negated: false, test: Test::Own(Own::Fuzzy(fuzzy.into())), at: 0 }], Case::Smart)),
        };
    }
    if option(text, "-l").is_some() {
        return Err(Fault::new(0, no_tags(kind)));
    }
    grammar::terms(text, |reader| own(reader, kind))
}

fn own(reader: &mut Reader<'_>, kind: &Kind) -> Result<Option<(usize, Own)>, Fault> {
    if let Some((column, op)) = reader.comparison(in_column, |name| kind.column(name)) {
        let at = reader.characters();
        return Ok(Some((at, Own::Compare { column, op, value: reader.value(op)? })));
    }
    let at = reader.characters();
    if reader.take("is:") {
        let state = reader.until_space().to_lowercase();
        return match state.is_empty() {
            true => Err(reader.fault("a state is missing after is: (fault, marked, changed, stopped, …)")),
            false => Ok(Some((at, Own::State(state)))),
        };
    }
    if reader.rest().starts_with("tag:") {
        return Err(reader.fault(no_tags(kind)));
    }
    Ok(None)
}

fn no_tags(kind: &Kind) -> String {
    format!("{} are fetched without their tags", kind.plural)
}
