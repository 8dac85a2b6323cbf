//! The model: everything the screen shows, and the one function that changes it.
//!
//! [`Model::update`] takes an event and the moment it happened, changes the model, and returns what is to be done outside
//! as plain [`Effect`]s. There is no I/O in here and no clock.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    aws::ScopeSpec,
    data::{Demand, Snapshot},
    event::{Effect, Event},
    resource::{Context, Kind},
};

pub mod action;
pub mod document;
pub mod environment;
pub mod filter;
pub mod header;
pub mod keymap;
pub mod layout;
pub mod messages;
pub mod overlay;
pub mod prompt;
pub mod scope;
pub mod settings;
pub mod table;
pub mod text;

pub use document::Viewer;
pub use header::Header;
pub use keymap::Keymap;
pub use layout::{Layout, layout};
pub use messages::Messages;
pub use overlay::Overlay;
pub use settings::{Settings, Start};
pub use table::Table;

/// One layer of the navigation stack: what fills the body of the screen.
#[derive(Debug)]
pub enum Screen {
    /// Rows of one view.
    Table(Box<Table>),
    /// Scrollable text: describe, raw JSON, help, messages.
    Text(Box<Viewer>),
}

/// Everything the screen shows. Rendering reads it; only [`Model::update`] changes it.
pub struct Model {
    /// The kinds there are, in the order in which help and completion list them.
    pub kinds: &'static [&'static Kind],
    pub settings: Settings,
    pub keymap: Keymap,
    /// The latest data.
    pub snapshot: Arc<Snapshot>,
    /// The moment of the last event; ages are reckoned from it.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The screens, root first; never empty. The last one is seen.
    pub screens: Vec<Screen>,
    /// What lies over the screen and takes the keys first.
    pub overlay: Option<Overlay>,
    pub messages: Messages,
    /// Which credentials, where, and whether read-only.
    pub scope: ScopeSpec,
    /// The cluster that `:` commands mean when they name none; `None` is all of them.
    pub cluster: Option<Arc<str>>,
    /// Refreshing is paused by hand.
    pub paused: bool,
}

impl Model {
    /// The model of a console that has just started: the home view, nothing loaded yet.
    pub fn new(kinds: &'static [&'static Kind], settings: Settings, keymap: Keymap, start: Start) -> Self {
        let _ = start.command;
        Self {
            kinds,
            settings,
            keymap,
            snapshot: Arc::default(),
            now: start.at,
            size: start.size,
            screens: Vec::new(),
            overlay: None,
            messages: Messages::default(),
            scope: start.scope,
            cluster: start.cluster,
            paused: false,
        }
    }

    /// Takes one event in, and says what is to be done about it.
    pub fn update(&mut self, at: Timestamp, _event: Event) -> Vec<Effect> {
        self.now = at;
        Vec::new()
    }

    /// The screen that is seen.
    pub fn screen(&self) -> Option<&Screen> {
        self.screens.last()
    }

    /// What cells depend on besides their row.
    pub fn cx(&self) -> Context {
        Context { now: self.now }
    }

    /// What is looked at, so what the data layer should keep fresh.
    pub fn demand(&self) -> Demand {
        Demand::default()
    }

    /// When time alone will next change something that is shown; `None` while nothing moves by itself.
    pub fn next_tick(&self) -> Option<Timestamp> {
        None
    }

    /// Whether something shown has changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        true
    }

    /// The values of the header.
    pub fn header(&self) -> Header {
        Header::default()
    }

    /// The way here, root first: `clusters`, `services(prod)`, `tasks(payments)`.
    pub fn crumbs(&self) -> Vec<String> {
        Vec::new()
    }

    /// The keys worth showing for what is seen, most important first.
    pub fn hints(&self) -> Vec<action::Hint> {
        Vec::new()
    }
}
