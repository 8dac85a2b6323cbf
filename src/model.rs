//! The model: everything on screen, and the one function that changes it.
//!
//! [`Model::update`] takes an event and its time, changes the model, and returns plain [`Effect`]s to be performed
//! outside. There is no I/O in here and no clock.
//!
//! A key goes to the overlay if there is one, or else through the [`Keymap`] to an action of [`action::ACTIONS`]. After
//! every event the top screen is updated from the data, and the demand from the visible rows.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crossterm::event::{KeyEvent, KeyEventKind, KeyModifiers};
use jiff::Timestamp;

use crate::{
    aws::{Access, ScopeSpec, mfa::CodeQuestion},
    data::{Demand, Done, Snapshot},
    event::{Effect, Event, Notice, NoticeLevel},
    resource::{Context, Kind, session_target::SessionTarget},
};

pub mod action;
mod alerts;
pub mod alias;
mod attention;
mod command;
mod copies;
mod editing;
mod entered;
pub mod filter;
mod following;
pub mod forwards;
pub mod header;
mod help;
mod hints;
pub mod keymap;
pub mod layout;
pub mod locator;
mod log_alert;
mod lookup;
pub mod messages;
mod navigation;
mod offers;
pub mod overlay;
pub mod prompt;
pub mod scope;
pub mod screens;
pub mod settings;
pub mod text;
mod unbound;
mod view_history;

pub use filter::RowFilter;
pub use header::Header;
pub use keymap::Keymap;
pub use layout::{Layout, layout};
pub use messages::Messages;
pub use overlay::Overlay;
pub use screens::{Screen, table::Table, text::Viewer};
pub use settings::{Settings, Start};

use action::Call;
use alerts::Alerts;
use attention::Attention;
use copies::Copies;
use editing::Editing;
use following::Following;
use forwards::Forwards;
use keymap::Key;
use scope::WriteOverride;
use screens::{Frame, ScreenData, text::TextSource};
use view_history::ViewHistory;

/// Maximum number of lines of a prompt history.
const REMEMBERED: usize = 1000;

/// Everything on screen. Rendering reads it; only [`Model::update`] changes it.
pub struct Model {
    /// All kinds, in the order of help and completion.
    pub kinds: &'static [&'static Kind],
    pub settings: Settings,
    pub keymap: Keymap,
    /// The latest data.
    pub snapshot: Arc<Snapshot>,
    /// The time of the last event; ages are relative to it.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The top screen.
    pub front: Screen,
    /// The screens beneath it, root first.
    pub behind: Vec<Screen>,
    /// The pane about the row under the cursor, if it is shown.
    pub pane: Option<Viewer>,
    /// The overlay, which covers the screen and takes keys first.
    pub overlay: Option<Overlay>,
    /// The requested MFA code, until its dialog opens.
    code_question: Option<CodeQuestion>,
    pub messages: Messages,
    /// Changes that have not settled yet.
    following: Following,
    /// Rows that the user waits for.
    alerts: Alerts,
    copies: Copies,
    /// The container that a session is in.
    entered: Option<SessionTarget>,
    /// Port forwards, of all scopes.
    pub forwards: Forwards,
    /// The task definition that is being edited, if any.
    editing: Option<Editing>,
    /// Which credentials, and where.
    pub scope: ScopeSpec,
    /// The user's choice of access mode in this scope.
    pub write_override: Option<WriteOverride>,
    /// The access mode that was last sent to the clients.
    sent_access: Access,
    /// Changes are refused in every scope, whatever its rules, unless the user allows them there.
    read_only: bool,
    /// The default cluster of `:` commands; `None` means all of them.
    pub cluster: Option<Arc<str>>,
    /// The user has paused refreshing.
    pub paused: bool,
    /// Names of the profiles, once they have been read.
    pub profiles: Option<Vec<String>>,
    /// Commands, filters and queries of this and earlier sessions, oldest first.
    commands: Vec<String>,
    filters: Vec<String>,
    queries: Vec<String>,
    history: ViewHistory,
    attention: Attention,
    /// When ctrl-c was last pressed.
    interrupted: Option<Timestamp>,
    /// Number of logs opened so far; numbers the next one.
    logs_opened: u64,
    /// Number of orders of changes so far; numbers the next one.
    orders: u64,
    /// Effects to perform after this event.
    out: Vec<Effect>,
    dirty: bool,
    /// Digest of what was shown after the last event.
    drawn: u64,
}

