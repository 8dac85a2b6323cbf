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

use unicode_width::UnicodeWidthStr;

use super::{Model, Screen, Table, settings::HeaderSize, text::safe};
use crate::resource::{Column, Context};

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

/// Cells between two columns, and left of the first one, where the mark and the change sign stand.
pub const GAP: u16 = 1;
pub const GUTTER: u16 = 2;

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

/// The columns of a table that fit into `width`, and how wide each one is.
///
/// Not scrolled, the columns that matter least are left out until the rest fits at its narrowest. Scrolled, none is left
/// out: the first one stays, and the others follow from the `left`th on as long as there is room. What is left over goes
/// to the columns whose text in sight (`page` rows) asks for more, at most up to their own limit.
pub fn columns(table: &Table, width: u16, page: u16, cx: &Context) -> Vec<Slot> {
    let all = (table.view.kind.columns)();
    let candidates = table.columns();
    let shown = match table.left {
        0 => by_priority(&candidates, &all, width),
        left => by_position(&candidates, &all, width, left),
    };
    let mut widths: Vec<u16> = shown.iter().map(|&column| narrowest(all[column])).collect();
    let wished: Vec<u16> = shown.iter().map(|&column| wished(table, column, all[column], page, cx)).collect();
    let left = width.saturating_sub(total(&widths));
    share(&mut widths, &wished, left);
    let mut x = GUTTER;
    shown
        .into_iter()
        .zip(widths)
        .map(|(column, width)| {
            let slot = Slot { column, x, width };
            x += width + GAP;
            slot
        })
        .collect()
}

/// How far a table can be scrolled: until its last column follows the first.
pub fn furthest_left(table: &Table) -> usize {
    table.columns().len().saturating_sub(2)
}

/// Cells a column needs at least: room for its title and the arrow of the order.
fn narrowest(column: &Column) -> u16 {
    column.min.max(u16::try_from(column.title.width()).unwrap_or(u16::MAX).saturating_add(1))
}

fn total(widths: &[u16]) -> u16 {
    widths.iter().fold(GUTTER, |sum, width| sum.saturating_add(*width).saturating_add(GAP)).saturating_sub(GAP)
}

fn by_priority(candidates: &[usize], all: &[&Column], width: u16) -> Vec<usize> {
    let mut shown = candidates.to_vec();
    while total(&shown.iter().map(|&column| narrowest(all[column])).collect::<Vec<_>>()) > width {
        // Of equals, the one further to the right goes first.
        let least = shown.iter().enumerate().skip(1).max_by_key(|(_, column)| all[**column].priority);
        match least {
            Some((position, &column)) if all[column].priority > 0 => shown.remove(position),
            _ => break,
        };
    }
    shown
}

fn by_position(candidates: &[usize], all: &[&Column], width: u16, left: usize) -> Vec<usize> {
    let mut room = width.saturating_sub(GUTTER);
    let first = candidates.iter().take(1);
    let rest = candidates.iter().skip(1 + left);
    first
        .chain(rest)
        .copied()
        .take_while(|&column| {
            let needed = narrowest(all[column]) + GAP;
            let fits = room + GAP >= needed;
            room = room.saturating_sub(needed);
            fits
        })
        .collect()
}

/// Cells the column would fill: its widest text in sight, within its limits.
fn wished(table: &Table, column: usize, head: &Column, page: u16, cx: &Context) -> u16 {
    let rows = &table.rows[table.in_sight(page)];
    let widest = rows.iter().map(|entry| safe(&entry.row.cell(column, cx).text).width()).max().unwrap_or(0);
    u16::try_from(widest).unwrap_or(u16::MAX).min(head.max).max(narrowest(head))
}

/// Gives `left` cells to those columns that wish for more, a cell each in turn, so that the modest ones are satisfied
/// first.
fn share(widths: &mut [u16], wished: &[u16], mut left: u16) {
    while left > 0 {
        let before = left;
        for (width, wish) in widths.iter_mut().zip(wished) {
            if left > 0 && *width < *wish {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
}
