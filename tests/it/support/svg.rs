//! A screen as SVG. The same buffer gives the same bytes on any machine.

use std::fmt::Write;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr;

/// Sizes of a cell and of the window frame, in pixels.
const CELL: (usize, usize) = (9, 20);
const PAD: usize = 10;
const BAR: usize = 32;

/// Colours of a terminal.
pub struct Terminal {
    foreground: &'static str,
    background: &'static str,
    bar: &'static str,
    ansi: [&'static str; 16],
}

pub const DARK: Terminal = Terminal {
    foreground: "#d4d8df",
    background: "#14171d",
    bar: "#20252e",
    ansi: [
        "#20252e", "#e5636b", "#7cc47f", "#dfb45f", "#6ea3f2", "#c08ce6", "#5dbfc9", "#c3c9d3", //
        "#7b8494", "#ff858c", "#98dd9a", "#f6cf80", "#93bfff", "#d8acf7", "#80dbe4", "#ffffff",
    ],
};

pub const LIGHT: Terminal = Terminal {
    foreground: "#2b2e34",
    background: "#fdfdfb",
    bar: "#e7e7e3",
    ansi: [
        "#2b2e34", "#c22f39", "#2f7d3b", "#94650a", "#2561b8", "#8340b3", "#0f7482", "#c9ccd1", //
        "#6c7079", "#d9454f", "#3d9149", "#ab7a1d", "#3b78d0", "#9a58ca", "#218a98", "#ffffff",
    ],
};

/// Style of a run of cells.
#[derive(Clone, PartialEq)]
struct Look {
    foreground: String,
    background: String,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    strike: bool,
}

impl Terminal {
    fn hex(&self, color: Color, own: &str) -> String {
        let ansi = |index: usize| self.ansi[index].to_owned();
        match color {
            Color::Reset => own.to_owned(),
            Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
            Color::Indexed(index @ 0..=15) => ansi(index.into()),
            Color::Indexed(index @ 16..=231) => {
                let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
                let n = index - 16;
                format!("#{:02x}{:02x}{:02x}", step(n / 36), step(n / 6 % 6), step(n % 6))
            }
            Color::Indexed(index) => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (index - 232)),
            Color::Black => ansi(0),
            Color::Red => ansi(1),
            Color::Green => ansi(2),
            Color::Yellow => ansi(3),
            Color::Blue => ansi(4),
            Color::Magenta => ansi(5),
            Color::Cyan => ansi(6),
            Color::Gray => ansi(7),
            Color::DarkGray => ansi(8),
            Color::LightRed => ansi(9),
            Color::LightGreen => ansi(10),
            Color::LightYellow => ansi(11),
            Color::LightBlue => ansi(12),
            Color::LightMagenta => ansi(13),
            Color::LightCyan => ansi(14),
            Color::White => ansi(15),
        }
    }

    fn look(&self, cell: &Cell) -> Look {
        let has = |modifier| cell.modifier.contains(modifier);
        let (mut foreground, mut background) = (self.hex(cell.fg, self.foreground), self.hex(cell.bg, self.background));
        if has(Modifier::REVERSED) {
            std::mem::swap(&mut foreground, &mut background);
        }
        Look {
            foreground,
            background,
            bold: has(Modifier::BOLD),
            dim: has(Modifier::DIM),
            italic: has(Modifier::ITALIC),
            underline: has(Modifier::UNDERLINED),
            strike: has(Modifier::CROSSED_OUT),
        }
    }
}

