//! The header: whose account this is, where, in what mode, and whether AWS answers. The same facts at every size.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    model::{
        action::Hint,
        header::{Header, Mode},
    },
    resource::{Tone, format::duration},
    ui::{
        text::{Pen, fit, width},
        theme::{Scope, Theme},
    },
};

/// Cells of the blocks left and right of the hints when there are four rows.
const SCOPE_BLOCK: std::ops::RangeInclusive<u16> = 38..=60;
const STATE_BLOCK: u16 = 33;
/// Cells of a label in either block, and of a column of hints: key and text.
const SCOPE_LABEL: u16 = 9;
const STATE_LABEL: u16 = 6;
const HINT_KEY: u16 = 8;
const HINT: u16 = 24;

/// Draws the header in as many rows as `area` has.
pub fn draw(buf: &mut Buffer, area: Rect, header: &Header, hints: &[Hint], theme: &Theme) {
    buf.set_style(area, theme.get(Scope::Header));
    match area.height {
        0 => {}
        1 => line(buf, area, header, theme),
        2 | 3 => {
            line(buf, area, header, theme);
            hint_line(buf, area, area.y + 1, hints, theme);
        }
        _ => full(buf, area, header, hints, theme),
    }
}

/// The environment as a word on a colour, for those who see colours and those who don't.
fn band(pen: &mut Pen<'_>, header: &Header, theme: &Theme) {
    let (word, tone) = header.environment.as_ref().map_or(("AWS", Tone::Plain), |(word, tone)| (word, *tone));
    let scope = match tone {
        Tone::Bad => Scope::EnvProd,
        Tone::Warn => Scope::EnvStage,
        Tone::Good | Tone::Busy => Scope::EnvDev,
        Tone::Plain | Tone::Muted | Tone::Wait => Scope::EnvOther,
    };
    pen.put(&format!(" {word} "), theme.get(scope));
}

/// What stands for a fact that is not known yet.
fn known<'a>(value: Option<&'a str>, theme: &Theme) -> &'a str {
    value.unwrap_or(theme.glyphs.ellipsis)
}

fn cluster(header: &Header) -> &str {
    header.cluster.as_deref().unwrap_or("all clusters")
}

/// The whole account id where there is room, else its end: enough to tell two apart.
fn account(header: &Header, short: bool, theme: &Theme) -> String {
    match header.account.as_deref() {
        Some(id) if short && id.len() > 4 && id.is_ascii() => [theme.glyphs.ellipsis, &id[id.len() - 4..]].concat(),
        account => known(account, theme).to_owned(),
    }
}

/// Read-only, or for how long not; the style says how much care it wants.
fn mode(header: &Header, theme: &Theme) -> (String, Style) {
    match header.mode {
        Mode::ReadOnly => ("RO".into(), theme.get(Scope::HeaderReadOnly)),
        Mode::Write => (" RW ".into(), theme.get(Scope::HeaderWrite)),
        Mode::Armed { left } => {
            let left = left.max(0);
            (format!(" RW {}:{:02} ", left / 60, left % 60), theme.get(Scope::HeaderWrite))
        }
    }
}

/// How old the data are, where that is worth a word.
fn data(header: &Header, theme: &Theme) -> Option<(String, Style)> {
    let age = header.age.map(duration);
    match (header.paused, age) {
        (true, age) => {
            let paused = ["PAUSED"].into_iter().chain(age.as_deref()).collect::<Vec<_>>().join(" ");
            Some((format!(" {paused} "), theme.get(Scope::HeaderPaused)))
        }
        (false, Some(age)) => Some((format!("{age} old"), theme.tone(Tone::Warn))),
        (false, None) => None,
    }
}

/// Everything in one row; what matters least goes first when it is narrow.
fn line(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let tone = theme.tone(header.api_tone);
    let faint = theme.get(Scope::Faint);
    let narrow = area.width < 80;

    let cells = |parts: &[(String, Style)]| parts.iter().map(|(text, _)| width(text) + 2).sum::<u16>();
    let well = header.api_tone == Tone::Good;
    let sign = theme.glyphs.tone(header.api_tone);
    let api = if narrow && well { sign.to_owned() } else { format!("{sign} {}", header.api) };
    let mut right = vec![(api, tone)];
    if !narrow && well {
        right.push((format!("{}/min", header.calls_per_minute), faint));
    }
    let mut middle = vec![mode(header, theme)];
    middle.extend(data(header, theme));

    let account = account(header, true, theme);
    let place = [account.as_str(), known(header.region.as_deref(), theme)].join("/");
    let cluster = cluster(header).to_owned();
    let profile = header.profile.as_deref().or(header.role.as_deref()).filter(|_| !narrow);

    // A long state must not push out who and where: it may take two fifths.
    let state = cells(&right).min(area.width * 2 / 5);
    let end = area.right().saturating_sub(state + 1);

    let mut pen = Pen::new(buf, area.x + 1, area.y, end);
    band(&mut pen, header, theme);
    pen.skip(2).put(&place, theme.get(Scope::HeaderScope));
    let reserved = cells(&middle);
    let room = pen.room().saturating_sub(reserved + 2);
    if let Some(profile) = profile.filter(|profile| width(profile) + width(&cluster) + 2 <= room) {
        pen.skip(2).put(profile, faint);
    }
    let room = pen.room().saturating_sub(reserved + 2);
    if room > 3 {
        pen.skip(2).put(&fit(&cluster, room, theme.glyphs.ellipsis), theme.get(Scope::HeaderScope));
    }
    for (text, style) in &middle {
        pen.skip(2).put(text, *style);
    }

    let used = pen.x;
    let mut pen = Pen::new(
        buf,
        (area.right() - 1).saturating_sub(state.saturating_sub(2)).max(used + 2),
        area.y,
        area.right() - 1,
    );
    for (at, (text, style)) in right.iter().enumerate() {
        if at > 0 {
            pen.skip(2);
        }
        pen.fit(text, theme.glyphs.ellipsis, *style);
    }
}

