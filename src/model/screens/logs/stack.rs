//! The filters of a log: typed one at a time with a live preview, and kept in a list where each can be turned off.
//!
//! A filter includes, excludes or highlights: ctrl-x switches between them, and a leading `!` excludes. Typing filters
//! at once; while the text is invalid, the last valid filter stays.

use super::{LogView, complete::without_exclusion, reader::reader};
use crate::{
    grammar::Fault,
    logs::{
        Level,
        filter::{FilterMode, FilterRule, FilterStack, LineFilter},
    },
    model::{
        Model,
        action::{Call, Outcome},
        keymap::Key,
        overlay::{Overlay, RuleList, RulePrompt},
        prompt::Prompt,
    },
};

/// Lines shown around a match: default and maximum.
const AROUND: u16 = 3;
const MOST_AROUND: u16 = 100;

/// The effect of a key in the list of filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    Up,
    Down,
    Toggle,
    Mode,
    Edit,
    Add,
    Remove,
    Suspend,
    Close,
}

/// The keys of the list of filters; fixed, like those of prompts.
pub const KEYS: &[(&[&str], Press, &str)] = &[
    (&["up", "k"], Press::Up, "filter up"),
    (&["down", "j"], Press::Down, "filter down"),
    (&["space"], Press::Toggle, "on or off"),
    (&["enter"], Press::Edit, "edit"),
    (&["ctrl-x", "tab"], Press::Mode, "include, exclude, highlight"),
    (&["d", "delete", "backspace"], Press::Remove, "remove"),
    (&["+", "a", "/"], Press::Add, "add a filter"),
    (&["z"], Press::Suspend, "suspend or resume all"),
    (&["esc", "q", "shift-f", "ctrl-c"], Press::Close, "close"),
];

/// The name of a mode.
pub fn word(mode: FilterMode) -> &'static str {
    match mode {
        FilterMode::Include => "include",
        FilterMode::Exclude => "exclude",
        FilterMode::Highlight => "highlight",
    }
}

fn next(mode: FilterMode) -> FilterMode {
    match mode {
        FilterMode::Include => FilterMode::Exclude,
        FilterMode::Exclude => FilterMode::Highlight,
        FilterMode::Highlight => FilterMode::Include,
    }
}

impl RulePrompt {
    /// A prompt for the filter at `index` of the stack, or for a new one.
    fn new(stack: &FilterStack, index: usize, from_list: bool) -> Self {
        let rule = stack.rules.get(index);
        let prompt = rule.map(|rule| Prompt::preselected(rule.filter.text())).unwrap_or_default();
        let mode = rule.map_or(FilterMode::Include, |rule| rule.mode);
        Self { prompt, mode, index, before: stack.clone(), from_list }
    }

    /// The mode: a leading `!` excludes.
    pub fn mode(&self) -> FilterMode {
        if self.whole_excluded() { FilterMode::Exclude } else { self.mode }
    }

    fn whole_excluded(&self) -> bool {
        self.prompt.text().trim_start().starts_with('!')
    }

    /// The text without the leading `!`.
    fn bare(&self) -> &str {
        without_exclusion(self.prompt.text())
    }

    /// The typed filter; none while the text is empty.
    fn rule(&self) -> Result<Option<FilterRule>, Fault> {
        self.read(self.prompt.text())
    }

    /// Parses `text` as a filter.
    fn read(&self, text: &str) -> Result<Option<FilterRule>, Fault> {
        let skipped = text.chars().count() - without_exclusion(text).chars().count();
        let filter =
            LineFilter::parse(without_exclusion(text)).map_err(|fault| Fault::new(fault.at + skipped, fault.reason))?;
        Ok((!filter.is_empty()).then(|| FilterRule { mode: self.mode(), filter, on: true }))
    }

    /// The stack with the filter in its place.
    fn stack(&self, rule: Option<FilterRule>) -> FilterStack {
        let mut stack = FilterStack { suspended: false, ..self.before.clone() };
        let at = self.index.min(stack.rules.len());
        stack.rules.splice(at..(at + 1).min(stack.rules.len()), rule);
        stack
    }

    /// Switches to the next mode.
    fn turn(&mut self) {
        let mode = next(self.mode());
        if self.whole_excluded() {
            let bare = self.bare().to_owned();
            self.prompt.set(&bare);
        }
        self.mode = mode;
    }

    /// The text for the history: an exclude keeps its `!`.
    fn entry(&self) -> String {
        let sign = if self.mode() == FilterMode::Exclude && !self.bare().trim().is_empty() { "!" } else { "" };
        format!("{sign}{}", self.bare().trim())
    }
}

