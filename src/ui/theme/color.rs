//! Colour arithmetic: colour depth of the terminal, nearest colours, contrast.

use ratatui::style::{Color, Modifier, Style};

use crate::logs::ansi::Colour;

/// Colour depth of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// No colours, only bold, dim, underline and reverse.
    Mono,
    /// The terminal's own 16 colours.
    Ansi16,
    /// The 16 colours, a 6×6×6 cube and 24 greys.
    Ansi256,
    /// 24-bit colour.
    True,
}

/// The 16 terminal colours with xterm's values, used only to compare distances.
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

/// Levels of a channel in the 256-colour cube.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// Detects the colour depth from environment variables, which `var` reads.
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

    /// Converts a style to the nearest one at this depth, on a screen with background `ground`.
    pub(super) fn fit(self, style: Style, ground: Option<Color>) -> Style {
        let mut fitted = Style { fg: style.fg.map(|c| self.color(c)), bg: style.bg.map(|c| self.color(c)), ..style };
        // Similar colours may become equal. Then a highlight is inverted, and text gets a colour other than its background.
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

/// Converts a colour from an escape sequence in a log line. The first 16 are the terminal's own.
pub(super) fn from_escape(colour: Colour) -> Color {
    match colour {
        Colour::Ansi(index @ ..=15) => ANSI[usize::from(index)].0,
        Colour::Ansi(index) => Color::Indexed(index),
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// Red, green and blue of a colour; absent for the terminal's default colour.
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

/// Index of the nearest of the 240 colours that look the same on every terminal.
fn indexed(rgb_: [u8; 3]) -> u8 {
    nearest((16..=255).filter_map(|index| Some((index, rgb(Color::Indexed(index))?))), rgb_).unwrap_or(16)
}

/// Terminal colour with the same hue, so that pastels don't all become white and dark tints black. Greys are matched by
/// lightness.
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

/// Perceived difference of two colours, by the "redmean" approximation.
fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    let mean = i32::midpoint(i32::from(a[0]), i32::from(b[0]));
    let [r, g, b] = std::array::from_fn(|i| i32::from(a[i]) - i32::from(b[i]));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
}

/// Relative luminance as defined by WCAG 2, 0 to 1.
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Contrast ratio of two colours as defined by WCAG 2, 1 to 21; absent when the terminal chooses one of them.
pub fn contrast(a: Color, b: Color) -> Option<f64> {
    let (a, b) = (luminance(rgb(a)?), luminance(rgb(b)?));
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}
