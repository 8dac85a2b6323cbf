//! A line editor with readline keys.

use std::{collections::HashMap, sync::LazyLock};

use tui_input::{Input, InputRequest};

use super::keymap::Key;
use crate::grammar::Fault;

mod candidates;

pub use candidates::{Candidate, Completion, FilterTerm, Suggestion};

/// The effect of a key in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Change the line or move in it.
    Input(InputRequest),
    /// Move right; at the end, accept the ghost text.
    Ahead,
    /// The previous line in the history, and the next.
    Older,
    Newer,
    /// Search the history, or find the next older match.
    Search,
    /// The next candidate, and the previous.
    Next,
    Previous,
    /// In a filter of a log: include, exclude or highlight.
    Mode,
    Submit,
    Cancel,
}

/// The keys of every prompt; fixed, because fingers know them.
pub const EDITS: &[(&[&str], Edit, &str)] = &[
    (&["enter"], Edit::Submit, "run"),
    (&["esc", "ctrl-c", "ctrl-g"], Edit::Cancel, "cancel"),
    (&["tab"], Edit::Next, "complete, next candidate"),
    (&["shift-tab"], Edit::Previous, "previous candidate"),
    (&["ctrl-x"], Edit::Mode, "in logs: exclude, highlight"),
    (&["up", "ctrl-p"], Edit::Older, "older history"),
    (&["down", "ctrl-n"], Edit::Newer, "newer history"),
    (&["ctrl-r"], Edit::Search, "search the history"),
    (&["right", "ctrl-f"], Edit::Ahead, "right; at the end: accept"),
    (&["left", "ctrl-b"], Edit::Input(InputRequest::GoToPrevChar), "left"),
    (&["alt-f", "ctrl-right", "alt-right"], Edit::Input(InputRequest::GoToNextWord), "word right"),
    (&["alt-b", "ctrl-left", "alt-left"], Edit::Input(InputRequest::GoToPrevWord), "word left"),
    (&["home", "ctrl-a"], Edit::Input(InputRequest::GoToStart), "start of line"),
    (&["end", "ctrl-e"], Edit::Input(InputRequest::GoToEnd), "end of line"),
    (&["backspace"], Edit::Input(InputRequest::DeletePrevChar), "delete left"),
    (&["delete", "ctrl-d"], Edit::Input(InputRequest::DeleteNextChar), "delete right"),
    (&["ctrl-w", "alt-backspace"], Edit::Input(InputRequest::DeletePrevWord), "cut word left"),
    (&["alt-d"], Edit::Input(InputRequest::DeleteNextWord), "cut word right"),
    (&["ctrl-u"], Edit::Input(InputRequest::DeleteFromStart), "cut to the start"),
    (&["ctrl-k"], Edit::Input(InputRequest::DeleteTillEnd), "cut to the end"),
    (&["ctrl-y"], Edit::Input(InputRequest::Yank), "paste what was cut"),
];

static BY_KEY: LazyLock<HashMap<Key, Edit>> = LazyLock::new(|| {
    let keys = EDITS.iter().flat_map(|(keys, edit, _)| keys.iter().map(move |key| (key.parse(), *edit)));
    keys.filter_map(|(key, edit)| Some((key.ok()?, edit))).collect()
});

/// Maximum number of pasted characters.
const LONGEST_PASTE: usize = 4096;

/// The effect of `key` in a prompt, unless it types a character.
pub fn edit(key: Key) -> Option<Edit> {
    BY_KEY.get(&key).copied()
}

/// The result of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// The text has changed.
    Changed,
    /// Only the cursor moved, or nothing happened.
    Moved,
    Next,
    Previous,
    Mode,
    Submit,
    Cancel,
}

/// A line being typed, with its position in the history and its fault.
#[derive(Debug, Default)]
pub struct Prompt {
    /// The text and the cursor.
    pub input: Input,
    /// The text is preselected: typing replaces it. Drawn inverted.
    pub preselected: bool,
    /// The text that → or ctrl-f at the end would add.
    pub ghost: String,
    /// Candidates for the last word.
    pub completion: Completion,
    /// What is invalid, and where; drawn in the tone of an error.
    pub fault: Option<Fault>,
    /// The text to search the history for, during ctrl-r.
    pub searching: Option<String>,
    /// Index of the shown history line, counted from the newest.
    recalled: Option<usize>,
    /// The text before the history was opened.
    draft: String,
}

