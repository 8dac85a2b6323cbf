//! Reading a log: which lines are in sight, and how they are shown. Everything is a view over one ring of lines.

use std::{collections::BTreeSet, sync::Arc};

use super::{Model, Screen};
use crate::logs::{News, Read, Status, Subject, Told, Wanted, filter::Stack, ring::Ring, sight::Sight};

mod finding;
pub(super) mod jump;
mod link;
pub(super) mod live;
pub(super) mod marks;
pub(super) mod open;
pub(super) mod query;
mod span;
pub mod stack;
pub(super) mod step;
pub mod strip;
pub(super) mod take;
pub mod whose;

pub use finding::Finding;

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Times {
    Off,
    /// As the settings have it.
    #[default]
    Local,
    Utc,
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
    pub row: usize,
}

/// A log that is read.
#[derive(Debug)]
pub struct Reader {
    pub wanted: Wanted,
    pub status: Arc<Status>,
    pub ring: Ring,
    /// The lines of the ring that are shown.
    pub sight: Sight,
    /// The filters; after a change [`Reader::look_anew`] is called.
    pub stack: Stack,
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
    /// Lines that came into sight's reach since it was frozen.
    pub unseen: u64,
    /// The log has the whole screen.
    pub fullscreen: bool,
    /// What stands before the text stays when it is scrolled sideways.
    pub column_lock: bool,
    /// How one gets from this log to the next.
    pub steps: step::Steps,
    /// What is looked for, and what is picked.
    pub finding: Finding,
    /// The tail that one comes back to from what a query found.
    pub(super) beneath: Option<Read>,
}

impl Reader {
    pub fn new(wanted: Wanted, ring: Ring) -> Self {
        Self {
            wanted,
            status: Arc::default(),
            ring,
            sight: Sight::default(),
            stack: Stack::default(),
            follow: true,
            cursor: None,
            top: Top::default(),
            left: 0,
            wrap: false,
            times: Times::default(),
            json: Json::default(),
            expanded: BTreeSet::new(),
            picked: BTreeSet::new(),
            unseen: 0,
            fullscreen: false,
            column_lock: true,
            steps: step::Steps::default(),
            finding: Finding::default(),
            beneath: None,
        }
    }

    /// Begins to look for the lines that pass the filters, from the place that is seen.
    pub(super) fn look_anew(&mut self) {
        self.sight = Sight::new(self.cursor.unwrap_or(self.ring.numbers().end));
    }

    pub fn title(&self) -> String {
        format!("logs({})", self.subject().name)
    }

    pub fn subject(&self) -> &Subject {
        &self.wanted.of
    }

    /// Moves by so many rows; upwards is away from the end, and stops following.
    pub(super) fn go(&mut self, rows: isize, page: u16) {
        let last = self.ring.numbers().end - i64::from(page);
        self.top.line = self.top.line.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        self.follow = rows > 0 && self.top.line >= last;
    }

    /// Scrolls by half pages.
    pub(super) fn scroll_sideways(&mut self, _steps: i16) {}

    /// Leaves one layer: picked lines, filters; false when there is none.
    pub(super) fn leave_layer(&mut self) -> bool {
        self.leave_found()
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Lines(lines) => lines.into_iter().for_each(|line| {
                self.ring.push(line);
            }),
            Told::Older { lines, .. } => drop(self.ring.prepend(lines)),
            Told::Status(status) => self.status = status,
        }
    }

    /// Brings what is in sight up to date, for a page of so many rows.
    pub(super) fn settle(&mut self, page: u16) {
        let numbers = self.ring.numbers();
        let last = (numbers.end - i64::from(page)).max(numbers.start);
        self.top.line = if self.follow { last } else { self.top.line.clamp(numbers.start, last) };
    }
}

impl Model {
    /// The log that is read: on the screen that is seen, or on one beneath it.
    pub fn log(&self) -> Option<&Reader> {
        std::iter::once(&self.front).chain(self.behind.iter().rev()).find_map(|screen| match screen {
            Screen::Logs(reader) => Some(&**reader),
            Screen::Table(_) | Screen::Text(_) => None,
        })
    }

    /// Takes in what a tail tells, if its log is still there.
    pub(super) fn take_log(&mut self, news: News) {
        let screens = self.behind.iter_mut().chain([&mut self.front]);
        let reader = screens.filter_map(|screen| match screen {
            Screen::Logs(reader) if reader.wanted.id == news.tail => Some(reader),
            _ => None,
        });
        reader.for_each(|reader| reader.take(news.told.clone()));
    }
}
