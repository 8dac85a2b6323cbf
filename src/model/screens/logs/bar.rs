//! The bar beneath a log: its display settings, and the state of its tail.

use jiff::Timestamp;

use super::{
    LogView,
    buffer::Older,
    display::{Json, Times},
};
use crate::{
    aws::{Failure, FailureKind},
    logs::TailPhase,
    model::header::{coarse, seconds_until},
    resource::{
        Tone, Zone,
        format::{compact, counted, duration, grouped, size},
    },
};

/// One part of the bar.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BarItem {
    /// The setting, as in `Wrap:Off`; empty for a state.
    pub label: &'static str,
    /// Short form of the label.
    pub letter: &'static str,
    pub value: String,
    /// Short form of the value.
    pub brief: String,
    pub tone: Tone,
    /// Items with the lowest rank are dropped last.
    pub rank: u8,
    /// Aligned to the right end of the bar.
    pub right: bool,
}

impl BarItem {
    fn mode(label: &'static str, letter: &'static str, value: impl Into<String>, on: bool, rank: u8) -> Self {
        let value = value.into();
        let tone = if on { Tone::Plain } else { Tone::Muted };
        Self { label, letter, brief: value.clone(), value, tone, rank, right: false }
    }

    fn state(value: impl Into<String>, brief: impl Into<String>, tone: Tone, rank: u8) -> Self {
        Self { label: "", letter: "", value: value.into(), brief: brief.into(), tone, rank, right: true }
    }
}

impl LogView {
    /// The items from left to right.
    pub fn bar(&self, now: Timestamp) -> Vec<BarItem> {
        let mut bar = self.modes();
        bar.extend(self.tail(now));
        bar.extend(self.amounts());
        bar
    }

    fn modes(&self) -> Vec<BarItem> {
        let on_off = |on: bool| if on { "On" } else { "Off" };
        let times = match self.display.times {
            Times::Off => "off".into(),
            Times::Clock => Zone::named(self.viewport.frame.zone.clone()).name(self.viewport.frame.now),
            Times::Relative => "ago".into(),
        };
        let json = match self.display.json {
            Json::Raw => "raw",
            Json::Fields => "fields",
            Json::Pretty => "pretty",
        };
        let context = self.buffer.stack.context.map_or_else(|| "off".into(), |lines| lines.to_string());
        let mut modes = vec![BarItem::mode("Follow", "F", on_off(self.viewport.follow), self.viewport.follow, 2)];
        if !self.viewport.follow {
            modes[0].tone = Tone::Wait;
        }
        if self.counts.unseen > 0 {
            modes.push(BarItem {
                right: false,
                ..BarItem::state(
                    format!("{} new", grouped(self.counts.unseen)),
                    format!("{} new", compact(self.counts.unseen)),
                    Tone::Wait,
                    1,
                )
            });
        }
        modes.extend([
            BarItem::mode("Wrap", "W", on_off(self.display.wrap), self.display.wrap, 7),
            BarItem::mode("Time", "T", times, self.display.times != Times::Off, 8),
            BarItem::mode("JSON", "J", json, self.display.json != Json::Raw, 9),
        ]);
        if self.buffer.stack.context.is_some() {
            modes.push(BarItem::mode("Ctx", "C", context, true, 10));
        }
        modes.push(self.filters());
        modes
    }

    fn filters(&self) -> BarItem {
        let rules = self.buffer.stack.rules.iter().filter(|rule| rule.on).count();
        if rules == 0 {
            return BarItem::mode("Filters", "/", "off", false, 11);
        }
        if self.buffer.stack.suspended {
            let suspended = BarItem::mode("Filters", "/", format!("{rules} suspended"), true, 4);
            return BarItem { tone: Tone::Wait, ..suspended };
        }
        let hidden = self.counts.hidden;
        let mut filters = BarItem::mode("Filters", "/", rules.to_string(), true, 4);
        if hidden > 0 {
            filters.value = format!("{rules} ({} hidden)", grouped(hidden));
            filters.brief = format!("{rules} ({})", compact(hidden));
        }
        filters
    }

