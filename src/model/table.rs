//! A table: which rows of a view are shown, in which order, and where the cursor is.

use std::{collections::HashSet, sync::Arc};

use super::filter::Filter;
use crate::{
    aws::Failure,
    data::{Entry, Phase},
    resource::View,
};

/// What a table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Index into the kind's columns.
    pub column: usize,
    pub descending: bool,
}

/// What stands where the rows go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The rows.
    Rows,
    /// Nothing has come yet.
    Loading,
    /// There are none.
    Empty,
    /// There are `hidden` rows and the filter, or faults only, lets none through.
    FilteredOut { hidden: usize },
    /// Not allowed; the failure names the missing action.
    Denied(Arc<Failure>),
    /// The first call failed, and there is nothing older to show.
    Failed(Arc<Failure>),
}

/// The state of the feeds behind a table, taken together.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub phase: Phase,
    /// The worst failure among the feeds; rows may still be there, from before.
    pub failure: Option<Arc<Failure>>,
    /// When the oldest of them was confirmed.
    pub fetched: Option<jiff::Timestamp>,
    /// Seconds after which that is late.
    pub late_after: u32,
}

/// The rows of one view as a person arranged them. Selection and marks go by id, never by index.
#[derive(Debug)]
pub struct Table {
    pub view: View,
    pub filter: Filter,
    pub sort: Sort,
    /// The column picked with shift-←/→, to be sorted by.
    pub picked: Option<usize>,
    pub faults_only: bool,
    /// All columns, the wide ones too.
    pub wide: bool,
    /// Columns scrolled off to the left, after the first one, which stays.
    pub left: usize,
    /// Index of the first row in sight.
    pub top: usize,
    /// The rows that are shown, in order.
    pub rows: Vec<Entry>,
    /// Rows before filtering.
    pub total: usize,
    /// Index into `rows` of the one the cursor is on; 0 when there are none.
    pub cursor: usize,
    /// Id of that row; `None` when there are none.
    pub selected: Option<Arc<str>>,
    /// Ids of marked rows. Those that are filtered out stay marked, but nothing is done to them.
    pub marks: HashSet<Arc<str>>,
    /// Where the range being marked began.
    pub range: Option<Arc<str>>,
    pub source: Source,
}

impl Table {
    /// What stands where the rows go.
    pub fn body(&self) -> Body {
        Body::Rows
    }

    /// Whether the row is marked, or within the range being marked.
    pub fn marked(&self, index: usize) -> bool {
        self.rows.get(index).is_some_and(|entry| self.marks.contains(entry.row.id()))
    }
}
