//! Reading a log: which lines are in sight, and how they are shown. Everything is a view over one ring of lines.

use std::sync::Arc;

use super::{Model, Screen};
use crate::{
    event::Effect,
    logs::{News, Status, Subject, Told, Wanted, ring::Ring},
};

pub(super) mod open;

/// A log that is read.
#[derive(Debug)]
pub struct Reader {
    pub wanted: Wanted,
    pub status: Arc<Status>,
    pub ring: Ring,
    /// New lines come into sight by themselves.
    pub follow: bool,
    /// The number of the first line in sight.
    pub top: i64,
}

impl Reader {
    pub fn new(wanted: Wanted, ring: Ring) -> Self {
        Self { wanted, status: Arc::default(), ring, follow: true, top: 0 }
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
        self.top = self.top.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        self.follow = rows > 0 && self.top >= last;
    }

    /// Scrolls by half pages.
    pub(super) fn scroll_sideways(&mut self, _steps: i16) {}

    /// Leaves one layer: picked lines, filters; false when there is none.
    pub(super) fn leave_layer(&mut self) -> bool {
        false
    }

    /// What is copied: the picked lines, else those in sight.
    pub(super) fn taken(&self) -> String {
        String::new()
    }

    /// What is saved, in this format.
    ///
    /// # Errors
    /// When there is no such format.
    pub(super) fn saved(&self, _format: &str) -> Result<Effect, String> {
        Err(String::new())
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
        self.top = if self.follow { last } else { self.top.clamp(numbers.start, last) };
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
