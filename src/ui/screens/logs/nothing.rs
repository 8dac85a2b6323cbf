//! The notice shown in place of log lines: why there are none, and what to do.

use crate::{
    aws::FailureKind,
    logs::{Range, Read},
    model::{
        Keymap,
        action::{Action, views},
        screens::logs::{LogView, actions, nothing::Nothing},
    },
    resource::Tone,
    ui::{theme::Theme, widgets::notice::NoticePanel},
};

pub(super) fn notice(reader: &LogView, nothing: &Nothing, keymap: &Keymap, theme: &Theme) -> NoticePanel {
    let name = &reader.subject().name;
    let press = |action: Action, what: &str| keymap.key_of(&action).map(|key| format!("{key} {what}"));
    let quiet = || reader.status.silent.iter().map(|quiet| format!("{}: {}", quiet.what, quiet.why)).collect();
    let count = reader.status.streams;
    let streams = match count {
        1 => "1 stream".into(),
        count => format!("{count} streams"),
    };
    let longer = || vec![press(actions::GO_TO_TIME, "reads another time range")];
    let (tone, headline, body, advice): (_, _, Vec<String>, Vec<Option<String>>) = match nothing {
        Nothing::Resolving => {
            (Tone::Busy, format!("Looking up the tasks of {name} and where they log to"), quiet(), vec![])
        }
        Nothing::Reading => (Tone::Busy, format!("Reading the history of {streams}"), quiet(), vec![]),
        Nothing::Searching => {
            let text = match &reader.wanted.read {
                Read::Query { text, .. } => vec![text.to_string()],
                Read::Tail { .. } => vec![],
            };
            let advice = vec![press(views::ESCAPE, "cancels it and returns to the log")];
            (Tone::Busy, "CloudWatch Logs Insights is searching".to_owned(), text, advice)
        }
        Nothing::Waiting => {
            let follows = "New lines appear here as they are written.".to_owned();
            let body = [follows].into_iter().chain(quiet()).collect();
            let headline = match count {
                0 => format!("{name} has no log stream so far"),
                _ => format!("No lines in {streams} so far"),
            };
            (Tone::Wait, headline, body, longer())
        }
        Nothing::Empty => {
            let headline = match count {
                0 => format!("{name} has no log stream"),
                1 => format!("Its stream holds no lines{}", within(&reader.wanted.read)),
                _ => format!("Its {streams} hold no lines{}", within(&reader.wanted.read)),
            };
            (Tone::Muted, headline, quiet(), longer())
        }
        Nothing::Quiet => (Tone::Wait, format!("{name} has no log that can be read here"), quiet(), vec![]),
        Nothing::Failed(failure) if reader.is_query() => {
            let headline = match reader.status.retry_at {
                Some(_) => format!("The query will be retried: {}", failure.short_reason()),
                None => format!("The query failed: {}", failure.short_reason()),
            };
            let back = press(views::ESCAPE, "returns to the log");
            (Tone::Bad, headline, vec![failure.message.clone()], vec![failure.advice.clone(), back])
        }
        Nothing::Failed(failure) => {
            let again = match failure.kind {
                FailureKind::Credentials => "it continues automatically once there are credentials",
                _ => "it is retried automatically",
            };
            // Reasons for this log are more specific than the general advice for a failed call.
            let reasons: Vec<String> = quiet();
            let advice = failure.advice.clone().filter(|_| reasons.is_empty());
            let included = reasons.iter().any(|reason| reason.contains(&failure.message));
            let body = reasons.into_iter().chain((!included).then(|| failure.to_string())).collect();
            (Tone::Bad, format!("No lines yet: {}", failure.short_reason()), body, vec![advice, Some(again.into())])
        }
        Nothing::Hidden { lines, searching: true } => {
            (Tone::Busy, format!("Looking through the lines: none of {lines} so far"), vec![], vec![])
        }
        Nothing::Hidden { lines, searching: false } => {
            let filters = [theme.glyphs.open, &texts(reader), theme.glyphs.close].concat();
            let advice =
                vec![press(actions::SUSPEND_FILTERS, "suspends the filters"), press(actions::FILTERS, "lists them")];
            (Tone::Wait, format!("None of the {lines} lines passes {filters}"), vec![], advice)
        }
        Nothing::Cleared(lines) => {
            let advice = vec![press(actions::UNDO_CLEAR, "brings them back")];
            (Tone::Muted, format!("{lines} lines were cleared from the screen; new lines appear here"), vec![], advice)
        }
    };
    NoticePanel { tone, headline, body, advice: advice.into_iter().flatten().collect() }
}

/// Texts of the active filters.
fn texts(reader: &LogView) -> String {
    let texts: Vec<_> =
        reader.buffer.stack.rules.iter().filter(|rule| rule.on).map(|rule| rule.filter.text()).collect();
    texts.join(", ")
}

/// Words for the time range without lines.
fn within(read: &Read) -> &'static str {
    match read {
        Read::Tail { range: Range::Newest | Range::Oldest, .. } => "",
        Read::Tail { range: Range::Since(_) | Range::Between(..), .. } | Read::Query { .. } => " in this time range",
    }
}
