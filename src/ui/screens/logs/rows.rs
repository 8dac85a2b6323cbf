//! The rows of a log.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    logs::Level,
    model::screens::logs::{
        LogView,
        rows::{Divider, LogRow, LogStyle, Piece, Shape},
    },
    resource::Tone,
    ui::{
        text::{Pen, width},
        theme::{Scope, Theme},
    },
};

pub(super) fn draw(buf: &mut Buffer, area: Rect, reader: &LogView, theme: &Theme) {
    for (row, y) in reader.viewport.rows.iter().zip(area.y..area.bottom()) {
        let area = Rect { y, height: 1, ..area };
        match row.shape {
            Shape::Rule(rule) => draw_rule(buf, area, row, rule, true, theme),
            Shape::Under(rule) => draw_rule(buf, area, row, rule, false, theme),
            Shape::First | Shape::More => draw_text(buf, area, reader, row, theme),
        }
        if row.line.is_some() && row.line == reader.viewport.cursor {
            let area = Rect { width: area.width.saturating_sub(1), ..area };
            buf.set_style(area, theme.get(Scope::TableSelected).remove_modifier(Modifier::DIM));
        }
        if row.line.is_some_and(|line| reader.selection.contains(line, reader.viewport.cursor)) {
            Pen::new(buf, area.x, y, area.right()).put(theme.glyphs.mark, theme.get(Scope::TableMarked));
        }
    }
}

/// The sign, in the gutter, that a line or a rule stands after later ones because it came later.
fn draw_late(buf: &mut Buffer, area: Rect, row: &LogRow, first: bool, theme: &Theme) {
    if row.late && first {
        Pen::new(buf, area.x, area.y, area.right()).put(theme.glyphs.late, theme.get(Scope::LogLate));
    }
}

/// Gutter, prefix, the edge that tells the level, text; the last cell is the scrollbar's.
fn draw_text(buf: &mut Buffer, area: Rect, reader: &LogView, row: &LogRow, theme: &Theme) {
    let end = area.right().saturating_sub(1);
    draw_late(buf, area, row, row.shape == Shape::First, theme);
    let mut pen = Pen::new(buf, area.x + 1, area.y, end);
    // What is wrapped has nothing beyond its right end.
    let left =
        if row.line.is_some_and(|line| reader.display.expanded.contains(&line)) { 0 } else { reader.viewport.left };
    let mut skip = if reader.display.column_lock { 0 } else { left };
    for piece in &row.prefix {
        put(&mut pen, &piece.text, style(piece.ink, theme), &mut skip);
    }
    pen.to(area.x + 1 + row.indent.saturating_sub(if reader.display.column_lock { 0 } else { left }));
    let (edge, ground) = edge(row.level, theme);
    put(&mut pen, edge, ground, &mut skip);
    let base = if row.aside { theme.get(Scope::Faint) } else { text_style(row.level, theme) };
    if reader.display.column_lock {
        skip = left;
    }
    for piece in &row.text {
        draw_piece(&mut pen, piece, base, theme, &mut skip);
    }
}

fn draw_piece(pen: &mut Pen<'_>, piece: &Piece, base: Style, theme: &Theme, skip: &mut u16) {
    let mut style = base.patch(style(piece.ink, theme));
    if piece.hit {
        style = style.patch(theme.get(Scope::SearchMatch));
    }
    if piece.ink == LogStyle::Cut {
        put(pen, theme.glyphs.ellipsis, style, skip);
    }
    put(pen, &piece.text, style, skip);
}

/// Writes what is not scrolled off to the left; of a wide character that is cut, blanks are left.
fn put(pen: &mut Pen<'_>, text: &str, style: Style, skip: &mut u16) {
    if *skip == 0 {
        pen.put(text, style);
        return;
    }
    for (at, grapheme) in text.grapheme_indices(true) {
        let cells = width(grapheme);
        match skip.checked_sub(cells) {
            Some(left) if *skip > 0 => *skip = left,
            Some(_) => {
                pen.put(&text[at..], style);
                return;
            }
            None if *skip > 0 => {
                pen.skip(cells - *skip);
                *skip = 0;
            }
            None => {
                pen.put(&text[at..], style);
                return;
            }
        }
    }
}

