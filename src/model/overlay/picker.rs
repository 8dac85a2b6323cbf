//! Pickers: lists to pick from by typing part of an item.

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

/// An item per name, the current one first and marked.
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

/// An item per known profile, the current one first.
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

    /// Inserts items at the beginning. An item that the cursor was moved to stays selected.
    pub fn put_first(&mut self, items: Vec<PickerItem>) {
        let moved_to =
            self.shown.get(self.selected).filter(|_| self.selected > 0).map(|shown| shown.item + items.len());
        self.items.splice(..0, items);
        self.narrow();
        self.selected = self.shown.iter().position(|shown| Some(shown.item) == moved_to).unwrap_or(0);
    }

    /// Updates the matching items, best first.
    pub fn narrow(&mut self) {
        let pattern = self.prompt.text().trim();
        let mut found: Vec<(i64, Shown)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                // The kind (`profile`, `region`) can be typed as well as the name; only the name is underlined.
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

    /// Moves the selection by `steps`, wrapping around.
    pub fn step(&mut self, steps: isize) {
        let count = self.shown.len();
        if count > 0 {
            self.selected = (self.selected + count).saturating_add_signed(steps) % count;
        }
    }

    /// The effect of the selected item.
    pub fn choice(&self) -> Option<PickAction> {
        let shown = self.shown.get(self.selected)?;
        self.items.get(shown.item).map(|item| item.choice.clone())
    }
}
