//! The bar beneath a log. It shrinks to letters, then leaves out what matters least.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    model::screens::logs::bar::BarItem,
    resource::Tone,
    ui::{
        text::{Pen, width},
        theme::{Scope, Theme},
    },
};

/// Cells that are kept for what is on the right.
const STATE: u16 = 36;

/// How much is said of each item.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Full,
    /// Values in brief.
    Brief,
    /// Labels by their letters, too.
    Letters,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, bar: &[BarItem], theme: &Theme) {
    buf.set_style(area, theme.get(Scope::LogBar));
    let room = area.width.saturating_sub(2);
    let (size, shown) = chosen(bar, room);
    let mut pen = Pen::new(buf, area.x + 1, area.y, area.right().saturating_sub(1));
    for item in shown.iter().filter(|item| !item.right) {
        put(&mut pen, item, size, theme);
        pen.skip(gap(size));
    }
    let right: Vec<_> = shown.iter().filter(|item| item.right).collect();
    let cells: u16 = right.iter().map(|item| cells(item, size) + gap(size)).sum();
    pen.to(area.right().saturating_sub(1 + cells.saturating_sub(gap(size))));
    for item in right {
        put(&mut pen, item, size, theme);
        pen.skip(gap(size));
    }
}

/// How much of each item there is room for, and of which. What is on the right comes and goes, and must not change how
/// much is said on the left.
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

/// The sign before a state, for those who don't see colours.
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

fn put(pen: &mut Pen<'_>, item: &BarItem, size: Size, theme: &Theme) {
    let style = match item.tone {
        Tone::Muted => theme.get(Scope::LogBarFaint),
        Tone::Plain => theme.get(Scope::LogBar),
        tone => theme.tone(tone),
    };
    let label = label(item, size);
    if !label.is_empty() {
        pen.put(label, theme.get(Scope::LogBarFaint)).put(":", theme.get(Scope::LogBarFaint));
    }
    let sign = sign(item, theme);
    if !sign.is_empty() {
        pen.put(sign, style).skip(1);
    }
    pen.put(value(item, size), style);
}
