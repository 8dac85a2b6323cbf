//! Picking one of many by typing some of it.

use fuzzy_matcher::FuzzyMatcher;

use super::{PickAction, Picker, PickerItem, Shown};
use crate::model::{
    Model,
    text::{FUZZY, safe},
};

impl PickerItem {
    pub fn new(text: &str, about: &str, choice: PickAction) -> Self {
        Self { text: safe(text).into_owned(), about: safe(about).into_owned(), choice }
    }
}

/// One item a name, the current one first and marked as such.
pub(in crate::model) fn current_first<'a>(
    about: &str,
    names: impl Iterator<Item = &'a str>,
    current: Option<&str>,
    choice: impl Fn(&str) -> PickAction,
) -> Vec<PickerItem> {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| Some(*name) != current);
    let about = |name: &str| if Some(name) == current { format!("{about}, current") } else { about.to_owned() };
    names.into_iter().map(|name| PickerItem::new(name, &about(name), choice(name))).collect()
}

/// One item a profile that is known, the one in use first.
pub(in crate::model) fn profile_items(model: &Model) -> Vec<PickerItem> {
    let current = model.snapshot.identity.profile.as_ref().or(model.scope.profile.as_ref());
    let names = model.profiles.iter().flatten().map(String::as_str);
    current_first("profile", names, current.map(String::as_str), |name| PickAction::Profile(name.into()))
}

impl Picker {
    pub fn new(title: &str, items: Vec<PickerItem>) -> Self {
        let mut picker = Self { title: title.into(), items, ..Self::default() };
        picker.narrow();
        picker
    }

    /// Puts items before those there are. The one that was moved to stays selected.
    pub fn put_first(&mut self, items: Vec<PickerItem>) {
        let moved_to =
            self.shown.get(self.selected).filter(|_| self.selected > 0).map(|shown| shown.item + items.len());
        self.items.splice(..0, items);
        self.narrow();
        self.selected = self.shown.iter().position(|shown| Some(shown.item) == moved_to).unwrap_or(0);
    }

    /// Shows what matches the text, best first.
    pub fn narrow(&mut self) {
        let pattern = self.prompt.text().trim();
        let mut found: Vec<(i64, Shown)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                // The kind of thing (`profile`, `region`) is typed like the thing itself; only the latter is underlined.
                let (score, matched) = FUZZY.fuzzy_indices(&format!("{} {}", item.text, item.about), pattern)?;
                let length = item.text.chars().count();
                let matched = matched.into_iter().filter(|character| *character < length).collect();
                Some((score, Shown { item: index, matched }))
            })
            .collect();
        found.sort_by_key(|(score, shown)| (-score, shown.item));
        self.shown = found.into_iter().map(|(_, shown)| shown).collect();
        self.selected = 0;
    }

    /// Moves the selection by so many items, around the ends.
    pub fn step(&mut self, steps: isize) {
        let count = self.shown.len();
        if count > 0 {
            self.selected = (self.selected + count).saturating_add_signed(steps) % count;
        }
    }

    /// What the selected item does.
    pub fn choice(&self) -> Option<PickAction> {
        let shown = self.shown.get(self.selected)?;
        self.items.get(shown.item).map(|item| item.choice.clone())
    }
}
