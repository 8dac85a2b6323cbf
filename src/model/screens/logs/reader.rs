//! The log view: combines buffer, viewport, selection and search.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    buffer::LogBuffer,
    counts::Counts,
    display::LogDisplay,
    pending_task::TaskSwitch,
    search::{Matches, SearchState},
    selection::Selection,
    viewport::Viewport,
};
use crate::{
    logs::{
        Line, LogRequest, LogSubject, Read, TailMessage, TailStatus, TailUpdate,
        filter::{FilterMode, FilterStack},
        histogram::Histogram,
        ring::Ring,
    },
    model::{
        Model,
        screens::{Frame, Screen},
    },
};

/// How long the counts of a frozen log stay unchanged.
pub(super) const STEADY: SignedDuration = SignedDuration::from_millis(500);

/// The state of a log view.
#[derive(Debug)]
pub struct LogView {
    pub wanted: LogRequest,
    pub status: Arc<TailStatus>,
    pub buffer: LogBuffer,
    pub display: LogDisplay,
    pub viewport: Viewport,
    pub selection: Selection,
    pub search: SearchState,
    /// State for switching to the log of another task.
    pub task_switch: TaskSwitch,
    /// The tail to return to from results of a query.
    pub(super) beneath: Option<Read>,
    pub counts: Counts,
    /// When the counts were updated.
    pub(super) counted_at: Option<Timestamp>,
    /// All lines have been filtered.
    pub(super) searched: bool,
}

impl LogView {
    pub fn new(wanted: LogRequest, ring: Ring) -> Self {
        Self {
            wanted,
            status: Arc::default(),
            buffer: LogBuffer::new(ring),
            display: LogDisplay::default(),
            viewport: Viewport::default(),
            selection: Selection::default(),
            search: SearchState::default(),
            task_switch: TaskSwitch::default(),
            beneath: None,
            counts: Counts::default(),
            counted_at: None,
            searched: true,
        }
    }

    pub fn subject(&self) -> &LogSubject {
        &self.wanted.of
    }

    /// Starts reading: drops the lines, keeps display settings.
    pub(super) fn begin(&mut self, wanted: LogRequest, follow: bool, seek: Option<Timestamp>) {
        let fresh = Self::new(wanted, self.buffer.ring.emptied());
        let before = std::mem::replace(self, fresh);
        self.viewport.follow = follow;
        self.display = before.display.for_other_lines();
        self.task_switch = before.task_switch;
        self.search = SearchState { strip: before.search.strip, seek, ..SearchState::default() };
        self.set_stack(before.buffer.stack);
    }

    /// Applies an update of the tail.
    pub(super) fn take(&mut self, update: TailUpdate) {
        match update {
            TailUpdate::Lines(lines) => self.buffer.push(lines),
            TailUpdate::Late(lines) => self.insert(lines),
            TailUpdate::Older { lines, end } => self.buffer.prepend(lines, end),
            TailUpdate::Status(status) => self.status = status,
        }
    }

    /// Inserts late lines by their time. Cursor, selected lines and matches move with their lines.
    fn insert(&mut self, late: Vec<Line>) {
        let inserted = self.buffer.insert(late);
        let Some(first) = inserted.first() else { return };
        self.viewport.insert(&inserted);
        self.display.insert(&inserted);
        self.selection.insert(&inserted);
        if self.buffer.stack.context.is_some() {
            return self.set_stack(self.buffer.stack.clone());
        }
        self.search.matches.insert(&inserted, &self.buffer.ring, &self.buffer.stack);
        self.search.histogram.cut(first);
    }

    /// Sets the filters; lines are filtered from the visible position outwards.
    pub(super) fn set_stack(&mut self, stack: FilterStack) {
        let anchor = self.viewport.cursor.unwrap_or(self.buffer.ring.numbers().end);
        self.buffer.set_filters(stack, anchor);
        self.search.histogram = Histogram::default();
        self.search.matches = Matches::new(anchor);
        self.recount();
    }

    /// Changes the filters.
    pub(super) fn change_stack(&mut self, change: impl FnOnce(&mut FilterStack)) {
        let mut stack = self.buffer.stack.clone();
        change(&mut stack);
        self.set_stack(stack);
    }

    /// The line for actions: the one under the cursor, or else the last visible one.
    pub(super) fn current(&self) -> Option<(i64, &Line)> {
        let number = self.viewport.cursor.or_else(|| self.viewport.last_in_sight())?;
        Some((number, self.buffer.ring.get(number)?))
    }

