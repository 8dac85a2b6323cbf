//! Verdicts as documents: short in the pane below a table, in full in a description.

use super::{Document, Tone, format::one_line};
use crate::knowledge::{Certainty, Class, Verdict};

/// Usual number of lines of a short verdict.
pub const LINES: u16 = 9;

/// Number of lines that leaves nothing out.
pub const IN_FULL: u16 = u16::MAX;

/// Greatest number of characters of a quoted field in a short verdict.
const QUOTED: usize = 200;

/// Shows cause, evidence, next steps and the command for them, in about `lines` lines.
pub fn verdict(verdict: &Verdict, lines: u16) -> Document {
    let (evidence, next) = match lines {
        ..6 => (0, 1),
        6..20 => (2, 2),
        _ => (usize::MAX, usize::MAX),
    };
    let title = match (verdict.certainty, verdict.short) {
        (Certainty::Unknown, _) | (_, "") => "no rule knows why",
        (_, short) => short,
    };
    let likely = if verdict.certainty == Certainty::Likely { " (likely)" } else { "" };
    let mut document = Document::default();
    let section = document.section(format!("{title}{likely}"));
    section.toned("Cause", one_line(&verdict.cause), tone(verdict.class));
    for (index, quote) in verdict.evidence.iter().take(evidence).enumerate() {
        let label = if index == 0 { "Evidence" } else { "" };
        let text = one_line(&quote.text);
        let text = if lines == IN_FULL { text } else { cut(&text) };
        section.toned(label, format!("{}: {text}", quote.field), Tone::Muted);
    }
    for (index, next) in verdict.next.iter().take(next).enumerate() {
        section.field(if index == 0 { "Next" } else { "" }, next);
    }
    section.field("Command", verdict.command.as_deref().unwrap_or_default());
    let page = verdict.page.as_deref().filter(|_| lines == IN_FULL);
    section.toned("Page", page.unwrap_or_default(), Tone::Muted);
    document
}

/// Shows a verdict about the row called `subject`, for the pane below its table.
pub fn titled_verdict(subject: &str, verdict: &Verdict, lines: u16) -> Document {
    let mut document = self::verdict(verdict, lines);
    for section in &mut document.sections {
        section.title = format!("{subject}: {}", section.title);
    }
    document
}

/// Tone of a class.
pub fn tone(class: Class) -> Tone {
    match class {
        Class::Recovery => Tone::Good,
        Class::Normal => Tone::Plain,
        Class::Warning => Tone::Warn,
        Class::Failure | Class::Critical => Tone::Bad,
    }
}

/// Cuts a long text off.
fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{knowledge::Quote, resource::document::DocumentLine};

    fn lines(document: &Document) -> Vec<(&'static str, String)> {
        let line = |line: &DocumentLine| match line {
            DocumentLine::Field { label, value } => (*label, value.iter().map(|(text, _)| text.as_str()).collect()),
            DocumentLine::Text { spans, .. }
            | DocumentLine::Bar { text: spans, .. }
            | DocumentLine::Check { answer: spans, .. } => ("", spans.iter().map(|(text, _)| text.as_str()).collect()),
        };
        document.sections.iter().flat_map(|section| &section.lines).map(line).collect()
    }

    fn oom() -> Verdict {
        Verdict {
            rule: Some("STOP-OOM"),
            short: "out of memory",
            class: Class::Failure,
            cause: "The kernel killed it\nat its memory limit.".into(),
            certainty: Certainty::Certain,
            evidence: vec![
                Quote { field: "containers[app].exitCode".into(), text: "137".into() },
                Quote { field: "containers[app].reason".into(), text: "x".repeat(1000) },
            ],
            container: Some("app".into()),
            exit_code: Some(137),
            next: vec!["Raise the limit.".into(), "Look at the heap.".into()],
            command: None,
            page: None,
        }
    }

    #[test]
    fn cause_evidence_and_next_are_one_section_of_short_lines() {
        let document = verdict(&oom(), 30);
        assert_eq!(document.sections.len(), 1);
        assert_eq!(document.sections[0].title, "out of memory");
        let lines = lines(&document);
        let labels: Vec<_> = lines.iter().map(|(label, _)| *label).collect();
        assert_eq!(labels, ["Cause", "Evidence", "", "Next", ""]);
        assert_eq!(lines[0].1, "The kernel killed it at its memory limit.");
        assert!(lines[2].1.chars().count() < 240 && lines[2].1.ends_with('…'), "{}", lines[2].1);
    }

    #[test]
    fn a_full_verdict_leaves_nothing_out() {
        let page = Some("https://example.com/page".to_owned());
        let document = verdict(&Verdict { page, ..oom() }, IN_FULL);
        let lines = lines(&document);
        assert!(lines[2].1.ends_with(&"x".repeat(1000)), "{}", lines[2].1);
        assert_eq!(lines.last().unwrap(), &("Page", "https://example.com/page".to_owned()));
    }

    #[test]
    fn fewer_lines_show_less_evidence() {
        let many = || (0..5).map(|n| Quote { field: format!("f{n}"), text: "x".into() }).collect();
        let long = Verdict { evidence: many(), next: vec!["Look.".into(); 5], command: Some("aws".into()), ..oom() };
        assert_eq!(lines(&verdict(&long, 4)).len(), 1 + 1 + 1);
        assert_eq!(lines(&verdict(&long, 9)).len(), 1 + 2 + 2 + 1);
        assert_eq!(lines(&verdict(&long, 40)).len(), 1 + 5 + 5 + 1);
    }

    #[test]
    fn an_uncertain_verdict_says_so_in_its_title() {
        let likely = verdict(&Verdict { certainty: Certainty::Likely, ..oom() }, 9);
        assert_eq!(likely.sections[0].title, "out of memory (likely)");
        let unknown = verdict(&Verdict { rule: None, short: "", certainty: Certainty::Unknown, ..oom() }, 9);
        assert_eq!(unknown.sections[0].title, "no rule knows why");
    }
}
