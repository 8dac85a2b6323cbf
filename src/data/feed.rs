//! When a feed asks again: one fetched list of rows, its due times and its back-off. No I/O.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use tokio::{task::AbortHandle, time::Instant};

use super::FeedKey;
use crate::{
    aws::{Failure, Trouble},
    resource::{Fetch, Pace, Page},
};

/// Describe calls of one feed under way at once: enough for two round trips to the first rows at any size.
const CONCURRENCY: usize = 10;
/// A long list or sweep is stretched so that it costs at most one call in this time.
const PER_CALL: Duration = Duration::from_millis(3_500);
/// Back-off after failures: doubling between these.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// A batch that goes anyway takes along what is due within this part of its interval.
const TAKE_ALONG: f64 = 0.5;

/// How eagerly a feed is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zeal {
    /// All intervals are multiplied by this.
    pub factor: u32,
    /// On top of the screen: rows in sight and rows in motion come first.
    pub front: bool,
    /// Seconds between two looks at a row in sight, where a person has chosen them.
    pub every: Option<u32>,
    /// How many feeds make up the same view, this one included: what is stretched is stretched for all of them.
    pub peers: u32,
}

/// What is due now.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// A page of the list, after this token.
    List(Option<String>),
    Describe(Vec<Arc<str>>),
}

pub(super) struct FeedPlan {
    pub key: FeedKey,
    pub fetch: &'static dyn Fetch,
    /// The rows' ids in list order: the last complete list, or what has come of the first one.
    pub ids: Vec<Arc<str>>,
    /// A full list has come at least once.
    pub listed: bool,
    pub zeal: Option<Zeal>,
    pub denied: bool,
    pub failure: Option<Arc<Failure>>,
    pub calls: Vec<AbortHandle>,
    listing: Listing,
    described: HashMap<Arc<str>, Described>,
    under_way: usize,
    failures: u32,
    retry_at: Option<Instant>,
    lists: u64,
    refreshing: bool,
    /// What the pages of the list under way have brought.
    collected: Vec<Arc<str>>,
    /// How many of the ids the last complete list had; the rest is kept from before.
    in_list: usize,
    filled: bool,
}

#[derive(Debug)]
enum Listing {
    Due(Instant),
    /// The next page, once it may go.
    Next(String),
    UnderWay,
}

#[derive(Debug, Clone, Copy)]
enum Described {
    UnderWay,
    At(Instant),
}

impl FeedPlan {
    pub(super) fn new(key: FeedKey, fetch: &'static dyn Fetch, now: Instant) -> Self {
        Self {
            key,
            fetch,
            ids: Vec::new(),
            listed: false,
            zeal: None,
            denied: false,
            failure: None,
            calls: Vec::new(),
            listing: Listing::Due(now),
            described: HashMap::new(),
            under_way: 0,
            failures: 0,
            retry_at: None,
            lists: 0,
            refreshing: false,
            collected: Vec::new(),
            in_list: 0,
            filled: false,
        }
    }

    /// Nobody looks any more: what is under way is cancelled, what came stays.
    pub(super) fn rest(&mut self, now: Instant) {
        self.zeal = None;
        for call in self.calls.drain(..) {
            call.abort();
        }
        self.under_way = 0;
        self.described.retain(|_, described| matches!(described, Described::At(_)));
        if !matches!(self.listing, Listing::Due(_)) {
            self.listing = Listing::Due(now);
        }
    }

    /// The user asked: the list, and every row in sight, are due.
    pub(super) fn refresh(&mut self, now: Instant) {
        self.denied = false;
        self.retry_at = None;
        self.failures = 0;
        self.refreshing = true;
        if let Listing::Due(at) = &mut self.listing {
            *at = now;
        }
    }

    /// What to ask now, at most `room` calls, and when to look again.
    pub(super) fn due(
        &mut self,
        now: Instant,
        visible: &HashSet<Arc<str>>,
        pace: impl Fn(&str) -> Option<Pace>,
        room: usize,
    ) -> (Vec<Due>, Option<Instant>) {
        let Some(zeal) = self.zeal.filter(|_| !self.denied) else { return (Vec::new(), None) };
        if let Some(at) = self.retry_at.filter(|at| *at > now) {
            return (Vec::new(), Some(at));
        }
        let mut due = Vec::new();
        let mut next: Option<Instant> = None;
        match std::mem::replace(&mut self.listing, Listing::UnderWay) {
            Listing::Due(at) if at > now => {
                next = Some(at);
                self.listing = Listing::Due(at);
            }
            waiting if room == 0 => self.listing = waiting,
            Listing::Due(_) => {
                self.collected.clear();
                due.push(Due::List(None));
            }
            Listing::Next(token) => due.push(Due::List(Some(token))),
            Listing::UnderWay => {}
        }
        let room = room.saturating_sub(due.len()).min(CONCURRENCY.saturating_sub(self.under_way));
        let (batches, later) = self.batches(now, zeal, visible, pace, room);
        due.extend(batches.into_iter().map(Due::Describe));
        self.refreshing = false;
        (due, earliest(next, later))
    }

