//! Why no line is shown, in words, and what to do.

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
    let quiet = || reader.status.quiet.iter().map(|quiet| format!("{}: {}", quiet.what, quiet.why)).collect();
    let count = reader.status.streams;
    let streams = match count {
        1 => "1 stream".into(),
        count => format!("{count} streams"),
    };
    let longer = || vec![press(actions::GO_TO_TIME, "reads another stretch of time")];
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
            let advice = vec![press(views::ESCAPE, "ends it, and goes back to the log")];
            (Tone::Busy, "CloudWatch Logs Insights is searching".to_owned(), text, advice)
        }
        Nothing::Waiting => {
            let said = "It is followed: what is written next is shown here.".to_owned();
            let body = [said].into_iter().chain(quiet()).collect();
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
                Some(_) => format!("The query waits: {}", failure.briefly()),
                None => format!("The query failed: {}", failure.briefly()),
            };
            let back = press(views::ESCAPE, "goes back to the log");
            (Tone::Bad, headline, vec![failure.message.clone()], vec![failure.advice.clone(), back])
        }
        Nothing::Failed(failure) => {
            let again = match failure.kind {
                FailureKind::Credentials => "it goes on by itself once there are credentials",
                _ => "it is tried again by itself",
            };
            // What is known of the log says more than what every call that fails so is told.
            let known: Vec<String> = quiet();
            let advice = failure.advice.clone().filter(|_| known.is_empty());
            let told = known.iter().any(|known| known.contains(&failure.message));
            let body = known.into_iter().chain((!told).then(|| failure.to_string())).collect();
            (Tone::Bad, format!("No lines yet: {}", failure.briefly()), body, vec![advice, Some(again.into())])
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
            (
                Tone::Muted,
                format!("{lines} lines were cleared from the screen; what comes is shown here"),
                vec![],
                advice,
            )
        }
    };
    NoticePanel { tone, headline, body, advice: advice.into_iter().flatten().collect() }
}

/// The filters in force.
fn texts(reader: &LogView) -> String {
    let texts: Vec<_> =
        reader.buffer.stack.rules.iter().filter(|rule| rule.on).map(|rule| rule.filter.text()).collect();
    texts.join(", ")
}

/// Where in time there is nothing.
fn within(read: &Read) -> &'static str {
    match read {
        Read::Tail { range: Range::Newest | Range::Oldest, .. } => "",
        Read::Tail { range: Range::Since(_) | Range::Between(..), .. } | Read::Query { .. } => {
            " in this stretch of time"
        }
    }
}
