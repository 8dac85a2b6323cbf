//! Polling demand, and the times at which the passage of time changes the screen.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{Model, header, scope::WriteOverride};
use crate::{data::Demand, event::Effect};

/// Time without a key, and the factor by which polling slows down then.
const IDLE: [(SignedDuration, u32); 2] = [(SignedDuration::from_mins(5), 4), (SignedDuration::from_mins(30), 12)];

/// The polling interval of what moves on a screen that shows every step of it: at most one call a second of a quota class,
/// and a step is on screen within two.
const STEPWISE: Duration = Duration::from_millis(1_500);

/// The factor while the terminal has no focus.
const UNFOCUSED: u32 = 4;

/// How closely the user is watching, which sets the polling rate.
#[derive(Debug)]
pub(super) struct Attention {
    focused: bool,
    /// When a key was last pressed.
    touched: Timestamp,
    /// Incremented by every press of refresh.
    refresh: u64,
    /// The demand that was last sent to the data layer.
    sent: Option<Demand>,
}

impl Attention {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { focused: true, touched: now, refresh: 0, sent: None }
    }

    pub(super) fn focus(&mut self, focused: bool, now: Timestamp) {
        self.focused = focused;
        if focused {
            self.touched = now;
        }
    }

    pub(super) fn touched(&mut self, now: Timestamp) {
        self.touched = now;
        // A key that arrives is proof of focus, whatever the terminal reported.
        self.focused = true;
    }

    pub(super) fn refresh(&mut self) {
        self.refresh += 1;
    }

    /// Forgets the sent demand, because a new data layer has none yet.
    pub(super) fn forget_sent(&mut self) {
        self.sent = None;
    }

    fn slowdown(&self, now: Timestamp) -> u32 {
        let idle = now.duration_since(self.touched);
        let idle = IDLE.iter().rev().find(|(after, _)| idle >= *after).map_or(1, |(_, factor)| *factor);
        if self.focused { idle } else { idle.max(UNFOCUSED) }
    }

    /// When the lack of keys will next slow polling down.
    fn slows_at(&self, now: Timestamp) -> Option<Timestamp> {
        IDLE.iter().map(|(after, _)| self.touched + *after).find(|at| *at > now)
    }

    pub(super) fn demand(&self, model: &Model) -> Demand {
        let front = model.front.view();
        let mut visible = model.front.visible(model.layout().page);
        let companions = model.front.companions();
        // Task definitions are described only when visible.
        visible.extend(companions.iter().chain(&model.ports_view()).filter_map(|view| view.query.family.clone()));
        let mut behind = Vec::new();
        for view in model.behind.iter().rev().filter_map(|screen| screen.background_view()) {
            if Some(view) != front && !behind.contains(view) {
                behind.push(view.clone());
            }
        }
        Demand {
            foreground: front.cloned(),
            companions,
            background: behind,
            followed: model
                .following
                .views()
                .into_iter()
                .chain(model.alerts.views())
                .chain(model.entered_view())
                .chain(model.ports_view())
                .collect(),
            visible,
            paused: model.paused,
            slowdown: self.slowdown(model.now),
            every: model.settings.every,
            moving: model.front.stepwise().then_some(STEPWISE),
            refresh: self.refresh,
            zone: model.settings.zone.clone(),
            log: model.log().map(|reader| reader.wanted.clone()),
        }
    }
}

impl Model {
    /// Sends the demand to the data layer if it has changed.
    pub(super) fn send_demand(&mut self) {
        let demand = self.demand();
        if self.attention.sent.as_ref() != Some(&demand) {
            self.attention.sent = Some(demand.clone());
            self.out.push(Effect::Demand(Box::new(demand)));
        }
    }

    /// When the passage of time will next change the screen or the demand; `None` if it won't.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let second = SignedDuration::from_secs(1);
        let after = |seconds: i64| self.now + SignedDuration::from_secs(seconds);
        let mut ticks = vec![self.messages.fades_at(), self.attention.slows_at(self.now)];
        if let Some(WriteOverride::WriteUntil { until, .. }) = self.write_override {
            let left = header::seconds_until(until, self.now);
            // A countdown changes to the next minute just below this one.
            let step = if left < 60 { 1 } else { left - (header::coarse(left) - 1) };
            ticks.push(Some(after(step).min(until)));
        }
        ticks.push(self.retry_at().map(|at| at.min(self.now + second)));
        ticks.push(self.age_ticks());
        ticks.push(self.front.next_tick(self));
        ticks.into_iter().flatten().min().map(|at| at.max(self.now))
    }

    /// When the displayed age of the data will next change.
    fn age_ticks(&self) -> Option<Timestamp> {
        let state = self.state();
        let age = state.age(self.now)?;
        if self.paused || state.is_stale(self.now) {
            return Some(self.now + SignedDuration::from_secs(header::until_coarser(age)));
        }
        // Data are late just after their due time.
        state.late_at.map(|at| at + SignedDuration::from_millis(1))
    }

    /// A digest of everything shown that depends on data and time. While it is unchanged, there is nothing to draw.
    pub(super) fn shown(&self) -> u64 {
        let hasher = &mut DefaultHasher::new();
        self.header().hash(hasher);
        self.forwards.digest(hasher);
        self.messages.flash.hash(hasher);
        self.snapshot.clusters().hash(hasher);
        if let Some(pane) = &self.pane {
            (&pane.title, &pane.lines).hash(hasher);
        }
        self.front.digest(self, hasher);
        hasher.finish()
    }
}
