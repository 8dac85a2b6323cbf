//! [`ScreenContent`] of a log.

use std::hash::{DefaultHasher, Hash};

use jiff::{SignedDuration, Timestamp};

use super::{
    LogView,
    actions::{self, IN_LOGS},
    buffer::Older,
    display::Times,
    reader::STEADY,
    strip,
};
use crate::{
    data::{FeedState, Request},
    event::Effect,
    model::{
        Model,
        action::{Action, ActionContext, EVERYWHERE, copy, session},
        prompt::Completion,
        screens::{Frame, Screen, ScreenContent, text::TextSubject},
    },
    resource::{Context, View},
};

impl ScreenContent for LogView {
    fn crumb(&self) -> String {
        format!("logs({})", self.subject().name)
    }

    fn contexts(&self) -> &'static [ActionContext] {
        &[IN_LOGS, EVERYWHERE]
    }

    fn hint(&self, action: &Action, _beneath: Option<&Screen>) -> Option<(&'static str, u8)> {
        let (text, rank) = action.hint?;
        match action {
            action if [copy::COPY_COMMAND, session::REFRESH].contains(action) => None,
            action if *action == actions::FREEZE && !self.viewport.follow => Some(("follow", rank)),
            _ => Some((text, rank)),
        }
    }

    fn subject(&self) -> Result<TextSubject, String> {
        Err("this is for rows of a table".into())
    }

    fn cluster(&self) -> Option<&str> {
        self.wanted.of.view.query.cluster.as_deref()
    }

    fn view(&self) -> Option<&View> {
        Some(&self.wanted.of.view)
    }

    /// The state of its lines, or else of the feeds of its tasks.
    fn state(&self, model: &Model) -> FeedState {
        // Lines are never late.
        let state = FeedState { late_at: None, ..model.snapshot.state(&self.wanted.of.view) };
        match &self.status.failure {
            Some(failure) => FeedState {
                failure: Some(failure.clone()),
                retry_at: self.status.retry_at,
                fetched: self.status.since,
                partial: false,
                ..state
            },
            None => state,
        }
    }

    fn settle(&mut self, frame: Frame) -> Option<Effect> {
        let wanted = self.buffer.older == Older::Wanted;
        if wanted {
            self.buffer.older = Older::Asked;
        }
        self.set_rows(frame);
        wanted.then_some(Effect::Request(Request::Older { tail: self.wanted.id }))
    }

    fn next_tick(&self, model: &Model) -> Option<Timestamp> {
        let (now, second) = (model.now, SignedDuration::from_secs(1));
        let counts = (self.count() != self.counts).then(|| self.counted_at.map_or(now, |at| at + STEADY));
        let searching = (!self.searched).then_some(now);
        let ages = (self.display.times == Times::Relative && !self.viewport.rows.is_empty()).then(|| now + second);
        let retry = self.status.retry_at.filter(|at| *at > now).map(|at| at.min(now + second));
        let live = self.status.live.map(|_| now + SignedDuration::from_secs(60));
        let sought = self.task_switch.sought_until(now);
        [counts, searching, ages, retry, live, sought].into_iter().flatten().min()
    }

    fn digest(&self, model: &Model, hasher: &mut DefaultHasher) {
        let nothing = self.nothing().map(|nothing| format!("{nothing:?}"));
        let matches = self.search.matches.count(self.viewport.cursor);
        (self.viewport.made_of, self.viewport.cursor, self.bar(model.now), nothing, self.searched, matches)
            .hash(hasher);
    }

    fn is_fullscreen(&self) -> bool {
        self.display.fullscreen
    }

    /// The title, unless the log is in full screen; the strip of counts; the bar.
    fn fixed_rows(&self) -> u16 {
        let strip = if self.search.strip { strip::HEIGHT } else { 0 };
        strip + if self.display.fullscreen { 1 } else { 2 }
    }

    fn go(&mut self, rows: isize, _page: u16) {
        self.move_by(rows);
    }

    fn go_sideways(&mut self, steps: i16) {
        self.viewport.scroll_sideways(steps, self.display.wrap);
    }

    /// Removes selected lines, filters, or the full screen.
    fn leave_layer(&mut self) -> bool {
        self.leave_found() || std::mem::take(&mut self.display.fullscreen)
    }

    fn copied(&self, model: &Model) -> Result<String, String> {
        self.copied_lines(&model.settings.zone.zone, model.now)
    }

    fn command(&self, _model: &Model) -> Result<String, String> {
        Err("no aws command shows a merged log".into())
    }

    fn saved(&self, format: &str, model: &Model) -> Result<Effect, String> {
        let (extension, content) = self.saved_lines(format, &model.settings.zone.zone)?;
        Ok(Effect::Save { name: self.crumb(), extension, content })
    }

    fn complete(&self, text: &str, _cx: &Context) -> Completion {
        self.buffer.complete(text)
    }

    fn filter_word(&self) -> &'static str {
        actions::INCLUDE.words[0]
    }
}
