//! A table: which rows of a view are shown, in which order, and where the cursor is.
//!
//! The rows are arranged anew only when there is a reason: other data, another filter or order, or a filter that asks for
//! ages. The cursor stays on its row by id, whatever happens around it; when that row goes, the cursor moves to the
//! nearest neighbour that is still there.

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

/// What a table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// The rows of one view as a person arranged them. Selection and marks go by id, never by index.
#[derive(Debug)]
pub struct Table {
    pub view: View,
    pub filter: RowFilter,
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
    /// What they have to say.
    pub survey: Survey,
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
    /// How the rows stand.
    pub source: FeedState,
    /// The name of a row that was asked for, until all rows are there.
    pub asked_for: Option<Arc<str>>,
    /// What the container instance is called that the view is narrowed to, once that is known.
    instance: Option<Arc<str>>,
    /// The name of a row that the cursor is to go to once it is there.
    pub sought: Option<String>,
    /// A row the cursor had to leave and goes back to should it return, until a key moves the cursor.
    home: Option<Arc<str>>,
    /// No key has moved the cursor yet, and the rows are still coming: it stays on the first one, whichever that is.
    arriving: bool,
    /// All rows, sorted, and what from.
    all: Vec<Entry>,
    ordering: Option<arrange::Ordering>,
    /// What the rows that are shown were chosen by.
    choice: Option<arrange::ArrangeInput>,
}

impl Table {
    /// A table of `view` in its kind's own order, without rows yet.
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

    /// What stands where the rows go.
    pub fn body(&self) -> Body {
        match &self.source.failure {
            _ if !self.rows.is_empty() => Body::Rows,
            _ if self.total > 0 => Body::FilteredOut { hidden: self.total },
            Some(failure) if failure.kind == FailureKind::Denied => Body::Denied(failure.clone()),
            // A throttle passes by itself; until then there is nothing to say but that it takes longer.
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

    /// The name of the row that was asked for, once it is known that there is none.
    pub(in crate::model) fn asked_in_vain(&mut self) -> Option<Arc<str>> {
        let name = self.asked_for.take_if(|_| self.source.phase == Phase::Ready)?;
        (!self.all.iter().any(|entry| cursor::is_called(entry, &name))).then_some(name)
    }

    /// Learns from `snapshot` what the container instance of the view is called.
    fn name_instance(&mut self, snapshot: &Snapshot) {
        if let (Some(arn), None) = (&self.view.query.instance, &self.instance) {
            self.instance = snapshot.row(arn).map(|row| row.name().into());
        }
    }

    /// The row under the cursor.
    pub fn current(&self) -> Option<&Entry> {
        self.rows.get(self.cursor)
    }

    /// Lines in which there is more to say of one row; 0 where there is not. That they are filtered out makes no difference.
    pub fn inspects(&self) -> u16 {
        self.all.first().map_or(0, |entry| entry.row.inspects(&self.view.query))
    }

    /// Indices of the columns that may be shown: the usual ones; to their right, in the wide view, all others.
    pub fn columns(&self) -> Vec<usize> {
        let columns = (self.view.kind.columns)();
        let (mut usual, others): (Vec<_>, Vec<_>) =
            (0..columns.len()).partition(|&index| self.is_usual(index, columns[index]));
        if self.wide {
            usual.extend(others);
        }
        usual
    }

    /// Whether a column is shown where there is room without asking for all of them: it has something to say, or
    /// somebody asked for it.
    pub fn is_usual(&self, index: usize, column: &Column) -> bool {
        let says = column.shown(&self.view.query, false) && !self.survey.is_empty(index);
        index == 0 || says || self.asks_for(index)
    }

    /// Whether the rows are sorted by this column, or filtered on it, or may be.
    pub fn asks_for(&self, column: usize) -> bool {
        self.sort.column == column || self.picked == Some(column) || self.filter.asks_for(column)
    }

    /// Indices of the rows in sight on a page of `page` rows.
    pub fn in_sight(&self, page: u16) -> std::ops::Range<usize> {
        let top = self.top.min(self.rows.len());
        top..self.rows.len().min(top + usize::from(page))
    }

    /// Tells of each row, by index, whether it is marked or within the range being marked. The range is looked up once.
    pub fn marked(&self) -> impl Fn(usize) -> bool {
        let range = self.range_rows();
        move |index| {
            range.as_ref().is_some_and(|range| range.contains(&index))
                || self.rows.get(index).is_some_and(|entry| self.marks.contains(entry.row.id()))
        }
    }

    /// How many of the rows shown are marked, or within the range being marked.
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

    /// What an action is about: the marked rows among those shown, or the one under the cursor.
    pub fn targets(&self) -> Vec<&Entry> {
        let marked: Vec<_> = self.rows.iter().filter(|entry| self.marks.contains(entry.row.id())).collect();
        if marked.is_empty() { self.current().into_iter().collect() } else { marked }
    }
}

/// A group of failures in a title, which has to stay short: what its tasks died of, where a rule knows that.
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

/// The columns (bits) of a row that changed a moment ago.
pub fn fresh(entry: &Entry, now: Timestamp) -> u64 {
    match entry.changed_at {
        Some(at) if now < at + FRESH => entry.changed,
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
