//! Documents as Markdown, for tickets and chats.

use super::document::{Document, DocumentLine, Section, Span};
use crate::visible::one_line;

/// Formats a document: each section as a heading of this rank and a list, verbatim sections as a fenced block.
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
            // A value continued from the line before.
            DocumentLine::Field { label: "", value } => item(1, &joined(value)),
            DocumentLine::Field { label: label @ "Command", value } => {
                format!("- **{label}**:\n\n{}\n", verbatim([joined(value).as_str()]))
            }
            DocumentLine::Field { label, value } => format!("- **{label}**: {}\n", escaped(&joined(value))),
            DocumentLine::Bar { label, text, .. } => format!("- **{label}**: {}\n", escaped(&joined(text))),
            DocumentLine::Text { depth, spans } => item(usize::from(*depth), &joined(spans)),
            DocumentLine::Check { outcome, question, answer } => {
                item(0, &format!("{} {question} {}", DocumentLine::sign(*outcome), joined(answer)))
            }
        });
    }
    text
}

/// Formats a heading; empty when there is no title.
pub fn heading(title: &str, rank: usize) -> String {
    if title.is_empty() { String::new() } else { format!("{} {}\n\n", "#".repeat(rank), escaped(title)) }
}

/// Formats a list item; a numbered one when the text starts with a number.
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

/// Formats lines as a fenced block.
pub fn verbatim<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(|line| one_line(line).into_owned()).collect();
    // The fence must be longer than any in the text.
    let ticks = |line: &String| line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(lines.iter().map(ticks).max().unwrap_or(0).max(2) + 1);
    format!("{fence}text\n{}{fence}\n", lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Formats a table with a header.
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
        | DocumentLine::Bar { text: spans, .. }
        | DocumentLine::Check { answer: spans, .. } => joined(spans),
    }
}

fn joined(spans: &[Span]) -> String {
    spans.iter().map(|(text, _)| text.as_str()).collect()
}

/// Escapes Markdown in `text` and puts it on one line. Characters without a meaning in their place stay unescaped, so that the
/// raw text is easy to read.
fn escaped(text: &str) -> String {
    let text = one_line(text);
    let links = text.contains("](") || text.starts_with('[');
    // Pairs of backticks are code: our own messages use them.
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
            // Within a word an underscore has no meaning.
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
    fn commands_are_fenced_and_list_numbers_are_not_repeated() {
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
    fn text_is_escaped_where_markdown_would_interpret_it(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(escaped(text), shown);
    }

    #[test]
    fn a_fence_is_longer_than_fences_in_the_text() {
        assert_eq!(verbatim(["a", "```", "b\tc"]), "````text\na\n```\nb c\n````\n");
    }

    #[test]
    fn a_table_has_a_line_under_its_header() {
        assert_eq!(table(["a", "b"], [["1".into(), "x|y".into()]]), "| a | b |\n|---|---|\n| 1 | x\\|y |\n");
    }
}
