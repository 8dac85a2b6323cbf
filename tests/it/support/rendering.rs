//! Rendering of a harness at the sizes and in the themes of snapshots.

use ecsight::ui::{Theme, theme::Depth};

use super::{
    harness::Harness,
    styled::{plain, styled},
};

pub const LARGE: (u16, u16) = (120, 30);
pub const NORMAL: (u16, u16) = (80, 24);
pub const NARROW: (u16, u16) = (60, 15);

/// The default theme on a terminal with 16 colours.
pub fn theme() -> Theme {
    Theme::default().at(Depth::Ansi16)
}

pub fn theme_named(name: &str, depth: Depth) -> Theme {
    Theme::named(name).unwrap().at(depth)
}

/// The screen with its styles, in the default theme.
pub fn render_styled(harness: &Harness) -> String {
    styled(&harness.draw(&theme()))
}

/// The text of the screen.
pub fn render_text(harness: &Harness) -> String {
    plain(&harness.draw(&theme()))
}
