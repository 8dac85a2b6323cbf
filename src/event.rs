//! Events that go into the model, and effects that come out of it.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::{
    aws::{
        Access, ScopeSpec,
        mfa::{CodeQuestion, MfaCode},
    },
    change::ChangeOrder,
    data::{Demand, Done, Request, Snapshot},
    journal::JournalLine,
    logs::TailMessage,
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
    /// The choices for a picker that was opened empty (profiles are read from files).
    Profiles(Vec<String>),
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
    /// Drop the data layer and start one on another scope.
    Switch(ScopeSpec),
    /// Answer the request for an MFA code; `None` cancels it.
    AnswerCode(Option<MfaCode>),
    Copy(String),
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
    ListProfiles,
    /// Read the journal of changes. The answer is an [`Event::Journal`].
    ReadJournal,
    /// Ctrl-Z: hand the terminal back to the shell until `fg`.
    Suspend,
    /// Redraw the whole screen.
    Redraw,
    Quit,
}
