//! The histogram above the bar: counts of errors and of all lines over time.

use jiff::tz::TimeZone;
use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

pub(super) use crate::model::screens::logs::strip::HEIGHT;
use crate::{
    model::screens::logs::LogView,
    resource::format::{compact, duration},
    ui::{
        text::RowWriter,
        theme::{Scope, Theme},
    },
};

/// Width of the label before the counts, in cells: name and greatest count.
const LABEL: u16 = 15;

pub(super) fn draw(buf: &mut Buffer, area: Rect, reader: &LogView, zone: &TimeZone, theme: &Theme) {
    let Some(strip) = reader.strip(area.width.saturating_sub(LABEL + 1), zone) else { return };
    let rows = [("errors", &strip.errors, Scope::ToneBad), ("lines", &strip.lines, Scope::ToneBusy)];
    for ((name, counts, scope), y) in rows.into_iter().zip(area.y..area.bottom()) {
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut writer = RowWriter::new(buf, area.x + 1, y, area.x + LABEL);
        let scope = if most == 0 { Scope::Faint } else { scope };
        writer.put(&format!("{name:<6} {:>6}", compact(most)), theme.get(scope));
        for (cell, count) in counts.iter().enumerate() {
            let x = area.x + LABEL + u16::try_from(cell).unwrap_or(u16::MAX);
            let style = theme.get(scope);
            let style = if strip.here == Some(cell) { style.add_modifier(Modifier::REVERSED) } else { style };
            RowWriter::new(buf, x, y, area.right().saturating_sub(1)).put(bar(*count, most, theme), style);
        }
    }
    let y = area.y + 2;
    let mut writer = RowWriter::new(buf, area.x + 1, y, area.x + LABEL);
    writer.put(&format!("max per {}", duration(strip.step)), theme.get(Scope::Faint));
    let mut writer = RowWriter::new(buf, area.x + LABEL, y, area.right().saturating_sub(1));
    for (cell, time) in &strip.times {
        writer.to(area.x + LABEL + u16::try_from(*cell).unwrap_or(u16::MAX));
        // A time that does not fit is left out, not cut.
        if usize::from(writer.room()) >= time.len() {
            writer.put(time, theme.get(Scope::Faint));
        }
    }
}

/// Bar for a count in proportion to the highest count: blank for zero, and at least the lowest bar otherwise.
fn bar(count: u64, most: u64, theme: &Theme) -> &'static str {
    let bars = theme.glyphs.bars;
    if count == 0 {
        return " ";
    }
    let steps = bars.len() as u64;
    let height = (count * steps).div_ceil(most.max(1)).clamp(1, steps);
    bars[usize::try_from(height - 1).unwrap_or(0)]
}
