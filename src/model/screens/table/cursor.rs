//! Moving the cursor, marking rows, selecting columns.

use std::sync::Arc;

use super::{Sort, Table};
use crate::data::Entry;

/// Whether `word` is the row's id or name.
pub(super) fn is_called(entry: &Entry, word: &str) -> bool {
    entry.row.id() == word || entry.row.name() == word
}

impl Table {
    /// Moves the cursor by `rows`, within the table.
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

    /// Moves the cursor to the row with this id or name, now or once it has loaded, unless a key moves it first.
    pub fn seek(&mut self, id: &str) {
        match self.rows.iter().position(|entry| is_called(entry, id)) {
            Some(index) => self.move_to(index),
            None => self.home = Some(id.into()),
        }
    }

    /// Selects the row at the cursor's index.
    pub(super) fn select(&mut self) {
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let id = self.current().map(|entry| entry.row.id());
        if id != self.selected.as_deref() {
            self.selected = id.map(Arc::from);
        }
    }

    /// Scrolls so that the cursor is within the `page` visible rows, but not beyond the last row.
    pub fn scroll(&mut self, page: u16) {
        let page = usize::from(page.max(1));
        let lowest = self.cursor.saturating_sub(page - 1);
        self.top = self.top.clamp(lowest, self.cursor).min(self.rows.len().saturating_sub(page));
    }

    /// Marks or unmarks the row; with a range begun, marks the range.
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

    /// Begins a range at the cursor, or marks the range that was begun.
    pub fn mark_range(&mut self) {
        match self.range_rows() {
            Some(_) => self.mark(),
            None => self.range.clone_from(&self.selected),
        }
    }

    /// Marks all shown rows; if some are marked already, inverts the marks.
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

    /// Sorts by a column; by the current one, in reverse.
    pub fn sort_by(&mut self, column: usize) {
        let descending = self.sort.column == column && !self.sort.descending;
        self.sort = Sort { column, descending };
    }

    /// Selects the column `steps` to the right of the selected one, or of the one it is sorted by.
    pub fn pick_column(&mut self, steps: isize) {
        let columns = self.columns();
        let current = self.picked.unwrap_or(self.sort.column);
        let position = columns.iter().position(|&column| column == current).unwrap_or(0);
        self.picked = columns.get(position.saturating_add_signed(steps).min(columns.len().saturating_sub(1))).copied();
    }
}
