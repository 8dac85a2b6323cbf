//! Row arithmetic: a line may take several rows, and dividers above it more.

use super::layout::RowLayout;

/// A position in the log: a line, and the row within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Top {
    pub line: i64,
    /// Rows above the line count down from −1.
    pub row: isize,
}

/// The position of a row: the index of its line, and the row within it. Rows above a line count down from −1.
pub(super) type RowPosition = (usize, isize);

/// Row arithmetic.
pub(super) struct RowMath<'a> {
    pub layout: &'a RowLayout<'a>,
    /// Number of visible rows.
    pub page: u16,
}

impl RowMath<'_> {
    /// Number of rows of a line.
    pub(super) fn height(&self, index: usize) -> isize {
        let height = self.layout.buffer.line(index).map_or(1, |(number, line)| self.layout.height(number, line));
        isize::try_from(height.max(1)).unwrap_or(1)
    }

    /// Number of rows above a line that belong to it.
    pub(super) fn above(&self, index: usize) -> isize {
        isize::try_from(self.layout.rows_above(index).len()).unwrap_or(0)
    }

    /// The row position of a position in the log.
    pub(super) fn position(&self, top: Top) -> RowPosition {
        let buffer = self.layout.buffer;
        let index = buffer.index(top.line);
        match buffer.number(index) == Some(top.line) {
            true => (index, top.row.clamp(-self.above(index), self.height(index) - 1)),
            // The line no longer exists: use the next, with its rows above.
            false => (index, -self.above(index)),
        }
    }

    pub(super) fn up(&self, (mut index, mut row): RowPosition, mut rows: isize) -> RowPosition {
        loop {
            let above = row + self.above(index);
            if rows <= above {
                return (index, row - rows);
            }
            if index == 0 {
                return (0, -self.above(0));
            }
            rows -= above + 1;
            index -= 1;
            row = self.height(index) - 1;
        }
    }

    pub(super) fn down(&self, (mut index, mut row): RowPosition, mut rows: isize) -> RowPosition {
        let last = self.layout.buffer.last();
        loop {
            let below = self.height(index) - 1 - row;
            if rows <= below {
                return (index, row + rows);
            }
            if index >= last {
                return (index, row + below);
            }
            rows -= below + 1;
            index += 1;
            row = -self.above(index);
        }
    }

    /// Rows between two positions, up to a page.
    pub(super) fn between(&self, (mut index, row): RowPosition, to: RowPosition) -> isize {
        let most = isize::try_from(self.page).unwrap_or(1);
        let mut rows = -row;
        while index < to.0 && rows < most {
            rows += self.height(index);
            index += 1;
            rows += self.above(index);
        }
        (rows + to.1).clamp(0, most - 1)
    }

    /// The last position that fills a page.
    pub(super) fn last_top(&self) -> RowPosition {
        let last = self.layout.buffer.last();
        self.up((last, self.height(last) - 1), isize::try_from(self.page).unwrap_or(1) - 1)
    }
}
