//! The history of views.

use crate::resource::View;

/// Maximum number of views.
const KEPT: usize = 100;

/// The views in order, and the position while going back and forth.
#[derive(Debug, Default)]
pub(super) struct ViewHistory {
    views: Vec<View>,
    /// Index of the current view.
    at: usize,
    /// The previous view.
    last: Option<View>,
}

impl ViewHistory {
    /// Adds the current view; drops the views ahead of the position.
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

    /// Goes forward or back by `steps`; `None` at the ends.
    pub(super) fn step(&mut self, steps: isize) -> Option<View> {
        let to = self.at.checked_add_signed(steps)?;
        let view = self.views.get(to)?.clone();
        self.last = self.views.get(self.at).cloned();
        self.at = to;
        Some(view)
    }

    /// The previous view.
    pub(super) fn last(&self) -> Option<View> {
        self.last.clone()
    }
}
