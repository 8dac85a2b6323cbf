//! The model: everything the screen shows, and the one function that changes it.
//!
//! [`Model::update`] takes an event and the moment it happened, changes the model, and returns what is to be done outside
//! as plain [`Effect`]s. There is no I/O in here and no clock.
//!
//! A key goes to the overlay if there is one, else through the [`Keymap`] to an action of [`action::ACTIONS`]. After every
//! event the front screen is brought up to date with the data, and the demand with what is in sight.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::Timestamp;

use crate::{
    aws::{Access, ScopeSpec, mfa::CodeQuestion},
    data::{Demand, Done, Snapshot},
    event::{Effect, Event, Notice, NoticeLevel},
    resource::{Context, Kind},
};

pub mod action;
pub mod alias;
mod attention;
mod command;
pub mod filter;
mod following;
pub mod header;
mod help;
mod hints;
pub mod keymap;
pub mod layout;
pub mod locator;
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
use attention::Attention;
use following::Following;
use keymap::Key;
use scope::WriteOverride;
use screens::{Frame, ScreenData, text::TextSource};
use view_history::ViewHistory;

/// Lines of a history that are kept.
const REMEMBERED: usize = 1000;

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
    /// The screen that is seen.
    pub front: Screen,
    /// The screens beneath it, root first.
    pub behind: Vec<Screen>,
    /// What the pane says of the row under the cursor, while there is one.
    pub pane: Option<Viewer>,
    /// What lies over the screen and takes the keys first.
    pub overlay: Option<Overlay>,
    /// The requested MFA code, until its dialog opens.
    code_question: Option<CodeQuestion>,
    pub messages: Messages,
    /// Changes that have not settled yet.
    following: Following,
    /// Which credentials, and where.
    pub scope: ScopeSpec,
    /// What a person said about changes in this scope.
    pub write_override: Option<WriteOverride>,
    /// The access that the clients' guard goes by.
    sent_access: Access,
    /// Changes are refused in every scope, whatever its rules say, until a person says otherwise there.
    read_only: bool,
    /// The cluster that `:` commands mean when they name none; `None` is all of them.
    pub cluster: Option<Arc<str>>,
    /// Refreshing is paused by hand.
    pub paused: bool,
    /// Names of the profiles there are, once they have been asked for.
    pub profiles: Option<Vec<String>>,
    /// Commands, filters and queries of this and earlier sessions, oldest first.
    commands: Vec<String>,
    filters: Vec<String>,
    queries: Vec<String>,
    history: ViewHistory,
    attention: Attention,
    /// When ctrl-c was last pressed.
    interrupted: Option<Timestamp>,
    /// Logs that were opened, for the next one's number.
    logs_opened: u64,
    /// Orders of changes so far, for the next one's number.
    orders: u64,
    /// What is to be done outside once this event is dealt with.
    out: Vec<Effect>,
    dirty: bool,
    /// Digest of what was shown after the last event.
    drawn: u64,
}

impl Model {
    /// The model of a console that has just started: the home view, nothing loaded yet. What it wants done first comes
    /// with the answer to the first event.
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
            scope: start.scope,
            write_override: start.said,
            sent_access: Access::ReadOnly,
            read_only: start.said == Some(WriteOverride::ReadOnly),
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
            // They may name profiles.
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

