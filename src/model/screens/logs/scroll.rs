//! Which rows are in sight: following the end, or frozen at a line while others come and go.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, civil::Date};

use super::{
    LogView, Times, Top,
    row_math::{RowMath, RowPosition},
    rows::{Divider, LogRow, RowLayout},
};
use crate::{
    logs::{Line, Read},
    model::screens::Frame,
    resource::format::grouped,
};

/// Text that is looked through for what passes the filters at once; the rest has its turn at the next tick.
const AT_ONCE: usize = 4 << 20;
/// How long the counts of a frozen log stay as they are.
pub(super) const STEADY: SignedDuration = SignedDuration::from_millis(500);

/// What is known of the lines before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Older {
    /// There may be some.
    #[default]
    Unasked,
    /// They are to be asked for.
    Wanted,
    Asked,
    /// There are none.
    None,
    /// There is no room for them.
    Full,
}

impl LogView {
    /// How many lines pass.
    pub fn passing(&self) -> usize {
        self.view.numbers().len() - self.first_shown()
    }

    /// How many of those that pass are cleared from the screen.
    pub(super) fn first_shown(&self) -> usize {
        self.cleared.map_or(0, |before| self.view.position(before).unwrap_or_else(|index| index))
    }

    pub(super) fn cleared_lines(&self) -> u64 {
        self.first_shown() as u64
    }

    /// The number of a line that is shown, by its index.
    pub(super) fn number(&self, index: usize) -> Option<i64> {
        self.view.numbers().get(self.first_shown() + index).copied()
    }

    /// The index of the line with this number, or of the next that is shown.
    pub fn index(&self, number: i64) -> usize {
        let index = self.view.position(number).unwrap_or_else(|index| index);
        index.saturating_sub(self.first_shown()).min(self.passing().saturating_sub(1))
    }

