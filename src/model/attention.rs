//! What is looked at, how keenly, and when time alone will change what is seen.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Model, Screen, Table, header,
    scope::WriteOverride,
    screens::{
        table::{FRESH, fresh},
        text::{RawAnswer, TextSource},
    },
};
use crate::{
    data::{Demand, Entry},
    event::Effect,
    resource::Context,
};

/// Without a key for so long, everything is asked for less often: by this factor.
const IDLE: [(SignedDuration, u32); 2] = [(SignedDuration::from_mins(5), 4), (SignedDuration::from_mins(30), 12)];

/// The factor while the terminal has no focus.
const UNFOCUSED: u32 = 4;

/// How long a text of an ageing cell may stay the same before it is looked at again.
const LONGEST_LOOK_AHEAD: i64 = 3600;

/// How keenly the console is looked at.
#[derive(Debug)]
pub struct Attention {
    focused: bool,
    /// When a key was last pressed.
    touched: Timestamp,
    /// Grows with every press of refresh.
    refresh: u64,
    /// The demand the data layer knows of.
    sent: Option<Demand>,
}

impl Attention {
    pub fn new(now: Timestamp) -> Self {
        Self { focused: true, touched: now, refresh: 0, sent: None }
    }

    pub fn focus(&mut self, focused: bool, now: Timestamp) {
        self.focused = focused;
        if focused {
            self.touched = now;
        }
    }

    pub fn touched(&mut self, now: Timestamp) {
        self.touched = now;
        // A key that arrives is proof of focus, whatever the terminal reported.
        self.focused = true;
    }

    pub fn refresh(&mut self) {
        self.refresh += 1;
    }

    /// Another data layer knows of no demand yet.
    pub fn forget_sent(&mut self) {
        self.sent = None;
    }

    fn slowdown(&self, now: Timestamp) -> u32 {
        let idle = now.duration_since(self.touched);
        let idle = IDLE.iter().rev().find(|(after, _)| idle >= *after).map_or(1, |(_, factor)| *factor);
        if self.focused { idle } else { idle.max(UNFOCUSED) }
    }

    /// When lack of keys will next slow things down.
    fn slows_at(&self, now: Timestamp) -> Option<Timestamp> {
        IDLE.iter().map(|(after, _)| self.touched + *after).find(|at| *at > now)
    }

    pub fn demand(&self, model: &Model) -> Demand {
        let (front, mut visible) = match &model.front {
            Screen::Table(table) => (Some(&table.view), near(table, model.layout().page)),
            Screen::Text(viewer) => match viewer.source.subject() {
                Some(subject) => (Some(&subject.view), vec![subject.row.id().into()]),
                None => (None, Vec::new()),
            },
            Screen::Logs(reader) => (Some(&reader.subject().view), Vec::new()),
        };
        let beside = match &model.front {
            Screen::Text(viewer) => viewer.source.consults(),
            Screen::Table(_) | Screen::Logs(_) => Vec::new(),
        };
        // Task definitions are described only where they are seen.
        visible.extend(beside.iter().filter_map(|view| view.query.family.clone()));
        let tables = model.behind.iter().rev().filter_map(|screen| match screen {
            Screen::Table(table) => Some(&table.view),
            Screen::Logs(reader) => Some(&reader.subject().view),
            Screen::Text(_) => None,
        });
        let mut behind = Vec::new();
        for view in tables {
            if Some(view) != front && !behind.contains(view) {
                behind.push(view.clone());
            }
        }
        Demand {
            foreground: front.cloned(),
            companions: beside,
            background: behind,
            visible,
            paused: model.paused,
            slowdown: self.slowdown(model.now),
            every: model.settings.every,
            refresh: self.refresh,
            writable: model.writable(),
            zone: model.settings.zone.clone(),
            log: model.log().map(|reader| reader.wanted.clone()),
        }
    }
}

/// Ids of the rows in sight, and of a page above and below, which may be in sight next; and, once each, of the rows that
/// they come from.
fn near(table: &Table, page: u16) -> Vec<Arc<str>> {
    let sight = table.in_sight(page);
    let start = sight.start.saturating_sub(page.into());
    let end = table.rows.len().min(sight.end + usize::from(page));
    let rows = &table.rows[start..end];
    let mut ids: Vec<Arc<str>> = rows.iter().map(|entry| entry.row.id().into()).collect();
    let mut seen = HashSet::new();
    let parents = rows.iter().filter_map(|entry| entry.row.parent()).filter(|parent| seen.insert(*parent));
    ids.extend(parents.map(Arc::from));
    ids
}

impl Model {
    /// Tells the data layer what is looked at, when that has changed.
    pub(super) fn send_demand(&mut self) {
        let demand = self.demand();
        if self.attention.sent.as_ref() != Some(&demand) {
            self.attention.sent = Some(demand.clone());
            self.out.push(Effect::Demand(Box::new(demand)));
        }
    }

