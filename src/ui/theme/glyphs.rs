//! The characters that carry meaning, in two sets.

use ratatui::symbols::border;

use crate::resource::Tone;

/// One set of characters. All are one cell wide.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    good: &'static str,
    busy: &'static str,
    wait: &'static str,
    warn: &'static str,
    bad: &'static str,
    muted: &'static str,
    /// What was checked and is well.
    check: &'static str,
    pub ellipsis: &'static str,
    pub mark: &'static str,
    pub ascending: &'static str,
    pub descending: &'static str,
    /// Between the parts of one line.
    pub dot: &'static str,
    /// Between the crumbs.
    pub step: &'static str,
    /// Around a filter.
    pub open: &'static str,
    pub close: &'static str,
    pub rule: &'static str,
    /// The cursor of a list, and the bar beside a section.
    pub pointer: &'static str,
    pub bar: &'static str,
    pub thumb: &'static str,
    /// A thinner bar, for what is less grave.
    pub thin: &'static str,
    /// What belongs further up.
    pub late: &'static str,
    /// What begins, and what ends.
    pub plus: &'static str,
    pub minus: &'static str,
    /// What lies further down.
    pub below: &'static str,
    pub more_left: &'static str,
    pub more_right: &'static str,
    /// Heights of a bar, the lowest first.
    pub bars: [&'static str; 8],
    /// The frame of a picker.
    pub border: border::Set<'static>,
}

impl Glyphs {
    /// Those of any terminal and any font, or those that look better.
    pub fn new(ascii: bool) -> &'static Self {
        if ascii { &ASCII } else { &UNICODE }
    }

    /// The sign of a tone, for those who don't see colours; blank when there is nothing to say.
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

    /// The sign before a check: well, not well, not known yet.
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
        [single.as_slice(), more.as_slice(), &logs, &self.bars, &[self.border.top_left]].concat()
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