impl Model {
    /// The model of a console that has just started: the home view, nothing loaded yet. Its first effects are returned
    /// with those of the first event.
    pub fn new(kinds: &'static [&'static Kind], settings: Settings, keymap: Keymap, start: Start) -> Self {
        let mut model = Self {
            kinds,
            settings,
            keymap,
            snapshot: Arc::default(),
            now: start.at,
            size: start.size,
            front: navigation::root(kinds),
            behind: Vec::new(),
            pane: None,
            overlay: None,
            code_question: None,
            messages: Messages::default(),
            following: Following::default(),
            alerts: Alerts::default(),
            copies: Copies::default(),
            entered: None,
            forwards: Forwards::default(),
            editing: None,
            scope: start.scope,
            write_override: start.write_override,
            sent_access: Access::ReadOnly,
            read_only: start.write_override == Some(WriteOverride::ReadOnly),
            cluster: None,
            paused: false,
            profiles: None,
            commands: start.commands,
            filters: start.filters,
            queries: start.queries,
            history: ViewHistory::default(),
            attention: Attention::new(start.at),
            interrupted: None,
            logs_opened: 0,
            orders: 0,
            out: Vec::new(),
            dirty: true,
            drawn: 0,
        };
        if !model.settings.aliases.is_empty() {
            // Aliases may name profiles.
            model.out.push(Effect::ListProfiles);
        }
        match (start.cluster, &start.command) {
            (Some(cluster), _) => model.open_cluster(Some(cluster)),
            (None, None) => model.go_home(),
            (None, Some(_)) => {}
        }
        let command = start.command.map(|command| model.run(&command));
        let filter = start.filter.and_then(|text| model.front_kind().map(|kind| model.read_filter(&text, kind)));
        let filter = filter.map(|filter| filter.map(|filter| model.set_filter(filter)));
        for reason in [command, filter].into_iter().flatten().filter_map(Result::err) {
            model.warn(reason);
        }
        model.settle();
        model
    }

    /// Handles an event; returns the effects to perform.
    pub fn update(&mut self, at: Timestamp, event: Event) -> Vec<Effect> {
        // The machine's clock may be set back; ages must not shrink.
        self.now = self.now.max(at);
        // User input may change anything; data and time only what the digest covers.
        let by_hand = !matches!(
            event,
            Event::Snapshot(_)
                | Event::Log(_)
                | Event::Tick
                | Event::Focus(_)
                | Event::Forward(..)
                | Event::ForwardCounts(_)
        );
        match event {
            Event::Key(key) => self.press(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize(width, height) => {
                self.size = (width, height);
                self.reflow();
            }
            Event::Focus(focused) => self.attention.focus(focused, self.now),
            Event::Tick => {
                self.update_times();
                self.resolve_pending_switch();
            }
            Event::Snapshot(snapshot) => self.take(snapshot),
            Event::Log(news) => self.take_log(news),
            Event::Done(Done::Raw { id, result }) => self.take_raw(&id, result),
            Event::Done(Done::Evidence { id, evidence }) => self.take_evidence(&id, evidence),
            Event::Done(Done::Diff { question, result }) => self.take_diff(&question, result),
            Event::Done(Done::ChangeEvidence { kind, targets, evidence }) => {
                self.take_change_evidence(kind, &targets, evidence);
            }
            Event::Done(Done::Registerable { name, result }) => self.take_registerable(&name, result),
            Event::Edited(edited) => self.take_edited(edited),
            Event::Done(Done::Change(report)) => self.take_change(&report),
            Event::Done(Done::Warning(text)) => self.warn(text),
            Event::Journal(lines) => self.take_journal(lines),
            Event::Notice(notice) => self.notify(notice.level, notice.text),
            Event::BackgroundProgress(id, progress) => self.take_background_progress(id, progress),
            Event::CommandEnded(id, outputs) => self.take_command_end(id, outputs),
            Event::CopyEnded(id, result) => self.take_copy_end(id, result),
            Event::Entered(target) => self.entered = target.map(|target| *target),
            Event::Forward(id, news) => self.take_forward_news(id, news),
            Event::ForwardCounts(counts) => self.take_forward_counts(&counts),
            Event::Profiles(profiles) => self.take_profiles(profiles),
            Event::CodeNeeded(question) => self.code_question = Some(question),
        }
        self.ask_for_code();
        self.show_command_outputs();
        self.messages.fade(self.now);
        self.disarm_when_due();
        self.settle();
        if self.messages.flash.is_some() {
            self.messages.leave(self.view_digest());
        }
        let shown = self.shown();
        self.dirty |= by_hand || shown != self.drawn;
        self.drawn = shown;
        std::mem::take(&mut self.out)
    }

    fn press(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        let key = Key::from(event);
        self.attention.touched(self.now);
        self.messages.seen();
        // A damaged screen is mended wherever the user is; without control, the key may be a letter to type.
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && self.keymap.called_by(key).any(|(action, _)| *action == action::session::REDRAW) {
            self.out.push(Effect::Redraw);
            return;
        }
        if let Some(overlay) = self.overlay.take() {
            return self.press_overlay(overlay, key);
        }
        match self.keymap.find(key, self.front.contexts(), self.front.kind()) {
            Some((action, nth)) => {
                if let Err(reason) = (action.run)(self, Call { arg: "", nth }) {
                    self.warn(reason);
                }
            }
            None => self.info(self.explain_unbound(key)),
        }
    }

    fn paste(&mut self, text: &str) {
        self.attention.touched(self.now);
        // Without a prompt, pasted text is ignored: its letters are not keys.
        if let Some(overlay) = self.overlay.take() {
            self.paste_overlay(overlay, text);
        }
    }

    /// Updates everything that depends on other state: rows, scroll positions, history, demand.
    fn settle(&mut self) {
        let (cx, typing) = (self.cx(), matches!(self.overlay, Some(Overlay::Filter(_))));
        self.front.take_data(&ScreenData { snapshot: &self.snapshot, cx: &cx, typing });
        if self.open_unlisted_revision() {
            return self.settle();
        }
        self.seek_named_row();
        self.seek_forward();
        // Whether there is a pane depends on the rows.
        let Layout { page, pane, .. } = self.layout();
        let effect = self.front.settle(Frame { page, width: self.size.0, zone: cx.zone.zone, now: cx.now });
        self.out.extend(effect);
        self.pane = pane.and_then(|pane| self.inspect(pane));
        self.note_view();
        self.send_access();
        self.send_demand();
    }

    /// The top screen.
    pub fn screen(&self) -> &Screen {
        &self.front
    }

    /// The table on screen, or the one beneath the text on screen.
    pub fn table(&self) -> Option<&Table> {
        std::iter::once(&self.front).chain(self.behind.iter().rev()).find_map(Screen::get)
    }

    /// The positions of everything on screen.
    pub fn layout(&self) -> Layout {
        layout(self)
    }

    /// What cells depend on besides their row.
    pub fn cx(&self) -> Context {
        Context { now: self.now, zone: self.settings.zone.clone() }
    }

    /// The values of the header.
    pub fn header(&self) -> Header {
        Header::of(self)
    }

    /// Whether something on screen has changed since the last call.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The clusters for keys 1 to 9: favourites, then the others by name.
    pub fn favourites(&self) -> Vec<Arc<str>> {
        let mut favourites: Vec<Arc<str>> = self.settings.favourites.iter().map(|name| name.as_str().into()).collect();
        for cluster in self.snapshot.clusters() {
            if !favourites.contains(&cluster) {
                favourites.push(cluster);
            }
        }
        favourites.truncate(9);
        favourites
    }

    /// Width of a line of text in cells.
    fn text_width(&self) -> usize {
        self.size.0.saturating_sub(layout::TEXT_MARGIN).into()
    }

    /// The kind of the table on screen.
    fn front_kind(&self) -> Option<&'static Kind> {
        self.front.get::<Table>().map(|table| table.view.kind)
    }

    /// Changes the table on screen, if it is one.
    fn table_mut<T>(&mut self, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        self.front.get_mut::<Table>().map(change)
    }

    fn notify(&mut self, level: NoticeLevel, text: impl Into<String>) {
        let view = self.view_digest();
        self.messages.add(self.now, Notice { level, text: text.into() }, view);
        if self.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Messages)) {
            self.refill();
        }
    }

    /// A digest of the view on screen and the path to it.
    fn view_digest(&self) -> u64 {
        let hasher = &mut DefaultHasher::new();
        self.crumbs().hash(hasher);
        hasher.finish()
    }

    fn info(&mut self, text: impl Into<String>) {
        self.notify(NoticeLevel::Info, text);
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.notify(NoticeLevel::Warn, text);
    }

    /// Adds a line to a prompt history, and to its file.
    fn remember(&mut self, list: &'static str, entry: &str) {
        let lines = match list {
            "commands" => &mut self.commands,
            "queries" => &mut self.queries,
            _ => &mut self.filters,
        };
        if entry.is_empty() || lines.last().is_some_and(|last| last == entry) {
            return;
        }
        lines.retain(|line| line != entry);
        lines.push(entry.into());
        let excess = lines.len().saturating_sub(REMEMBERED);
        lines.drain(..excess);
        self.out.push(Effect::Remember { list, entry: entry.into() });
    }

    /// What is on screen, for the data layer to keep up to date.
    pub fn demand(&self) -> Demand {
        self.attention.demand(self)
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
