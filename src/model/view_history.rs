//! Which views were seen, in which order.

use crate::resource::View;

/// How many are kept.
const KEPT: usize = 100;

/// The views seen, and the place among them while going back and forth.
#[derive(Debug, Default)]
pub(super) struct ViewHistory {
    views: Vec<View>,
    /// Index of the view that is seen.
    at: usize,
    /// The view seen before this one.
    last: Option<View>,
}

impl ViewHistory {
    /// Notes the view that is seen now; a new one takes the place of those that lay ahead.
    pub(super) fn note(&mut self, view: &View) {
        if self.views.get(self.at) == Some(view) {
            return;
        }
        self.last = self.views.get(self.at).cloned();
        self.views.truncate(self.at + 1);
        self.views.push(view.clone());
        if self.views.len() > KEPT {
            self.views.remove(0);
        }
        self.at = self.views.len() - 1;
    }

    /// Goes so many views on, or back; `None` at the ends.
    pub(super) fn step(&mut self, steps: isize) -> Option<View> {
        let to = self.at.checked_add_signed(steps)?;
        let view = self.views.get(to)?.clone();
        self.last = self.views.get(self.at).cloned();
        self.at = to;
        Some(view)
    }

    /// The view seen before this one.
    pub(super) fn last(&self) -> Option<View> {
        self.last.clone()
    }
}