/// The minimum level that a key has set.
fn least(stack: &FilterStack) -> Option<Level> {
    LEAST.iter().find_map(|(level, text)| stack.rules.iter().any(|rule| is_least(rule, text)).then_some(*level))
}

/// Filters that hide lines below a level. They exclude, so that lines without a level are shown with any include.
const LEAST: [(Level, &str); 2] = [(Level::Warn, "level<warn"), (Level::Error, "level<error")];

fn is_least(rule: &FilterRule, text: &str) -> bool {
    rule.on && rule.mode == FilterMode::Exclude && rule.filter.text() == text
}

impl Model {
    /// Handles a change in the prompt.
    pub(in crate::model) fn rule_changed(&mut self, prompt: &mut RulePrompt) {
        let Some(reader) = self.front.get_mut::<LogView>() else { return };
        let finds = |rule: &Option<FilterRule>| rule.as_ref().is_none_or(|rule| reader.buffer.finds(&rule.filter));
        prompt.prompt.fault = match prompt.prompt.parse_unfinished(|text| prompt.read(text), finds) {
            Ok(rule) => {
                reader.set_stack(prompt.stack(rule));
                None
            }
            Err(fault) => Some(fault),
        };
    }

    /// Handles the key that switches the mode in the prompt.
    pub(in crate::model) fn rule_turned(&mut self, prompt: &mut RulePrompt) {
        prompt.turn();
        self.rule_changed(prompt);
    }

    /// Handles enter in the prompt; an invalid filter keeps it open.
    pub(in crate::model) fn rule_entered(&mut self, mut prompt: RulePrompt) {
        let Some(reader) = self.front.get_mut::<LogView>() else { return };
        match prompt.rule() {
            Ok(rule) => reader.set_stack(prompt.stack(rule)),
            Err(fault) => {
                prompt.prompt.fault = Some(fault);
                self.overlay = Some(Overlay::Rule(prompt));
                return;
            }
        }
        self.remember("filters", &prompt.entry());
        self.back_to_list(&prompt);
    }

    /// Handles esc in the prompt.
    pub(in crate::model) fn rule_cancelled(&mut self, prompt: RulePrompt) {
        self.back_to_list(&prompt);
        if let Some(reader) = self.front.get_mut::<LogView>() {
            reader.set_stack(prompt.before);
        }
    }

    fn back_to_list(&mut self, prompt: &RulePrompt) {
        if prompt.from_list {
            self.overlay = Some(Overlay::Rules(RuleList { selected: prompt.index }));
        }
    }

    /// Handles a key in the list of filters.
    pub(in crate::model) fn press_rules(&mut self, mut list: RuleList, key: Key) {
        let Some(reader) = self.front.get_mut::<LogView>() else { return };
        let found = KEYS.iter().find(|(keys, ..)| keys.iter().any(|known| known.parse() == Ok(key)));
        let count = reader.buffer.stack.rules.len();
        let at = list.selected.min(count.saturating_sub(1));
        match found.map(|(_, press, _)| *press) {
            Some(Press::Close) => return,
            Some(Press::Up) if count > 0 => list.selected = (at + count - 1) % count,
            Some(Press::Down) if count > 0 => list.selected = (at + 1) % count,
            Some(Press::Edit) if count > 0 => {
                let prompt = RulePrompt::new(&reader.buffer.stack, at, true);
                return self.open_prompt(Overlay::Rule(prompt));
            }
            Some(Press::Add) => {
                let prompt = RulePrompt::new(&reader.buffer.stack, count, true);
                return self.open_prompt(Overlay::Rule(prompt));
            }
            Some(Press::Toggle) if count > 0 => reader.change_stack(|stack| stack.rules[at].on ^= true),
            Some(Press::Mode) if count > 0 => {
                reader.change_stack(|stack| stack.rules[at].mode = next(stack.rules[at].mode));
            }
            Some(Press::Remove) if count > 0 => {
                reader.change_stack(|stack| drop(stack.rules.remove(at)));
                list.selected = at.min(count.saturating_sub(2));
            }
            Some(Press::Suspend) => reader.change_stack(|stack| stack.suspended ^= true),
            _ => {}
        }
        self.overlay = Some(Overlay::Rules(list));
    }
}

/// Opens the prompt with the last filter.
pub(in crate::model) fn filter(model: &mut Model, _: Call<'_>) -> Outcome {
    let stack = &reader(model)?.buffer.stack;
    let typed = stack.rules.iter().rposition(|rule| !LEAST.iter().any(|(_, text)| is_least(rule, text)));
    let prompt = RulePrompt::new(stack, typed.unwrap_or(stack.rules.len()), false);
    model.open_prompt(Overlay::Rule(prompt));
    Ok(())
}