    /// The describe batches that are due, fullest use made of each, and when the next row is.
    fn batches(
        &mut self,
        now: Instant,
        zeal: Zeal,
        visible: &HashSet<Arc<str>>,
        pace: impl Fn(&str) -> Option<Pace>,
        room: usize,
    ) -> (Vec<Vec<Arc<str>>>, Option<Instant>) {
        let size = self.fetch.batch();
        if size == 0 {
            return (Vec::new(), None);
        }
        let cadence = self.fetch.cadence();
        let sweep = self.stretched(cadence.sweep, self.ids.len().div_ceil(size)) * zeal.factor;
        // The only row there is is in sight, or what is in sight comes from it.
        let only = self.ids.len() == 1;
        let in_sight = |id: &Arc<str>| only || visible.contains(id);
        let interval = |id: &Arc<str>| {
            let seen = zeal.front && in_sight(id);
            match pace(id) {
                Some(Pace::Final) => None,
                Some(Pace::Moving) if zeal.front => Some(seconds(zeal.every.unwrap_or(cadence.moving)) * zeal.factor),
                _ if seen => Some(seconds(zeal.every.unwrap_or(cadence.visible)) * zeal.factor),
                _ if self.fetch.visible_only(&self.key.query) => None,
                _ => Some(sweep),
            }
        };
        // Overdue rows, longest first; and those that may come along to fill the last batch.
        let (mut overdue, mut soon, mut next) = (Vec::new(), Vec::new(), None);
        for id in &self.ids {
            match self.described.get(id) {
                Some(Described::UnderWay) => {}
                None if self.fetch.visible_only(&self.key.query) && !visible.contains(id) => {}
                None => overdue.push((None, id)),
                Some(Described::At(at)) => {
                    let Some(interval) = interval(id) else { continue };
                    let due = *at + interval;
                    let asked = self.refreshing && in_sight(id);
                    if due <= now || asked {
                        overdue.push((Some(due), id));
                    } else {
                        if due - now <= interval.mul_f64(TAKE_ALONG) {
                            soon.push((Some(due), id));
                        }
                        next = earliest(next, Some(due));
                    }
                }
            }
        }
        if overdue.is_empty() || room == 0 {
            return (Vec::new(), next);
        }
        overdue.sort_by_key(|(due, id)| (*due, !visible.contains(*id)));
        soon.sort_by_key(|(due, _)| *due);
        let spare = (size - overdue.len() % size) % size;
        let chosen: Vec<Arc<str>> =
            overdue.into_iter().chain(soon.into_iter().take(spare)).map(|(_, id)| id.clone()).collect();
        let batches: Vec<Vec<Arc<str>>> = chosen.chunks(size).take(room).map(<[_]>::to_vec).collect();
        for id in batches.iter().flatten() {
            self.described.insert(id.clone(), Described::UnderWay);
        }
        self.under_way += batches.len();
        (batches, next)
    }

    /// A page of the list came.
    pub(super) fn page(&mut self, page: Page, now: Instant) {
        self.answered();
        if !self.listed {
            // Of the first list, every page is shown as it comes.
            let known: HashSet<Arc<str>> = self.ids.iter().cloned().collect();
            self.ids.extend(page.ids.iter().filter(|id| !known.contains(*id)).cloned());
        }
        self.collected.extend(page.ids);
        if let Some(token) = page.next {
            self.listing = Listing::Next(token);
            return;
        }
        let collected = std::mem::take(&mut self.collected);
        let ids = self.with_arns(collected);
        self.in_list = ids.len();
        let ids = if self.fetch.keeps_gone(&self.key.query) { with_kept(ids, &self.ids) } else { ids };
        let pages = ids.len().div_ceil(100).max(1);
        let factor = self.zeal.map_or(1, |zeal| zeal.factor);
        self.lists += 1;
        let interval = self.stretched(self.fetch.cadence().list, pages) * factor;
        self.listing = Listing::Due(now + self.jittered(interval));
        self.listed = true;
        if self.fetch.batch() == 0 {
            self.described = ids.iter().map(|id| (id.clone(), Described::At(now))).collect();
        } else {
            let known: HashSet<&Arc<str>> = ids.iter().collect();
            self.described.retain(|id, _| known.contains(id));
        }
        self.ids = ids;
    }

    /// The ids, and of each whether the last complete list lacked it.
    pub(super) fn ids_by_list(&self) -> impl Iterator<Item = (&Arc<str>, bool)> {
        self.ids.iter().enumerate().map(|(place, id)| (id, place >= self.in_list))
    }

