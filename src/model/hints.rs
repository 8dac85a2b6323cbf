//! The keys worth showing: what the table of actions says, and what the row and the screen make of it.

use super::{
    Model, Screen,
    action::{ACTIONS, Action, Hint},
    screens::text::TextSource,
};
use crate::diagnose::trouble;

/// The rank of explaining a row with something wrong: right after opening it.
const URGENT: u8 = 11;
/// The rank of the way back from where a console begins: what lies beneath is the way to everything else.
const FROM_HOME: u8 = 13;
/// The rank of copying the command that an explanation recommends.
const RECOMMENDED: u8 = 11;

impl Model {
    /// The keys worth showing for what is seen, most important first.
    pub fn hints(&self) -> Vec<Hint> {
        let kind = self.kind_seen();
        let mut hints: Vec<Hint> = ACTIONS
            .iter()
            .filter(|action| action.works_in(self.places(), kind))
            .filter_map(|action| {
                let ((text, rank), key) = (self.hint(action)?, *self.keymap.keys(action).first()?);
                // A text's own keys win over those of the row that it is about.
                let (called, _) = self.keymap.find(key, self.places(), kind)?;
                (called.name == action.name).then(|| Hint { key: key.to_string(), text, rank })
            })
            .collect();
        hints.sort_by_key(|hint| hint.rank);
        hints
    }

    /// Text and rank of an action's hint, here and now.
    fn hint(&self, action: &Action) -> Option<(&'static str, u8)> {
        let (text, rank) = action.hint?;
        let explaining =
            matches!(&self.front, Screen::Text(viewer) if matches!(viewer.source, TextSource::Explain(..)));
        match (action.name, &self.front) {
            // What enter opens of a trouble is its explanation.
            ("open", Screen::Table(table)) if table.view.kind == &trouble::KIND => Some(("explain", rank)),
            ("explain", Screen::Table(table)) if table.view.kind == &trouble::KIND => None,
            ("explain", Screen::Table(table)) => {
                let wrong = table.current().is_some_and(|entry| entry.row.fault());
                Some((text, if wrong { URGENT } else { rank }))
            }
            ("explain", Screen::Text(_)) if explaining => Some(("back", rank)),
            ("copy-command", Screen::Text(_)) if explaining => Some((text, RECOMMENDED)),
            ("copy-command" | "refresh", Screen::Logs(_)) => None,
            ("copy-command", Screen::Text(viewer)) if viewer.source.subject().is_none() => None,
            ("freeze", Screen::Logs(reader)) if !reader.follow => Some(("follow", rank)),
            ("next-match", Screen::Text(viewer)) => viewer.search.as_ref().map(|_| (text, rank)),
            // The text that is open needs no key to open it.
            ("describe", Screen::Text(viewer)) if matches!(viewer.source, TextSource::Describe(_)) => None,
            ("back", Screen::Table(table)) => match self.behind.last() {
                // One step from home is said by its name.
                Some(Screen::Table(beneath)) if table.view.kind == &trouble::KIND => {
                    Some((beneath.view.kind.plural, FROM_HOME))
                }
                _ => Some((text, rank)),
            },
            _ => Some((text, rank)),
        }
    }
}