/// Opens the prompt for a new filter.
pub(in crate::model) fn add(model: &mut Model, _: Call<'_>) -> Outcome {
    let stack = &reader(model)?.buffer.stack;
    let prompt = RulePrompt::new(stack, stack.rules.len(), false);
    model.open_prompt(Overlay::Rule(prompt));
    Ok(())
}

pub(in crate::model) fn include(model: &mut Model, call: Call<'_>) -> Outcome {
    put(model, FilterMode::Include, call.arg)
}

pub(in crate::model) fn exclude(model: &mut Model, call: Call<'_>) -> Outcome {
    put(model, FilterMode::Exclude, call.arg)
}

pub(in crate::model) fn highlight(model: &mut Model, call: Call<'_>) -> Outcome {
    put(model, FilterMode::Highlight, call.arg)
}

/// Refuses an invalid filter of lines.
///
/// # Errors
///
/// What is invalid, and where.
pub(in crate::model) fn check(text: &str) -> Outcome {
    RulePrompt::new(&FilterStack::default(), 0, false).read(text).map(drop).map_err(|fault| fault.in_filter())
}

/// Adds a filter; without a text, opens its prompt.
fn put(model: &mut Model, mode: FilterMode, text: &str) -> Outcome {
    let reader = reader(model)?;
    let mut prompt = RulePrompt::new(&reader.buffer.stack, reader.buffer.stack.rules.len(), false);
    prompt.mode = mode;
    if text.is_empty() {
        model.open_prompt(Overlay::Rule(prompt));
        return Ok(());
    }
    prompt.prompt.set(text);
    let rule = prompt.rule().map_err(|fault| fault.in_filter())?;
    reader.set_stack(prompt.stack(rule));
    model.remember("filters", &prompt.entry());
    Ok(())
}

pub(in crate::model) fn list(model: &mut Model, _: Call<'_>) -> Outcome {
    let selected = reader(model)?.buffer.stack.rules.len().saturating_sub(1);
    model.overlay = Some(Overlay::Rules(RuleList { selected }));
    Ok(())
}

pub(in crate::model) fn suspend(model: &mut Model, _: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    if reader.buffer.stack.rules.is_empty() {
        return Err("there are no filters; / adds one".into());
    }
    reader.change_stack(|stack| stack.suspended ^= true);
    Ok(())
}

pub(in crate::model) fn clear(model: &mut Model, _: Call<'_>) -> Outcome {
    reader(model)?.set_stack(FilterStack::default());
    Ok(())
}

/// Cycles the minimum level: all, warnings, errors; or sets the one in the command.
pub(in crate::model) fn level(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let least = match (call.arg, least(&reader.buffer.stack)) {
        ("warn", _) | ("", None) => Some("level<warn"),
        ("error", _) | ("", Some(Level::Trace | Level::Debug | Level::Info | Level::Warn)) => Some("level<error"),
        _ => None,
    };
    let filter = least.map(LineFilter::parse).transpose().map_err(|fault| fault.reason)?;
    reader.change_stack(|stack| {
        stack.rules.retain(|rule| !LEAST.iter().any(|(_, text)| is_least(rule, text)));
        stack.rules.extend(filter.map(|filter| FilterRule { mode: FilterMode::Exclude, filter, on: true }));
        stack.suspended = false;
    });
    model.info(match least {
        None => "lines of every level",
        Some("level<warn") => "warnings and errors, and lines without a level",
        Some(_) => "errors, and lines without a level",
    });
    Ok(())
}

/// Shows lines around matches, or matches only.
pub(in crate::model) fn context(model: &mut Model, call: Call<'_>) -> Outcome {
    let reader = reader(model)?;
    let lines = match call.arg {
        "" if reader.buffer.stack.context.is_some() => None,
        "" => Some(AROUND),
        text => read_context(text)?,
    };
    if !reader.buffer.stack.is_active() {
        return Err("no filter is active, so all lines are shown; / adds one".into());
    }
    reader.change_stack(|stack| stack.context = lines);
    Ok(())
}

pub(in crate::model) fn check_context(text: &str) -> Outcome {
    read_context(text).map(drop)
}

/// Parses the number of lines around a match; none for `off`.
fn read_context(text: &str) -> Result<Option<u16>, String> {
    match (text, text.parse()) {
        ("off", _) => Ok(None),
        (_, Ok(lines @ 1..=MOST_AROUND)) => Ok(Some(lines)),
        _ => Err(format!("invalid number of lines `{text}`; expected 1 to {MOST_AROUND}, or off")),
    }
}
