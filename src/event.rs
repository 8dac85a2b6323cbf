//! Events that go into the model, and effects that come out of it.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::{
    aws::{
        Access, Identity, ScopeSpec,
        mfa::{CodeQuestion, MfaCode},
    },
    change::ChangeOrder,
    copy::CopyRequest,
    data::{Demand, Done, Request, Snapshot},
    forwarding::{ForwardCounts, ForwardNews, ForwardRequest},
    journal::JournalLine,
    logs::TailMessage,
    resource::{container::ExecTarget, session_target::SessionTarget},
};

/// Input of the model.
#[derive(Debug, Clone)]
pub enum Event {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    Focus(bool),
    /// Time has passed; sent only while something on screen moves with it.
    Tick,
    Snapshot(Arc<Snapshot>),
    Done(Done),
    /// Lines of the open log.
    Log(TailMessage),
    /// The result of an [`Effect`], as a message for the user.
    Notice(Notice),
    /// An MFA code is needed. The answer is an [`Effect::AnswerCode`].
    CodeNeeded(CodeQuestion),
    /// The lines of the journal, newest first, or why it can't be read.
    Journal(Result<Arc<Vec<JournalLine>>, String>),
    /// A session has entered this container; `None`: it has ended.
    Entered(Option<Box<SessionTarget>>),
    /// What happens to the forward with this id.
    Forward(u64, ForwardNews),
    /// The answer to [`Effect::CountForwards`].
    ForwardCounts(Vec<(u64, ForwardCounts)>),
    /// How far the copy, or the command, with this id is.
    BackgroundProgress(u64, String),
    /// The copy with this id has ended: what was copied, or why it was not.
    CopyEnded(u64, Result<String, String>),
    /// The command with this id has ended everywhere, or was cancelled.
    CommandEnded(u64, Vec<CommandOutput>),
    /// The editor of an [`Effect::Edit`] has ended.
    Edited(EditedText),
    /// The choices for a picker that was opened empty (profiles are read from files).
    Profiles(Vec<String>),
}

/// A text that was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedText {
    /// The text in the file afterwards; absent if there was no file, or it could not be read.
    pub text: Option<String>,
    /// Why it counts for nothing: the editor failed or could not be started.
    pub failure: Option<String>,
}

/// A message for the user, kept under `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub level: NoticeLevel,
    pub text: String,
}

/// Severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeLevel {
    Info,
    Warn,
    Error,
}

/// A copy out of a container or into it.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyOrder {
    /// The identity that it was asked for.
    pub identity: Arc<Identity>,
    pub target: ExecTarget,
    pub request: CopyRequest,
}

/// A command to be run in several containers.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandOrder {
    /// The identity that it was asked for.
    pub identity: Arc<Identity>,
    pub targets: Vec<ExecTarget>,
    /// For `sh`.
    pub command: String,
}

/// What a command did in one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutput {
    /// The container and its task.
    pub label: String,
    /// Standard output, then standard error.
    pub text: String,
    /// Why it counts as failed.
    pub failure: Option<String>,
}

/// A shell, or another command, to be run in a container or on a host.
#[derive(Debug, Clone, PartialEq)]
pub struct ShellRequest {
    /// The identity that it was asked for.
    pub identity: Arc<Identity>,
    pub target: SessionTarget,
    /// Empty for the shell of a host.
    pub command: String,
}

/// What the model wants done outside itself. Plain data: tests assert on it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The views on screen have changed.
    Demand(Box<Demand>),
    Request(Request),
    /// Allow or refuse calls that change something. The data layer keeps running.
    SetAccess(Access),
    /// Send changes that were confirmed.
    Change(ChangeOrder),
    /// Open a shell on the whole terminal.
    OpenShell(Box<ShellRequest>),
    /// Start a port forward in the background. What happens to it are [`Event::Forward`]s with this id.
    StartForward {
        id: u64,
        request: Box<ForwardRequest>,
    },
    StopForward(u64),
    /// Ask whether the task of a forward still runs: it was seen stopping.
    CheckForward(u64),
    /// Read the counters of all forwards.
    CountForwards,
    /// Copy files in the background. The answers are [`Event::BackgroundProgress`] and [`Event::CopyEnded`] with this id.
    StartCopy {
        id: u64,
        order: Box<CopyOrder>,
    },
    /// Run a command in several containers, in the background. The answers are [`Event::BackgroundProgress`] and
    /// [`Event::CommandEnded`] with this id.
    RunCommand {
        id: u64,
        order: Box<CommandOrder>,
    },
    /// End the copy or the command with this id.
    CancelBackground(u64),
    /// Drop the data layer and start one on another scope.
    Switch(ScopeSpec),
    /// Answer the request for an MFA code; `None` cancels it.
    AnswerCode(Option<MfaCode>),
    Copy(String),
    /// Ring, or whatever the configuration says, because something that the user waits for has happened.
    Alert(String),
    /// Write `content` to a new file in the folder for saved tables, named after `name`.
    Save {
        name: String,
        extension: &'static str,
        content: String,
    },
    /// Append to a history file (filters, commands) in the state folder.
    Remember {
        list: &'static str,
        entry: String,
    },
    /// Edit a text in the user's editor, in a private file named after `name` that is removed afterwards. The cursor goes to
    /// `line`, if the editor can do that.
    Edit {
        name: String,
        text: String,
        line: Option<usize>,
    },
    ListProfiles,
    /// Read the journal of changes. The answer is an [`Event::Journal`].
    ReadJournal,
    /// Ctrl-Z: hand the terminal back to the shell until `fg`.
    Suspend,
    /// Redraw the whole screen.
    Redraw,
    Quit,
}
