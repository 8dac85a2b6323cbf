//! The bar below a log. On a narrow screen it shrinks to letters, then leaves out the least important items.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    model::screens::logs::bar::BarItem,
    resource::Tone,
    ui::{
        text::{RowWriter, width},
        theme::{Scope, Theme},
    },
};

/// Cells reserved for the items on the right.
const STATE: u16 = 36;

/// Level of detail of the items.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Full,
    /// Short values.
    Brief,
    /// Short values, and letters for labels.
    Letters,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, bar: &[BarItem], theme: &Theme) {
    buf.set_style(area, theme.get(Scope::LogBar));
    let room = area.width.saturating_sub(2);
    let (size, shown) = chosen(bar, room);
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, area.right().saturating_sub(1));
    for item in shown.iter().filter(|item| !item.right) {
        put(&mut writer, item, size, theme);
        writer.skip(gap(size));
    }
    let right: Vec<_> = shown.iter().filter(|item| item.right).collect();
    let cells: u16 = right.iter().map(|item| cells(item, size) + gap(size)).sum();
    writer.to(area.right().saturating_sub(1 + cells.saturating_sub(gap(size))));
    for item in right {
        put(&mut writer, item, size, theme);
        writer.skip(gap(size));
    }
}

/// Chooses the level of detail and the items that fit. Items on the right appear and disappear, and must not affect the level
/// of detail on the left.
fn chosen(bar: &[BarItem], room: u16) -> (Size, Vec<&BarItem>) {
    let needs = |items: &[&BarItem], size| items.iter().map(|item| cells(item, size) + gap(size)).sum::<u16>();
    let modes: Vec<&BarItem> = bar.iter().filter(|item| !item.right).collect();
    let sizes = [Size::Full, Size::Brief, Size::Letters];
    let size = sizes.into_iter().find(|size| needs(&modes, *size) + STATE <= room).unwrap_or(Size::Letters);
    let mut items: Vec<&BarItem> = bar.iter().collect();
    while needs(&items, size) > room + gap(size) {
        let Some(last) = items.iter().enumerate().max_by_key(|(_, item)| item.rank).map(|(at, _)| at) else { break };
        items.remove(last);
    }
    (size, items)
}

fn gap(size: Size) -> u16 {
    if size == Size::Full { 2 } else { 1 }
}

fn value(item: &BarItem, size: Size) -> &str {
    if size == Size::Full { &item.value } else { &item.brief }
}

fn label(item: &BarItem, size: Size) -> &str {
    if size == Size::Letters { item.letter } else { item.label }
}

/// Sign before a state, so that it can be read without colour.
fn sign(item: &BarItem, theme: &Theme) -> &'static str {
    match item.tone {
        _ if !item.label.is_empty() => "",
        _ if !item.right => theme.glyphs.below,
        Tone::Plain | Tone::Muted => "",
        tone => theme.glyphs.tone(tone),
    }
}

fn cells(item: &BarItem, size: Size) -> u16 {
    let label = width(label(item, size));
    let colon = u16::from(label > 0);
    let sign = match item.tone {
        Tone::Plain | Tone::Muted if item.right => 0,
        _ if label > 0 => 0,
        _ => 2,
    };
    label + colon + sign + width(value(item, size))
}

fn put(writer: &mut RowWriter<'_>, item: &BarItem, size: Size, theme: &Theme) {
    let style = match item.tone {
        Tone::Muted => theme.get(Scope::LogBarFaint),
        Tone::Plain => theme.get(Scope::LogBar),
        tone => theme.tone(tone),
    };
    let label = label(item, size);
    if !label.is_empty() {
        writer.put(label, theme.get(Scope::LogBarFaint)).put(":", theme.get(Scope::LogBarFaint));
    }
    let sign = sign(item, theme);
    if !sign.is_empty() {
        writer.put(sign, style).skip(1);
    }
    writer.put(value(item, size), style);
}
