//! Colours by number: what the terminal can show, and whether it can be read.

use ratatui::style::{Color, Modifier, Style};

use crate::logs::ansi::Colour;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, dim, underline and reverse only.
    Mono,
    /// The terminal's own sixteen.
    Ansi16,
    /// The sixteen, a 6×6×6 cube and 24 greys.
    Ansi256,
    /// 24 bits.
    True,
}

/// The sixteen as xterm has them; only distances between them matter.
const ANSI: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of a channel in the 256-colour cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// What the environment says the terminal can show; `var` reads one of its variables.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name| var(name).unwrap_or_default();
        let term = var("TERM");
        if !var("NO_COLOR").is_empty() || term == "dumb" {
            Self::Mono
        } else if matches!(var("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }

    /// The nearest style that a terminal of this depth can show on a screen whose background is `ground`.
    pub(super) fn fit(self, style: Style, ground: Option<Color>) -> Style {
        let mut fitted = Style { fg: style.fg.map(|c| self.color(c)), bg: style.bg.map(|c| self.color(c)), ..style };
        // Near colours may meet in one: then a highlight is told by inversion, and text keeps off its own background.
        let highlight = style.fg.is_none() && style.bg.is_some() && style.bg != ground;
        if highlight && fitted.bg == ground.map(|c| self.color(c)) {
            return Style { bg: None, ..fitted }.add_modifier(Modifier::REVERSED);
        }
        let beneath = style.bg.or(ground);
        if style.fg.is_some() && style.fg != beneath && fitted.fg == beneath.map(|c| self.color(c)) {
            fitted.fg = Some(if fitted.fg == Some(Color::DarkGray) { Color::Black } else { Color::DarkGray });
        }
        fitted
    }

    fn color(self, color: Color) -> Color {
        match (self, color) {
            (Self::True, _) => color,
            (Self::Mono, _) => Color::Reset,
            (Self::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(indexed([r, g, b])),
            (Self::Ansi16, Color::Rgb(..) | Color::Indexed(_)) => rgb(color).map_or(Color::Reset, ansi),
            _ => color,
        }
    }
}

/// A colour that a line of a log asks for. The first sixteen are the terminal's own.
pub(super) fn asked(colour: Colour) -> Color {
    match colour {
        Colour::Ansi(index @ ..=15) => ANSI[usize::from(index)].0,
        Colour::Ansi(index) => Color::Indexed(index),
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// The red, green and blue of a colour; none for the terminal's own default.
pub(super) fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index @ 0..=15) => Some(ANSI[usize::from(index)].1),
        Color::Indexed(index @ 16..=231) => {
            let index = usize::from(index - 16);
            Some([CUBE[index / 36], CUBE[index / 6 % 6], CUBE[index % 6]])
        }
        Color::Indexed(index) => Some([8 + 10 * (index - 232); 3]),
        named => ANSI.iter().find(|(known, _)| *known == named).map(|(_, rgb)| *rgb),
    }
}

/// The nearest of the 240 colours that look the same on every terminal.
fn indexed(rgb_: [u8; 3]) -> u8 {
    nearest((16..=255).filter_map(|index| Some((index, rgb(Color::Indexed(index))?))), rgb_).unwrap_or(16)
}

/// Of the sixteen, the one of the same hue: pastels must not all turn white, nor dark tints black. Greys go by lightness.
fn ansi(rgb: [u8; 3]) -> Color {
    let [r, g, b] = rgb.map(i32::from);
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = max - min;
    if chroma < 48 {
        let greys = [Color::Black, Color::DarkGray, Color::Gray, Color::White];
        let greys = ANSI.into_iter().filter(|(color, _)| greys.contains(color));
        return nearest(greys, rgb).unwrap_or(Color::Reset);
    }
    let hue = match max {
        _ if max == r => 60 * (g - b) / chroma,
        _ if max == g => 60 * (b - r) / chroma + 120,
        _ => 60 * (r - g) / chroma + 240,
    };
    let (normal, bright) = match hue.rem_euclid(360) {
        20..75 => (Color::Yellow, Color::LightYellow),
        75..165 => (Color::Green, Color::LightGreen),
        165..205 => (Color::Cyan, Color::LightCyan),
        205..255 => (Color::Blue, Color::LightBlue),
        255..330 => (Color::Magenta, Color::LightMagenta),
        _ => (Color::Red, Color::LightRed),
    };
    if luminance(rgb) > 0.18 { bright } else { normal }
}

fn nearest<T>(colors: impl Iterator<Item = (T, [u8; 3])>, wanted: [u8; 3]) -> Option<T> {
    colors.min_by_key(|(_, color)| distance(*color, wanted)).map(|(value, _)| value)
}

/// The "redmean" approximation of how different two colours look.
fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    let mean = (i32::from(a[0]) + i32::from(b[0])) / 2;
    let [r, g, b] = std::array::from_fn(|i| i32::from(a[i]) - i32::from(b[i]));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
}

/// Relative luminance, 0 to 1, as WCAG 2 defines it.
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The contrast ratio of two colours, 1 to 21, as WCAG 2 defines it; none when the terminal decides on one of them.
pub fn contrast(a: Color, b: Color) -> Option<f64> {
    let (a, b) = (luminance(rgb(a)?), luminance(rgb(b)?));
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}
