//! Selected lines, for copying.

use std::{
    collections::{BTreeSet, VecDeque},
    ops::RangeInclusive,
};

use crate::logs::ring::Inserted;

/// Numbers of selected lines, and the range being selected.
#[derive(Debug, Default)]
pub struct Selection {
    pub picked: BTreeSet<i64>,
    /// The beginning of the range being selected; it ends at the cursor.
    pub range: Option<i64>,
}

impl Selection {
    /// The range being selected, with the cursor on this line.
    fn picking(&self, cursor: Option<i64>) -> Option<RangeInclusive<i64>> {
        let (start, cursor) = (self.range?, cursor?);
        Some(start.min(cursor)..=start.max(cursor))
    }

    /// Whether a line is selected, or within the range being selected.
    pub fn contains(&self, number: i64, cursor: Option<i64>) -> bool {
        self.picked.contains(&number) || self.picking(cursor).is_some_and(|range| range.contains(&number))
    }

    /// The selected lines, including lines of the range being selected that are `shown`.
    pub fn all(&self, cursor: Option<i64>, shown: &VecDeque<i64>) -> BTreeSet<i64> {
        let mut picked = self.picked.clone();
        if let Some(range) = self.picking(cursor) {
            picked.extend(shown.iter().copied().filter(|number| range.contains(number)));
        }
        picked
    }

    /// Selects or deselects a line.
    pub fn toggle(&mut self, number: i64) {
        if !self.picked.remove(&number) {
            self.picked.insert(number);
        }
    }

    /// Selects the range that was begun.
    pub fn pick_range(&mut self, cursor: Option<i64>, shown: &VecDeque<i64>) {
        self.picked = self.all(cursor, shown);
        self.range = None;
    }

    /// Drops the range, or else the selection; returns false if there is neither.
    pub fn leave(&mut self) -> bool {
        self.range.take().is_some() || !std::mem::take(&mut self.picked).is_empty()
    }

    /// Deselects lines before `first`, which are no longer in memory.
    pub fn forget_before(&mut self, first: i64) {
        self.picked = self.picked.split_off(&first);
    }

    /// Adjusts line numbers after lines were inserted.
    pub fn insert(&mut self, inserted: &Inserted) {
        self.range = self.range.map(|number| inserted.moved(number));
        self.picked = std::mem::take(&mut self.picked).into_iter().map(|number| inserted.moved(number)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_extends_to_the_cursor_and_includes_shown_lines_only() {
        let shown = VecDeque::from([1, 3, 5, 7]);
        let mut selection = Selection { range: Some(5), ..Selection::default() };
        assert!(selection.contains(4, Some(2)) && !selection.contains(6, Some(2)));
        selection.toggle(7);
        selection.pick_range(Some(2), &shown);
        assert_eq!(selection.picked, BTreeSet::from([3, 5, 7]));
        assert_eq!(selection.range, None);
    }

    #[test]
    fn a_range_is_dropped_before_the_selection() {
        let mut selection = Selection { range: Some(1), picked: BTreeSet::from([2]) };
        assert!(selection.leave() && !selection.picked.is_empty());
        assert!(selection.leave() && selection.picked.is_empty());
        assert!(!selection.leave());
    }

    #[test]
    fn lines_that_are_no_longer_in_memory_are_deselected() {
        let mut selection = Selection { picked: BTreeSet::from([1, 4, 9]), range: None };
        selection.forget_before(4);
        assert_eq!(selection.picked, BTreeSet::from([4, 9]));
    }
}
