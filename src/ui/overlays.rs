//! What lies over a screen: prompts in the last row, pickers in the middle. Nothing beneath them moves.

use ratatui::{buffer::Buffer, layout::Position};

use super::theme::Theme;
use crate::model::{Layout, Overlay};

mod list;
mod picker;
mod prompt;

/// Draws the overlay and returns where the cursor goes.
pub fn draw(buf: &mut Buffer, layout: &Layout, overlay: &Overlay, theme: &Theme) -> Position {
    match overlay {
        Overlay::Command(palette) => prompt::command(buf, layout, palette, theme),
        Overlay::Filter(filter) => prompt::line(buf, layout, "/", &filter.prompt, theme),
        Overlay::Search(search) => prompt::line(buf, layout, "/", &search.prompt, theme),
        Overlay::Picker(picker) => picker::draw(buf, layout, picker, theme),
    }
}
