//! A log.

pub mod strip;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{capitalised, title};
use crate::{
    model::{logs::Reader, text::safe},
    ui::{
        text::Pen,
        theme::{Scope, Theme},
    },
};

pub fn draw(buf: &mut Buffer, area: Rect, reader: &Reader, theme: &Theme) {
    let head = Rect { height: 1, ..area };
    title(buf, head, &[(&capitalised(&reader.title()), Scope::TitleName)], &[], theme);
    for (number, y) in (reader.top.line..).zip(area.y + 1..area.bottom()) {
        let Some(line) = reader.ring.get(number) else { break };
        let mut pen = Pen::new(buf, area.x + 1, y, area.right());
        if let Some(source) = &line.source {
            pen.put(source.task(), theme.get(Scope::Faint)).skip(1);
        }
        pen.put(&safe(&line.text), theme.get(Scope::Base));
    }
}
