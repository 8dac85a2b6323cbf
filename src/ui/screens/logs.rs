//! The log screen: title, visible rows or the reason for having none, and the bar.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use super::{capitalised, failure_note, title};
use crate::{
    logs::{
        Range, Read,
        filter::{FilterMode, FilterRule},
    },
    model::{
        Model,
        screens::{ScreenContent, logs::LogView},
        text::safe,
    },
    resource::format::grouped,
    ui::{
        theme::{Scope, Theme},
        widgets::scrollbar,
    },
};

mod bar;
mod nothing;
mod rows;
mod strip;

pub(super) fn draw(buf: &mut Buffer, area: Rect, reader: &LogView, model: &Model, theme: &Theme) {
    let mut body = Rect { height: area.height.saturating_sub(1), ..area };
    let foot = Rect { y: body.bottom(), height: 1, ..area }.intersection(area);
    if !reader.display.fullscreen {
        draw_title(buf, Rect { height: 1, ..area }, reader, model, theme);
        body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    }
    if reader.search.strip {
        let high = strip::HEIGHT.min(body.height.saturating_sub(1));
        body.height -= high;
        let beneath = Rect { y: body.bottom(), height: high, ..body };
        strip::draw(buf, beneath, reader, &model.settings.zone.zone, theme);
    }
    rows::draw(buf, body, reader, theme);
    let all = reader.buffer.shown();
    let first = match reader.viewport.follow || reader.viewport.at_end(&reader.buffer) {
        true => all.saturating_sub(body.height.into()),
        false => reader.buffer.index(reader.viewport.top.line),
    };
    scrollbar::draw(buf, body, first, all, theme);
    if let Some(nothing) = reader.nothing() {
        let notice = nothing::notice(reader, &nothing, &model.keymap, theme);
        // Beneath the dividers, or over the last of them: the reason is worth more than when a task started.
        let used = u16::try_from(reader.viewport.rows.len()).unwrap_or(body.height);
        let used = used.min(body.height.saturating_sub(notice.height(body.width) + 1));
        let below = Rect { y: body.y + used, height: body.height.saturating_sub(used), ..body };
        Clear.render(below, buf);
        notice.draw(buf, Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below }, theme);
    }
    bar::draw(buf, foot, &reader.bar(model.now), theme);
}

/// `Logs(payments in prod) ⟨timeout⟩ ──── since 13:50 ─`
fn draw_title(buf: &mut Buffer, area: Rect, reader: &LogView, model: &Model, theme: &Theme) {
    // Several clusters may have a service of that name.
    let cluster = reader.cluster().filter(|_| model.cluster.is_none());
    let name = match cluster {
        Some(cluster) => format!("Logs({} in {cluster})", reader.subject().name),
        None => capitalised(&reader.crumb()),
    };
    let mut parts = vec![(safe(&name).into_owned(), Scope::TitleName)];
    let active = if reader.buffer.stack.suspended { Scope::Faint } else { Scope::TitleFilter };
    for rule in reader.buffer.stack.rules.iter().filter(|rule| rule.on) {
        parts.push((format!(" {}{}{}", theme.glyphs.open, filter_label(rule), theme.glyphs.close), active));
    }
    let parts: Vec<_> = parts.iter().map(|(text, scope)| (text.as_str(), *scope)).collect();
    let mut notes = notes(reader, model);
    // A failure of the log streams themselves is shown in the bar.
    notes.extend(failure_note(&model.snapshot.state(&reader.subject().view), None, theme));
    title(buf, area, &parts, &notes, theme);
}

/// Short text of a filter with its mode.
fn filter_label(rule: &FilterRule) -> String {
    let text = safe(rule.filter.text()).into_owned();
    match rule.mode {
        FilterMode::Include => text,
        FilterMode::Exclude => format!("not: {text}"),
        FilterMode::Highlight => format!("highlight: {text}"),
    }
}

/// Notes at the end of the title.
fn notes(reader: &LogView, model: &Model) -> Vec<(String, Scope)> {
    let mut notes = Vec::new();
    let clock = |at: Timestamp| {
        let at = at.to_zoned_datetime(model.settings.zone.zone.clone());
        let today = at.date() == model.now.to_zoned_datetime(model.settings.zone.zone.clone()).date();
        at.strftime(if today { "%H:%M" } else { "%a %H:%M" }).to_string()
    };
    match &reader.wanted.read {
        Read::Tail { range, pattern, .. } => {
            if let Some(pattern) = pattern {
                notes.push((format!("CloudWatch filters: {}", safe(pattern)), Scope::TitleFilter));
            }
            match range {
                Range::Newest => {}
                Range::Oldest => notes.push(("from the first line".into(), Scope::Faint)),
                Range::Since(from) => notes.push((format!("since {}", clock(*from)), Scope::Faint)),
                Range::Between(from, to) => {
                    notes.push((format!("{} to {}", clock(*from), clock(*to)), Scope::Faint));
                }
            }
        }
        Read::Query { from, to, .. } => {
            notes.push((format!("query, {} to {}", clock(*from), clock(*to)), Scope::TitleFilter));
        }
    }
    if let (place, count @ 1..) = reader.search.matches.count(reader.viewport.cursor) {
        let position = place.map(|place| format!("{}/", grouped(place as u64))).unwrap_or_default();
        let plural = if count == 1 { "" } else { "es" };
        notes.push((format!("{position}{} match{plural}", grouped(count as u64)), Scope::TitleCount));
    }
    if let Some(day) = reader.viewport.other_day(&reader.buffer, &reader.display) {
        notes.push((day.strftime("%a %-d %b").to_string(), Scope::Label));
    }
    let picked = reader.picked().len();
    if picked > 0 {
        notes.push((format!("{picked} picked"), Scope::TableMarked));
    }
    notes
}
