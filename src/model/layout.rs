//! The layout: the positions of everything on screen, as a pure function of size and model that `update` (for the size
//! of a page) and rendering share.
//!
//! ```text
//! header   4, 2, 1 or 0 rows
//! body     title row, then column titles and rows of a table, or lines of text, or those of a log and a bar beneath
//!          them; beside or beneath a table, if there is room, a pane with details of the row under the cursor
//! footer   breadcrumbs; a flash or a prompt is drawn over them
//! ```
//!
//! The footer is always the last row. With breadcrumbs off the body extends over it, and a flash or prompt is still
//! drawn there: nothing moves when a prompt opens.

use super::{Model, settings::HeaderSize};

mod columns;

pub use columns::{GUTTER, columns, furthest_left, steady_widths};

/// Size class of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Below 50x12: only a hint that the window is too small.
    TooSmall,
    /// Below 80 columns or 24 rows: header of 1 row.
    Narrow,
    /// Header of 2 rows.
    Normal,
    /// From 120x30: header of 4 rows.
    Large,
}

impl Tier {
    /// The tier of a terminal with this number of columns and rows.
    pub fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            (..50, _) | (_, ..12) => Self::TooSmall,
            (..80, _) | (_, ..24) => Self::Narrow,
            (120.., 30..) => Self::Large,
            _ => Self::Normal,
        }
    }
}

/// Rows of the screen, counted from 0 at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub tier: Tier,
    pub width: u16,
    pub height: u16,
    /// Number of header rows, from the top.
    pub header: u16,
    /// First row of the body: its title.
    pub body: u16,
    /// Rows of the body, including the title, without the pane beneath it.
    pub body_height: u16,
    /// Columns of the body, without the pane beside it.
    pub body_width: u16,
    pub pane: Option<Pane>,
    /// Rows of a table or lines of text in the body: the size of a page.
    pub page: u16,
    /// The row of breadcrumbs, flash and prompt.
    pub footer: u16,
}

/// The pane with details of a row. Its size is the same for all rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pane {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    /// Number of rows, including the title.
    pub height: u16,
}

/// A column of a table on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Index into the kind's columns.
    pub column: usize,
    /// Distance from the left edge of the body in cells.
    pub x: u16,
    /// Width in cells.
    pub width: u16,
}

/// Margins of a text in cells: one at the left, a blank and the scrollbar at the right.
pub const TEXT_MARGIN: u16 = 3;

/// Minimum columns and rows for a pane beside the table; otherwise it is beneath.
const BESIDE: (u16, u16) = (140, 20);
const BENEATH: u16 = 24;
/// The size that a pane needs, for messages.
pub const PANE_NEEDS: &str = "24 rows, or 140 columns and 20 rows";

impl Pane {
    /// Width of its text in cells, without borders and blanks.
    pub fn text_width(&self) -> u16 {
        self.width.saturating_sub(if self.beside() { 3 } else { 2 })
    }

    /// Whether it is beside the table rather than beneath it.
    pub fn beside(&self) -> bool {
        self.x > 0
    }

    /// The pane in a body of `height` that begins at row `y` of a screen of this size. Beneath a table it has `lines`
    /// lines or fewer: the table keeps its title, its column titles and ten rows.
    fn within((width, rows): (u16, u16), y: u16, height: u16, lines: u16) -> Option<Self> {
        if lines == 0 {
            None
        } else if width >= BESIDE.0 && rows >= BESIDE.1 {
            let wide = (width * 3 / 8).clamp(52, 80);
            Some(Self { x: width - wide, y, width: wide, height })
        } else if rows >= BENEATH {
            let high = (lines + 1).min(height.saturating_sub(12));
            Some(Self { x: 0, y: y + height - high, width, height: high })
        } else {
            None
        }
    }
}

/// The layout for the current size of the model.
pub fn layout(model: &Model) -> Layout {
    let (width, height) = model.size;
    let tier = Tier::of(width, height);
    let whole = model.front.is_fullscreen();
    let header = match (model.settings.header, tier) {
        _ if whole => 0,
        (HeaderSize::Off, _) | (_, Tier::TooSmall) => 0,
        (HeaderSize::Compact, _) | (_, Tier::Narrow) => 1,
        (HeaderSize::Full, Tier::Normal) => 2,
        (HeaderSize::Full, Tier::Large) => 4,
    };
    let below = height.saturating_sub(header);
    let room = below.saturating_sub((model.settings.crumbs && !whole).into());
    let lines = if model.settings.inspect { model.front.pane_lines() } else { 0 };
    let pane = Pane::within((width, height), header, room, lines);
    let (body_width, body_height) = match pane {
        Some(pane) if pane.beside() => (pane.x, room),
        Some(pane) => (width, room - pane.height),
        None => (width, room),
    };
    Layout {
        tier,
        width,
        height,
        header,
        body: header,
        body_height,
        body_width,
        pane,
        page: body_height.saturating_sub(model.front.fixed_rows()).max(1),
        footer: height.saturating_sub(1),
    }
}
