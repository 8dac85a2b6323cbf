//! Rows of the log screen.

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
        text::{RowWriter, width},
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
            RowWriter::new(buf, area.x, y, area.right()).put(theme.glyphs.mark, theme.get(Scope::TableMarked));
        }
    }
}

/// Draws the sign in the gutter of a line or divider that arrived late, after lines with later timestamps.
fn draw_late(buf: &mut Buffer, area: Rect, row: &LogRow, first: bool, theme: &Theme) {
    if row.late && first {
        RowWriter::new(buf, area.x, area.y, area.right()).put(theme.glyphs.late, theme.get(Scope::LogLate));
    }
}

/// Draws gutter, prefix, level sign and text. The last cell is left to the scrollbar.
fn draw_text(buf: &mut Buffer, area: Rect, reader: &LogView, row: &LogRow, theme: &Theme) {
    let end = area.right().saturating_sub(1);
    draw_late(buf, area, row, row.shape == Shape::First, theme);
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, end);
    // A wrapped line does not scroll sideways.
    let left =
        if row.line.is_some_and(|line| reader.display.expanded.contains(&line)) { 0 } else { reader.viewport.left };
    let mut skip = if reader.display.column_lock { 0 } else { left };
    for piece in &row.prefix {
        put(&mut writer, &piece.text, style(piece.ink, theme), &mut skip);
    }
    writer.to(area.x + 1 + row.indent.saturating_sub(if reader.display.column_lock { 0 } else { left }));
    let (edge, ground) = edge(row.level, theme);
    put(&mut writer, edge, ground, &mut skip);
    let base = if row.aside { theme.get(Scope::Faint) } else { text_style(row.level, theme) };
    if reader.display.column_lock {
        skip = left;
    }
    for piece in &row.text {
        draw_piece(&mut writer, piece, base, theme, &mut skip);
    }
}

fn draw_piece(writer: &mut RowWriter<'_>, piece: &Piece, base: Style, theme: &Theme, skip: &mut u16) {
    let mut style = base.patch(style(piece.ink, theme));
    if piece.hit {
        style = style.patch(theme.get(Scope::SearchMatch));
    }
    if piece.ink == LogStyle::Cut {
        put(writer, theme.glyphs.ellipsis, style, skip);
    }
    put(writer, &piece.text, style, skip);
}

/// Writes the part that is not scrolled off to the left. A wide character that is cut leaves blanks.
fn put(writer: &mut RowWriter<'_>, text: &str, style: Style, skip: &mut u16) {
    if *skip == 0 {
        writer.put(text, style);
        return;
    }
    for (at, grapheme) in text.grapheme_indices(true) {
        let cells = width(grapheme);
        match skip.checked_sub(cells) {
            Some(left) if *skip > 0 => *skip = left,
            Some(_) => {
                writer.put(&text[at..], style);
                return;
            }
            None if *skip > 0 => {
                writer.skip(cells - *skip);
                *skip = 0;
            }
            None => {
                writer.put(&text[at..], style);
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
    let mut writer = RowWriter::new(buf, area.x + 1, area.y, end);
    for piece in &row.prefix {
        writer.put(&piece.text, style(piece.ink, theme));
    }
    let style = theme.get(scope);
    let words: String = row.text.iter().map(|piece| piece.text.as_str()).collect();
    if first {
        writer.put(&glyphs.rule.repeat(2), Style { add_modifier: Modifier::empty(), ..style }).skip(1);
        if !sign.is_empty() {
            writer.put(sign, style).skip(1);
        }
    } else {
        writer.to(area.x + 1 + row.indent + 5);
    }
    writer.fit(words.trim_end(), glyphs.ellipsis, style);
    if first {
        writer.skip(1).fill(glyphs.rule, theme.get(Scope::Border));
    }
}

/// Sign of a level, between prefix and text. Only warnings and worse have one.
fn edge(level: Option<Level>, theme: &Theme) -> (&'static str, Style) {
    match level {
        Some(Level::Error | Level::Fatal) => (theme.glyphs.bar, theme.get(Scope::LogError)),
        Some(Level::Warn) => (theme.glyphs.thin, theme.get(Scope::LogWarn)),
        _ => (" ", Style::new()),
    }
}

/// Style of the text of a line with this level. Only errors are styled as a whole.
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
