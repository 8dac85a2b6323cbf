//! The scrollbar of long lists.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::ui::theme::{Scope, Theme};

/// Draws a thumb without a track at the right edge of `area`; nothing when all `total` rows are visible.
pub(crate) fn draw(buf: &mut Buffer, area: Rect, top: usize, total: usize, theme: &Theme) {
    let page = usize::from(area.height);
    if total <= page || page == 0 || area.width == 0 {
        return;
    }
    let length = (page * page / total).max(1);
    let track = page - length;
    let start = (top.min(total - page) * track).div_ceil(total - page).min(track);
    for row in start..start + length {
        let y = area.y + u16::try_from(row).unwrap_or(area.height);
        buf.set_stringn(area.right() - 1, y, theme.glyphs.thumb, 1, theme.get(Scope::Scrollbar));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thumb(top: usize, total: usize) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 4));
        draw(&mut buf, Rect::new(0, 0, 1, 4), top, total, &Theme::default().ascii(true));
        buf.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn the_thumb_touches_an_edge_only_at_the_first_or_last_row() {
        assert_eq!(thumb(0, 4), "    ");
        assert_eq!(thumb(0, 8), "##  ");
        assert_eq!(thumb(1, 8), " ## ");
        assert_eq!(thumb(4, 8), "  ##");
        assert_eq!(thumb(0, 5_000), "#   ");
        assert_eq!(thumb(4_996, 5_000), "   #");
        assert_eq!(thumb(9_999, 5_000), "   #");
    }
}
