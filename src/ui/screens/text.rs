//! The text screen, which scrolls: descriptions, raw JSON, help, messages.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{capitalised, title};
use crate::{
    model::{
        Viewer,
        layout::TEXT_MARGIN,
        screens::text::{Search, TextLine, TextRow, TextSource, TextStyle},
    },
    ui::{
        text::RowWriter,
        theme::{Scope, Theme},
        widgets::scrollbar,
    },
};

pub(crate) fn draw(buf: &mut Buffer, area: Rect, viewer: &Viewer, theme: &Theme) {
    let head = Rect { height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    title(buf, head, &[(&capitalised(&viewer.title), Scope::TitleName)], &notes(viewer, body.height), theme);

    for (row, y) in viewer.rows.iter().skip(viewer.top).zip(body.y..body.bottom()) {
        let Some(line) = viewer.lines.get(row.line) else { continue };
        let area = Rect { x: area.x + 1, y, width: area.width.saturating_sub(TEXT_MARGIN), height: 1 };
        draw_row(buf, area, viewer, line, *row, theme);
    }
    scrollbar::draw(buf, body, viewer.top, viewer.rows.len(), theme);
}

/// Notes at the end of the title: number of matches, and scroll position.
fn notes(viewer: &Viewer, page: u16) -> Vec<(String, Scope)> {
    let mut notes = Vec::new();
    if let Some(search) = &viewer.search {
        notes.push(match search.matches.len() {
            0 => (format!("no match for \"{}\"", search.text), Scope::ToneWarn),
            count => (format!("{}/{count} \"{}\"", search.current + 1, search.text), Scope::TitleFilter),
        });
    }
    if !viewer.wrap {
        notes.push(("no wrap".into(), Scope::Faint));
    }
    let (bottom, total) = (viewer.top + usize::from(page), viewer.rows.len());
    if total > usize::from(page) {
        notes.push((format!("{}%", bottom.min(total) * 100 / total), Scope::Faint));
    }
    notes
}

pub(super) fn draw_row(buf: &mut Buffer, area: Rect, viewer: &Viewer, line: &TextLine, row: TextRow, theme: &Theme) {
    let mut writer = RowWriter::new(buf, area.x + row.indent, area.y, area.right());
    let mut skip = usize::from(viewer.left);
    let mut start = 0;
    for (text, ink) in &line.spans {
        let style = ink_style(*ink, &viewer.source, theme);
        let span = start..start + text.len();
        start = span.end;
        for (part, matched) in pieces(viewer.search.as_ref(), row.line, &clip(&span, row.start, row.end)) {
            if let TextStyle::Sign(tone) = ink {
                put(&mut writer, theme.glyphs.check(*tone), style, &mut skip);
                continue;
            }
            if let TextStyle::Bar(_) = ink {
                let cells = text.get(part.start - span.start..part.end - span.start).unwrap_or_default();
                let cells: String = cells.chars().map(|cell| theme.glyphs.share(cell)).collect();
                put(&mut writer, &cells, style, &mut skip);
                continue;
            }
            let Some(text) = text.get(part.start - span.start..part.end - span.start) else { continue };
            let style = matched.map_or(style, |scope| style.patch(theme.get(scope)));
            put(&mut writer, text, style, &mut skip);
        }
    }
}

/// Writes the part that is not scrolled off to the left; `skip` is in cells.
fn put(writer: &mut RowWriter<'_>, text: &str, style: Style, skip: &mut usize) {
    let visible = text.char_indices().find(|(_, c)| {
        let hidden = *skip > 0;
        *skip = skip.saturating_sub(unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0));
        !hidden
    });
    if let Some((at, _)) = visible {
        writer.put(&text[at..], style);
    }
}

pub(in crate::ui) fn clip(span: &Range<usize>, start: usize, end: usize) -> Range<usize> {
    let start = span.start.max(start);
    start..span.end.min(end).max(start)
}