    /// When time alone will next change something that is shown, or what is asked for; `None` while nothing moves by
    /// itself.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let second = SignedDuration::from_secs(1);
        let after = |seconds: i64| self.now + SignedDuration::from_secs(seconds);
        let mut ticks =
            vec![self.messages.fades_at(), self.attention.slows_at(self.now), self.retold_at(), self.sought_until()];
        if let Some(WriteOverride::WriteUntil { until, .. }) = self.write_override {
            let left = header::seconds_until(until, self.now);
            // A countdown shows another minute once it has fallen below this one.
            let step = if left < 60 { 1 } else { left - (header::coarse(left) - 1) };
            ticks.push(Some(after(step).min(until)));
        }
        ticks.push(self.retry_at().map(|at| at.min(self.now + second)));
        ticks.push(self.age_ticks());
        if let Screen::Table(table) = &self.front {
            ticks.push(self.row_ticks(table));
        }
        if let Screen::Logs(reader) = &self.front {
            ticks.push(reader.next_tick(self.now));
        }
        ticks.into_iter().flatten().min().map(|at| at.max(self.now))
    }

    /// When the age of the data will next be shown differently.
    fn age_ticks(&self) -> Option<Timestamp> {
        let state = self.state();
        let age = state.age(self.now)?;
        if self.paused || state.is_stale(self.now) {
            return Some(self.now + SignedDuration::from_secs(header::until_coarser(age)));
        }
        // Late begins just after the last good moment.
        state.late_at.map(|at| at + SignedDuration::from_millis(1))
    }

    /// When a row in sight will next look different: an age grown, a mark of change faded, a filter by age passed.
    fn row_ticks(&self, table: &Table) -> Option<Timestamp> {
        let rows = &table.rows[table.in_sight(self.layout().page)];
        let columns = (table.view.kind.columns)();
        let ageing: Vec<usize> = table.columns().into_iter().filter(|&index| columns[index].ages).collect();
        let ages = rows.iter().flat_map(|entry| ageing.iter().filter_map(|&column| self.ages_at(entry, column)));
        let fades = rows.iter().filter(|entry| fresh(entry, self.now) != 0).filter_map(|entry| entry.changed_at);
        let filters = (table.filter.ages() && table.total > 0).then(|| self.now + SignedDuration::from_secs(1));
        ages.chain(fades.map(|at| at + FRESH)).chain(filters).min()
    }

    /// When the text of an ageing cell will differ from now's, found by halving: ages show no text twice.
    fn ages_at(&self, entry: &Entry, column: usize) -> Option<Timestamp> {
        let cx = self.cx();
        let now = entry.row.cell(column, &cx);
        let differs = |seconds: i64| {
            let later = Context { now: self.now + SignedDuration::from_secs(seconds), ..cx.clone() };
            entry.row.cell(column, &later) != now
        };
        let mut high = 1;
        while !differs(high) {
            high *= 2;
            if high > LONGEST_LOOK_AHEAD {
                return None;
            }
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if differs(middle) { high = middle } else { low = middle }
        }
        Some(self.now + SignedDuration::from_secs(high))
    }

    /// A digest of everything shown that data and time can change. While it stays the same, there is nothing to draw.
    pub(super) fn shown(&self) -> u64 {
        let hasher = &mut DefaultHasher::new();
        self.header().hash(hasher);
        self.messages.flash.hash(hasher);
        self.snapshot.clusters().hash(hasher);
        if let Some(pane) = &self.pane {
            (&pane.title, &pane.lines).hash(hasher);
        }
        match &self.front {
            Screen::Table(table) => self.digest_table(table, hasher),
            Screen::Text(viewer) => {
                viewer.lines.hash(hasher);
                viewer.top.hash(hasher);
                viewer.source.subject().map(|subject| subject.gone).hash(hasher);
                matches!(viewer.source, TextSource::Raw(_, RawAnswer::Asked)).hash(hasher);
            }
            Screen::Logs(reader) => reader.shown(self.now).hash(hasher),
        }
        hasher.finish()
    }

    fn digest_table(&self, table: &Table, hasher: &mut impl Hasher) {
        (table.rows.len(), table.total, table.top, table.cursor).hash(hasher);
        (table.source.phase, table.source.is_stale(self.now), &table.source.nothing).hash(hasher);
        for failure in [&table.source.failure, &table.source.companion_failure].into_iter().flatten() {
            (failure.operation, failure.kind, &failure.message).hash(hasher);
        }
        let columns = table.columns();
        (&columns, table.survey).hash(hasher);
        let cx = self.cx();
        let marked = table.marked();
        for index in table.in_sight(self.layout().page) {
            let entry = &table.rows[index];
            (entry.row.id(), fresh(entry, self.now), entry.row.fault(), marked(index)).hash(hasher);
            for &column in &columns {
                let cell = entry.row.cell(column, &cx);
                (cell.text, cell.tone).hash(hasher);
            }
        }
    }
}