/// As many hints as fit in one row, each whole.
fn hint_line(buf: &mut Buffer, area: Rect, y: u16, hints: &[Hint], theme: &Theme) {
    let mut pen = Pen::new(buf, area.x + 1, y, area.right());
    for hint in hints {
        if width(&hint.key) + 1 + width(hint.text) > pen.room() {
            break;
        }
        pen.put(&hint.key, theme.get(Scope::HintKey)).skip(1).put(hint.text, theme.get(Scope::HintText)).skip(3);
    }
}

/// Four rows: scope, hints, state. Every fact has its place and keeps it.
fn full(buf: &mut Buffer, area: Rect, header: &Header, hints: &[Hint], theme: &Theme) {
    let left = (area.width / 10 * 3).clamp(*SCOPE_BLOCK.start(), *SCOPE_BLOCK.end());
    scope_block(buf, Rect { width: left.min(area.width), ..area }, header, theme);
    let state = Rect { x: area.right().saturating_sub(STATE_BLOCK), width: STATE_BLOCK.min(area.width), ..area };
    state_block(buf, state, header, theme);

    let hint_area = Rect { x: left, width: area.width.saturating_sub(left + STATE_BLOCK), ..area };
    let slots = (0..hint_area.width / HINT).take(3).flat_map(|column| (0..4).map(move |row| (column, row)));
    for ((column, row), hint) in slots.zip(hints) {
        let x = hint_area.x + column * HINT;
        let mut pen = Pen::new(buf, x, area.y + row, x + HINT - 1);
        pen.put(&hint.key, theme.get(Scope::HintKey)).skip(1).to(x + HINT_KEY);
        pen.fit(hint.text, theme.glyphs.ellipsis, theme.get(Scope::HintText));
    }
}

fn scope_block(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let value = theme.get(Scope::HeaderScope);
    let faint = theme.get(Scope::Faint);
    let end = area.right().saturating_sub(2);
    let x = area.x + 1;

    let mut pen = Pen::new(buf, x, area.y, end);
    band(&mut pen, header, theme);
    pen.skip(1).to(x + SCOPE_LABEL).fit(header.profile.as_deref().unwrap_or_default(), theme.glyphs.ellipsis, value);
    if let Some(endpoint) = &header.endpoint_url {
        let gap = if header.profile.is_some() { 2 } else { 0 };
        pen.skip(gap).fit(endpoint, theme.glyphs.ellipsis, faint);
    }
    let account = account(header, false, theme);
    let facts = [
        ("account", account.as_str(), header.role.as_deref()),
        ("region", known(header.region.as_deref(), theme), None),
        ("cluster", cluster(header), None),
    ];
    for ((label, text, more), y) in facts.into_iter().zip(area.y + 1..) {
        let mut pen = Pen::new(buf, x, y, end);
        pen.put(label, theme.get(Scope::HeaderLabel)).to(x + SCOPE_LABEL).fit(text, theme.glyphs.ellipsis, value);
        if let Some(more) = more {
            pen.skip(2).fit(more, theme.glyphs.ellipsis, faint);
        }
    }
}

fn state_block(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let (plain, faint) = (Style::new(), theme.get(Scope::Faint));
    let api = format!("{} {}", theme.glyphs.tone(header.api_tone), header.api);
    let data = data(header, theme).unwrap_or_else(|| match header.api_tone {
        Tone::Muted => (theme.glyphs.ellipsis.to_owned(), faint),
        _ => ("live".to_owned(), faint),
    });
    let (mode, mode_style) = mode(header, theme);
    let mode = if header.mode == Mode::ReadOnly { ("read-only".to_owned(), mode_style) } else { (mode, mode_style) };
    let facts = [
        ("api", (api, theme.tone(header.api_tone))),
        ("calls", (format!("{}/min", header.calls_per_minute), plain)),
        ("data", data),
        ("mode", mode),
    ];
    for ((label, (text, style)), y) in facts.into_iter().zip(area.y..) {
        let mut pen = Pen::new(buf, area.x, y, area.right().saturating_sub(1));
        pen.put(label, theme.get(Scope::HeaderLabel)).to(area.x + STATE_LABEL).fit(&text, theme.glyphs.ellipsis, style);
    }
}