/// Draws the buffer in a window with this title.
pub fn svg(buf: &Buffer, title: &str, terminal: &Terminal) -> String {
    let (columns, rows) = (usize::from(buf.area.width), usize::from(buf.area.height));
    let (width, height) = (columns * CELL.0 + 2 * PAD, rows * CELL.1 + BAR + PAD);
    // The background of the screen extends to the window's edge.
    let ground =
        buf.content.last().map_or(terminal.background.to_owned(), |cell| terminal.hex(cell.bg, terminal.background));
    let mut out = String::new();
    let _ = writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="15" style="font-variant-ligatures:none">
<rect width="{width}" height="{height}" rx="9" fill="{ground}"/>
<path d="M0 {BAR}V9a9 9 0 0 1 9-9H{inner}a9 9 0 0 1 9 9V{BAR}z" fill="{bar}"/>
<circle cx="20" cy="16" r="6" fill="#ec6a5e"/><circle cx="40" cy="16" r="6" fill="#f4bf4f"/><circle cx="60" cy="16" r="6" fill="#61c554"/>
<text x="{middle}" y="21" font-size="13" text-anchor="middle" fill="{foreground}" opacity="0.7">{title}</text>"##,
        inner = width - 9,
        middle = width / 2,
        bar = terminal.bar,
        foreground = terminal.foreground,
        title = escape(title),
    );
    for row in 0..rows {
        let cells = &buf.content[row * columns..(row + 1) * columns];
        let y = BAR + row * CELL.1;
        for (start, end, background) in runs(cells, |cell| terminal.look(cell).background) {
            if background != ground {
                let (x, width) = (PAD + start * CELL.0, (end - start) * CELL.0);
                let _ =
                    writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{}" fill="{background}"/>"#, CELL.1);
            }
        }
        for (start, end, look) in runs(cells, |cell| terminal.look(cell)) {
            write_run(&mut out, &cells[start..end], start, y, &look);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Maximal runs of cells with equal `key`.
fn runs<K: PartialEq>(cells: &[Cell], key: impl Fn(&Cell) -> K) -> Vec<(usize, usize, K)> {
    let mut runs: Vec<(usize, usize, K)> = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        let key = key(cell);
        match runs.last_mut() {
            Some(last) if last.2 == key => last.1 = at + 1,
            _ => runs.push((at, at + 1, key)),
        }
    }
    runs
}

/// Writes each ASCII word as one text fitted to its cells, and any other glyph by itself.
fn write_run(out: &mut String, cells: &[Cell], start: usize, y: usize, look: &Look) {
    let mut at = 0;
    while at < cells.len() {
        let symbol = cells[at].symbol();
        let x = PAD + (start + at) * CELL.0;
        if let Some(eighths) = block(symbol) {
            let height = CELL.1 * eighths / 8;
            let (y, width, fill) = (y + CELL.1 - height, CELL.0, &look.foreground);
            let _ = writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"/>"#);
            at += 1;
        } else if symbol == "─" {
            let end = at + cells[at..].iter().take_while(|cell| cell.symbol() == "─").count();
            let (y, width, fill) = (y + CELL.1 / 2, (end - at) * CELL.0, &look.foreground);
            let opacity = if look.dim { r#" opacity="0.6""# } else { "" };
            let _ = writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="1" fill="{fill}"{opacity}/>"#);
            at = end;
        } else if symbol.is_ascii() {
            let end = at + cells[at..].iter().take_while(|cell| cell.symbol().is_ascii()).count();
            let text: String = cells[at..end].iter().map(Cell::symbol).collect();
            if look.underline {
                write_text(out, &text, start + at, y, look);
            } else {
                for (offset, words) in phrases(&text) {
                    write_text(out, words, start + at + offset, y, look);
                }
            }
            at = end;
        } else {
            write_text(out, symbol, start + at, y, look);
            at += symbol.width().max(1);
        }
    }
}

/// Parts between runs of two or more blanks, with their positions, because renderers collapse blanks.
fn phrases(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split("  ")
        .map(move |part| {
            let words = part.trim_start();
            (words.as_ptr() as usize - text.as_ptr() as usize, words.trim_end())
        })
        .filter(|(_, words)| !words.is_empty())
}

fn write_text(out: &mut String, text: &str, column: usize, y: usize, look: &Look) {
    let (x, baseline, length) = (PAD + column * CELL.0, y + 15, text.width() * CELL.0);
    let mut attributes = String::new();
    for (on, attribute) in [
        (look.bold, r#" font-weight="bold""#),
        (look.dim, r#" opacity="0.6""#),
        (look.italic, r#" font-style="italic""#),
        (look.underline, r#" text-decoration="underline""#),
        (look.strike, r#" text-decoration="line-through""#),
    ] {
        attributes.push_str(if on { attribute } else { "" });
    }
    let (fill, text) = (&look.foreground, escape(text));
    let _ = writeln!(
        out,
        r#"<text x="{x}" y="{baseline}" textLength="{length}" lengthAdjust="spacingAndGlyphs" fill="{fill}"{attributes}>{text}</text>"#
    );
}

/// Height of a lower block element, in eighths of a cell.
fn block(symbol: &str) -> Option<usize> {
    let c = symbol.chars().next()?;
    ('\u{2581}'..='\u{2588}').contains(&c).then(|| c as usize - 0x2580)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
