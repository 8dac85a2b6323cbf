//! The alert of a log: the first line that matches its filters is announced, at most once a minute, as long as the log is
//! followed.

use jiff::{SignedDuration, Timestamp};

use super::{Model, screens::logs::LogView, text::safe};
use crate::{
    event::{Effect, NoticeLevel},
    logs::{Line, Range, Read, Role, TailMessage, TailUpdate, filter::FilterStack},
    resource::secrets::masked,
};

/// Minimum time between two alerts of a log.
const PACE: SignedDuration = SignedDuration::from_mins(1);
/// Lines that were written this long before the alert was set may still arrive, and are announced.
const ARRIVAL: SignedDuration = SignedDuration::from_secs(10);
/// Maximum number of characters of a line in an alert.
const LONGEST: usize = 120;

/// A log that is followed, and the filters that a line must pass.
#[derive(Debug)]
pub(super) struct LogAlert {
    /// Id of the tail.
    tail: u64,
    /// `log of checkout`.
    pub(super) label: String,
    filters: FilterStack,
    since: Timestamp,
    announced: Option<Timestamp>,
    /// The oldest matching line that has not been announced, and the number of such lines.
    waiting: Option<(String, usize)>,
}

impl LogAlert {
    fn take(&mut self, lines: &[Line]) {
        let matches =
            |line: &&Line| line.role == Role::Output && line.at >= self.since - ARRIVAL && self.filters.admits(line);
        let mut lines = lines.iter().filter(matches);
        let Some(first) = lines.next() else { return };
        let more = 1 + lines.count();
        match &mut self.waiting {
            Some((_, count)) => *count += more,
            None => {
                let text = masked(&first.text);
                self.waiting = Some((safe(text.trim()).chars().take(LONGEST).collect(), more));
            }
        }
    }

    /// The alert that is due.
    fn due(&mut self, now: Timestamp) -> Option<String> {
        if self.announced.is_some_and(|at| now.duration_since(at) < PACE) {
            return None;
        }
        let (text, count) = self.waiting.take()?;
        self.announced = Some(now);
        let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
        Some(format!("{}: {text}{more}", self.label))
    }

    /// What it waits for, for the list of alerts.
    pub(super) fn state(&self) -> &'static str {
        if self.announced.is_some() { "has matched" } else { "no match yet" }
    }
}

impl Model {
    /// Sets the alert of the open log, or removes it if its filters are the same; the result is a message.
    ///
    /// # Errors
    ///
    /// If the log is not followed, or has no filters.
    pub(super) fn toggle_log_alert(&mut self) -> Result<String, String> {
        let reader = self.front.get::<LogView>().ok_or("no log is open here")?;
        match &reader.wanted.read {
            Read::Query { .. } => return Err("these are results of a query; esc returns to the log".into()),
            Read::Tail { range: Range::Between(..), .. } => {
                return Err("this time range is in the past; 0 follows new lines".into());
            }
            Read::Tail { .. } => {}
        }
        let filters = reader.buffer.stack.clone();
        if !filters.is_active() {
            return Err("no filter here: / adds one, then ctrl-n alerts when a line matches".into());
        }
        let (tail, label) = (reader.wanted.id, format!("log of {}", safe(&reader.subject().name)));
        if self.alerts.log.take_if(|alert| alert.tail == tail && alert.filters == filters).is_some() {
            return Ok(format!("no alert any more: {label}"));
        }
        let text = format!("an alert comes when a line matches, as long as the log is open: {label}");
        let alert = LogAlert { tail, label, filters, since: self.now, announced: None, waiting: None };
        self.alerts.log = Some(alert);
        Ok(text)
    }

    /// Shows new lines to the alert of their log.
    pub(super) fn watch_log(&mut self, news: &TailMessage) {
        let (TailUpdate::Lines(lines) | TailUpdate::Late(lines)) = &news.update else { return };
        if let Some(alert) = self.alerts.log.as_mut().filter(|alert| alert.tail == news.tail) {
            alert.take(lines);
            self.raise_log_alert();
        }
    }

    /// Raises the alert of a log if one is due, and drops it once its log is no longer followed.
    pub(super) fn raise_log_alert(&mut self) {
        let followed = self.log().map(|reader| reader.wanted.id);
        let now = self.now;
        let Some(alert) = &mut self.alerts.log else { return };
        if let Some(text) = alert.due(now) {
            self.out.push(Effect::Alert(text.clone()));
            self.notify(NoticeLevel::Info, text);
        }
        if let Some(alert) = self.alerts.log.take_if(|alert| Some(alert.tail) != followed) {
            self.warn(format!("no alert any more: {} is no longer followed", alert.label));
        }
    }
}
