//! Overlays: prompts and pickers, which cover the screen and take keys first.

use super::{filter::RowFilter, prompt::Prompt};
use crate::{
    event::{CommandOrder, CopyOrder, ShellRequest},
    forwarding::ForwardRequest,
    logs::{
        LogSubject, Range,
        filter::{FilterMode, FilterStack},
    },
    resource::container::ExecTarget,
};

mod code;
mod complete;
pub mod confirm;
mod copy_form;
mod form;
mod picker;
mod ports;
mod press;
mod results;
mod run_form;

pub use code::CodePrompt;
pub use confirm::{Confirmation, PendingChange};
pub use copy_form::CopyForm;
pub use form::Form;
pub(super) use picker::{current_first, profile_items};
pub use ports::PortsPrompt;
pub use results::ChangeResults;
pub use run_form::RunForm;

/// An overlay.
#[derive(Debug)]
pub enum Overlay {
    /// `:`, in the footer row, with its candidates above it.
    Command(Prompt),
    /// `/` in a table, in the footer row; the table is filtered while typing.
    Filter(FilterPrompt),
    /// `/` in a text, in the footer row; the text is searched while typing.
    Search(SearchPrompt),
    /// A list to pick from, in the middle.
    Picker(Picker),
    /// `/` in a log, in the footer row; the log is filtered while typing.
    Rule(RulePrompt),
    /// The filters of a log, in the middle.
    Rules(RuleList),
    /// `@` in a log: a time or a time range, in the footer row.
    When(WhenPrompt),
    /// A query for CloudWatch Logs Insights, in the middle.
    Query(Box<QueryPrompt>),
    /// A question before something is done, in the middle.
    Question(Question),
    /// The form of a task to run, in the middle.
    Run(Box<RunForm>),
    /// The form of a copy, in the middle.
    CopyFiles(Box<CopyForm>),
    /// The dialog before a change, in the middle.
    Confirm(Box<Confirmation>),
    /// What became of each target of a change, in the middle.
    Results(Box<ChangeResults>),
    /// The ports of a forward, in the footer row, with candidates above it.
    Ports(PortsPrompt),
    /// The code of an MFA device, in the middle.
    Code(CodePrompt),
}

impl Overlay {
    /// The line being typed, if the overlay has one.
    pub fn prompt(&self) -> Option<&Prompt> {
        Some(match self {
            Self::Command(prompt) => prompt,
            Self::Filter(filter) => &filter.prompt,
            Self::Search(search) => &search.prompt,
            Self::Picker(picker) => &picker.prompt,
            Self::Rule(rule) => &rule.prompt,
            Self::When(when) => &when.prompt,
            Self::Query(query) => match query.in_time {
                true => &query.time,
                false => &query.text,
            },
            Self::Run(form) => form.form.prompt()?,
            Self::CopyFiles(form) => form.form.prompt()?,
            Self::Confirm(dialog) => &dialog.typed.as_ref()?.1,
            Self::Ports(ports) => &ports.prompt,
            Self::Code(code) => &code.prompt,
            Self::Rules(_) | Self::Question(_) | Self::Results(_) => return None,
        })
    }

    pub(super) fn prompt_mut(&mut self) -> Option<&mut Prompt> {
        Some(match self {
            Self::Command(prompt) => prompt,
            Self::Filter(filter) => &mut filter.prompt,
            Self::Search(search) => &mut search.prompt,
            Self::Picker(picker) => &mut picker.prompt,
            Self::Rule(rule) => &mut rule.prompt,
            Self::When(when) => &mut when.prompt,
            Self::Query(query) => match query.in_time {
                true => &mut query.time,
                false => &mut query.text,
            },
            Self::Run(form) => form.form.prompt_mut()?,
            Self::CopyFiles(form) => form.form.prompt_mut()?,
            Self::Confirm(dialog) => &mut dialog.typed.as_mut()?.1,
            Self::Ports(ports) => &mut ports.prompt,
            Self::Code(code) => &mut code.prompt,
            Self::Rules(_) | Self::Question(_) | Self::Results(_) => return None,
        })
    }
}

