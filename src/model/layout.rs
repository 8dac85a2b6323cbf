//! Where everything goes, as numbers alone: a pure function of size and model that `update` (for the size of a page)
//! and rendering share.
//!
//! ```text
//! header   4, 2, 1 or 0 rows
//! body     title row, then column heads and rows of a table, or lines of text
//! footer   crumbs; a flash or a prompt is drawn over them
//! ```
//!
//! The footer is always the last row. With crumbs off the body reaches over it, and a flash or prompt still uses it:
//! nothing moves when a prompt opens.

use super::{Model, Screen, Table, settings::HeaderSize};

mod columns;

pub use columns::{GUTTER, columns};

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
    /// Rows of the body, the title included.
    pub body_height: u16,
    /// Rows of a table or lines of text that fit in the body: what a page is.
    pub page: u16,
    /// The row of crumbs, flash and prompt.
    pub footer: u16,
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

/// Where everything goes at the model's present size.
pub fn layout(model: &Model) -> Layout {
    let (width, height) = model.size;
    let tier = Tier::of(width, height);
    let header = match (model.settings.header, tier) {
        (HeaderSize::Off, _) | (_, Tier::TooSmall) => 0,
        (HeaderSize::Compact, _) | (_, Tier::Narrow) => 1,
        (HeaderSize::Full, Tier::Normal) => 2,
        (HeaderSize::Full, Tier::Large) => 4,
    };
    let below = height.saturating_sub(header);
    let body_height = below.saturating_sub(model.settings.crumbs.into());
    let above_rows = match model.screen() {
        Screen::Table(_) => 2,
        Screen::Text(_) => 1,
    };
    Layout {
        tier,
        width,
        height,
        header,
        body: header,
        body_height,
        page: body_height.saturating_sub(above_rows).max(1),
        footer: height.saturating_sub(1),
    }
}

/// How far a table can be scrolled: until its last column follows the first.
pub fn furthest_left(table: &Table) -> usize {
    table.columns().len().saturating_sub(2)
}
