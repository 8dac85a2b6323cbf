//! The table screen: title, then rows or the reason for having none.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{capitalised, failure_note, title};
use crate::{
    aws::FailureKind,
    data::Phase,
    model::{
        Model, Table,
        action::{Action, row, session},
        screens::table::{Body, actions},
        text::safe,
    },
    resource::{Ability, Context, Origin, Status, Tone},
    ui::{
        theme::{Scope, Theme},
        widgets::{notice::NoticePanel, rows},
    },
};

/// Draws the table.
pub(super) fn draw(buf: &mut Buffer, area: Rect, table: &Table, model: &Model, theme: &Theme) {
    let cx = &model.cx();
    let head = Rect { height: 1, ..area };
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let body = table.body();
    let stale = body == Body::Rows && table.source.is_stale(cx.now);
    draw_title(buf, head, table, &body, stale, cx, theme);

    if body == Body::Rows {
        return rows::draw(buf, below, table, cx, stale, theme);
    }
    if body == Body::Loading {
        rows::draw_heads(buf, below, table, cx, theme);
    }
    let notice_area = Rect { y: below.y + 2, height: below.height.saturating_sub(2), ..below };
    notice(table, &body, model, theme).draw(buf, notice_area, theme);
}

/// `Services(prod)[12/340] ⟨exit=137⟩ ──── faults only`
fn draw_title(buf: &mut Buffer, area: Rect, table: &Table, body: &Body, stale: bool, cx: &Context, theme: &Theme) {
    let name = capitalised(&table.title());
    let count = match (table.rows.len(), table.total) {
        _ if matches!(body, Body::Loading | Body::Denied(_) | Body::Failed(_)) => String::new(),
        (shown, total) if shown == total => format!("[{total}]"),
        (shown, total) => format!("[{shown}/{total}]"),
    };
    let mut parts = vec![(name.as_str(), Scope::TitleName), (count.as_str(), Scope::TitleCount)];
    let filter = safe(table.filter.text());
    if !table.filter.is_empty() {
        let glyphs = theme.glyphs;
        parts.extend([(" ", Scope::TitleFilter), (glyphs.open, Scope::TitleFilter)]);
        parts.extend([(&*filter, Scope::TitleFilter), (glyphs.close, Scope::TitleFilter)]);
    }
    title(buf, area, &parts, &notes(table, body, stale, cx, theme), theme);
}

/// Notes at the end of the title.
fn notes(table: &Table, body: &Body, stale: bool, cx: &Context, theme: &Theme) -> Vec<(String, Scope)> {
    let mut notes = Vec::new();
    if table.source.phase == Phase::Filling {
        notes.push((format!("{} more to come", theme.glyphs.tone(Tone::Busy)), Scope::Faint));
    }
    if table.faults_only {
        notes.push(("faults only".into(), Scope::TitleFilter));
    }
    if table.wide {
        notes.push(("wide".into(), Scope::Faint));
    }
    let marks = table.marked_rows();
    if marks > 0 {
        notes.push((format!("{} {marks} marked", theme.glyphs.mark), Scope::TableMarked));
    }
    let age = stale.then(|| table.source.age(cx.now)).flatten();
    // The notice in place of rows already shows the failure.
    let in_notice = matches!(body, Body::Denied(_) | Body::Failed(_));
    notes.extend(failure_note(&table.source, age, theme).filter(|_| !in_notice));
    notes
}

fn notice(table: &Table, body: &Body, model: &Model, theme: &Theme) -> NoticePanel {
    let (kind, keymap) = (table.view.kind, &model.keymap);
    let things = kind.plural;
    // Countable noun: a timeline has entries.
    let each = match kind.name.strip_suffix('y') {
        _ if things.ends_with('s') => things.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{}s", kind.name),
    };
    let query = &table.view.query;
    let owner = query.service.as_ref().or(query.family.as_ref()).map(|name| format!(" of {name}"));
    let place =
        [owner, query.cluster.as_ref().map(|name| format!(" in {name}"))].map(Option::unwrap_or_default).concat();
    let press = |action: Action, what: &str| keymap.key_of(&action).map(|key| format!("{key} {what}"));
    let composed = matches!(kind.origin, Origin::Composed(_));
    let unknown = query.cluster.as_deref().and_then(|name| model.unknown_cluster(name));
    let remarks = table.source.nothing.to_vec();
    let (tone, headline, body, advice) = match body {
        Body::Rows => return NoticePanel::default(),
        Body::Loading if composed => (Tone::Busy, format!("Checking for {things}{place}"), remarks, vec![]),
        Body::Loading => (Tone::Busy, format!("Asking AWS for the {things}{place}"), remarks, vec![]),
        Body::Empty if !remarks.is_empty() => {
            let elsewhere = match query.cluster {
                Some(_) => press(actions::ALL_CLUSTERS, "looks in all clusters"),
                None => Some(":region and :profile look elsewhere".into()),
            };
            (Tone::Good, remarks[0].clone(), remarks[1..].to_vec(), vec![elsewhere])
        }
        Body::Empty => {
            let advice = match (query.status, &query.cluster) {
                (Status::Running, _) if kind.can(Ability::Status) => press(row::STOPPED, "shows stopped ones"),
                (Status::Stopped, _) => press(row::STOPPED, "shows running ones too"),
                (_, Some(_)) => press(actions::ALL_CLUSTERS, "looks in all clusters"),
                (_, None) => Some(":region and :profile look elsewhere".into()),
            };
            let status = if query.status == Status::Stopped { "stopped " } else { "" };
            (Tone::Muted, format!("There are no {status}{things}{place}"), vec![], vec![advice])
        }
        Body::FilteredOut { hidden } if table.filter.is_empty() => {
            let advice = press(actions::FAULTS, "shows them all");
            (Tone::Good, format!("Nothing is wrong with any of the {hidden} {each}"), vec![], vec![advice])
        }
        Body::FilteredOut { hidden } => {
            let filter = [theme.glyphs.open, table.filter.text(), theme.glyphs.close].concat();
            let faults = if table.faults_only { " and has a fault" } else { "" };
            let advice = vec![press(actions::CLEAR_FILTER, "clears the filter"), press(actions::FILTER, "changes it")];
            (Tone::Wait, format!("None of the {hidden} {each} matches {filter}{faults}"), vec![], advice)
        }
        Body::Denied(failure) => {
            let advice = vec![failure.advice.clone(), press(session::REFRESH, "retries")];
            let read = if composed { "check for" } else { "read" };
            (
                Tone::Bad,
                format!("These credentials are not allowed to {read} {things}{place}"),
                vec![failure.to_string()],
                advice,
            )
        }
        Body::Failed(failure) if failure.kind == FailureKind::NotFound && unknown.is_some() => (
            Tone::Bad,
            unknown.unwrap_or_default(),
            vec![failure.to_string()],
            vec![Some(":clusters lists all clusters".into())],
        ),
        Body::Failed(failure) if failure.kind == FailureKind::Unsupported => {
            (Tone::Muted, format!("{} are not supported here", capitalised(things)), vec![failure.to_string()], vec![])
        }
        Body::Failed(failure) => {
            let advice =
                vec![failure.advice.clone(), press(session::REFRESH, "retries now; it is also retried automatically")];
            let headline = match composed {
                true => format!("Could not check for {things}: {}", failure.state()),
                false => format!("No {things} yet: {}", failure.state()),
            };
            (Tone::Bad, headline, vec![failure.to_string()], advice)
        }
    };
    NoticePanel { tone, headline, body, advice: advice.into_iter().flatten().collect() }
}
