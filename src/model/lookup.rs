//! Finds the row that a command names.

use std::sync::Arc;

use super::{Model, Table, screens::text::TextSubject};
use crate::{
    data::{Feed, Phase},
    grammar::is_id,
    nearest,
    resource::{Origin, Query, Row, View},
};

impl Model {
    /// Finds the row by name or id: in the table on screen or beneath, or else among all loaded rows.
    ///
    /// # Errors
    ///
    /// If there is none, with the nearest names, or if the name is ambiguous.
    pub(super) fn find_row(&self, name: &str) -> Result<TextSubject, String> {
        let table = self.table();
        // The row under the cursor takes precedence if several have its name.
        if let Some((table, entry)) = table.and_then(|table| Some((table, table.current()?)))
            && is_called(&*entry.row, name)
        {
            return Ok(subject(&table.view, &entry.row));
        }
        let here = table.map(|table| {
            let feeds = self.snapshot.feeds_of(&table.view);
            called(name, feeds.into_iter().map(|feed| (&table.view, feed)))
        });
        let found = here.filter(|here| !here.is_empty()).unwrap_or_else(|| self.known_rows(name));
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let rows = table.map(|table| &table.rows[..]).unwrap_or_default();
                let names: Vec<_> = rows.iter().map(|entry| entry.row.name()).collect();
                let what = table.map_or("row", |table| table.view.kind.name);
                Err(nearest::unknown(what, name, names.iter().map(|name| &**name)))
            }
            several => {
                let kind = several[0].row.kind().plural;
                let clusters: Vec<_> = several.iter().filter_map(|subject| subject.row.cluster()).collect();
                Err(format!("{} {kind} have the name `{name}`, in {}", several.len(), clusters.join(", ")))
            }
        }
    }

    /// The message that there is no cluster called `name`, if the clusters are known.
    pub fn unknown_cluster(&self, name: &str) -> Option<String> {
        let known = self.snapshot.clusters();
        let unknown = !known.is_empty() && known.iter().all(|cluster| **cluster != *name);
        unknown.then(|| nearest::unknown("cluster", name, known.iter().map(|name| &**name)))
    }

    /// Opens a revision that is not in its table: AWS does not list deregistered revisions, but describes them. Returns
    /// whether it did.
    pub(super) fn open_unlisted_revision(&mut self) -> bool {
        let Some(table) = self.front.get_mut::<Table>() else { return false };
        let Some(name) = table.missing_row() else { return false };
        let view = View::new(table.view.kind, Query::family(name));
        self.pop();
        self.show(view);
        true
    }

    /// Moves the cursor to the row that a locator names, once it has loaded; reports a missing one.
    pub(super) fn seek_named_row(&mut self) {
        let Some(table) = self.front.get_mut::<Table>() else { return };
        let Some(name) = table.sought.take() else { return };
        match table.rows.iter().position(|entry| is_called(&*entry.row, &name)) {
            Some(index) => table.move_to(index),
            None if table.source.phase != Phase::Ready => table.sought = Some(name),
            None => {
                let names: Vec<_> = table.rows.iter().map(|entry| entry.row.name()).collect();
                let unknown = nearest::unknown(table.view.kind.name, &name, names.iter().map(|name| &**name));
                self.warn(unknown);
            }
        }
    }

    /// All loaded rows with this name, except those of composed views; only those of the first kind that has any.
    fn known_rows(&self, name: &str) -> Vec<TextSubject> {
        let theirs = |(view, _): &(&View, &Feed)| !matches!(view.kind.origin, Origin::Composed(_));
        let mut found = called(name, self.snapshot.feeds.iter().filter(theirs));
        let place = |subject: &TextSubject| self.kinds.iter().position(|kind| *kind == subject.row.kind());
        let first = found.iter().map(place).min();
        found.retain(|subject| Some(place(subject)) == first);
        found
    }
}

/// Rows with this name, without duplicates, each with a view that contains it.
fn called<'a>(name: &str, feeds: impl Iterator<Item = (&'a View, &'a Feed)>) -> Vec<TextSubject> {
    let mut found: Vec<TextSubject> = Vec::new();
    for (view, feed) in feeds {
        for entry in feed.rows.iter().filter(|entry| is_called(&*entry.row, name)) {
            if found.iter().all(|other| other.row.id() != entry.row.id()) {
                found.push(subject(view, &entry.row));
            }
        }
    }
    found
}

fn is_called(row: &dyn Row, name: &str) -> bool {
    row.name() == name || is_id(row.id(), name)
}

fn subject(view: &View, row: &Arc<dyn Row>) -> TextSubject {
    TextSubject { view: view.clone(), row: row.clone(), gone: false }
}
