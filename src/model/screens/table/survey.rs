//! Which columns of a table have contents: computed when the rows change, not for each frame.

use crate::{
    data::Entry,
    resource::{Column, Context, Tone},
};

/// Bit set of columns, by index. Columns beyond 64 count as filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Survey {
    empty: u64,
    marking: u64,
}

impl Default for Survey {
    /// Without rows, any column may have contents.
    fn default() -> Self {
        Self { empty: 0, marking: 0 }
    }
}

impl Survey {
    /// Surveys `rows`; each column until its result is known.
    pub(super) fn of(columns: &[&Column], rows: &[Entry], cx: &Context) -> Self {
        let bits = |holds: &dyn Fn(usize, &Column) -> bool| {
            let columns = columns.iter().take(64).enumerate();
            columns.filter(|(index, column)| holds(*index, column)).fold(0, |bits, (index, _)| bits | 1 << index)
        };
        let empty = |index: usize, _: &Column| {
            !rows.is_empty() && rows.iter().all(|entry| entry.row.cell(index, cx).is_empty())
        };
        let warns = |entry: &Entry, index: usize| entry.row.cell(index, cx).tone >= Tone::Warn;
        let always: Vec<usize> = (0..columns.len())
            .filter(|index| columns[*index].priority == 0 && !columns[*index].wide && !columns[*index].marks_row)
            .collect();
        let alone =
            |entry: &Entry, index: usize| warns(entry, index) && !always.iter().any(|other| warns(entry, *other));
        let marking = |index: usize, column: &Column| column.marks_row && rows.iter().any(|entry| alone(entry, index));
        Self { empty: bits(&empty), marking: bits(&marking) }
    }

    /// Whether no row has a value in this column.
    pub fn is_empty(&self, column: usize) -> bool {
        column < 64 && self.empty & (1 << column) != 0
    }

    /// Whether a row may be marked only because of its cell in this column.
    pub fn marks(&self, column: usize) -> bool {
        column < 64 && self.marking & (1 << column) != 0
    }
}
