//! Rendering: draws the model into a frame. No I/O and no clock; colours come from themes only.
//!
//! ```text
//! header    environment, scope, API state, hints      4, 2, 1 or 0 rows
//! body      title row, then a table or a text
//! footer    crumbs; a flash or a prompt lies over them
//! ```
//!
//! Positions are computed by [`crate::model::layout()`], which `update` uses as well.

use ratatui::{Frame, layout::Rect};

use crate::model::{Model, layout::Tier};

mod footer;
mod header;
mod overlays;
mod printed;
mod screens;
mod text;
pub mod theme;
mod widgets;

pub use printed::printed;
use theme::Scope;
pub use theme::Theme;

/// Draws the model.
pub fn render(model: &Model, theme: &Theme, frame: &mut Frame) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, theme.get(Scope::Base));
    let layout = model.layout();
    if layout.tier == Tier::TooSmall {
        return screens::too_small(frame.buffer_mut(), area, theme);
    }

    let rows = |y: u16, height: u16| Rect { y, height, ..area }.intersection(area);
    let (head, foot) = (rows(0, layout.header), rows(layout.footer, 1));
    let body = rows(layout.body, layout.body_height);
    header::draw(frame.buffer_mut(), head, &model.header(), &model.hints(), theme);
    let body = Rect { width: layout.body_width, ..body };
    screens::draw(frame.buffer_mut(), body, model, theme);
    if let Some((pane, viewer)) = layout.pane.zip(model.pane.as_ref()) {
        screens::pane::draw(frame.buffer_mut(), pane, viewer, &model.keymap, theme);
    }
    footer::draw(frame.buffer_mut(), foot, model, theme);
    if let Some(overlay) = &model.overlay {
        let cursor = overlays::draw(frame.buffer_mut(), model, &layout, overlay, theme);
        frame.set_cursor_position(cursor);
    }
}
