//! A table: the rows of a view in order, and the cursor.
//!
//! Rows are rearranged only when needed: after changes of data, filter or order, and over time for a filter with ages.
//! The cursor stays on its row, by id. If that row disappears, the cursor moves to the nearest remaining row.

use std::{borrow::Cow, collections::HashSet, ops::RangeInclusive, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    aws::{Failure, FailureKind},
    data::{Entry, FeedState, Phase, Snapshot},
    knowledge,
    model::{filter::RowFilter, text::safe},
    resource::{
        Column, Origin, Past, Status, View,
        format::{duration, last_part, short_id},
        query::DAY,
    },
};

pub mod actions;
mod arrange;
mod content;
mod cursor;
mod survey;

pub(super) use actions::{ACTIONS, CONTEXTS};
pub use survey::Survey;

/// How long a changed cell is marked.
pub const FRESH: SignedDuration = SignedDuration::from_secs(5);

/// The column that a table is sorted by, and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Index into the kind's columns.
    pub column: usize,
    pub descending: bool,
}

/// What the body shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The rows.
    Rows,
    /// No rows have arrived yet.
    Loading,
    /// The view has no rows.
    Empty,
    /// There are `hidden` rows, but the filter (or faults only) hides all of them.
    FilteredOut { hidden: usize },
    /// Reading is not allowed; the failure names the missing action.
    Denied(Arc<Failure>),
    /// The first call failed, and there are no older rows to show.
    Failed(Arc<Failure>),
}

/// The rows of one view as arranged by the user. Selection and marks are by id, never by index.
#[derive(Debug)]
pub struct Table {
    pub view: View,
    pub filter: RowFilter,
    pub sort: Sort,
    /// The column selected with shift-←/→, to sort by.
    pub picked: Option<usize>,
    pub faults_only: bool,
    /// Show all columns, including wide ones.
    pub wide: bool,
    /// Number of columns scrolled off to the left, after the first, which stays.
    pub left: usize,
    /// Index of the first visible row.
    pub top: usize,
    /// The shown rows, in order.
    pub rows: Vec<Entry>,
    /// Which columns have contents.
    pub survey: Survey,
    /// The greatest width so far of each narrow column, in cells.
    pub steady_widths: Vec<u16>,
    /// Number of rows before filtering.
    pub total: usize,
    /// Index of the cursor's row in `rows`; 0 if there are none.
    pub cursor: usize,
    /// Id of the cursor's row; `None` if there are none.
    pub selected: Option<Arc<str>>,
    /// Ids of marked rows. Filtered-out rows stay marked, but actions skip them.
    pub marks: HashSet<Arc<str>>,
    /// The row where the range being marked begins.
    pub range: Option<Arc<str>>,
    /// The state of the rows.
    pub source: FeedState,
    /// The name of a requested row, until all rows have loaded.
    pub asked_for: Option<Arc<str>>,
    /// The name of the container instance that the view is limited to, once known.
    instance: Option<Arc<str>>,
    /// The name of a row for the cursor to move to once it has loaded.
    pub sought: Option<String>,
    /// A row that has disappeared from under the cursor, which returns to it if it reappears before a key moves the
    /// cursor.
    home: Option<Arc<str>>,
    /// Rows are still loading, and no key has moved the cursor yet: it stays on the first row, whichever that is.
    arriving: bool,
    /// All rows, sorted, and what the order depends on.
    all: Vec<Entry>,
    ordering: Option<arrange::Ordering>,
    /// What the shown rows depend on.
    choice: Option<arrange::ArrangeInput>,
}

impl Table {
    /// A table of `view` in the default order of its kind, without rows yet.
    pub fn new(view: View) -> Self {
        let (column, descending) = view.kind.sort;
        Self {
            sort: Sort { column: view.kind.column(column).unwrap_or(0), descending },
            view,
            filter: RowFilter::default(),
            picked: None,
            faults_only: false,
            wide: false,
            left: 0,
            top: 0,
            rows: Vec::new(),
            survey: Survey::default(),
            steady_widths: Vec::new(),
            total: 0,
            cursor: 0,
            selected: None,
            marks: HashSet::new(),
            range: None,
            source: FeedState::default(),
            asked_for: None,
            instance: None,
            home: None,
            arriving: true,
            sought: None,
            all: Vec::new(),
            ordering: None,
            choice: None,
        }
    }

    /// What the body shows.
    pub fn body(&self) -> Body {
        match &self.source.failure {
            _ if !self.rows.is_empty() => Body::Rows,
            _ if self.total > 0 => Body::FilteredOut { hidden: self.total },
            Some(failure) if failure.kind == FailureKind::Denied => Body::Denied(failure.clone()),
            // Throttling is temporary; until it ends, loading only takes longer.
            Some(failure) if failure.kind != FailureKind::Throttled => Body::Failed(failure.clone()),
            _ if self.source.phase == Phase::Ready => Body::Empty,
            _ => Body::Loading,
        }
    }

