//! A line being typed, edited with the keys of readline.

use std::{collections::HashMap, sync::LazyLock};

use tui_input::{Input, InputRequest};

use super::keymap::Key;
use crate::grammar::Fault;

mod completion;

pub use completion::{Candidate, Completion, FilterTerm, Suggestion};

/// What a key does in a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Change the line or move in it.
    Input(InputRequest),
    /// Move on by a character; at the end, accept what is shown ahead.
    Ahead,
    /// The line before in the history, and the one after.
    Older,
    Newer,
    /// Search the history, or the next older line that matches.
    Search,
    /// The next candidate, and the one before.
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

/// Characters of a paste that are taken; nobody means to paste more into a prompt.
const LONGEST_PASTE: usize = 4096;

/// What `key` does in a prompt, besides typing.
pub fn edit(key: Key) -> Option<Edit> {
    BY_KEY.get(&key).copied()
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// The text is another one.
    Changed,
    /// Only the cursor moved, or nothing did.
    Moved,
    Next,
    Previous,
    Mode,
    Submit,
    Cancel,
}

/// A line being typed, with its place in the history and what is wrong with it.
#[derive(Debug, Default)]
pub struct Prompt {
    /// The text and the cursor.
    pub input: Input,
    /// The text is preselected: typing replaces it. Drawn inverted.
    pub preselected: bool,
    /// What → or ctrl-f at the end would add.
    pub ghost: String,
    /// What the last word could become.
    pub completion: Completion,
    /// What can't be read, and where; drawn in the tone of an error.
    pub fault: Option<Fault>,
    /// What is being looked for in the history, while ctrl-r is at work.
    pub searching: Option<String>,
    /// Which line of the history is shown, counted from the newest.
    recalled: Option<usize>,
    /// What was typed before the history was opened.
    draft: String,
}

impl Prompt {
    /// A prompt with `text` in it, preselected.
    pub fn preselected(text: &str) -> Self {
        Self { input: Input::new(text.into()), preselected: !text.is_empty(), ..Self::default() }
    }

    /// A prompt with `text` in it, and the cursor behind it.
    pub fn holding(text: &str) -> Self {
        Self { input: Input::new(text.into()), ..Self::default() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Puts `text` in place of what is there, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        // The cut text outlives this, so the input is kept and refilled.
        self.input = std::mem::take(&mut self.input).with_value(text.into());
        self.preselected = false;
    }

    /// Takes a key; `past` is the history, oldest first.
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

    /// Inserts pasted text on one line: a paste never runs anything.
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

    /// Shows the history's line `index`, counted from the newest.
    fn recall(&mut self, index: usize, past: &[String]) {
        let Some(line) = past.iter().rev().nth(index) else { return };
        if self.recalled.is_none() {
            self.draft = self.text().to_owned();
        }
        self.recalled = Some(index);
        self.set(line);
    }

    /// Shows the first line with the needle in it, from `index` on towards older ones.
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
    fn the_history_is_walked_and_the_draft_comes_back() {
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
    fn every_key_of_the_table_is_readable_and_given_once() {
        assert_eq!(BY_KEY.len(), EDITS.iter().map(|(keys, ..)| keys.len()).sum::<usize>());
    }
}
