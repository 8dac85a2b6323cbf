//! Printing log lines to standard output. A terminal also gets dividers for starts and stops of tasks; a pipe gets lines only.

use std::io::{self, IsTerminal, Write};

use crossterm::style::{ContentStyle, StyledContent};
use jiff::tz::TimeZone;
use ratatui::{backend::IntoCrossterm, style::Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    super::output::{note, theme},
    LogFormat,
};
use crate::{
    logs::{
        Level, Line, Role, ansi,
        export::{LineFormatter, record},
        filter::LineFilter,
    },
    model::Settings,
    resource::Tone,
    ui::{
        Theme,
        theme::{Glyphs, Scope},
    },
    visible::{safe, safe_lines},
};

pub(super) struct Printer {
    format: LogFormat,
    filter: Option<LineFilter>,
    zone: TimeZone,
    formatter: LineFormatter,
    /// Whether standard output is a terminal.
    terminal: bool,
    /// Theme, if output is coloured.
    theme: Option<Theme>,
    glyphs: &'static Glyphs,
    /// Length of the longest label so far.
    label: usize,
    /// Lines held back until all have arrived, to print them in order.
    held: Option<Vec<Line>>,
}

impl Printer {
    pub(super) fn new(format: LogFormat, filter: Option<LineFilter>, settings: &Settings) -> Self {
        let terminal = io::stdout().is_terminal();
        let theme = theme(settings).filter(|_| format == LogFormat::Text);
        let zone = settings.zone.zone.clone();
        let glyphs = Glyphs::new(settings.ascii);
        Self {
            format,
            filter,
            formatter: LineFormatter::new(zone.clone()),
            zone,
            terminal,
            theme,
            glyphs,
            label: 0,
            held: None,
        }
    }

    /// Holds all lines back until [`print_held`](Self::print_held).
    pub(super) fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// Prints the lines or holds them back. Returns false when standard output is closed.
    pub(super) fn take(&mut self, mut lines: Vec<Line>, late: bool) -> io::Result<bool> {
        match &mut self.held {
            Some(held) => held.append(&mut lines),
            None => return self.print(&lines, late),
        }
        Ok(true)
    }

    /// Like [`take`](Self::take), for lines older than all others.
    pub(super) fn take_older(&mut self, lines: Vec<Line>) -> io::Result<bool> {
        match &mut self.held {
            Some(held) => drop(held.splice(0..0, lines)),
            None => return self.print(&lines, true),
        }
        Ok(true)
    }

    /// Prints the held lines, ordered by time.
    pub(super) fn print_held(&mut self) -> io::Result<()> {
        let mut lines = self.held.take().unwrap_or_default();
        lines.sort_by_key(|line| line.at);
        self.print(&lines, false).map(drop)
    }

    /// Prints the lines that pass the filter. Returns false when standard output is closed. On a terminal a line that arrived
    /// `late` is marked, because printed lines can't be moved.
    fn print(&mut self, lines: &[Line], late: bool) -> io::Result<bool> {
        let mut text = String::new();
        for line in lines {
            let output = line.role == Role::Output;
            if output && self.filter.as_ref().is_some_and(|filter| !filter.admits(line)) {
                continue;
            }
            match self.format {
                LogFormat::Json => text += &record(line),
                LogFormat::Text if self.terminal => text += &self.terminal_line(line, late || line.late),
                LogFormat::Text if output => self.formatter.write(line, &mut text),
                // Missing lines are a problem worth a warning; starts and stops of tasks are not.
                LogFormat::Text if matches!(line.role, Role::Gap(_)) => {
                    let mut warning = String::new();
                    self.formatter.write(line, &mut warning);
                    note(warning.trim_end());
                }
                LogFormat::Text => {}
            }
        }
        let text = safe_lines(&text, self.theme.is_some());
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// Formats a line for a terminal: time of day, sign of a late line, name of the task in its colour, text.
    fn terminal_line(&mut self, line: &Line, late: bool) -> String {
        let at = line.at.to_zoned_datetime(self.zone.clone()).strftime("%H:%M:%S.%3f").to_string();
        let style = |style: fn(&Theme, &Line) -> Style| self.theme.as_ref().map(|theme| style(theme, line));
        let text = match line.role {
            Role::Output => ansi::plain(&line.text),
            _ => safe(&line.text),
        };
        let text = paint(&text, style(text_style));
        let at = paint(&at, style(|theme, _| theme.get(Scope::Faint)));
        let sign = if late { self.glyphs.late } else { " " };
        let Some(source) = &line.source else { return format!("{at}{sign}{text}\n") };
        let label = safe(&format!("{}/{}", source.task(), source.container)).into_owned();
        self.label = self.label.max(label.chars().count());
        let label = format!("{label:<width$}", width = self.label);
        let colour = self.theme.as_ref().map(|theme| theme.get(Scope::task(source.colour())));
        format!("{at}{sign}{} {text}\n", paint(&label, colour))
    }
}

fn text_style(theme: &Theme, line: &Line) -> Style {
    match (line.role, line.level) {
        (Role::Started, _) => theme.tone(Tone::Good),
        (Role::Stopped { fault: true } | Role::Gap(_), _) => theme.tone(Tone::Bad),
        (Role::Stopped { fault: false } | Role::Note | Role::Mark, _) => theme.tone(Tone::Muted),
        (Role::Output, Some(Level::Error | Level::Fatal)) => theme.tone(Tone::Bad),
        (Role::Output, Some(Level::Warn)) => theme.tone(Tone::Warn),
        (Role::Output, _) => theme.get(Scope::Base),
    }
}

fn paint(text: &str, style: Option<Style>) -> String {
    let style: Option<ContentStyle> = style.map(IntoCrossterm::into_crossterm);
    style.map_or_else(|| text.to_owned(), |style| StyledContent::new(style, text).to_string())
}

/// Whether the reader of a pipe has closed it, which would otherwise be noticed only at the next write.
pub(super) fn output_closed() -> bool {
    let out = io::stdout();
    let mut ends = [PollFd::new(&out, PollFlags::empty())];
    let polled = poll(&mut ends, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    polled.is_ok() && ends[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}
