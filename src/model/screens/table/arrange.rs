//! From feeds to the rows of a table: merges, filters, sorts, and restores the cursor.

use std::{
    cmp,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Sort, Survey, Table, cursor::is_called, fresh};
use crate::{
    data::{Entry, Feed, Phase, Snapshot},
    model::{
        filter::{Lens, RowFilter, RowInFilter},
        layout,
    },
    resource::{Context, Order, Pace, Row, Unit, Zone},
};

/// What the order of all rows depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ordering {
    /// Address and revision of each feed's rows: another data layer restarts its revisions.
    feeds: Vec<(usize, u64)>,
    sort: Sort,
}

/// What the choice of shown rows depends on, except the time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ArrangeInput {
    filter: String,
    faults_only: bool,
    wide: bool,
    zone: Zone,
    /// Present only if the filter uses marks.
    marks: Option<HashSet<Arc<str>>>,
}

impl Table {
    /// Updates the rows from `snapshot`. With `forgive`, as while typing a filter, a cursor whose row disappears
    /// returns to it later.
    pub fn arrange(&mut self, snapshot: &Snapshot, cx: &Context, forgive: bool) {
        self.name_instance(snapshot);
        let feeds = snapshot.feeds_of(&self.view);
        self.source = snapshot.state(&self.view);
        let ordering = Ordering {
            feeds: feeds.iter().map(|feed| (Arc::as_ptr(&feed.rows).addr(), feed.revision)).collect(),
            sort: self.sort,
        };
        let choice = ArrangeInput {
            filter: self.filter.text().into(),
            faults_only: self.faults_only,
            wide: self.wide,
            zone: cx.zone.clone(),
            marks: self.filter.text().contains("is:marked").then(|| self.marks.clone()),
        };
        // Sorting is expensive, and not needed while typing a filter.
        let reordered = self.ordering.as_ref() != Some(&ordering);
        if reordered {
            self.all = sorted(merge(&feeds), self.sort, cx);
            self.total = self.all.len();
            self.ordering = Some(ordering);
        }
        if reordered || self.choice.as_ref() != Some(&choice) || self.filter.ages() {
            let rows = self.shown_rows(cx);
            self.survey = Survey::of(&(self.view.kind.columns)(), &rows, cx);
            self.settle(rows, forgive || self.source.phase != Phase::Ready);
            self.steady_widths = layout::steady_widths(self, cx);
            self.choice = Some(choice);
        }
    }

    /// The shown rows.
    fn shown_rows(&self, cx: &Context) -> Vec<Entry> {
        self.admitted(&self.filter, cx).cloned().collect()
    }

    /// The rows that `filter` would show.
    pub fn admitted<'a>(&'a self, filter: &'a RowFilter, cx: &'a Context) -> impl Iterator<Item = &'a Entry> {
        let columns = (self.view.kind.columns)();
        // Words are not searched in the seconds of an age.
        let searched = (0..columns.len())
            .filter(|&index| columns[index].shown(&self.view.query, self.wide) && columns[index].unit != Unit::Seconds);
        let mut lens = Lens::new(self.view.kind, searched.collect(), cx.clone());
        self.all.iter().filter(move |entry| {
            let candidate =
                RowInFilter { entry, marked: self.marks.contains(entry.row.id()), changed: fresh(entry, cx.now) != 0 };
            (!self.faults_only || entry.row.fault()) && filter.admits(candidate, &mut lens)
        })
    }

    /// Replaces the rows and restores the cursor.
    fn settle(&mut self, rows: Vec<Entry>, forgive: bool) {
        let position = |id: &str| rows.iter().position(|entry| entry.row.id() == id);
        let home = self.home.as_deref().and_then(|word| rows.iter().position(|entry| is_called(entry, word)));
        let kept = || self.selected.as_deref().and_then(position);
        if self.arriving && self.home.is_none() {
            self.cursor = 0;
        } else if let Some(cursor) = home.or_else(kept) {
            self.cursor = cursor;
            self.home.take_if(|_| home.is_some());
        } else {
            if self.home.is_none() && self.selected.is_some() {
                self.home.clone_from(&self.selected);
            }
            self.cursor = self.neighbour(&rows);
        }
        if !forgive {
            self.home = None;
        }
        self.rows = rows;
        self.select();
        if self.source.phase == Phase::Ready {
            self.arriving = false;
            self.forget_gone();
        }
    }

    /// The index in `rows` of the row nearest to the cursor: the next remaining one, or else the previous.
    fn neighbour(&self, rows: &[Entry]) -> usize {
        let indices: HashMap<&str, usize> =
            rows.iter().enumerate().map(|(index, entry)| (entry.row.id(), index)).collect();
        let old = |index: usize| indices.get(self.rows.get(index)?.row.id()).copied();
        (1..=self.rows.len())
            .find_map(|distance| old(self.cursor + distance).or_else(|| old(self.cursor.checked_sub(distance)?)))
            .unwrap_or(0)
    }

    /// Drops the marks of rows that no longer exist. Filtered-out rows keep theirs.
    fn forget_gone(&mut self) {
        if self.marks.is_empty() || self.rows.len() < self.total {
            return;
        }
        let ids: HashSet<&str> = self.rows.iter().map(|entry| entry.row.id()).collect();
        self.marks.retain(|id| ids.contains(&**id));
    }
}

/// The rows of all feeds. While a task moves from running to stopped it is in both: the final row is the newer.
fn merge(feeds: &[&Feed]) -> Vec<Entry> {
    if let [feed] = feeds {
        return feed.rows.to_vec();
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for entry in feeds.iter().flat_map(|feed| feed.rows.iter()) {
        match seen.get(entry.row.id()) {
            Some(&index) if entry.row.pace() == Pace::Final => entries[index] = entry.clone(),
            Some(_) => {}
            None => {
                seen.insert(entry.row.id(), entries.len());
                entries.push(entry.clone());
            }
        }
    }
    entries
}

/// The rows sorted by one column and then by id; rows without a value are last in both directions.
fn sorted(entries: Vec<Entry>, sort: Sort, cx: &Context) -> Vec<Entry> {
    let mut order: Vec<(Order<'_>, &dyn Row, usize)> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| (entry.row.order(sort.column, cx), &*entry.row, index))
        .collect();
    order.sort_by(|(a, a_row, _), (b, b_row, _)| {
        compare(a, b, sort.descending).then_with(|| a_row.id().cmp(b_row.id()))
    });
    order.iter().map(|(_, _, index)| entries[*index].clone()).collect()
}

fn compare(a: &Order<'_>, b: &Order<'_>, descending: bool) -> cmp::Ordering {
    let order = match (a, b) {
        (Order::Absent, Order::Absent) => return cmp::Ordering::Equal,
        (Order::Absent, _) => return cmp::Ordering::Greater,
        (_, Order::Absent) => return cmp::Ordering::Less,
        (Order::Number(a), Order::Number(b)) => a.total_cmp(b),
        (Order::Text(a), Order::Text(b)) => a.cmp(b),
        (Order::Number(_), Order::Text(_)) => cmp::Ordering::Less,
        (Order::Text(_), Order::Number(_)) => cmp::Ordering::Greater,
    };
    if descending { order.reverse() } else { order }
}
