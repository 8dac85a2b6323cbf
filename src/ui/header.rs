//! The header: account, Region, cluster, mode and state of the API. It shows the same facts at every size.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    model::{
        action::Hint,
        header::{DataState, Header, WriteMode},
    },
    resource::{Tone, format::duration},
    ui::{
        text::{RowWriter, fit, width},
        theme::{Scope, Theme},
    },
};

/// Space between two facts in one row, in cells.
const SPACE: u16 = 2;
/// Widths of the blocks left and right of the hints when there are four rows, in cells.
const SCOPE_BLOCK: std::ops::RangeInclusive<u16> = 38..=60;
const STATE_BLOCK: u16 = 33;
/// Widths of a label in either block, and of the key and the text of a hint, in cells.
const SCOPE_LABEL: u16 = 9;
const STATE_LABEL: u16 = 6;
const HINT_KEY: u16 = 8;
const HINT: u16 = 24;

/// Draws the header in as many rows as `area` has.
pub(super) fn draw(buf: &mut Buffer, area: Rect, header: &Header, hints: &[Hint], theme: &Theme) {
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

/// Environment as a coloured word, which can be read without colour as well.
fn band(header: &Header, theme: &Theme) -> (String, Style) {
    let (word, tone) = header.environment.as_ref().map_or(("AWS", Tone::Plain), |(word, tone)| (word, *tone));
    let scope = match tone {
        Tone::Bad => Scope::EnvProd,
        Tone::Warn => Scope::EnvStage,
        Tone::Good | Tone::Busy => Scope::EnvDev,
        Tone::Plain | Tone::Muted | Tone::Wait => Scope::EnvOther,
    };
    (format!(" {word} "), theme.get(scope))
}

/// Returns the value, or an ellipsis until it is known.
fn or_ellipsis<'a>(value: Option<&'a str>, theme: &Theme) -> &'a str {
    value.unwrap_or(theme.glyphs.ellipsis)
}

fn cluster(header: &Header) -> &str {
    header.cluster.as_deref().unwrap_or("all clusters")
}

/// Account id, or its end when `short`, which is enough to distinguish accounts.
fn account(header: &Header, short: bool, theme: &Theme) -> String {
    match header.account.as_deref() {
        Some(id) if short && id.len() > 4 && id.is_ascii() => [theme.glyphs.ellipsis, &id[id.len() - 4..]].concat(),
        account => or_ellipsis(account, theme).to_owned(),
    }
}

/// Write mode, with the time left while changes are allowed, and its style.
fn mode(header: &Header, theme: &Theme) -> (String, Style) {
    match header.mode {
        WriteMode::ReadOnly => ("RO".into(), theme.get(Scope::HeaderReadOnly)),
        WriteMode::Write => (" RW ".into(), theme.get(Scope::HeaderWrite)),
        WriteMode::Armed { left } => (format!(" RW {} left ", duration(left.max(0))), theme.get(Scope::HeaderWrite)),
    }
}

/// Age of the data, where it is worth showing.
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

/// Cells reserved for a long cluster name in one row.
const CLUSTER: u16 = 8;