    /// What sets lines in the frame there is.
    fn setter(&self) -> RowLayout<'_> {
        RowLayout::new(self, &self.frame.zone, self.frame.now, self.frame.width)
    }

    /// Whether the last line is in sight.
    pub fn at_end(&self) -> bool {
        self.rows.iter().rev().find_map(|row| row.line) == self.number(self.last())
    }

    /// The day of the first line in sight, where that is not today.
    pub fn other_day(&self) -> Option<Date> {
        let line = self.rows.iter().find_map(|row| self.ring.get(row.line?))?;
        let setter = self.setter();
        let day = setter.date(line.at);
        (day != setter.date(self.frame.now)).then_some(day)
    }

    pub(super) fn line(&self, index: usize) -> Option<(i64, &Line)> {
        let number = self.number(index)?;
        Some((number, self.ring.get(number)?))
    }

    /// Moves by so many rows. Upwards is away from the end, and freezes; all the way down goes on following.
    pub(in crate::model) fn move_by(&mut self, rows: isize) {
        match rows {
            // A range that is being picked reaches to the last line: nothing comes between.
            isize::MAX if self.search.range.is_some() => self.cursor = self.number(self.last()),
            isize::MAX => self.resume(),
            _ if self.follow && rows > 0 => {}
            _ if self.passing() == 0 => self.ask_older(),
            isize::MIN => {
                self.freeze();
                if self.cursor == self.number(0) {
                    self.ask_older();
                }
                self.cursor = self.number(0);
                self.top = self.top_at((0, isize::MIN));
            }
            rows => {
                self.freeze();
                if rows.abs() == 1 { self.step(rows) } else { self.turn(rows) }
            }
        }
    }

    /// Follows the end, or no longer.
    pub(in crate::model) fn toggle_follow(&mut self) {
        if self.follow { self.freeze() } else { self.resume() }
    }

    /// Keeps what is in sight as it is.
    pub(in crate::model) fn freeze(&mut self) {
        if self.follow {
            self.follow = false;
            self.frozen_at = self.ring.numbers().end;
            self.cursor = self.rows.iter().rev().find_map(|row| row.line).or_else(|| self.number(self.last()));
            self.recount();
        }
    }

    fn resume(&mut self) {
        self.follow = true;
        self.cursor = None;
        self.recount();
    }

    pub(super) fn last(&self) -> usize {
        self.passing().saturating_sub(1)
    }

    /// Asks for the lines before the first, once at a time.
    fn ask_older(&mut self) {
        let has_any = matches!(self.wanted.read, Read::Tail { .. }) && self.ring.let_go() == 0;
        if self.older == Older::Unasked && self.cleared.is_none() && has_any {
            self.older = Older::Wanted;
        }
    }

    /// Moves the cursor by a line, or what is in sight by a row where the line is higher than that.
    fn step(&mut self, way: isize) {
        let setter = self.setter();
        let scale = RowMath { setter: &setter };
        let page = isize::try_from(self.frame.page).unwrap_or(1);
        let (top, at) = (scale.spot(self.top), self.index(self.cursor.unwrap_or_default()));
        let bottom = scale.down(top, page - 1);
        let end = (at, scale.height(at) - 1);
        let next = at.saturating_add_signed(way).min(self.last());
        let (cursor, top, beyond) = match way {
            1 if end > bottom => (at, scale.down(top, 1), false),
            -1 if (at, 0) < top => (at, scale.up(top, 1), false),
            -1 if at == 0 => (0, (0, isize::MIN), true),
            // Of a line higher than the page its end comes into sight first.
            -1 if scale.height(next) > page && (next, 0) < top => (next, scale.up(top, 1), false),
            _ => (next, top, false),
        };
        let (top, cursor) = (self.top_at(top), self.number(cursor));
        (self.top, self.cursor) = (top, cursor);
        if beyond {
            self.ask_older();
        }
    }

    /// Moves what is in sight by so many rows, and the cursor with it.
    fn turn(&mut self, rows: isize) {
        let setter = self.setter();
        let scale = RowMath { setter: &setter };
        let (top, at) = (scale.spot(self.top), self.index(self.cursor.unwrap_or_default()));
        let moved = if rows < 0 { scale.up(top, -rows) } else { scale.down(top, rows) };
        let moved = moved.min(scale.last_top(self.frame.page));
        let kept = scale.between(top, (at, 0));
        let cursor = match moved == top {
            // There is nowhere to go but to the end.
            true if rows < 0 => 0,
            true => self.last(),
            false => scale.down(moved, kept).0,
        };
        let beyond = moved == top && rows < 0;
        let (top, cursor) = (self.top_at(moved), self.number(cursor));
        (self.top, self.cursor) = (top, cursor);
        if beyond {
            self.ask_older();
        }
    }

    fn top_at(&self, (index, row): RowPosition) -> Top {
        Top { line: self.number(index).unwrap_or_default(), row }
    }

    /// Puts the cursor on a line, in sight.
    pub(in crate::model) fn seek(&mut self, number: i64) {
        self.freeze();
        self.cursor = Some(number);
        // Not at the very edge: what was before and after it is what one wants to see.
        let third = isize::try_from(self.frame.page / 3).unwrap_or(0);
        let in_sight = self.rows.iter().any(|row| row.line == Some(number));
        if !in_sight {
            let setter = self.setter();
            let scale = RowMath { setter: &setter };
            self.top = self.top_at(scale.up((self.index(number), 0), third));
        }
    }

    /// Brings what is in sight up to date.
    pub(super) fn set_rows(&mut self, frame: Frame) {
        self.frame = frame;
        self.view.settle(&self.ring);
        let searched = self.view.advance(&self.ring, &self.stack, AT_ONCE);
        self.searched = self.settle_finding(searched);
        let top = self.place();
        if self.passing() == 0 {
            self.cursor = None;
        } else if !self.follow {
            self.cursor = self.number(self.index(self.cursor.unwrap_or(i64::MAX)));
        }
        self.top = top;
        let now = self.frame.now;
        if self.follow || self.counted_at.is_none_or(|at| now.duration_since(at) >= STEADY) {
            self.counts = self.count();
            self.counted_at = Some(now);
        }
        let digest = self.digest();
        if digest != self.set {
            self.rows = self.rows_in_sight();
            self.set = digest;
        }
    }

    /// Counts anew at once.
    pub(in crate::model) fn recount(&mut self) {
        self.counted_at = None;
    }

    /// Where what is in sight begins.
    fn place(&self) -> Top {
        let setter = self.setter();
        let scale = RowMath { setter: &setter };
        if self.passing() == 0 {
            return self.top;
        }
        let furthest = scale.last_top(self.frame.page);
        if self.follow {
            return self.top_at(furthest);
        }
        let mut top = scale.spot(self.top).min(furthest);
        let at = self.index(self.cursor.unwrap_or(i64::MAX));
        let page = isize::try_from(self.frame.page).unwrap_or(1);
        let (first, end) = ((at, 0), (at, scale.height(at) - 1));
        let fits = scale.height(at) <= page;
        let bottom = scale.down(top, page - 1);
        if end < top || (fits && first < top) {
            top = first;
        } else if first > bottom || (fits && end > bottom) {
            top = if fits { scale.up(end, page - 1) } else { first };
        }
        self.top_at(top.min(furthest))
    }

    /// A digest of everything that the rows in sight are made of. Lines never change, so a full page of a frozen log stays
    /// what it is while others come at the end.
    fn digest(&self) -> u64 {
        let hasher = &mut DefaultHasher::new();
        let Frame { page, width, now, .. } = &self.frame;
        (self.top, page, width, self.wrap, self.times, self.json, &self.expanded, self.looked).hash(hasher);
        (self.search.elapsed, self.ring.inserted()).hash(hasher);
        (self.number(0), self.older, self.ring.let_go() > 0, self.cleared, self.origins.count()).hash(hasher);
        let full = self.rows.len() >= usize::from(*page);
        (!full || self.follow).then(|| self.view.numbers().back()).hash(hasher);
        (self.times == Times::Relative).then(|| now.as_second()).hash(hasher);
        if self.top.row < 0 {
            (self.ring.let_go(), now.as_second() / 3600).hash(hasher);
        }
        hasher.finish()
    }

    fn rows_in_sight(&self) -> Vec<LogRow> {
        let setter = self.setter();
        let scale = RowMath { setter: &setter };
        let page = usize::from(self.frame.page);
        let mut rows = Vec::with_capacity(page);
        if self.passing() == 0 {
            return rows;
        }
        let (first, row) = scale.spot(self.top);
        let mut skip = usize::try_from(row + scale.above(first)).unwrap_or(0);
        for index in first..self.passing() {
            let Some((number, line)) = self.line(index) else { break };
            let all = scale.leads(index).into_iter().chain(setter.line(number, line));
            let before = rows.len();
            rows.extend(all.skip(skip));
            skip = skip.saturating_sub(rows.len() - before).min(if rows.len() > before { 0 } else { skip });
            if rows.len() >= page {
                rows.truncate(page);
                break;
            }
        }
        rows
    }
}

impl LogView {
    /// What is known of the lines before the first that is shown.
    pub(super) fn edge(&self) -> Option<LogRow> {
        if self.cleared.is_some() {
            let cleared = self.cleared_lines();
            return (cleared > 0).then(|| LogRow::rule(Divider::Edge, format!("{} cleared", counted(cleared, "line"))));
        }
        let gone = self.ring.let_go();
        if gone > 0 {
            let words = format!("{} not shown: the buffer is full", counted(gone, "older line"));
            return Some(LogRow::rule(Divider::Gap, words));
        }
        match self.older {
            Older::Unasked => None,
            Older::Wanted | Older::Asked => Some(LogRow::rule(Divider::Edge, "older lines are read")),
            Older::None => Some(LogRow::rule(Divider::Edge, "the log begins here")),
            Older::Full => Some(LogRow::rule(Divider::Gap, "older lines not shown: the buffer is full")),
        }
    }
}

/// `1 line`, `1,302 lines`.
fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}