impl Prompt {
    /// A prompt with `text`, preselected.
    pub fn preselected(text: &str) -> Self {
        Self { input: Input::new(text.into()), preselected: !text.is_empty(), ..Self::default() }
    }

    /// A prompt with `text`, with the cursor at its end.
    pub fn holding(text: &str) -> Self {
        Self { input: Input::new(text.into()), ..Self::default() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Replaces the text, and moves the cursor to its end.
    pub fn set(&mut self, text: &str) {
        // The input holds the cut text, so it is reused.
        self.input = std::mem::take(&mut self.input).with_value(text.into());
        self.preselected = false;
    }

    /// Handles a key; `past` is the history, oldest first.
    pub fn press(&mut self, key: Key, past: &[String]) -> Pressed {
        let before = self.text().to_owned();
        if let Some(c) = key.typed() {
            return self.type_in(c.encode_utf8(&mut [0; 4]), past);
        }
        let Some(edit) = edit(key) else { return Pressed::Moved };
        if self.searching.is_some() {
            match edit {
                Edit::Search => self.search(self.recalled.map_or(0, |index| index + 1), past),
                Edit::Input(InputRequest::DeletePrevChar) => {
                    self.searching.as_mut().map(String::pop);
                    self.search(0, past);
                }
                Edit::Cancel => {
                    self.searching = None;
                    self.recalled = None;
                    let draft = std::mem::take(&mut self.draft);
                    self.set(&draft);
                }
                _ => {
                    self.searching = None;
                    return self.press(key, past);
                }
            }
            return if self.text() == before { Pressed::Moved } else { Pressed::Changed };
        }
        self.preselected &= matches!(edit, Edit::Input(InputRequest::DeletePrevChar | InputRequest::DeleteNextChar));
        match edit {
            Edit::Submit => return Pressed::Submit,
            Edit::Cancel => return Pressed::Cancel,
            Edit::Next => return Pressed::Next,
            Edit::Previous => return Pressed::Previous,
            Edit::Mode => return Pressed::Mode,
            Edit::Older => self.recall(self.recalled.map_or(0, |index| index + 1), past),
            Edit::Newer => match self.recalled {
                Some(0) => {
                    self.recalled = None;
                    let draft = std::mem::take(&mut self.draft);
                    self.set(&draft);
                }
                Some(index) => self.recall(index - 1, past),
                None => {}
            },
            Edit::Search => {
                self.draft = before.clone();
                self.searching = Some(String::new());
                self.recalled = None;
            }
            Edit::Ahead if self.at_end() => {
                let ghost = std::mem::take(&mut self.ghost);
                self.insert(&ghost);
            }
            Edit::Ahead => self.request(InputRequest::GoToNextChar),
            Edit::Input(_) if self.preselected => self.set(""),
            Edit::Input(request) => self.request(request),
        }
        if self.text() == before { Pressed::Moved } else { Pressed::Changed }
    }

    /// Inserts pasted text as one line: a paste never runs anything.
    pub fn paste(&mut self, text: &str, past: &[String]) -> Pressed {
        let line = text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        let line: String = line.trim().chars().take(LONGEST_PASTE).collect();
        self.type_in(&line, past)
    }

    fn type_in(&mut self, text: &str, past: &[String]) -> Pressed {
        let before = self.text().to_owned();
        match &mut self.searching {
            Some(needle) => {
                needle.push_str(text);
                self.search(self.recalled.unwrap_or(0), past);
            }
            None => {
                if std::mem::take(&mut self.preselected) {
                    self.set("");
                }
                self.insert(text);
                self.recalled = None;
            }
        }
        if self.text() == before { Pressed::Moved } else { Pressed::Changed }
    }

    fn insert(&mut self, text: &str) {
        let cursor = self.input.cursor();
        let at = self.text().char_indices().nth(cursor).map_or(self.text().len(), |(at, _)| at);
        let mut line = self.text().to_owned();
        line.insert_str(at, text);
        self.input = std::mem::take(&mut self.input).with_value(line).with_cursor(cursor + text.chars().count());
    }

    fn request(&mut self, request: InputRequest) {
        self.input.handle(request);
    }

    fn at_end(&self) -> bool {
        self.input.cursor() == self.text().chars().count()
    }

    /// Shows history line `index`, counted from the newest.
    fn recall(&mut self, index: usize, past: &[String]) {
        let Some(line) = past.iter().rev().nth(index) else { return };
        if self.recalled.is_none() {
            self.draft = self.text().to_owned();
        }
        self.recalled = Some(index);
        self.set(line);
    }

    /// Shows the first line that contains the needle, from `index` towards older ones.
    fn search(&mut self, index: usize, past: &[String]) {
        let needle = self.searching.clone().unwrap_or_default().to_lowercase();
        let found = past.iter().rev().enumerate().skip(index).find(|(_, line)| line.to_lowercase().contains(&needle));
        if let Some((index, line)) = found.filter(|_| !needle.is_empty()) {
            self.recalled = Some(index);
            self.set(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAST: [&str; 3] = ["task prod", "service staging", "Task staging"];

    fn press(prompt: &mut Prompt, keys: &str) -> Pressed {
        let past = PAST.map(String::from);
        keys.split(' ').fold(Pressed::Moved, |_, key| prompt.press(key.parse().unwrap(), &past))
    }

    fn typed(text: &str) -> Prompt {
        let mut prompt = Prompt::default();
        prompt.paste(text, &[]);
        prompt
    }

    #[test]
    fn readline_keys_edit() {
        let mut prompt = typed("one two three");
        press(&mut prompt, "ctrl-w");
        assert_eq!(prompt.text(), "one two ");
        press(&mut prompt, "ctrl-a ctrl-y");
        assert_eq!(prompt.text(), "threeone two ");
        press(&mut prompt, "alt-f ctrl-k");
        assert_eq!(prompt.text(), "threeone ");
        press(&mut prompt, "ctrl-u");
        assert_eq!(prompt.text(), "");
        assert_eq!(press(&mut prompt, "backspace delete left right home end ctrl-k alt-d"), Pressed::Moved);
    }

    #[test]
    fn a_paste_becomes_one_line_and_runs_nothing() {
        let mut prompt = Prompt::default();
        assert_eq!(prompt.paste("exit=1\r\nage<5m\n", &[]), Pressed::Changed);
        assert_eq!(prompt.text(), "exit=1 age<5m");
    }

    #[test]
    fn typing_replaces_what_is_preselected_and_moving_keeps_it() {
        let mut prompt = Prompt::preselected("old");
        press(&mut prompt, "x");
        assert_eq!(prompt.text(), "x");
        let mut prompt = Prompt::preselected("old");
        press(&mut prompt, "left x");
        assert_eq!(prompt.text(), "olxd");
        let mut prompt = Prompt::preselected("old");
        press(&mut prompt, "backspace");
        assert_eq!(prompt.text(), "");
    }

    #[test]
    fn the_history_is_browsed_and_the_draft_restored() {
        let mut prompt = typed("dra");
        press(&mut prompt, "up up");
        assert_eq!(prompt.text(), "service staging");
        press(&mut prompt, "up up up up");
        assert_eq!(prompt.text(), "task prod");
        press(&mut prompt, "down down down");
        assert_eq!(prompt.text(), "dra");
    }

    #[test]
    fn the_history_is_searched_backwards() {
        let mut prompt = typed("dra");
        press(&mut prompt, "ctrl-r t a s k");
        assert_eq!(prompt.text(), "Task staging");
        press(&mut prompt, "ctrl-r");
        assert_eq!(prompt.text(), "task prod");
        assert_eq!(press(&mut prompt, "enter"), Pressed::Submit);
        assert_eq!(prompt.text(), "task prod");
        let mut prompt = typed("dra");
        assert_eq!(press(&mut prompt, "ctrl-r t esc"), Pressed::Changed);
        assert_eq!((prompt.text(), &prompt.searching), ("dra", &None));
    }

    #[test]
    fn ahead_accepts_the_ghost_only_at_the_end() {
        let mut prompt = typed("ser");
        prompt.ghost = "vice".into();
        press(&mut prompt, "left right");
        assert_eq!(prompt.text(), "ser");
        press(&mut prompt, "right");
        assert_eq!((prompt.text(), prompt.ghost.as_str()), ("service", ""));
    }

    #[test]
    fn every_key_of_the_table_is_valid_and_unique() {
        assert_eq!(BY_KEY.len(), EDITS.iter().map(|(keys, ..)| keys.len()).sum::<usize>());
    }
}
