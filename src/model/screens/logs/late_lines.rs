//! Lines that came late: they are put in their place, and whatever is known of other lines stays with these.

use super::LogView;
use crate::logs::Line;

impl LogView {
    /// Puts lines between the others by their time. Cursor, picked lines and matches move with their lines.
    pub(super) fn put_between(&mut self, late: Vec<Line>) {
        let inserted = self.ring.insert(late);
        let Some(first) = inserted.first() else { return };
        let moved = |number: i64| inserted.moved(number);
        self.cursor = self.cursor.map(moved);
        self.cleared = self.cleared.map(moved);
        self.search.range = self.search.range.map(moved);
        (self.top.line, self.frozen_at) = (moved(self.top.line), moved(self.frozen_at));
        for numbers in [&mut self.expanded, &mut self.picked] {
            *numbers = std::mem::take(numbers).into_iter().map(moved).collect();
        }
        if self.stack.context.is_some() {
            return self.set_stack(self.stack.clone());
        }
        self.view.insert(&inserted, &self.ring, &self.stack);
        self.search.matches.insert(&inserted, &self.ring, &self.stack);
        self.search.histogram.cut(first);
    }
}