/// `14:02:12.120 ── + task 77aa01bc started, revision 42 ────────`
fn draw_rule(buf: &mut Buffer, area: Rect, row: &LogRow, rule: Divider, first: bool, theme: &Theme) {
    let glyphs = theme.glyphs;
    let (scope, sign) = match rule {
        Divider::Day => (Scope::LogDay, ""),
        Divider::Edge => (Scope::LogEdge, ""),
        Divider::Gap => (Scope::LogGap, glyphs.tone(Tone::Warn)),
        Divider::Started => (Scope::LogStarted, glyphs.plus),
        Divider::Stopped { fault: false } => (Scope::LogStopped, glyphs.minus),
        Divider::Stopped { fault: true } => (Scope::LogFault, glyphs.minus),
        Divider::Note => (Scope::LogNote, glyphs.dot),
        Divider::Mark => (Scope::LogMark, glyphs.mark),
    };
    let end = area.right().saturating_sub(1);
    draw_late(buf, area, row, first, theme);
    let mut pen = Pen::new(buf, area.x + 1, area.y, end);
    for piece in &row.prefix {
        pen.put(&piece.text, style(piece.ink, theme));
    }
    let style = theme.get(scope);
    let words: String = row.text.iter().map(|piece| piece.text.as_str()).collect();
    if first {
        pen.put(&glyphs.rule.repeat(2), Style { add_modifier: Modifier::empty(), ..style }).skip(1);
        if !sign.is_empty() {
            pen.put(sign, style).skip(1);
        }
    } else {
        pen.to(area.x + 1 + row.indent + 5);
    }
    pen.fit(words.trim_end(), glyphs.ellipsis, style);
    if first {
        pen.skip(1).fill(glyphs.rule, theme.get(Scope::Border));
    }
}

/// The sign of a level between prefix and text: only what is wrong has one.
fn edge(level: Option<Level>, theme: &Theme) -> (&'static str, Style) {
    match level {
        Some(Level::Error | Level::Fatal) => (theme.glyphs.bar, theme.get(Scope::LogError)),
        Some(Level::Warn) => (theme.glyphs.thin, theme.get(Scope::LogWarn)),
        _ => (" ", Style::new()),
    }
}

/// How the text of a line of this level looks: only errors as a whole.
fn text_style(level: Option<Level>, theme: &Theme) -> Style {
    match level {
        Some(Level::Error | Level::Fatal) => theme.get(Scope::LogError),
        Some(Level::Debug | Level::Trace) => theme.get(Scope::LogDebug),
        _ => Style::new(),
    }
}

fn style(ink: LogStyle, theme: &Theme) -> Style {
    let scope = match ink {
        LogStyle::Plain => return Style::new(),
        LogStyle::Look(look) => return theme.look(look),
        LogStyle::Faint | LogStyle::Punctuation => Scope::Faint,
        LogStyle::Time => Scope::LogTime,
        LogStyle::Task(number) => Scope::task(number),
        LogStyle::Origin => Scope::LogOrigin,
        LogStyle::Level(Level::Error | Level::Fatal) => Scope::LogError,
        LogStyle::Level(Level::Warn) => Scope::LogWarn,
        LogStyle::Level(Level::Info) => Scope::LogInfo,
        LogStyle::Level(Level::Debug | Level::Trace) => Scope::LogDebug,
        LogStyle::Key => Scope::LogKey,
        LogStyle::Name => Scope::JsonKey,
        LogStyle::Text => Scope::JsonString,
        LogStyle::Number => Scope::JsonNumber,
        LogStyle::Literal => Scope::JsonLiteral,
        LogStyle::Cut => Scope::LogCut,
    };
    theme.get(scope)
}
