//! What a stage looks like, at the sizes and in the themes that snapshots are taken of.

use ecsight::ui::{Theme, theme::Depth};

use super::{
    stage::Stage,
    styled::{plain, styled},
};

pub const LARGE: (u16, u16) = (120, 30);
pub const NORMAL: (u16, u16) = (80, 24);
pub const NARROW: (u16, u16) = (60, 15);

/// The default theme, on a terminal of sixteen colours.
pub fn theme() -> Theme {
    Theme::default().at(Depth::Ansi16)
}

pub fn named(name: &str, depth: Depth) -> Theme {
    Theme::named(name).unwrap().at(depth)
}

/// The screen with its styles, in the default theme.
pub fn look(stage: &Stage) -> String {
    styled(&stage.draw(&theme()))
}

/// What stands on it.
pub fn text(stage: &Stage) -> String {
    plain(&stage.draw(&theme()))
}
