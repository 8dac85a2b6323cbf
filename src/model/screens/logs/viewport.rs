//! The visible part of a log: its end while following, or else a fixed position, however lines change.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;

use super::{
    buffer::LogBuffer,
    display::{LogDisplay, Times},
    layout::RowLayout,
    row_math::{RowMath, RowPosition, Top},
    rows::LogRow,
};
use crate::{logs::ring::Inserted, model::screens::Frame};

/// The visible part of a log, and the cursor.
#[derive(Debug)]
pub struct Viewport {
    /// Scroll to new lines automatically.
    pub follow: bool,
    /// The line for actions; absent while following.
    pub cursor: Option<i64>,
    /// The first visible row.
    pub top: Top,
    /// Cells scrolled off to the left.
    pub left: u16,
    /// The visible rows.
    pub rows: Vec<LogRow>,
    pub(super) frame: Frame,
    /// The number of the first line that arrived after freezing.
    pub(super) frozen_at: i64,
    /// A digest of what the visible rows were made from.
    pub(super) made_of: u64,
}

impl Default for Viewport {
    fn default() -> Self {
        Self {
            follow: true,
            cursor: None,
            top: Top::default(),
            left: 0,
            rows: Vec::new(),
            frame: Frame::default(),
            frozen_at: 0,
            made_of: 0,
        }
    }
}

