//! The results of changes that were confirmed together, one for each target.

use std::sync::Arc;

use super::Overlay;
use crate::{
    change::{Change, ChangeKind, ChangeOutcome, ChangeReport},
    model::{
        Model,
        keymap::Key,
        prompt::{self, Edit},
    },
    resource::Tone,
};

/// Changes that have been sent, with what has become of each.
#[derive(Debug)]
pub struct ChangeResults {
    /// Id of the order.
    pub order: u64,
    pub kind: &'static ChangeKind,
    /// Outcomes are absent until they arrive.
    pub results: Vec<(Arc<dyn Change>, Option<ChangeOutcome>)>,
    /// Number of rows scrolled off at the top.
    pub top: usize,
}

impl ChangeResults {
    pub fn new(order: u64, kind: &'static ChangeKind, changes: &[Arc<dyn Change>]) -> Self {
        Self { order, kind, results: changes.iter().map(|change| (change.clone(), None)).collect(), top: 0 }
    }

    /// `Restart (3): 2 accepted, 1 refused`.
    pub fn title(&self) -> String {
        let count = |word: &str| {
            let same = |outcome: &Option<ChangeOutcome>| outcome.as_ref().map_or("sent", ChangeOutcome::word) == word;
            let count = self.results.iter().filter(|(_, outcome)| same(outcome)).count();
            (count > 0).then(|| format!("{count} {word}"))
        };
        let counts: Vec<String> = ["accepted", "refused", "unknown", "sent"].into_iter().filter_map(count).collect();
        format!("{} ({}): {}", self.kind.title, self.results.len(), counts.join(", "))
    }

    /// Target, outcome in a word, its tone, and its message, one for each target.
    pub fn rows(&self) -> impl Iterator<Item = (String, &'static str, Tone, String)> {
        self.results.iter().map(|(change, outcome)| {
            let (word, tone, says) = match outcome {
                None => ("sent", Tone::Busy, String::new()),
                Some(outcome) => {
                    let tone = if matches!(outcome, ChangeOutcome::Accepted(_)) { Tone::Good } else { Tone::Bad };
                    (outcome.word(), tone, outcome.says())
                }
            };
            (change.target().label(), word, tone, says)
        })
    }
}

impl Model {
    /// Handles a key on the results: any key that doesn't scroll closes them. What arrives later is in the messages.
    pub(super) fn press_results(&mut self, mut results: Box<ChangeResults>, key: Key) {
        match prompt::edit(key) {
            Some(Edit::Older) => results.top = results.top.saturating_sub(1),
            Some(Edit::Newer) => results.top += 1,
            Some(Edit::Submit | Edit::Cancel) => return,
            _ if matches!(key.typed(), Some('q')) => return,
            _ => {}
        }
        self.overlay = Some(Overlay::Results(results));
    }

    /// Shows an outcome among the results of its order, if they are still open.
    pub(in crate::model) fn take_result(&mut self, report: &ChangeReport) {
        let Some(Overlay::Results(open)) = &mut self.overlay else { return };
        if open.order == report.order
            && let Some((_, outcome)) = open.results.iter_mut().find(|(change, _)| Arc::ptr_eq(change, &report.change))
        {
            *outcome = Some(report.outcome.clone());
        }
    }
}