/// Draws everything in one row. Environment, account, cluster, mode and the sign of the API always have room; the rest gets
/// room in order of importance.
fn line(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let (band, band_style) = band(header, theme);
    let account = account(header, true, theme);
    let (mode, mode_style) = mode(header, theme);
    let (cluster, sign) = (cluster(header), theme.glyphs.tone(header.api_tone));
    let kept = width(cluster).min(CLUSTER);
    let placed = width(&band) + width(&account) + kept + width(&mode) + width(sign) + 4 * SPACE + 2;

    let mut room = area.width.saturating_sub(placed);
    let mut grant = |cells: u16| {
        let granted = cells <= room;
        room -= if granted { cells } else { 0 };
        granted
    };
    let data = data(header, theme).filter(|(text, _)| grant(width(text) + SPACE));
    let well = header.api_tone == Tone::Good;
    let failing = Some(&*header.api).filter(|api| !well && grant(width(api) + 1));
    let region = Some(or_ellipsis(header.region.as_deref(), theme)).filter(|region| grant(width(region) + 1));
    let whole = grant(width(cluster) - kept);
    let profile = header.profile.as_deref().or(header.role.as_deref());
    let profile = profile.filter(|profile| whole && grant(width(profile) + SPACE));
    let api = failing.or(Some(&*header.api).filter(|api| well && grant(width(api) + 1)));
    let zone = header.zone.as_deref().filter(|zone| grant(width(zone) + SPACE));
    let calls = Some(format!("{}/min", header.calls_per_minute)).filter(|calls| well && grant(width(calls) + SPACE));
    let cluster_room = if whole { width(cluster) } else { kept + room };

    let (value, faint, tone) = (theme.get(Scope::HeaderScope), theme.get(Scope::Faint), theme.tone(header.api_tone));
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, area.right().saturating_sub(1));
    writer.put(&band, band_style).skip(SPACE).put(&account, value);
    if let Some(region) = region {
        writer.put("/", value).put(region, value);
    }
    if let Some(profile) = profile {
        writer.skip(SPACE).put(profile, faint);
    }
    writer
        .skip(SPACE)
        .put(&fit(cluster, cluster_room, theme.glyphs.ellipsis), value)
        .skip(SPACE)
        .put(&mode, mode_style);
    if let Some((text, style)) = data {
        writer.skip(SPACE).put(&text, style);
    }
    let right = 1
        + api.map_or(0, |api| width(api) + 1)
        + calls.as_deref().map_or(0, |calls| width(calls) + SPACE)
        + zone.map_or(0, |zone| width(zone) + SPACE);
    writer.skip(SPACE).to(area.right().saturating_sub(right + 1)).put(sign, tone);
    if let Some(api) = api {
        writer.skip(1).put(api, tone);
    }
    for text in calls.as_deref().into_iter().chain(zone) {
        writer.skip(SPACE).put(text, faint);
    }
}

/// Draws as many hints as fit in one row, each in full.
fn hint_line(buf: &mut Buffer, area: Rect, y: u16, hints: &[Hint], theme: &Theme) {
    let mut writer = RowWriter::new(buf, area.x + 1, y, area.right());
    for hint in hints {
        if width(&hint.key) + 1 + width(hint.text) > writer.room() {
            break;
        }
        writer.put(&hint.key, theme.get(Scope::HintKey)).skip(1).put(hint.text, theme.get(Scope::HintText)).skip(3);
    }
}

/// Draws the four-row header: scope, hints, state. Each fact has a fixed position.
fn full(buf: &mut Buffer, area: Rect, header: &Header, hints: &[Hint], theme: &Theme) {
    let left = (area.width / 10 * 3).clamp(*SCOPE_BLOCK.start(), *SCOPE_BLOCK.end());
    scope_block(buf, Rect { width: left.min(area.width), ..area }, header, theme);
    let state = Rect { x: area.right().saturating_sub(STATE_BLOCK), width: STATE_BLOCK.min(area.width), ..area };
    state_block(buf, state, header, theme);

    let hint_area = Rect { x: left, width: area.width.saturating_sub(left + STATE_BLOCK), ..area };
    let slots = (0..hint_area.width / HINT).take(3).flat_map(|column| (0..4).map(move |row| (column, row)));
    for ((column, row), hint) in slots.zip(hints) {
        let x = hint_area.x + column * HINT;
        let mut writer = RowWriter::new(buf, x, area.y + row, x + HINT - 1);
        writer.put(&hint.key, theme.get(Scope::HintKey)).skip(1).to(x + HINT_KEY);
        writer.fit(hint.text, theme.glyphs.ellipsis, theme.get(Scope::HintText));
    }
}

fn scope_block(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let value = theme.get(Scope::HeaderScope);
    let faint = theme.get(Scope::Faint);
    let end = area.right().saturating_sub(2);
    let x = area.x + 1;

    let mut writer = RowWriter::new(buf, x, area.y, end);
    let (band, band_style) = band(header, theme);
    writer.put(&band, band_style).skip(1).to(x + SCOPE_LABEL).fit(
        header.profile.as_deref().unwrap_or_default(),
        theme.glyphs.ellipsis,
        value,
    );
    if let Some(endpoint) = &header.endpoint_url {
        let gap = if header.profile.is_some() { 2 } else { 0 };
        writer.skip(gap).fit(endpoint, theme.glyphs.ellipsis, faint);
    }
    let account = account(header, false, theme);
    let facts = [
        ("account", account.as_str(), header.role.as_deref()),
        ("region", or_ellipsis(header.region.as_deref(), theme), None),
        ("cluster", cluster(header), None),
    ];
    for ((label, text, more), y) in facts.into_iter().zip(area.y + 1..) {
        let mut writer = RowWriter::new(buf, x, y, end);
        writer.put(label, theme.get(Scope::HeaderLabel)).to(x + SCOPE_LABEL).fit(text, theme.glyphs.ellipsis, value);
        if let Some(more) = more {
            writer.skip(2).fit(more, theme.glyphs.ellipsis, faint);
        }
    }
}