    /// Takes one event in, and says what is to be done about it.
    pub fn update(&mut self, at: Timestamp, event: Event) -> Vec<Effect> {
        // The clock of the machine may be set back; ages may not.
        self.now = self.now.max(at);
        // What a person does may change anything; data and time only what is compared here.
        let by_hand = !matches!(event, Event::Snapshot(_) | Event::Log(_) | Event::Tick | Event::Focus(_));
        match event {
            Event::Key(key) => self.press(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize(width, height) => {
                self.size = (width, height);
                self.set_anew();
            }
            Event::Focus(focused) => self.attention.focus(focused, self.now),
            Event::Tick => {
                self.retell();
                self.find_sought();
            }
            Event::Snapshot(snapshot) => self.take(snapshot),
            Event::Log(news) => self.take_log(news),
            Event::Done(Done::Raw { id, result }) => self.take_raw(&id, result),
            Event::Done(Done::Evidence { id, evidence }) => self.take_evidence(&id, evidence),
            Event::Done(Done::Change(report)) => self.take_change(&report),
            Event::Done(Done::Warning(text)) => self.warn(text),
            Event::Journal(lines) => self.take_journal(lines),
            Event::Notice(notice) => self.tell(notice.level, notice.text),
            Event::Profiles(profiles) => self.take_profiles(profiles),
            Event::CodeNeeded(question) => self.code_question = Some(question),
        }
        self.ask_for_code();
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
        if let Some(overlay) = self.overlay.take() {
            return self.press_overlay(overlay, key);
        }
        match self.keymap.find(key, self.front.contexts(), self.front.kind()) {
            Some((action, nth)) => {
                if let Err(reason) = (action.run)(self, Call { arg: "", nth }) {
                    self.warn(reason);
                }
            }
            None => self.info(self.why_nothing(key)),
        }
    }

    fn paste(&mut self, text: &str) {
        self.attention.touched(self.now);
        // Without a prompt a paste means nothing: its letters are not keys.
        if let Some(overlay) = self.overlay.take() {
            self.paste_overlay(overlay, text);
        }
    }

    /// Brings everything that follows from the rest up to date: rows, scroll positions, history, demand.
    fn settle(&mut self) {
        let (cx, typing) = (self.cx(), matches!(self.overlay, Some(Overlay::Filter(_))));
        self.front.take_data(&ScreenData { snapshot: &self.snapshot, cx: &cx, typing });
        if self.leave_vain_search() {
            return self.settle();
        }
        self.seek_named_row();
        // Whether there is a pane depends on the rows.
        let Layout { page, pane, .. } = self.layout();
        let effect = self.front.settle(Frame { page, width: self.size.0, zone: cx.zone.zone, now: cx.now });
        self.out.extend(effect);
        self.pane = pane.and_then(|pane| self.inspect(pane));
        self.note_view();
        self.send_access();
        self.send_demand();
    }

    /// The screen that is seen.
    pub fn screen(&self) -> &Screen {
        &self.front
    }

    /// The table that is seen, or the one beneath the text that is seen.
    pub fn table(&self) -> Option<&Table> {
        std::iter::once(&self.front).chain(self.behind.iter().rev()).find_map(Screen::get)
    }

    /// Where everything goes.
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

    /// Whether something shown has changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The clusters behind the keys 1 to 9: the chosen ones, then the others by name.
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

    /// Cells of a line of text.
    fn text_width(&self) -> usize {
        self.size.0.saturating_sub(layout::TEXT_MARGIN).into()
    }

    /// The kind of the table that is seen.
    fn front_kind(&self) -> Option<&'static Kind> {
        self.front.get::<Table>().map(|table| table.view.kind)
    }

    /// Changes the table that is seen, if one is.
    fn table_mut<T>(&mut self, change: impl FnOnce(&mut Table) -> T) -> Option<T> {
        self.front.get_mut::<Table>().map(change)
    }

    fn tell(&mut self, level: NoticeLevel, text: impl Into<String>) {
        let view = self.view_digest();
        self.messages.tell(self.now, Notice { level, text: text.into() }, view);
        if self.front.get::<Viewer>().is_some_and(|viewer| matches!(viewer.source, TextSource::Messages)) {
            self.refill();
        }
    }

    /// A digest of the way to what is seen: another one, another view.
    fn view_digest(&self) -> u64 {
        let hasher = &mut DefaultHasher::new();
        self.crumbs().hash(hasher);
        hasher.finish()
    }

    fn info(&mut self, text: impl Into<String>) {
        self.tell(NoticeLevel::Info, text);
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.tell(NoticeLevel::Warn, text);
    }

    /// Adds a line to the history called `list`, and to its file.
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

    /// What is looked at, so what the data layer should keep fresh.
    pub fn demand(&self) -> Demand {
        self.attention.demand(self)
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