    /// Moves by `rows`. Moving up freezes; moving to the end resumes following.
    pub(super) fn move_by(&mut self, rows: isize) {
        let first = self.buffer.number(0);
        let beyond = match rows {
            // A range being selected extends to the last line, so it must not move.
            isize::MAX if self.selection.range.is_some() => {
                self.viewport.cursor = self.buffer.number(self.buffer.last());
                false
            }
            isize::MAX => {
                self.resume();
                false
            }
            _ if self.viewport.follow && rows > 0 => false,
            _ if self.buffer.shown() == 0 => true,
            isize::MIN => {
                self.freeze();
                let beyond = self.viewport.cursor == first;
                self.viewport.go_to_first(&self.buffer);
                beyond
            }
            rows => {
                self.freeze();
                match rows.abs() {
                    1 => self.viewport.step(rows, &self.buffer, &self.display),
                    _ => self.viewport.turn(rows, &self.buffer, &self.display),
                }
            }
        };
        if beyond && matches!(self.wanted.read, Read::Tail { .. }) {
            self.buffer.want_older();
        }
    }

    /// Toggles between following and frozen.
    pub(super) fn toggle_follow(&mut self) {
        if self.viewport.follow { self.freeze() } else { self.resume() }
    }

    /// Keeps the visible rows in place.
    pub(super) fn freeze(&mut self) {
        if self.viewport.freeze(&self.buffer) {
            self.recount();
        }
    }

    fn resume(&mut self) {
        self.viewport.resume();
        self.recount();
    }

    /// Moves the cursor to a line, and scrolls to it.
    pub(super) fn seek(&mut self, number: i64) {
        self.freeze();
        self.viewport.seek(number, &self.buffer, &self.display);
    }

    /// Moves to the first shown line at or after a time, or the nearest. Late lines don't count, because they are among
    /// newer ones.
    pub(super) fn go_to_moment(&mut self, moment: Timestamp) {
        if let Some(number) = self.buffer.first_or_last(|line| !line.late && line.at >= moment) {
            self.seek(number);
        }
    }

    /// Moves to the requested time once the lines extend to it.
    fn arrive(&mut self) {
        let last = self.buffer.ring.get(self.buffer.ring.numbers().end - 1).map(|line| line.at);
        if let Some(moment) = self.search.seek.filter(|moment| last.is_some_and(|last| last >= *moment)) {
            self.search.seek = None;
            self.go_to_moment(moment);
        }
    }

    /// Updates the counts at once.
    pub(super) fn recount(&mut self) {
        self.counted_at = None;
    }

    /// The current counts.
    pub(super) fn count(&self) -> Counts {
        Counts::new(&self.buffer, &self.viewport, &self.status)
    }

    /// Updates the visible rows.
    pub(super) fn set_rows(&mut self, frame: Frame) {
        let now = frame.now;
        self.viewport.frame = frame;
        let searched = self.buffer.settle();
        self.arrive();
        self.selection.forget_before(self.buffer.ring.numbers().start);
        self.selection.range.take_if(|_| self.viewport.follow);
        self.searched = self.search.settle(&self.buffer, searched);
        self.viewport.settle(&self.buffer, &self.display);
        if self.viewport.follow || self.counted_at.is_none_or(|at| now.duration_since(at) >= STEADY) {
            self.counts = self.count();
            self.counted_at = Some(now);
        }
    }

    /// Removes one layer of selection, filters and search; returns false if there is none.
    pub(super) fn leave_found(&mut self) -> bool {
        let stack = &self.buffer.stack;
        let highlights = stack.rules.iter().any(|rule| rule.mode == FilterMode::Highlight);
        if self.selection.leave() {
        } else if stack.context.is_some() {
            self.change_stack(|stack| stack.context = None);
        } else if highlights {
            self.change_stack(|stack| stack.rules.retain(|rule| rule.mode != FilterMode::Highlight));
        } else if !stack.rules.is_empty() {
            self.set_stack(FilterStack::default());
        } else {
            return false;
        }
        true
    }
}

/// The log on screen.
pub(super) fn reader(model: &mut Model) -> Result<&mut LogView, String> {
    model.front.get_mut().ok_or_else(|| "this is for logs".into())
}

impl Model {
    /// The open log: on screen, or beneath.
    pub fn log(&self) -> Option<&LogView> {
        std::iter::once(&self.front).chain(self.behind.iter().rev()).find_map(Screen::get)
    }

    /// Applies a message of a tail if its log is still open.
    pub(in crate::model) fn take_log(&mut self, news: TailMessage) {
        self.watch_log(&news);
        let screens = [&mut self.front].into_iter().chain(self.behind.iter_mut());
        let mut logs = screens.filter_map(Screen::get_mut::<LogView>);
        if let Some(reader) = logs.find(|reader| reader.wanted.id == news.tail) {
            reader.take(news.update);
        }
    }
}
