//! Glyphs: characters with a meaning, as a Unicode and an ASCII set.

use ratatui::symbols::border;

use crate::resource::Tone;

/// A set of glyphs, all one cell wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    good: &'static str,
    busy: &'static str,
    wait: &'static str,
    warn: &'static str,
    bad: &'static str,
    muted: &'static str,
    /// A check that passed.
    check: &'static str,
    pub ellipsis: &'static str,
    pub mark: &'static str,
    pub ascending: &'static str,
    pub descending: &'static str,
    /// Separator between parts of a line.
    pub dot: &'static str,
    /// Separator between breadcrumbs.
    pub step: &'static str,
    /// Brackets around a filter.
    pub open: &'static str,
    pub close: &'static str,
    pub rule: &'static str,
    /// Cursor of a list, and bar next to a section.
    pub pointer: &'static str,
    pub bar: &'static str,
    pub thumb: &'static str,
    /// Thinner bar, for lower severity.
    pub thin: &'static str,
    /// A late line, which belongs further up.
    pub late: &'static str,
    /// Start and end of a task.
    pub plus: &'static str,
    pub minus: &'static str,
    /// More content further down.
    pub below: &'static str,
    pub more_left: &'static str,
    pub more_right: &'static str,
    /// Cells of a bar: running, pending, missing.
    shares: [&'static str; 3],
    /// Bars of a histogram, lowest first.
    pub bars: [&'static str; 8],
    /// Frame of pickers and dialogs.
    pub border: border::Set<'static>,
}

impl Glyphs {
    /// Returns the ASCII set, which any terminal and font can show, or the Unicode set.
    pub fn new(ascii: bool) -> &'static Self {
        if ascii { &ASCII } else { &UNICODE }
    }

    /// Sign of a tone, so that it can be read without colour; blank for plain and muted text.
    pub fn tone(&self, tone: Tone) -> &'static str {
        match tone {
            Tone::Plain => " ",
            Tone::Good => self.good,
            Tone::Busy => self.busy,
            Tone::Wait => self.wait,
            Tone::Warn => self.warn,
            Tone::Bad => self.bad,
            Tone::Muted => self.muted,
        }
    }

    /// A cell of a [`Bar`](crate::resource::document::Bar).
    pub fn share(&self, cell: char) -> &'static str {
        match cell {
            '█' => self.shares[0],
            '▒' => self.shares[1],
            '░' => self.shares[2],
            _ => " ",
        }
    }

    /// Sign before a check: passed, failed or not known yet.
    pub fn check(&self, outcome: Tone) -> &'static str {
        match outcome {
            Tone::Good => self.check,
            Tone::Wait => self.wait,
            _ => self.bad,
        }
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<&'static str> {
        let single = [self.ellipsis, self.mark, self.ascending, self.descending, self.dot, self.step, self.open];
        let more = [self.close, self.rule, self.pointer, self.bar, self.thumb, self.more_left, self.more_right];
        let logs = [self.thin, self.late, self.plus, self.minus, self.below, self.check];
        [single.as_slice(), more.as_slice(), &logs, &self.bars, &self.shares, &[self.border.top_left]].concat()
    }
}

pub(super) static UNICODE: Glyphs = Glyphs {
    good: "●",
    busy: "◐",
    wait: "○",
    warn: "▲",
    bad: "✖",
    muted: "·",
    check: "✓",
    ellipsis: "…",
    mark: "◆",
    ascending: "↑",
    descending: "↓",
    dot: "·",
    step: "›",
    open: "⟨",
    close: "⟩",
    rule: "─",
    pointer: "›",
    bar: "▎",
    thumb: "┃",
    thin: "▏",
    late: "↑",
    plus: "+",
    minus: "−",
    below: "▼",
    more_left: "‹",
    more_right: "›",
    shares: ["█", "▒", "░"],
    bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    border: border::ROUNDED,
};

pub(super) static ASCII: Glyphs = Glyphs {
    good: "o",
    busy: "%",
    wait: "?",
    warn: "!",
    bad: "X",
    muted: ".",
    check: "o",
    ellipsis: "~",
    mark: "*",
    ascending: "^",
    descending: "v",
    dot: "-",
    step: ">",
    open: "<",
    close: ">",
    rule: "-",
    pointer: ">",
    bar: "|",
    thumb: "#",
    thin: ":",
    late: "^",
    plus: "+",
    minus: "-",
    below: "v",
    more_left: "<",
    more_right: ">",
    shares: ["#", "=", "."],
    bars: [".", ":", "-", "=", "+", "*", "#", "@"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};