/// Splits a byte range of a line where search matches begin and end.
fn pieces(search: Option<&Search>, line: usize, range: &Range<usize>) -> Vec<(Range<usize>, Option<Scope>)> {
    let mut pieces = Vec::new();
    let mut at = range.start;
    let matches = search.map(|search| &search.matches[..]).unwrap_or_default();
    let first = matches.partition_point(|found| found.line < line);
    for (index, found) in matches.iter().enumerate().skip(first).take_while(|(_, found)| found.line == line) {
        let matched = clip(&found.range, at, range.end);
        if matched.is_empty() {
            continue;
        }
        let current = search.is_some_and(|search| search.current == index);
        pieces.push((at..matched.start, None));
        pieces.push((matched.clone(), Some(if current { Scope::SearchCurrent } else { Scope::SearchMatch })));
        at = matched.end;
    }
    pieces.push((at..range.end.max(at), None));
    pieces.retain(|(range, _)| !range.is_empty());
    pieces
}

pub(in crate::ui) fn ink_style(ink: TextStyle, source: &TextSource, theme: &Theme) -> Style {
    let scope = match ink {
        TextStyle::Tone(tone) | TextStyle::Sign(tone) | TextStyle::Bar(tone) => return theme.tone(tone),
        TextStyle::Title => Scope::SectionTitle,
        TextStyle::Label if matches!(source, TextSource::Raw(..)) => Scope::JsonKey,
        TextStyle::Label => Scope::Label,
        TextStyle::Text => Scope::JsonString,
        TextStyle::Number => Scope::JsonNumber,
        TextStyle::Literal => Scope::JsonLiteral,
        TextStyle::Punctuation => Scope::JsonPunctuation,
        TextStyle::Masked => Scope::Masked,
        TextStyle::Key => Scope::HintKey,
    };
    theme.get(scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::screens::text::TextMatch, resource::Tone};

    #[test]
    fn matches_cut_a_span_and_the_current_one_stands_out() {
        let matches =
            [(0, 0..9), (3, 2..4), (3, 6..12), (4, 0..1)].map(|(line, range)| TextMatch { line, range }).into();
        let search = Search { text: "x".into(), matches, current: 1 };
        let found = |range| pieces(Some(&search), 3, &range);
        assert_eq!(
            found(0..10),
            [(0..2, None), (2..4, Some(Scope::SearchCurrent)), (4..6, None), (6..10, Some(Scope::SearchMatch)),]
        );
        assert_eq!(found(3..4), [(3..4, Some(Scope::SearchCurrent))]);
        assert_eq!(found(4..6), [(4..6, None)]);
        assert_eq!(pieces(None, 3, &(1..2)), [(1..2, None)]);
    }

    #[rstest::rstest]
    #[case(false, "  ✓ passed\n  ✖ failed\n  ○ unknown")]
    #[case(true, "  o passed\n  X failed\n  ? unknown")]
    fn a_check_has_a_sign_in_unicode_and_in_ascii(#[case] ascii: bool, #[case] drawn: &str) {
        let mut viewer = Viewer::new("", TextSource::Help);
        let check = |tone, question| crate::resource::document::DocumentLine::Check {
            outcome: tone,
            question,
            answer: vec![(String::new(), Tone::Muted)],
        };
        let mut document = crate::resource::Document::default();
        let lines = [(Tone::Good, "passed"), (Tone::Bad, "failed"), (Tone::Wait, "unknown")];
        document.section("").lines.extend(lines.map(|(tone, question)| check(tone, question)));
        viewer.set_lines(crate::model::screens::text::prose_lines(&document));
        viewer.fit(40);
        let area = Rect::new(0, 0, 40, 4);
        let mut buf = Buffer::empty(area);
        draw(&mut buf, area, &viewer, &Theme::default().ascii(ascii));
        let row = |y| (1..40).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        assert_eq!([row(1), row(2), row(3)].join("\n"), drawn);
    }
}