    /// The view in a few words: `tasks(payments)`, `tasks(payments, stopped, last 6h)`, `services(all)`.
    pub fn title(&self) -> String {
        let query = &self.view.query;
        let task = query.task.as_deref().map(short_id);
        let instance = self.instance.as_ref().or(query.instance.as_ref());
        let rest = [instance, query.service.as_ref(), query.family.as_ref(), query.cluster.as_ref()];
        let part = task.or_else(|| rest.into_iter().flatten().next().map(|part| last_part(part))).map(safe);
        let status = match query.status {
            Status::Running => None,
            Status::Stopped => Some("stopped".into()),
            Status::All => Some("running and stopped".into()),
        };
        let part = part.or_else(|| self.view.kind.in_cluster.then(|| "all".into()));
        let group = query.group.as_deref().map(group_title);
        let counts = matches!(self.view.kind.origin, Origin::Composed(compose) if compose.past() == Past::Failures);
        let since = query.since.or(counts.then_some(DAY));
        let since = since.map(|seconds| format!("last {}", duration(seconds.into())).into());
        let parts: Vec<_> = part.into_iter().chain(status).chain(group).chain(since).collect();
        match parts.is_empty() {
            true => self.view.kind.plural.into(),
            false => format!("{}({})", self.view.kind.plural, parts.join(", ")),
        }
    }

    /// The name of the requested row, once it is known not to exist.
    pub(in crate::model) fn missing_row(&mut self) -> Option<Arc<str>> {
        let name = self.asked_for.take_if(|_| self.source.phase == Phase::Ready)?;
        (!self.all.iter().any(|entry| cursor::is_called(entry, &name))).then_some(name)
    }

    /// Finds the name of the view's container instance in `snapshot`.
    fn name_instance(&mut self, snapshot: &Snapshot) {
        if let (Some(arn), None) = (&self.view.query.instance, &self.instance) {
            self.instance = snapshot.row(arn).map(|row| row.name().into());
        }
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&Entry> {
        self.rows.get(self.cursor)
    }

    /// Number of lines of details about a row; 0 without a pane. Filtering does not change it.
    pub fn inspects(&self) -> u16 {
        self.all.first().map_or(0, |entry| entry.row.inspects(&self.view.query))
    }

    /// Indices of the columns that may be shown: the usual ones, followed in the wide view by all others.
    pub fn columns(&self) -> Vec<usize> {
        let columns = (self.view.kind.columns)();
        let (mut usual, others): (Vec<_>, Vec<_>) =
            (0..columns.len()).partition(|&index| self.is_usual(index, columns[index]));
        if self.wide {
            usual.extend(others);
        }
        usual
    }

    /// Whether a column is shown outside of the wide view: it has contents, or the user has requested it.
    pub fn is_usual(&self, index: usize, column: &Column) -> bool {
        let says = column.shown(&self.view.query, false) && !self.survey.is_empty(index);
        index == 0 || says || self.asks_for(index)
    }

    /// Whether the rows are sorted by this column or filtered on it, or it is selected.
    pub fn asks_for(&self, column: usize) -> bool {
        self.sort.column == column || self.picked == Some(column) || self.filter.asks_for(column)
    }

    /// Indices of the visible rows on a page of `page` rows.
    pub fn visible_rows(&self, page: u16) -> std::ops::Range<usize> {
        let top = self.top.min(self.rows.len());
        top..self.rows.len().min(top + usize::from(page))
    }

    /// Returns a function that tests by index whether a row is marked or within the range being marked. It looks the
    /// range up once.
    pub fn marked(&self) -> impl Fn(usize) -> bool {
        let range = self.range_rows();
        move |index| {
            range.as_ref().is_some_and(|range| range.contains(&index))
                || self.rows.get(index).is_some_and(|entry| self.marks.contains(entry.row.id()))
        }
    }

    /// Number of shown rows that are marked or within the range being marked.
    pub fn marked_rows(&self) -> usize {
        if self.marks.is_empty() {
            return self.range_rows().map_or(0, Iterator::count);
        }
        let marked = self.marked();
        (0..self.rows.len()).filter(|index| marked(*index)).count()
    }

    /// Indices of the range being marked.
    pub fn range_rows(&self) -> Option<RangeInclusive<usize>> {
        let start = self.range.as_deref()?;
        let start = self.rows.iter().position(|entry| entry.row.id() == start)?;
        Some(start.min(self.cursor)..=start.max(self.cursor))
    }

    /// The rows for an action: the marked rows that are shown, or the one under the cursor.
    pub fn targets(&self) -> Vec<&Entry> {
        let marked: Vec<_> = self.rows.iter().filter(|entry| self.marks.contains(entry.row.id())).collect();
        if marked.is_empty() { self.current().into_iter().collect() } else { marked }
    }
}

/// Short title for a group of failures: its cause, if a rule knows it.
fn group_title(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 40;
    let rule = name.rsplit(' ').next().and_then(knowledge::by_id);
    if let Some(rule) = rule.filter(|rule| !rule.short.is_empty()) {
        return rule.short.into();
    }
    match safe(name) {
        name if name.chars().count() > LONGEST => {
            name.chars().take(LONGEST - 1).chain(['…']).collect::<String>().into()
        }
        name => name,
    }
}

/// Bit set of the columns of a row that changed recently.
pub fn fresh(entry: &Entry, now: Timestamp) -> u64 {
    match entry.changed_at {
        Some(at) if now < at + FRESH => entry.changed,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