    /// Lets go of ids that the last complete list lacked.
    pub(super) fn let_go(&mut self, unwanted: impl Fn(&str) -> bool) {
        let in_list = self.in_list;
        let mut place = 0;
        self.ids.retain(|id| {
            place += 1;
            place <= in_list || !unwanted(id)
        });
    }

    /// A list that repeats the name it was given is understood as the ARN that name has turned out to be.
    fn with_arns(&self, ids: Vec<Arc<str>>) -> Vec<Arc<str>> {
        match (ids.as_slice(), self.ids.as_slice()) {
            ([name], [arn]) if names(name, arn) => vec![arn.clone()],
            _ => ids,
        }
    }

    /// A describe call for `asked` came back; `found` are the ids of its rows. What was asked by name is known by its
    /// ARN from now on.
    pub(super) fn described(&mut self, asked: &[Arc<str>], found: &[Arc<str>], missing: &[Arc<str>], now: Instant) {
        self.answered();
        self.under_way = self.under_way.saturating_sub(1);
        for id in asked {
            self.described.insert(id.clone(), Described::At(now));
        }
        for id in found {
            if !asked.contains(id)
                && let Some(place) = self.ids.iter().position(|asked| names(asked, id))
            {
                self.described.remove(&self.ids[place]);
                self.ids[place] = id.clone();
            }
            self.described.insert(id.clone(), Described::At(now));
        }
        let gone = |id: &Arc<str>| missing.iter().any(|missing| missing == id || names(id, missing));
        if !missing.is_empty() && !self.fetch.keeps_gone(&self.key.query) {
            self.ids.retain(|id| !gone(id));
        }
    }

    /// A call failed: its rows are asked for again after the back-off.
    pub(super) fn failed(&mut self, listing: bool, asked: &[Arc<str>], failure: &Arc<Failure>, now: Instant) {
        if listing {
            self.listing = Listing::Due(now);
        } else {
            self.under_way = self.under_way.saturating_sub(1);
        }
        for id in asked {
            self.described.remove(id);
        }
        self.denied = failure.trouble == Trouble::Denied;
        self.failures += 1;
        self.retry_at = Some(now + back_off(self.failures));
        self.failure = Some(failure.clone());
    }

    /// Whether every row has come once that will come without being looked at.
    pub(super) fn filled(&mut self) -> bool {
        let here = |id| matches!(self.described.get(id), Some(Described::At(_)));
        self.filled |= self.listed && (self.fetch.visible_only(&self.key.query) || self.ids.iter().all(here));
        self.filled
    }

    /// Seconds after which its data count as late: twice what its slowest part takes.
    pub(super) fn late_after(&self) -> u32 {
        let cadence = self.fetch.cadence();
        let factor = self.zeal.map_or(1, |zeal| zeal.factor);
        let pages = self.ids.len().div_ceil(100).max(1);
        let visible = self.zeal.and_then(|zeal| zeal.every).unwrap_or(cadence.visible);
        let slowest = self.stretched(cadence.list.min(60), pages).max(seconds(visible));
        (slowest * factor * 2).as_secs() as u32
    }

    /// The network is back: no back-off for what failed for want of it.
    pub(super) fn recover(&mut self) {
        if self.failure.as_ref().is_some_and(|f| matches!(f.trouble, Trouble::Offline | Trouble::Credentials)) {
            self.answered();
        }
    }

    fn answered(&mut self) {
        self.failures = 0;
        self.retry_at = None;
        self.failure = None;
    }

    fn stretched(&self, cadence: u32, calls: usize) -> Duration {
        let peers = self.zeal.map_or(1, |zeal| zeal.peers);
        seconds(cadence).max(PER_CALL * calls as u32 * peers)
    }

    /// Five percent either way, so that many consoles do not ask in step.
    fn jittered(&self, interval: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.key, self.lists).hash(&mut hasher);
        interval.mul_f64(0.95 + 0.1 * (hasher.finish() % 1000) as f64 / 1000.0)
    }
}

/// 1, 2, 4 … 30 seconds.
pub(super) fn back_off(failures: u32) -> Duration {
    let (first, last) = BACK_OFF;
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(last)
}

pub(super) fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// The listed ids, and those known before that the list has forgotten.
fn with_kept(mut ids: Vec<Arc<str>>, before: &[Arc<str>]) -> Vec<Arc<str>> {
    let listed: HashSet<Arc<str>> = ids.iter().cloned().collect();
    ids.extend(before.iter().filter(|id| !listed.contains(*id)).cloned());
    ids
}

/// Whether `name` is the short name of the thing with ARN `arn`.
fn names(name: &str, arn: &str) -> bool {
    arn.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests;
