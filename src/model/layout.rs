//! Where everything goes, as numbers alone: a pure function of size and model that `update` (for the size of a page)
//! and rendering share.
//!
//! ```text
//! header   4, 2, 1 or 0 rows
//! body     title row, then column heads and rows of a table, or lines of text, or those of a log and a bar beneath
//!          them; beside or beneath a table, where there is room and something to say, a pane that says more of the row
//!          under the cursor
//! footer   crumbs; a flash or a prompt is drawn over them
//! ```
//!
//! The footer is always the last row. With crumbs off the body reaches over it, and a flash or prompt still uses it:
//! nothing moves when a prompt opens.

use super::{Model, settings::HeaderSize};

mod columns;

pub use columns::{GUTTER, columns, furthest_left};

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Below 50x12: one sentence asking for more room.
    TooSmall,
    /// Below 80 columns or 24 rows: header of 1 row.
    Narrow,
    /// Header of 2 rows.
    Normal,
    /// From 120x30: header of 4 rows.
    Large,
}

impl Tier {
    /// The tier of a terminal of so many columns and rows.
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
    /// Header rows, from the top.
    pub header: u16,
    /// First row of the body: its title.
    pub body: u16,
    /// Rows of the body, the title included and the pane beneath it left out.
    pub body_height: u16,
    /// Columns of the body, the pane beside it left out.
    pub body_width: u16,
    pub pane: Option<Pane>,
    /// Rows of a table or lines of text that fit in the body: what a page is.
    pub page: u16,
    /// The row of crumbs, flash and prompt.
    pub footer: u16,
}

/// The pane that says more of one row. Its size is the same for every row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pane {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    /// Rows, the title included.
    pub height: u16,
}

/// One column of the table, laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Index into the kind's columns.
    pub column: usize,
    /// Cells from the left edge of the body.
    pub x: u16,
    /// Cells.
    pub width: u16,
}

/// Cells beside a text: one at its left, a blank and the scrollbar at its right.
pub const TEXT_MARGIN: u16 = 3;

/// Columns from which on the pane is beside the table, and the rows that takes; below, it is beneath the table.
const BESIDE: (u16, u16) = (140, 20);
const BENEATH: u16 = 24;
/// The room that takes, for a person.
pub const PANE_NEEDS: &str = "24 rows, or 140 columns and 20 rows";

impl Pane {
    /// Cells of a line of its text: a rule and a blank at its left, or a blank, and a blank at its right.
    pub fn text_width(&self) -> u16 {
        self.width.saturating_sub(if self.beside() { 3 } else { 2 })
    }

    /// Beside the table, not beneath.
    pub fn beside(&self) -> bool {
        self.x > 0
    }

    /// The pane in a body of `height` that begins at row `y` of a screen of this size. Beneath a table it has so many
    /// `lines`, or fewer: the table keeps its title, its heads and ten rows.
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

/// Where everything goes at the model's present size.
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
