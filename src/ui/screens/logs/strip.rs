//! Counts over time, above the bar: errors, all lines, and the times.

use jiff::tz::TimeZone;
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

pub use crate::model::screens::logs::strip::HEIGHT;
use crate::{
    model::screens::logs::LogView,
    ui::{
        text::Pen,
        theme::{Scope, Theme},
    },
};

/// Cells before the counts: what is counted, and the most of it in a cell.
const LABEL: u16 = 15;

pub fn draw(buf: &mut Buffer, area: Rect, reader: &LogView, zone: &TimeZone, theme: &Theme) {
    let Some(strip) = reader.strip(area.width.saturating_sub(LABEL + 1), zone) else { return };
    let rows = [("errors", &strip.errors, Scope::ToneBad), ("lines", &strip.lines, Scope::ToneBusy)];
    for ((name, counts, scope), y) in rows.into_iter().zip(area.y..area.bottom()) {
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut pen = Pen::new(buf, area.x + 1, y, area.x + LABEL);
        let scope = if most == 0 { Scope::Faint } else { scope };
        pen.put(&format!("{name:<6} {:>6}", short(most)), theme.get(scope));
        for (cell, count) in counts.iter().enumerate() {
            let x = area.x + LABEL + u16::try_from(cell).unwrap_or(u16::MAX);
            let style = theme.get(scope);
            let style = if strip.here == Some(cell) { style.add_modifier(Modifier::REVERSED) } else { style };
            Pen::new(buf, x, y, area.right().saturating_sub(1)).put(bar(*count, most, theme), style);
        }
    }
    let y = area.y + 2;
    let mut pen = Pen::new(buf, area.x + 1, y, area.x + LABEL);
    pen.put(&format!("max per {}", length(strip.step)), theme.get(Scope::Faint));
    let mut pen = Pen::new(buf, area.x + LABEL, y, area.right().saturating_sub(1));
    for (cell, time) in &strip.times {
        pen.to(area.x + LABEL + u16::try_from(*cell).unwrap_or(u16::MAX));
        // A time that has no room is left out, not cut.
        if usize::from(pen.room()) >= time.len() {
            pen.put(time, theme.get(Scope::Faint));
        }
    }
}

/// The bar of a count, by the highest: nothing for nothing, and something for the least.
fn bar(count: u64, most: u64, theme: &Theme) -> &'static str {
    let bars = theme.glyphs.bars;
    if count == 0 {
        return " ";
    }
    let steps = bars.len() as u64;
    let height = (count * steps).div_ceil(most.max(1)).clamp(1, steps);
    bars[usize::try_from(height - 1).unwrap_or(0)]
}

/// A count in at most six cells.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..100_000 => format!("{},{:03}", count / 1_000, count % 1_000),
        _ => format!("{}k", count / 1_000),
    }
}

/// `5s`, `30m`, `12h`, `3d`.
fn length(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
