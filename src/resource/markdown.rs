//! Documents as Markdown, for tickets and chats.

use super::{
    document::{Document, Line, Section, Span},
    export::tame,
};

/// The document, with headings of this rank for its sections and an item a line.
pub fn document(document: &Document, rank: usize) -> String {
    let sections = document.sections.iter().filter(|section| !section.lines.is_empty());
    sections.map(|section| self::section(section, rank)).collect::<Vec<_>>().join("\n")
}

fn section(section: &Section, rank: usize) -> String {
    let mut text = heading(&section.title, rank);
    for line in &section.lines {
        text.push_str(&match line {
            // A value that goes on.
            Line::Field { label: "", value } => item(1, &joined(value)),
            Line::Field { label, value } => format!("- **{label}**: {}\n", escaped(&joined(value))),
            Line::Text { depth, spans } => item(usize::from(*depth), &joined(spans)),
        });
    }
    text
}

/// A heading; nothing where there is no title.
pub fn heading(title: &str, rank: usize) -> String {
    if title.is_empty() { String::new() } else { format!("{} {}\n\n", "#".repeat(rank), escaped(title)) }
}

/// An item of a list.
pub fn item(depth: usize, text: &str) -> String {
    format!("{}- {}\n", "  ".repeat(depth), escaped(text))
}

/// Lines to be read as they are.
pub fn verbatim<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(tame).collect();
    // The fence has to be longer than any in the text.
    let ticks = |line: &String| line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(lines.iter().map(ticks).max().unwrap_or(0).max(2) + 1);
    format!("{fence}text\n{}{fence}\n", lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// A table with a head.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: [String; N]| format!("| {} |\n", cells.map(|cell| escaped(&cell)).join(" | "));
    let rule = format!("|{}\n", "---|".repeat(N));
    line(head.map(str::to_owned)) + &rule + &rows.into_iter().map(line).collect::<String>()
}

fn joined(spans: &[Span]) -> String {
    spans.iter().map(|(text, _)| text.as_str()).collect()
}

/// `text` on one line, in which nothing means anything to Markdown.
fn escaped(text: &str) -> String {
    let text = tame(text);
    let mut escaped = String::with_capacity(text.len());
    let (mut before, mut rest) = (' ', text.chars().peekable());
    while let Some(c) = rest.next() {
        // Within a word an underscore means nothing.
        let inside = before.is_alphanumeric() && rest.peek().is_some_and(|c| c.is_alphanumeric());
        let begins = escaped.is_empty() && matches!(c, '#' | '-' | '+' | '>');
        if begins || matches!(c, '\\' | '`' | '*' | '<' | '|' | '[') || (c == '_' && !inside) {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::resource::Tone;

    #[test]
    fn sections_are_headings_over_lists() {
        let mut text = Document::default();
        text.section("Nothing");
        text.section("Why").field("Next", "first").field("", "second").text(1, "exit 1\nand gone", Tone::Bad);
        text.section("Then").text(0, "more", Tone::Plain);
        assert_eq!(
            document(&text, 2),
            "## Why\n\n- **Next**: first\n  - second\n  - exit 1 and gone\n\n## Then\n\n- more\n"
        );
    }

    #[rstest]
    #[case("a_b __init__ *x*", r"a_b \_\_init\_\_ \*x\*")]
    #[case("<script> `ls` | [x](y)", r"\<script> \`ls\` \| \[x](y)")]
    #[case("# no title", r"\# no title")]
    #[case("\u{1b}[31mred", "\\[31mred")]
    fn text_means_itself(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(escaped(text), shown);
    }

    #[test]
    fn a_fence_is_longer_than_those_within() {
        assert_eq!(verbatim(["a", "```", "b\tc"]), "````text\na\n```\nb c\n````\n");
    }

    #[test]
    fn a_table_has_a_rule_under_its_head() {
        assert_eq!(table(["a", "b"], [["1".into(), "x|y".into()]]), "| a | b |\n|---|---|\n| 1 | x\\|y |\n");
    }
}