/// The filter prompt; esc restores the previous filter.
#[derive(Debug)]
pub struct FilterPrompt {
    pub prompt: Prompt,
    /// The filter before the prompt opened.
    pub before: RowFilter,
}

/// The search prompt; esc restores the previous search.
#[derive(Debug)]
pub struct SearchPrompt {
    pub prompt: Prompt,
    /// The search before the prompt opened, and the row at the top.
    pub before: String,
    pub top: usize,
}

/// The prompt for one filter of a log; esc restores the previous filters.
#[derive(Debug)]
pub struct RulePrompt {
    pub prompt: Prompt,
    /// The mode of the filter, unless its text contains one.
    pub mode: FilterMode,
    /// Index of the filter in the stack; one past the end for a new filter.
    pub index: usize,
    /// The filters before the prompt opened.
    pub before: FilterStack,
    /// It was opened from the list of filters.
    pub from_list: bool,
}

/// The list of a log's filters.
#[derive(Debug, Default)]
pub struct RuleList {
    pub selected: usize,
}

/// The prompt for a time or a time range.
#[derive(Debug, Default)]
pub struct WhenPrompt {
    pub prompt: Prompt,
}

/// The prompt for a query.
#[derive(Debug, Default)]
pub struct QueryPrompt {
    pub text: Prompt,
    /// The time range.
    pub time: Prompt,
    /// The time range has the focus.
    pub in_time: bool,
    /// The parsed time range in full, if it is valid.
    pub between: String,
    /// The log groups that it searches.
    pub over: String,
}

/// A question before something is done.
#[derive(Debug)]
pub struct Question {
    pub title: String,
    /// What to know before answering.
    pub says: Vec<String>,
    /// The effects of enter and of esc.
    pub yes: &'static str,
    pub no: &'static str,
    pub choice: PickAction,
}

/// A list to pick an item from, filtered by typing.
#[derive(Debug, Default)]
pub struct Picker {
    pub title: String,
    pub prompt: Prompt,
    /// All items.
    pub items: Vec<PickerItem>,
    /// Matching items, best first; all while nothing is typed.
    pub shown: Vec<Shown>,
    /// Index into `shown`.
    pub selected: usize,
    /// Profiles are added once they are known.
    pub wants_profiles: bool,
}

/// An item that matches what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Index into `items`.
    pub item: usize,
    /// Characters of its text that matched, ascending.
    pub matched: Vec<usize>,
}

/// Something to pick.
#[derive(Debug, Clone, PartialEq)]
pub struct PickerItem {
    /// Safe to draw.
    pub text: String,
    /// One line beside it; may be empty. Safe to draw.
    pub about: String,
    pub choice: PickAction,
}

/// The effect of picking.
#[derive(Debug, Clone, PartialEq)]
pub enum PickAction {
    Profile(String),
    Region(String),
    /// `None` means all clusters.
    Cluster(Option<String>),
    Copy(String),
    /// Sort by this column.
    Sort(usize),
    Theme(String),
    /// A log, and its time range.
    Log(Box<LogSubject>, Range),
    /// Follow with Live Tail.
    Live,
    /// The label of an alert to remove.
    DropAlert(String),
    /// A container for a shell.
    Shell(Box<ShellRequest>),
    /// A container to copy files from or to.
    CopyIn(Box<ExecTarget>),
    /// Run the command: the question was answered.
    RunCommand(Box<CommandOrder>),
    /// Copy: the question was answered.
    StartCopy(Box<CopyOrder>),
    /// The id of a copy, or of a command, to cancel.
    CancelBackground(u64),
    /// Open the shell: the question was answered.
    OpenShell(Box<ShellRequest>),
    /// Start a forward: the question was answered.
    StartForward {
        request: Box<ForwardRequest>,
        name: Option<String>,
    },
    /// Quit: the question was answered.
    Quit,
    /// Edit a task definition again, with the cursor in this line.
    EditAgain {
        line: Option<usize>,
    },
    /// Edit it from what is registered.
    EditAfresh,
    /// Deploy a revision to the service with this ARN.
    Deploy {
        service: String,
        revision: String,
    },
}