    /// The state of the tail, and what blocks it.
    fn tail(&self, now: Timestamp) -> Vec<BarItem> {
        let status = &self.status;
        let mut items = Vec::new();
        match (&status.failure, status.phase) {
            (Some(failure), _) => items.push(blocked(failure, status.retry_at, now)),
            (None, TailPhase::Resolving) => {
                items.push(BarItem::state("looking up streams", "looking up", Tone::Busy, 3));
            }
            (None, TailPhase::History) if self.is_query() => {
                items.push(BarItem::state("searching", "searching", Tone::Busy, 3));
            }
            (None, TailPhase::History) => items.push(BarItem::state("reading history", "history", Tone::Busy, 3)),
            (None, TailPhase::Following) => {}
            (None, TailPhase::Done) => items.push(BarItem::state("complete", "complete", Tone::Muted, 6)),
        }
        match self.buffer.older {
            Older::Wanted | Older::Asked => items.push(BarItem::state("older lines ...", "older", Tone::Busy, 3)),
            Older::None => items.push(BarItem::state("beginning", "beginning", Tone::Muted, 13)),
            Older::Unknown | Older::Full => {}
        }
        if let Some(live) = status.live {
            let (minutes, cost) = (live.minutes(now), live.dollars(now));
            let value = format!("live {minutes}m, about ${cost:.2}");
            items.push(BarItem::state(value, format!("live ${cost:.2}"), Tone::Busy, 2));
            if live.sampled > 0 {
                let value = format!("sampled in {} of its seconds", grouped(live.sampled));
                items.push(BarItem::state(value, format!("sampled {}s", compact(live.sampled)), Tone::Warn, 2));
            }
        }
        if let Some(scanned) = status.scanned {
            let (size, matched) = (size(scanned.bytes), grouped(scanned.matched.max(0.0) as u64));
            let value = format!("{size} scanned, {}, {matched} matched", scanned.price());
            items.push(BarItem::state(value, format!("{size} ${:.2}", scanned.dollars()), Tone::Plain, 3));
        }
        items
    }

    fn amounts(&self) -> Vec<BarItem> {
        let (status, counts) = (&self.status, self.counts);
        let mut items = Vec::new();
        if !status.silent.is_empty() {
            let quiet = status.silent.len();
            items.push(BarItem::state(format!("{quiet} without a log"), format!("{quiet} silent"), Tone::Wait, 10));
        }
        if status.streams > 0 {
            let value = counted(status.streams as u64, "stream");
            items.push(BarItem::state(value.clone(), value, Tone::Muted, 14));
        }
        let lines = format!("{} line{}", compact(counts.lines), if counts.lines == 1 { "" } else { "s" });
        items.push(BarItem::state(lines.clone(), lines, Tone::Plain, 5));
        if counts.dropped > 0 {
            items.push(BarItem::state(
                format!("{} dropped", compact(counts.dropped)),
                format!("{} gone", compact(counts.dropped)),
                Tone::Wait,
                9,
            ));
        }
        let (tone, rank) = if counts.lost > 0 { (Tone::Warn, 2) } else { (Tone::Muted, 12) };
        items.push(BarItem::state(
            format!("{} lost", grouped(counts.lost)),
            format!("{} lost", compact(counts.lost)),
            tone,
            rank,
        ));
        if let Some(lag) = counts.lag.filter(|_| status.phase != TailPhase::Done) {
            let text = if lag < 600 { format!("{}.{}s", lag / 10, lag % 10) } else { duration(lag / 10) };
            let tone = if lag < 300 { Tone::Muted } else { Tone::Warn };
            items.push(BarItem::state(format!("lag {text}"), format!("lag {text}"), tone, 12));
        }
        items
    }
}

/// Why the tail is blocked, and until when.
fn blocked(failure: &Failure, retry_at: Option<Timestamp>, now: Timestamp) -> BarItem {
    let next = retry_at.map(|at| seconds_until(at, now)).filter(|seconds| *seconds > 0);
    let next = next.map(|seconds| duration(coarse(seconds)));
    let (words, tone) = match failure.kind {
        FailureKind::Throttled => ("throttled".into(), Tone::Warn),
        FailureKind::Offline => ("offline".into(), Tone::Bad),
        FailureKind::Credentials => ("credentials expired".into(), Tone::Bad),
        _ => (failure.short_reason(), Tone::Bad),
    };
    let full = next.as_ref().map_or_else(|| words.clone(), |next| format!("{words}, retry in {next}"));
    let brief = next.map_or_else(|| words.clone(), |next| format!("{words} {next}"));
    BarItem::state(full, brief, tone, 0)
}
