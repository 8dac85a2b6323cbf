//! Documents as Markdown, for tickets and chats.

use super::document::{Document, DocumentLine, Section, Span};
use crate::visible::one_line;

/// The document, with headings of this rank for its sections and an item a line; what is to be read as it is, in a fence.
pub fn document(document: &Document, rank: usize) -> String {
    let sections = document.sections.iter().filter(|section| !section.lines.is_empty());
    sections.map(|section| self::section(section, rank)).collect::<Vec<_>>().join("\n")
}

fn section(section: &Section, rank: usize) -> String {
    let mut text = heading(&section.title, rank);
    if section.verbatim {
        let lines: Vec<String> = section.lines.iter().map(content).collect();
        return text + &verbatim(lines.iter().flat_map(|line| line.split('\n')));
    }
    for line in &section.lines {
        text.push_str(&match line {
            // A value that goes on.
            DocumentLine::Field { label: "", value } => item(1, &joined(value)),
            DocumentLine::Field { label: label @ "Command", value } => {
                format!("- **{label}**:\n\n{}\n", verbatim([joined(value).as_str()]))
            }
            DocumentLine::Field { label, value } => format!("- **{label}**: {}\n", escaped(&joined(value))),
            DocumentLine::Text { depth, spans } => item(usize::from(*depth), &joined(spans)),
            DocumentLine::Check { outcome, question, answer } => {
                item(0, &format!("{} {question} {}", DocumentLine::sign(*outcome), joined(answer)))
            }
        });
    }
    text
}

/// A heading; nothing where there is no title.
pub fn heading(title: &str, rank: usize) -> String {
    if title.is_empty() { String::new() } else { format!("{} {}\n\n", "#".repeat(rank), escaped(title)) }
}

/// An item of a list; a numbered one where the text begins with its number.
pub fn item(depth: usize, text: &str) -> String {
    let indent = "  ".repeat(depth);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.split_at(digits) {
        (number, rest) if digits > 0 && rest.starts_with(". ") => {
            format!("{indent}{number}. {}\n", escaped(&rest[2..]))
        }
        _ => format!("{indent}- {}\n", escaped(text)),
    }
}

/// Lines to be read as they are.
pub fn verbatim<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| one_line(line).into_owned()).collect();
    // The fence has to be longer than any in the text.
    let ticks = |line: &String| line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(lines.iter().map(ticks).max().unwrap_or(0).max(2) + 1);
    format!("{fence}text\n{}{fence}\n", lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// A table with a head.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line =
        |cells: [String; N]| format!("| {} |\n", cells.map(|cell| escaped(&cell).replace('|', "\\|")).join(" | "));
    let rule = format!("|{}\n", "---|".repeat(N));
    line(head.map(str::to_owned)) + &rule + &rows.into_iter().map(line).collect::<String>()
}

fn content(line: &DocumentLine) -> String {
    match line {
        DocumentLine::Field { value: spans, .. }
        | DocumentLine::Text { spans, .. }
        | DocumentLine::Check { answer: spans, .. } => joined(spans),
    }
}

fn joined(spans: &[Span]) -> String {
    spans.iter().map(|(text, _)| text.as_str()).collect()
}

/// `text` on one line, in which nothing means anything to Markdown. What means nothing where it stands is left as it is, for
/// those who read the text raw.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let links = text.contains("](") || text.starts_with('[');
    // Pairs of backticks are code, as our own sentences have it.
    let paired = text.matches('`').count().is_multiple_of(2);
    let mut code = false;
    let mut escaped = String::with_capacity(text.len());
    let (mut before, mut rest) = (' ', text.chars().peekable());
    while let Some(c) = rest.next() {
        code ^= c == '`' && paired;
        let after = rest.peek().copied().unwrap_or(' ');
        let acts = match c {
            _ if code => false,
            '\\' => after.is_ascii_punctuation(),
            '`' => !paired,
            '*' => before != ' ' || after != ' ',
            // Within a word an underscore means nothing.
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            '<' => after.is_ascii_alphabetic() || "/!?".contains(after),
            '[' => links,
            '#' | '-' | '+' => escaped.is_empty() && (after == ' ' || after == c),
            '>' => escaped.is_empty(),
            _ => false,
        };
        if acts {
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

    #[test]
    fn commands_are_in_fences_and_numbers_stand_once() {
        let mut text = Document::default();
        text.section("Next").text(0, "1. Raise it", Tone::Plain).text(0, "2. Look", Tone::Plain);
        let command = "aws ecs x --query 'a.[b,c[].d]'";
        text.section("Command").verbatim().text(0, command, Tone::Plain);
        assert_eq!(
            document(&text, 2),
            format!("## Next\n\n1. Raise it\n2. Look\n\n## Command\n\n```text\n{command}\n```\n")
        );
    }

    #[rstest]
    #[case("a_b __init__ *x*", r"a_b \_\_init\_\_ \*x\*")]
    #[case("<script> `ls` | [x](y)", r"\<script> `ls` | \[x](y)")]
    #[case("`a_b_ *c*` and *d*", r"`a_b_ *c*` and \*d\*")]
    #[case("one ` alone", r"one \` alone")]
    #[case("# no title", r"\# no title")]
    #[case(
        "containers[app].exitCode: 2 * 3 < 7, [nio-8080-exec-8] -1",
        "containers[app].exitCode: 2 * 3 < 7, [nio-8080-exec-8] -1"
    )]
    #[case("[ ] no box", r"\[ ] no box")]
    #[case(r"C:\temp \*", r"C:\temp \\\*")]
    #[case("\u{1b}[31mred", "␛[31mred")]
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
