//! A screen as text for snapshots: content and styles.

use std::fmt::Write;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

/// Text of the buffer, then the styles of each row that differ from the most common one: column, cells, style.
pub fn styled(buf: &Buffer) -> String {
    let width = usize::from(buf.area.width).max(1);
    let base = base(buf);
    let mut out = plain(buf);
    let _ = writeln!(out, "\nbase: {base}");
    for (y, row) in buf.content.chunks(width).enumerate() {
        let mut runs: Vec<(usize, usize, String)> = Vec::new();
        for (x, cell) in row.iter().enumerate() {
            let style = describe(cell);
            match runs.last_mut() {
                Some((_, end, last)) if *last == style => *end = x + 1,
                _ => runs.push((x, x + 1, style)),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .filter(|(_, _, style)| *style != base)
            .map(|(start, end, style)| format!("{start}+{} {style}", end - start))
            .collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "{y:>2}: {}", runs.join(" | "));
        }
    }
    out
}

/// Text of the buffer, without blanks at the ends of rows.
pub fn plain(buf: &Buffer) -> String {
    let width = usize::from(buf.area.width).max(1);
    let mut out = String::new();
    for row in buf.content.chunks(width) {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            // The cell after a wide character is empty.
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol());
            }
            skip = skip.saturating_sub(1);
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn base(buf: &Buffer) -> String {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for cell in &buf.content {
        *counts.entry(describe(cell)).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(style, _)| style).unwrap_or_default()
}

fn describe(cell: &Cell) -> String {
    let color = |color: Color| match color {
        Color::Reset => "default".to_owned(),
        color => color.to_string().to_lowercase(),
    };
    let mut words = vec![color(cell.fg)];
    if cell.bg != Color::Reset {
        words.extend(["on".to_owned(), color(cell.bg)]);
    }
    for (modifier, name) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underline"),
        (Modifier::REVERSED, "reverse"),
        (Modifier::CROSSED_OUT, "strike"),
    ] {
        if cell.modifier.contains(modifier) {
            words.push(name.to_owned());
        }
    }
    words.join(" ")
}