impl Viewport {
    /// The layout for the current size.
    pub(super) fn layout<'a>(&'a self, buffer: &'a LogBuffer, display: &'a LogDisplay) -> RowLayout<'a> {
        RowLayout::new(buffer, display, &self.frame.zone, self.frame.now, self.frame.width)
    }

    /// Maximum number of visible rows.
    fn page(&self) -> isize {
        isize::try_from(self.frame.page).unwrap_or(1)
    }

    /// The number of the last visible line.
    pub fn last_in_sight(&self) -> Option<i64> {
        self.rows.iter().rev().find_map(|row| row.line)
    }

    /// Whether the last line is visible.
    pub fn at_end(&self, buffer: &LogBuffer) -> bool {
        self.last_in_sight() == buffer.number(buffer.last())
    }

    /// The date of the first visible line, if it is not today.
    pub fn other_day(&self, buffer: &LogBuffer, display: &LogDisplay) -> Option<Date> {
        let line = self.rows.iter().find_map(|row| buffer.ring.get(row.line?))?;
        let layout = self.layout(buffer, display);
        let day = layout.date(line.at);
        (day != layout.date(self.frame.now)).then_some(day)
    }

    /// Keeps the visible rows in place; returns false if it is frozen already.
    pub fn freeze(&mut self, buffer: &LogBuffer) -> bool {
        if self.follow {
            self.follow = false;
            self.frozen_at = buffer.ring.numbers().end;
            self.cursor = self.last_in_sight().or_else(|| buffer.number(buffer.last()));
            return true;
        }
        false
    }

    /// Follows the end.
    pub fn resume(&mut self) {
        self.follow = true;
        self.cursor = None;
    }

    /// Scrolls to the first line.
    pub fn go_to_first(&mut self, buffer: &LogBuffer) {
        self.cursor = buffer.number(0);
        self.top = top_at(buffer, (0, isize::MIN));
    }

    /// Moves the cursor by a line, or scrolls by a row within a tall line; returns true at the first line upwards.
    pub fn step(&mut self, way: isize, buffer: &LogBuffer, display: &LogDisplay) -> bool {
        let (top, cursor, beyond) = {
            let layout = self.layout(buffer, display);
            let math = RowMath { layout: &layout, page: self.frame.page };
            let page = self.page();
            let (top, at) = (math.position(self.top), buffer.index(self.cursor.unwrap_or_default()));
            let bottom = math.down(top, page - 1);
            let end = (at, math.height(at) - 1);
            let next = at.saturating_add_signed(way).min(buffer.last());
            match way {
                1 if end > bottom => (math.down(top, 1), at, false),
                -1 if (at, 0) < top => (math.up(top, 1), at, false),
                -1 if at == 0 => ((0, isize::MIN), 0, true),
                // The end of a line taller than the page becomes visible first.
                -1 if math.height(next) > page && (next, 0) < top => (math.up(top, 1), next, false),
                _ => (top, next, false),
            }
        };
        (self.top, self.cursor) = (top_at(buffer, top), buffer.number(cursor));
        beyond
    }

    /// Scrolls by `rows` with the cursor; returns true if it was at the top already.
    pub fn turn(&mut self, rows: isize, buffer: &LogBuffer, display: &LogDisplay) -> bool {
        let (moved, cursor, beyond) = {
            let layout = self.layout(buffer, display);
            let math = RowMath { layout: &layout, page: self.frame.page };
            let (top, at) = (math.position(self.top), buffer.index(self.cursor.unwrap_or_default()));
            let moved = if rows < 0 { math.up(top, -rows) } else { math.down(top, rows) };
            let moved = moved.min(math.last_top());
            let kept = math.between(top, (at, 0));
            let cursor = match moved == top {
                // The only way is to the end.
                true if rows < 0 => 0,
                true => buffer.last(),
                false => math.down(moved, kept).0,
            };
            (moved, cursor, moved == top && rows < 0)
        };
        (self.top, self.cursor) = (top_at(buffer, moved), buffer.number(cursor));
        beyond
    }

    /// Moves the cursor to a line, and scrolls to it.
    pub fn seek(&mut self, number: i64, buffer: &LogBuffer, display: &LogDisplay) {
        self.cursor = Some(number);
        // Not at the edge, so that lines before and after it are visible.
        let third = self.page() / 3;
        if !self.rows.iter().any(|row| row.line == Some(number)) {
            let layout = self.layout(buffer, display);
            let math = RowMath { layout: &layout, page: self.frame.page };
            let top = math.up((buffer.index(number), 0), third);
            self.top = top_at(buffer, top);
        }
    }

    /// Scrolls sideways by half pages.
    pub fn scroll_sideways(&mut self, steps: i16, wrap: bool) {
        let half = i32::from(self.frame.width / 2);
        let furthest = if wrap { 0 } else { self.widest().saturating_sub(self.frame.width / 2) };
        let left = i32::from(self.left) + i32::from(steps) * half;
        self.left = u16::try_from(left.clamp(0, i32::from(furthest.max(self.left)))).unwrap_or(0);
    }

    /// Width of the widest visible row in cells.
    fn widest(&self) -> u16 {
        use unicode_width::UnicodeWidthStr;
        let width = |row: &LogRow| row.text.iter().map(|piece| piece.text.width()).sum::<usize>();
        let text = self.rows.iter().map(width).max().unwrap_or(0);
        let indent = self.rows.iter().map(|row| row.indent).max().unwrap_or(0);
        u16::try_from(text).unwrap_or(u16::MAX).saturating_add(indent)
    }

    /// Adjusts line numbers after lines were inserted.
    pub fn insert(&mut self, inserted: &Inserted) {
        self.cursor = self.cursor.map(|number| inserted.moved(number));
        (self.top.line, self.frozen_at) = (inserted.moved(self.top.line), inserted.moved(self.frozen_at));
    }

    /// Updates cursor and visible rows.
    pub fn settle(&mut self, buffer: &LogBuffer, display: &LogDisplay) {
        let top = self.place(buffer, display);
        if buffer.shown() == 0 {
            self.cursor = None;
        } else if !self.follow {
            self.cursor = buffer.number(buffer.index(self.cursor.unwrap_or(i64::MAX)));
        }
        self.top = top;
        let made_of = self.digest(buffer, display);
        if made_of != self.made_of {
            self.rows = self.rows_in_sight(buffer, display);
            self.made_of = made_of;
        }
    }

    /// The position of the first visible row.
    fn place(&self, buffer: &LogBuffer, display: &LogDisplay) -> Top {
        let layout = self.layout(buffer, display);
        let math = RowMath { layout: &layout, page: self.frame.page };
        if buffer.shown() == 0 {
            return self.top;
        }
        let furthest = math.last_top();
        if self.follow {
            return top_at(buffer, furthest);
        }
        let mut top = math.position(self.top).min(furthest);
        let at = buffer.index(self.cursor.unwrap_or(i64::MAX));
        let page = self.page();
        let (first, end) = ((at, 0), (at, math.height(at) - 1));
        let fits = math.height(at) <= page;
        let bottom = math.down(top, page - 1);
        if end < top || (fits && first < top) {
            top = first;
        } else if first > bottom || (fits && end > bottom) {
            top = if fits { math.up(end, page - 1) } else { first };
        }
        top_at(buffer, top.min(furthest))
    }

    /// A digest of everything that visible rows depend on. Lines never change, so a full page of a frozen log is
    /// unchanged while lines are appended.
    fn digest(&self, buffer: &LogBuffer, display: &LogDisplay) -> u64 {
        let hasher = &mut DefaultHasher::new();
        let Frame { page, width, now, .. } = &self.frame;
        let LogDisplay { wrap, times, json, expanded, elapsed, .. } = display;
        (self.top, page, width, wrap, times, json, expanded, elapsed).hash(hasher);
        let ring = &buffer.ring;
        (buffer.revision, ring.inserted(), ring.dropped() > 0, buffer.cleared, buffer.older).hash(hasher);
        (buffer.number(0), buffer.origins.count()).hash(hasher);
        let full = self.rows.len() >= usize::from(*page);
        (!full || self.follow).then(|| buffer.view.numbers().back()).hash(hasher);
        (*times == Times::Relative).then(|| now.as_second()).hash(hasher);
        if self.top.row < 0 {
            (ring.dropped(), now.as_second() / 3600).hash(hasher);
        }
        hasher.finish()
    }

    fn rows_in_sight(&self, buffer: &LogBuffer, display: &LogDisplay) -> Vec<LogRow> {
        let layout = self.layout(buffer, display);
        let math = RowMath { layout: &layout, page: self.frame.page };
        let page = usize::from(self.frame.page);
        let mut rows = Vec::with_capacity(page);
        if buffer.shown() == 0 {
            return rows;
        }
        let (first, row) = math.position(self.top);
        let mut skip = usize::try_from(row + math.above(first)).unwrap_or(0);
        for index in first..buffer.shown() {
            let Some((number, line)) = buffer.line(index) else { break };
            let all = layout.rows_above(index).into_iter().chain(layout.line(number, line));
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

fn top_at(buffer: &LogBuffer, (index, row): RowPosition) -> Top {
    Top { line: buffer.number(index).unwrap_or_default(), row }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::logs::{Line, Role, ring::Ring};

    /// A viewport of three rows, with `lines` lines of one row each.
    fn on(lines: i64) -> (Viewport, LogBuffer, LogDisplay) {
        let line = |second: i64| Line {
            source: None,
            at: Timestamp::from_second(second).unwrap(),
            role: Role::Output,
            level: None,
            late: false,
            task: None,
            text: "text".into(),
        };
        let mut buffer = LogBuffer::new(Ring::default());
        buffer.push((0..lines).map(line).collect());
        buffer.settle();
        let mut viewport = Viewport::default();
        viewport.frame.page = 3;
        let display = LogDisplay::default();
        viewport.settle(&buffer, &display);
        (viewport, buffer, display)
    }

    fn visible_rows(viewport: &Viewport) -> Vec<Option<i64>> {
        viewport.rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn it_follows_the_end_until_frozen() {
        let (mut viewport, mut buffer, display) = on(10);
        assert_eq!(visible_rows(&viewport), [Some(7), Some(8), Some(9)]);
        assert!(viewport.freeze(&buffer) && !viewport.freeze(&buffer));
        let line = buffer.ring.get(9).unwrap().clone();
        buffer.push(vec![line]);
        buffer.settle();
        viewport.settle(&buffer, &display);
        assert_eq!((visible_rows(&viewport), viewport.cursor), (vec![Some(7), Some(8), Some(9)], Some(9)));
        assert!(!viewport.at_end(&buffer));
        viewport.resume();
        viewport.settle(&buffer, &display);
        assert!(viewport.at_end(&buffer) && viewport.cursor.is_none());
    }

    #[test]
    fn moving_the_cursor_scrolls() {
        let (mut viewport, buffer, display) = on(10);
        viewport.freeze(&buffer);
        for _ in 0..4 {
            assert!(!viewport.step(-1, &buffer, &display));
            viewport.settle(&buffer, &display);
        }
        assert_eq!((visible_rows(&viewport), viewport.cursor), (vec![Some(5), Some(6), Some(7)], Some(5)));
        viewport.go_to_first(&buffer);
        viewport.settle(&buffer, &display);
        assert!(viewport.step(-1, &buffer, &display), "there may be older lines");
    }

    #[test]
    fn seeking_a_line_shows_lines_before_it() {
        let (mut viewport, buffer, display) = on(10);
        viewport.freeze(&buffer);
        viewport.seek(4, &buffer, &display);
        viewport.settle(&buffer, &display);
        assert_eq!(visible_rows(&viewport), [Some(3), Some(4), Some(5)]);
    }
}
