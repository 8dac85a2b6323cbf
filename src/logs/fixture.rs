//! Lines for tests.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Line, Role, Source, Stream, level};

/// A line of some container.
pub(super) fn output_line(text: &str) -> Line {
    let at = Timestamp::UNIX_EPOCH;
    Line {
        source: None,
        at,
        role: Role::Output,
        level: level::detect(text),
        late: false,
        task: None,
        text: text.into(),
    }
}

/// A line of this container of the payments service, in this task.
pub(super) fn output_line_of(task: &str, container: &str, text: &str) -> Line {
    let source = Source {
        stream: Stream { region: None, group: "/ecs/payments".into(), name: format!("{container}/{task}") },
        task_arn: format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{task}").into(),
        container: container.into(),
        service: Some("payments".into()),
        revision: Some("payments:42".into()),
    };
    Line { source: Some(Arc::new(source)), ..output_line(text) }
}

/// Inserts late lines between the others, each after the last one that is not newer.
pub(super) fn insert_late(lines: &mut Vec<Line>, late: Vec<Line>) {
    for line in late {
        let before = lines.iter().rposition(|held| !held.late && held.at <= line.at);
        lines.insert(before.map_or(0, |before| before + 1), line);
    }
}
