//! Reading a log: which lines are in sight, and how they are shown. Everything is a view over one ring of lines.

use std::{collections::BTreeSet, hash::Hash, sync::Arc};

use jiff::Timestamp;

use crate::{
    logs::{
        LogRequest, LogSubject, Read, TailMessage, TailStatus, TailUpdate, filter::FilterStack,
        filtered_view::FilteredView, ring::Ring,
    },
    model::{Model, Screen, screens::Frame},
};

mod about;
pub mod actions;
pub mod bar;
mod body;
mod columns;
mod complete;
mod content;
mod export;
mod fields;
pub(in crate::model) mod goto;
mod late_lines;
mod link;
pub(in crate::model) mod live;
pub(in crate::model) mod marks;
pub(in crate::model) mod modes;
pub mod nothing;
pub(in crate::model) mod open;
pub(in crate::model) mod query;
mod row_math;
pub mod rows;
mod scroll;
mod search;
pub(in crate::model) mod selection;
mod span;
pub mod stack;
pub mod strip;
pub(in crate::model) mod task_switch;

pub(super) use actions::{ACTIONS, CONTEXTS};
use bar::Counts;
use columns::Origins;
pub use export::{LineFormatter, record};
use rows::LogRow;
pub use scroll::Older;
pub use search::{Matches, SearchState};

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Times {
    Off,
    /// In the time zone of the console.
    #[default]
    Clock,
    /// How long ago.
    Relative,
}

/// How lines that are JSON are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Json {
    /// As they came.
    Raw,
    /// Time, level and message, then the rest as `key=value`.
    #[default]
    Fields,
    /// One field a row.
    Pretty,
}

/// A place in the log: a line, and the row within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Top {
    pub line: i64,
    /// What stands above the line counts down from −1.
    pub row: isize,
}

/// A log that is read.
#[derive(Debug)]
pub struct LogView {
    pub wanted: LogRequest,
    pub status: Arc<TailStatus>,
    pub ring: Ring,
    /// The lines of the ring that are shown.
    pub view: FilteredView,
    /// The filters; after a change `look_anew` is called.
    pub stack: FilterStack,
    /// New lines come into sight by themselves.
    pub follow: bool,
    /// The line that keys act on; absent while following.
    pub cursor: Option<i64>,
    /// The first row in sight.
    pub top: Top,
    /// Cells scrolled off to the left.
    pub left: u16,
    pub wrap: bool,
    pub times: Times,
    pub json: Json,
    /// Lines that are shown in full.
    pub expanded: BTreeSet<i64>,
    /// Lines that were picked.
    pub picked: BTreeSet<i64>,
    /// The log has the whole screen.
    pub fullscreen: bool,
    /// What stands before the text stays when it is scrolled sideways.
    pub column_lock: bool,
    /// How one gets from this log to the next.
    pub task_switch: task_switch::TaskSwitch,
    /// What is looked for, and what is picked.
    pub search: SearchState,
    /// The tail that one comes back to from what a query found.
    pub(in crate::model) beneath: Option<Read>,
    /// Lines with lower numbers are cleared from the screen.
    pub cleared: Option<i64>,
    /// What is known of the lines before the first.
    pub older: Older,
    /// The rows in sight.
    pub rows: Vec<LogRow>,
    pub counts: Counts,
    pub(in crate::model) origins: Origins,
    frame: Frame,
    /// The number of the first line that came since it was frozen.
    frozen_at: i64,
    /// When the counts were taken.
    counted_at: Option<Timestamp>,
    /// All lines were looked through for those that pass.
    searched: bool,
    /// Grows whenever filters change.
    looked: u64,
    /// A digest of what the rows in sight were made of.
    set: u64,
}

impl LogView {
    pub fn new(wanted: LogRequest, ring: Ring) -> Self {
        Self {
            wanted,
            status: Arc::default(),
            ring,
            view: FilteredView::default(),
            stack: FilterStack::default(),
            follow: true,
            cursor: None,
            top: Top::default(),
            left: 0,
            wrap: false,
            times: Times::default(),
            json: Json::default(),
            expanded: BTreeSet::new(),
            picked: BTreeSet::new(),
            fullscreen: false,
            column_lock: true,
            task_switch: task_switch::TaskSwitch::default(),
            search: SearchState::default(),
            beneath: None,
            cleared: None,
            older: Older::default(),
            rows: Vec::new(),
            counts: Counts::default(),
            origins: Origins::default(),
            frame: Frame::default(),
            frozen_at: 0,
            counted_at: None,
            searched: true,
            looked: 0,
            set: 0,
        }
    }

    /// Begins to look for the lines that pass the filters, from the place that is seen.
    pub(in crate::model) fn look_anew(&mut self) {
        self.view = FilteredView::new(self.cursor.unwrap_or(self.ring.numbers().end));
        self.looked += 1;
        self.recount();
    }

    pub fn subject(&self) -> &LogSubject {
        &self.wanted.of
    }

    fn on_update(&mut self, told: TailUpdate) {
        match told {
            TailUpdate::Lines(lines) => {
                for line in lines {
                    self.origins.note(&line);
                    self.ring.push(line);
                }
            }
            TailUpdate::Late(lines) => {
                lines.iter().for_each(|line| self.origins.note(line));
                self.put_between(lines);
            }
            TailUpdate::Older { lines, end } => {
                lines.iter().for_each(|line| self.origins.note(line));
                let came = lines.len();
                let taken = self.ring.prepend(lines);
                self.older = match end {
                    _ if taken < came => Older::Full,
                    true => Older::None,
                    false => Older::Unasked,
                };
            }
            TailUpdate::Status(status) => self.status = status,
        }
    }
}

impl Model {
    /// The log that is read: on the screen that is seen, or on one beneath it.
    pub fn log(&self) -> Option<&LogView> {
        std::iter::once(&self.front).chain(self.behind.iter().rev()).find_map(Screen::get)
    }

    /// Takes in what a tail tells, if its log is still there.
    pub(in crate::model) fn take_log(&mut self, news: TailMessage) {
        let screens = [&mut self.front].into_iter().chain(self.behind.iter_mut());
        let mut logs = screens.filter_map(Screen::get_mut::<LogView>);
        if let Some(reader) = logs.find(|reader| reader.wanted.id == news.tail) {
            reader.on_update(news.update);
        }
    }
}
