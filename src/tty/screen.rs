//! A crossterm backend that writes each frame as a whole, and nothing if nothing has changed.

use std::io::{self, BufWriter, Write};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    queue,
    terminal::{self, BeginSynchronizedUpdate, Clear, EndSynchronizedUpdate},
};
use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

/// Large enough for a frame of a large terminal, so that it is one write.
const FRAME_BYTES: usize = 64 * 1024;

/// [`CrosstermBackend`] with three differences: a frame is one write inside one synchronised update (mode 2026), cells
/// and cursor that the terminal already shows are not sent again, and the terminal is never queried.
pub(super) struct ScreenBackend<W: Write> {
    inner: CrosstermBackend<BufWriter<W>>,
    /// A synchronised update has begun.
    open: bool,
    /// The last cursor position set, until drawing moves the cursor.
    cursor: Option<Position>,
    shown: Option<bool>,
}

impl<W: Write> ScreenBackend<W> {
    pub(super) fn new(writer: W) -> Self {
        let inner = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, writer));
        Self { inner, open: false, cursor: None, shown: None }
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.open {
            self.open = true;
            queue!(self.inner, BeginSynchronizedUpdate)?;
        }
        Ok(())
    }

    fn show(&mut self, shown: bool) -> io::Result<()> {
        if self.shown == Some(shown) {
            return Ok(());
        }
        self.begin()?;
        self.shown = Some(shown);
        if shown { queue!(self.inner, Show) } else { queue!(self.inner, Hide) }
    }
}

impl<W: Write> Backend for ScreenBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.begin()?;
        self.cursor = None;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.show(false)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.show(true)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(position) {
            return Ok(());
        }
        self.begin()?;
        self.cursor = Some(position);
        queue!(self.inner, MoveTo(position.x, position.y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.begin()?;
        // After a clear, nothing is known about what the terminal shows.
        self.shown = None;
        match clear_type {
            // Queued: the blank screen must not be seen before the frame that fills it.
            ClearType::All => queue!(self.inner, Clear(terminal::ClearType::All)),
            part => self.inner.clear_region(part),
        }
    }

    fn size(&self) -> io::Result<Size> {
        let size = self.inner.size()?;
        Ok(super::clamped((size.width, size.height)).into())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.open {
            return Ok(());
        }
        self.open = false;
        queue!(self.inner, EndSynchronizedUpdate)?;
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use ratatui::{Terminal, TerminalOptions, Viewport, layout::Rect};

    use super::*;

    /// The writes that reach the terminal, one element per write.
    #[derive(Clone, Default)]
    struct Wire(Rc<RefCell<Vec<String>>>);

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Wire {
        fn take(&self) -> Vec<String> {
            self.0.take()
        }
    }

    /// A fixed viewport, so that the terminal running the tests is not asked for its size.
    fn terminal() -> (Terminal<ScreenBackend<Wire>>, Wire) {
        let wire = Wire::default();
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 120, 30)) };
        let terminal = Terminal::with_options(ScreenBackend::new(wire.clone()), options).expect("a terminal in memory");
        (terminal, wire)
    }

    fn draw(terminal: &mut Terminal<ScreenBackend<Wire>>, text: &str, cursor: Option<(u16, u16)>) {
        terminal
            .draw(|frame| {
                frame.render_widget(text, frame.area());
                if let Some(position) = cursor {
                    frame.set_cursor_position(position);
                }
            })
            .expect("drawing in memory");
    }

    #[test]
    fn a_frame_is_one_write_in_one_synchronised_update() {
        let (mut terminal, wire) = terminal();
        draw(&mut terminal, "services", None);
        let writes = wire.take();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert!(writes[0].starts_with("\x1b[?2026h"), "{writes:?}");
        assert!(writes[0].contains("services"), "{writes:?}");
        assert!(writes[0].ends_with("\x1b[?2026l"), "{writes:?}");
    }

    #[test]
    fn an_equal_frame_writes_nothing() {
        let (mut terminal, wire) = terminal();
        draw(&mut terminal, "services", None);
        draw(&mut terminal, "services", Some((3, 0)));
        wire.take();
        draw(&mut terminal, "services", Some((3, 0)));
        assert_eq!(wire.take(), Vec::<String>::new());
    }

    #[test]
    fn one_changed_cell_costs_few_bytes() {
        let (mut terminal, wire) = terminal();
        draw(&mut terminal, "age 10s", None);
        wire.take();
        draw(&mut terminal, "age 11s", None);
        let bytes: usize = wire.take().iter().map(String::len).sum();
        // With one such change per second, a minute stays below 1.5 kB only if unchanged frames are not written.
        assert!((1..=48).contains(&bytes), "{bytes} bytes");
    }

    #[test]
    fn the_cursor_is_put_back_after_drawing() {
        let (mut terminal, wire) = terminal();
        draw(&mut terminal, "filter a", Some((8, 0)));
        wire.take();
        draw(&mut terminal, "filter b", Some((8, 0)));
        assert!(wire.take().concat().contains("\x1b[1;9H"));
    }

    #[test]
    fn a_clear_waits_for_its_frame_and_forgets_the_cursor() {
        let wire = Wire::default();
        let mut screen = ScreenBackend::new(wire.clone());
        screen.hide_cursor().expect("memory");
        screen.flush().expect("memory");
        wire.take();
        screen.clear().expect("memory");
        assert_eq!(wire.take(), Vec::<String>::new());
        screen.hide_cursor().expect("memory");
        screen.flush().expect("memory");
        assert_eq!(wire.take(), ["\x1b[?2026h\x1b[2J\x1b[?25l\x1b[?2026l"]);
    }
}