fn state_block(buf: &mut Buffer, area: Rect, header: &Header, theme: &Theme) {
    let (plain, faint) = (Style::new(), theme.get(Scope::Faint));
    let api = format!("{} {}", theme.glyphs.tone(header.api_tone), header.api);
    let data = data(header, theme).unwrap_or_else(|| match header.currency {
        DataState::Awaited => (theme.glyphs.ellipsis.to_owned(), faint),
        DataState::Live => ("live".to_owned(), faint),
        DataState::Incomplete => ("incomplete".to_owned(), theme.tone(Tone::Warn)),
        DataState::Delayed => ("delayed".to_owned(), theme.tone(Tone::Warn)),
    });
    let (mode, mode_style) = mode(header, theme);
    let mode =
        if header.mode == WriteMode::ReadOnly { ("read-only".to_owned(), mode_style) } else { (mode, mode_style) };
    let facts = [
        ("api", (api, theme.tone(header.api_tone))),
        ("calls", (format!("{}/min", header.calls_per_minute), plain)),
        ("data", data),
        ("mode", mode),
    ];
    for ((label, (text, style)), y) in facts.into_iter().zip(area.y..) {
        let mut writer = RowWriter::new(buf, area.x, y, area.right().saturating_sub(1));
        writer.put(label, theme.get(Scope::HeaderLabel)).to(area.x + STATE_LABEL).fit(
            &text,
            theme.glyphs.ellipsis,
            style,
        );
        if let Some(zone) = header.zone.as_deref().filter(|_| label == "data") {
            writer.skip(SPACE).put(zone, faint);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn header() -> Header {
        Header {
            account: Some("481516234217".into()),
            region: Some("ap-southeast-2".into()),
            environment: Some(("PROD".into(), Tone::Bad)),
            profile: Some("a-profile-with-quite-a-long-name".into()),
            cluster: Some("a-cluster-with-quite-a-long-name-too".into()),
            api: "ok".into(),
            api_tone: Tone::Good,
            ..Header::default()
        }
    }

    fn drawn(width: u16, height: u16, header: &Header) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let hint = |n: usize| Hint { key: format!("ctrl-{n}"), text: "what it does", rank: 0 };
        let hints: Vec<Hint> = (0..20).map(hint).collect();
        draw(&mut buf, area, header, &hints, &Theme::default());
        buf.content.iter().map(|cell| cell.symbol()).collect()
    }

    /// In one row, long texts must leave room for the scope and the mode.
    #[rstest]
    fn no_width_hides_environment_account_cluster_or_mode(#[values(50, 60, 79, 80, 100, 119)] width: u16) {
        let calm = header();
        let stormy = Header {
            paused: true,
            age: Some(3_600),
            mode: WriteMode::Armed { left: 840 },
            api: "offline, retry 14 in 128s".into(),
            api_tone: Tone::Bad,
            ..header()
        };
        for (header, mode) in [(calm, "RO"), (stormy, "RW 14m left")] {
            let row = drawn(width, 1, &header);
            for part in ["PROD", "4217", "a-", mode] {
                assert!(row.contains(part), "{width}: {part} is missing in {row:?}");
            }
        }
    }

    #[test]
    fn hints_are_shown_whole_or_not_at_all() {
        for width in 80..120 {
            let rows = drawn(width, 2, &header());
            let hints = rows.chars().skip(width.into()).collect::<String>();
            assert_eq!(hints.matches("ctrl-").count(), hints.matches("what it does").count(), "{hints:?}");
        }
    }

    #[test]
    fn unknown_facts_are_shown_as_an_ellipsis() {
        let rows = drawn(120, 4, &Header { api: "connecting".into(), api_tone: Tone::Muted, ..Header::default() });
        assert!(rows.contains("account  …") && rows.contains("region   …") && rows.contains("data  …"), "{rows}");
    }
}
