//! A line being typed.

/// A line being typed, with its history and what went wrong with it.
#[derive(Debug, Default)]
pub struct Prompt {
    /// The text and the cursor.
    pub input: tui_input::Input,
    /// The text is preselected: typing replaces it. Drawn inverted.
    pub preselected: bool,
    /// What → or ctrl-f at the end would add.
    pub ghost: String,
    /// Position (characters) and reason of what can't be read; drawn in the tone of an error.
    pub fault: Option<Fault>,
    /// What is being looked for in the history, while ctrl-r is at work.
    pub searching: Option<String>,
}

/// Where a text can't be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Characters before the offending place.
    pub at: usize,
    pub reason: String,
}

impl Fault {
    pub fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }
}
