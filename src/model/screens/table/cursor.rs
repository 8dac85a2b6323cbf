//! Moving the cursor, marking, picking columns.

use std::sync::Arc;

use super::{Sort, Table};
use crate::data::Entry;

/// Whether this is the row's id, or its name.
pub(super) fn is_called(entry: &Entry, word: &str) -> bool {
    entry.row.id() == word || entry.row.name() == word
}

impl Table {
    /// Moves the cursor by so many rows, as far as there are any.
    pub fn move_by(&mut self, rows: isize) {
        self.move_to(self.cursor.saturating_add_signed(rows));
    }

    /// Moves the cursor to a row, or to the last one.
    pub fn move_to(&mut self, index: usize) {
        self.cursor = index;
        self.home = None;
        self.arriving = false;
        self.select();
    }

    /// Puts the cursor on the row with this id, or name, now or once it is there, unless a key moves it before.
    pub fn seek(&mut self, id: &str) {
        match self.rows.iter().position(|entry| is_called(entry, id)) {
            Some(index) => self.move_to(index),
            None => self.home = Some(id.into()),
        }
    }

    /// Makes the row at the cursor's index the selected one.
    pub(super) fn select(&mut self) {
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let id = self.current().map(|entry| entry.row.id());
        if id != self.selected.as_deref() {
            self.selected = id.map(Arc::from);
        }
    }

    /// Scrolls until the cursor is among the `page` rows in sight, and no further than the rows go.
    pub fn scroll(&mut self, page: u16) {
        let page = usize::from(page.max(1));
        let lowest = self.cursor.saturating_sub(page - 1);
        self.top = self.top.clamp(lowest, self.cursor).min(self.rows.len().saturating_sub(page));
    }

    /// Marks the row, or takes its mark away; with a range begun: marks the range.
    pub fn mark(&mut self) {
        if let Some(range) = self.range_rows() {
            let ids = self.rows[range].iter().map(|entry| Arc::from(entry.row.id()));
            self.marks.extend(ids);
            self.range = None;
        } else if let Some(id) = self.selected.clone()
            && !self.marks.remove(&id)
        {
            self.marks.insert(id);
        }
    }

    /// Begins a range at the cursor, or marks the one that was begun.
    pub fn mark_range(&mut self) {
        match self.range_rows() {
            Some(_) => self.mark(),
            None => self.range.clone_from(&self.selected),
        }
    }

    /// Marks all rows that are shown; when some are marked already, the others instead.
    pub fn mark_all(&mut self) {
        let others: Vec<Arc<str>> = self
            .rows
            .iter()
            .map(|entry| entry.row.id())
            .filter(|id| !self.marks.contains(*id))
            .map(Arc::from)
            .collect();
        for entry in &self.rows {
            self.marks.remove(entry.row.id());
        }
        self.marks.extend(others);
    }

    /// Sorts by a column; by the one it is sorted by already: the other way round.
    pub fn sort_by(&mut self, column: usize) {
        let descending = self.sort.column == column && !self.sort.descending;
        self.sort = Sort { column, descending };
    }

    /// Picks the column `steps` to the right of the picked one, or of the one it is sorted by.
    pub fn pick_column(&mut self, steps: isize) {
        let columns = self.columns();
        let current = self.picked.unwrap_or(self.sort.column);
        let position = columns.iter().position(|&column| column == current).unwrap_or(0);
        self.picked = columns.get(position.saturating_add_signed(steps).min(columns.len().saturating_sub(1))).copied();
    }
}
