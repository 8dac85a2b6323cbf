//! Reckoning with rows: a line may take several, and what stands above it more.

use super::layout::RowLayout;

/// A place in the log: a line, and the row within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Top {
    pub line: i64,
    /// What stands above the line counts down from −1.
    pub row: isize,
}

/// A row among those that could be shown: the index of its line, and the row within it. What stands above a line counts
/// down from −1.
pub(super) type RowPosition = (usize, isize);

/// Reckons with rows.
pub(super) struct RowMath<'a> {
    pub layout: &'a RowLayout<'a>,
    /// Rows in sight.
    pub page: u16,
}

impl RowMath<'_> {
    /// Rows of a line.
    pub(super) fn height(&self, index: usize) -> isize {
        let height = self.layout.buffer.line(index).map_or(1, |(number, line)| self.layout.height(number, line));
        isize::try_from(height.max(1)).unwrap_or(1)
    }

    /// Rows above a line that belong to it.
    pub(super) fn above(&self, index: usize) -> isize {
        isize::try_from(self.layout.rows_above(index).len()).unwrap_or(0)
    }

    /// Where a place in the log is among what could be shown.
    pub(super) fn position(&self, top: Top) -> RowPosition {
        let buffer = self.layout.buffer;
        let index = buffer.index(top.line);
        match buffer.number(index) == Some(top.line) {
            true => (index, top.row.clamp(-self.above(index), self.height(index) - 1)),
            // The line is gone: what comes next, and what stands above it.
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

    /// Rows from one place down to another that is not further than a page away.
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

    /// The last place from which a page is filled.
    pub(super) fn last_top(&self) -> RowPosition {
        let last = self.layout.buffer.last();
        self.up((last, self.height(last) - 1), isize::try_from(self.page).unwrap_or(1) - 1)
    }
}
