//! When a feed polls: one fetched list of rows, its due times and its back-off. No I/O.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{task::AbortHandle, time::Instant};

use super::FeedKey;
use crate::{
    aws::Failure,
    resource::{Batch, Fetch, Pace, Page},
};

mod back_off;
mod listing;

use back_off::Attempts;
pub(super) use back_off::{Now, back_off};
use listing::{Listing, PageResult};

/// Describe calls of one feed in flight: enough for two round trips to the first rows at any size.
const CONCURRENCY: usize = 10;
/// A long list or sweep is slowed down to at most one call per this time.
const PER_CALL: Duration = Duration::from_millis(3_500);
/// A batch that is sent anyway includes rows that are due within this part of their interval.
const TAKE_ALONG: f64 = 0.5;

/// Polling priority of a feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Priority {
    /// Factor for all intervals.
    pub factor: u32,
    /// The feed is in the foreground: visible and unsettled rows are polled first.
    pub foreground: bool,
    /// The feed is a source of a view on screen, so a manual refresh includes it.
    pub shown: bool,
    /// Polling is paused: what has arrived once is not requested again.
    pub once: bool,
    /// Polling interval of visible rows in seconds, if the user has set one.
    pub every: Option<u32>,
    /// Polling interval of visible rows while they move, if the screen shows every step.
    pub moving: Option<Duration>,
    /// Number of feeds that make up the same view, including this one: the slow-down applies to all of them together.
    pub peers: u32,
}

/// A call that is due.
#[derive(Debug, PartialEq)]
pub(super) enum Due {
    /// A page of the list, by its token; absent for the first.
    List(Option<String>),
    Describe(Vec<Arc<str>>),
}

pub(super) struct FeedPlan {
    pub key: FeedKey,
    pub fetch: &'static dyn Fetch,
    /// Ids of the rows in list order: the last complete list, or the part of the first one that has arrived.
    pub ids: Vec<Arc<str>>,
    /// A complete list has arrived at least once.
    pub listed: bool,
    pub priority: Option<Priority>,
    pub calls: Vec<AbortHandle>,
    listing: Listing,
    /// State of the list calls.
    list_attempts: Attempts,
    listed_at: Option<Timestamp>,
    /// State of the describe calls.
    describe_attempts: Attempts,
    described_at: Option<Timestamp>,
    described: HashMap<Arc<str>, Described>,
    /// The ids as a set, and the ids that have never been described, in list order.
    known: HashSet<Arc<str>>,
    undescribed: VecDeque<Arc<str>>,
    /// The failure about rows that were listed and then missing from describe responses.
    left_out: Option<Arc<Failure>>,
    in_flight: usize,
    /// Number of complete lists so far.
    rounds: u64,
    /// A manual refresh has requested the list, and it has not arrived yet.
    list_requested: bool,
    /// A manual refresh has requested visible rows, and their calls have not started yet.
    refreshing: bool,
    /// Number of the ids in the last complete list; the others are kept from before.
    in_list: usize,
    filled: bool,
}

#[derive(Debug, Clone, Copy)]
enum Described {
    /// Requested; the number of responses so far without the row.
    InFlight(u32),
    At(Instant),
    /// The number of responses without the row, and when it is requested again.
    LeftOut(u32, Instant),
}

/// The failure that keeps data from arriving.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeedFailure {
    pub failure: Arc<Failure>,
    /// When the failed call is retried.
    pub retry_at: Option<Timestamp>,
    /// The rows in the feed are current; some are missing.
    pub partial: bool,
}

impl FeedPlan {
    pub(super) fn new(key: FeedKey, fetch: &'static dyn Fetch, now: Instant) -> Self {
        Self {
            key,
            fetch,
            ids: Vec::new(),
            listed: false,
            priority: None,
            calls: Vec::new(),
            listing: Listing::new(now),
            list_attempts: Attempts::default(),
            listed_at: None,
            describe_attempts: Attempts::default(),
            described_at: None,
            described: HashMap::new(),
            known: HashSet::new(),
            undescribed: VecDeque::new(),
            left_out: None,
            in_flight: 0,
            rounds: 0,
            list_requested: false,
            refreshing: false,
            in_list: 0,
            filled: false,
        }
    }

    /// Pauses the feed when it is no longer on screen: calls in flight are cancelled, rows stay.
    pub(super) fn deactivate(&mut self, now: Instant) {
        self.priority = None;
        for call in self.calls.drain(..) {
            call.abort();
        }
        self.in_flight = 0;
        self.described.retain(|_, described| !matches!(described, Described::InFlight(_)));
        self.find_undescribed();
        if self.listing.due(now).is_none_or(|at| at <= now) {
            self.listing.restart(now);
        }
    }

    /// Handles a manual refresh: the list and every visible row are due.
    pub(super) fn refresh(&mut self, now: Instant) {
        self.list_attempts.retry_now();
        self.describe_attempts.retry_now();
        for described in self.described.values_mut() {
            if let Described::LeftOut(_, again) = described {
                *again = now;
            }
        }
        (self.list_requested, self.refreshing) = (true, true);
        self.listing.start_at(now);
    }

    /// Makes the row with `id` due after a change, and with `listed` the list, too.
    pub(super) fn reread(&mut self, id: &str, listed: bool, now: Instant) {
        if let Some((id, Described::At(_) | Described::LeftOut(..))) = self.described.get_key_value(id) {
            let id = id.clone();
            self.described.remove(&id);
            self.undescribed.push_back(id);
        }
        if listed {
            self.list_requested = true;
            self.listing.start_at(now);
        }
    }

    /// The calls to make now, `room` at most, and when to check again.
    pub(super) fn due(
        &mut self,
        now: Instant,
        visible: &HashSet<Arc<str>>,
        pace: impl Fn(&str) -> Option<Pace>,
        room: usize,
    ) -> (Vec<Due>, Option<Instant>) {
        let Some(priority) = self.priority else { return (Vec::new(), None) };
        let mut due = Vec::new();
        let mut next = self.list_attempts.blocked_until(now);
        if next.is_none() && !(priority.once && self.listed && !self.list_requested) {
            match self.listing.due(now) {
                Some(at) if at > now => next = Some(at),
                Some(_) if room > 0 => due.push(Due::List(self.listing.next_token())),
                _ => {}
            }
        }
        let room = room.saturating_sub(due.len()).min(CONCURRENCY.saturating_sub(self.in_flight));
        let (batches, later) = match self.describe_attempts.blocked_until(now) {
            Some(at) => (Vec::new(), Some(at)),
            None => self.batches(now, priority, visible, pace, room),
        };
        // Without room for a call, the visible rows remain to be requested.
        self.refreshing &= room == 0;
        due.extend(batches.into_iter().map(Due::Describe));
        (due, earliest(next, later))
    }

    /// The describe batches that are due, as full as possible, and when the next row is due.
    fn batches(
        &mut self,
        now: Instant,
        priority: Priority,
        visible: &HashSet<Arc<str>>,
        pace: impl Fn(&str) -> Option<Pace>,
        room: usize,
    ) -> (Vec<Vec<Arc<str>>>, Option<Instant>) {
        let size = self.fetch.batch();
        if size == 0 {
            return (Vec::new(), None);
        }
        if let Some(chosen) = self.first_describes(visible, room * size) {
            return (self.start_batches(&chosen, room), None);
        }
        let cadence = self.fetch.cadence();
        let sweep = self.stretched(cadence.sweep, self.ids.len().div_ceil(size)) * priority.factor;
        // A single row is visible, or what is visible is derived from it.
        let only = self.ids.len() == 1;
        let is_visible = |id: &Arc<str>| only || visible.contains(id);
        let interval = |id: &Arc<str>| {
            let seen = priority.foreground && is_visible(id);
            match pace(id) {
                Some(Pace::Final) => None,
                Some(Pace::Moving) if priority.foreground => {
                    let stepwise = priority.moving.filter(|_| priority.every.is_none() && is_visible(id));
                    let usual = || seconds(priority.every.unwrap_or(cadence.moving));
                    Some(stepwise.unwrap_or_else(usual) * priority.factor)
                }
                _ if seen => Some(seconds(priority.every.unwrap_or(cadence.visible)) * priority.factor),
                _ if self.fetch.visible_only(&self.key.query) => None,
                _ => Some(sweep),
            }
        };
        // Overdue rows, longest first; and rows that fill the last batch.
        let (mut overdue, mut soon, mut next) = (Vec::new(), Vec::new(), None);
        for id in &self.ids {
            match self.described.get(id) {
                Some(Described::InFlight(_)) => {}
                Some(Described::LeftOut(_, again)) if *again > now => next = earliest(next, Some(*again)),
                Some(Described::LeftOut(..)) => overdue.push((None, id)),
                None if self.fetch.visible_only(&self.key.query) && !visible.contains(id) => {}
                None => overdue.push((None, id)),
                Some(Described::At(at)) => {
                    let Some(interval) = interval(id) else { continue };
                    let due = *at + interval;
                    let asked = self.refreshing && is_visible(id);
                    if priority.once && !asked {
                        continue;
                    }
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
        (self.start_batches(&chosen, room), next)
    }

    /// Returns `wanted` ids that have never been described, visible ones first; `None` if there are fewer. While a long
    /// list arrives, they fill every call, so that its cost doesn't depend on the rows that arrived before.
    fn first_describes(&mut self, visible: &HashSet<Arc<str>>, wanted: usize) -> Option<Vec<Arc<str>>> {
        if self.undescribed.len() < wanted.max(1) || self.refreshing || self.fetch.visible_only(&self.key.query) {
            return None;
        }
        let new = |id: &Arc<str>| self.known.contains(id) && !self.described.contains_key(id);
        let mut chosen: Vec<_> = visible.iter().filter(|id| new(id)).cloned().collect();
        chosen.sort_unstable();
        chosen.truncate(wanted);
        while chosen.len() < wanted {
            chosen.extend(Some(self.undescribed.pop_front()?).filter(|id| new(id) && !visible.contains(id)));
        }
        Some(chosen)
    }

    /// Splits `ids` into `room` batches at most, and marks them as in flight.
    fn start_batches(&mut self, ids: &[Arc<str>], room: usize) -> Vec<Vec<Arc<str>>> {
        let batches: Vec<Vec<Arc<str>>> = ids.chunks(self.fetch.batch()).take(room).map(<[_]>::to_vec).collect();
        for id in batches.iter().flatten() {
            let left_out = match self.described.get(id) {
                Some(Described::LeftOut(times, _)) => *times,
                _ => 0,
            };
            self.described.insert(id.clone(), Described::InFlight(left_out));
        }
        self.in_flight += batches.len();
        batches
    }

    fn find_undescribed(&mut self) {
        self.undescribed = self.ids.iter().filter(|id| !self.described.contains_key(*id)).cloned().collect();
    }

    /// Adds a page of the list; returns whether it was the last one.
    ///
    /// # Errors
    ///
    /// If the list would never end.
    pub(super) fn add_page(&mut self, page: Page, now: Now) -> Result<bool, Arc<Failure>> {
        for row in &page.rows {
            self.described.insert(row.id().into(), Described::At(now.at));
            self.described_at = Some(now.clock);
        }
        // The first list is shown page by page; after a restart some pages are there already.
        let collected = match self.listing.add_page(page) {
            PageResult::Complete(collected) => collected,
            PageResult::More(new) => {
                self.listed_at = Some(now.clock);
                self.list_attempts.progressed();
                if !self.listed {
                    for id in new.into_iter().filter(|id| self.known.insert(id.clone())) {
                        self.ids.push(id.clone());
                        if !self.described.contains_key(&id) {
                            self.undescribed.push_back(id);
                        }
                    }
                }
                return Ok(false);
            }
            PageResult::Endless(failure) => {
                let failure = Arc::new(failure);
                self.listing.restart(now.at);
                self.list_attempts.failed_for_good(&failure, self.lasting_pace(), now);
                return Err(failure);
            }
            PageResult::Unexpected => return Ok(false),
        };
        self.list_attempts.succeeded();
        self.listed_at = Some(now.clock);
        self.list_requested = false;
        let ids = self.with_arns(collected);
        self.in_list = ids.len();
        let ids = if self.fetch.keeps_gone(&self.key.query) { with_unlisted(ids, &self.ids) } else { ids };
        let pages = ids.len().div_ceil(100).max(1);
        let factor = self.priority.map_or(1, |priority| priority.factor);
        self.rounds += 1;
        let interval = self.stretched(self.fetch.cadence().list, pages) * factor;
        self.listing.restart(now.at + self.jittered(interval));
        self.listed = true;
        if self.fetch.batch() == 0 {
            self.described = ids.iter().map(|id| (id.clone(), Described::At(now.at))).collect();
        } else {
            self.known = ids.iter().cloned().collect();
            self.described.retain(|id, _| self.known.contains(id));
        }
        self.ids = ids;
        self.find_undescribed();
        self.clear_left_out();
        Ok(true)
    }

    /// The ids, each with whether the last complete list lacked it.
    pub(super) fn ids_by_list(&self) -> impl Iterator<Item = (&Arc<str>, bool)> {
        self.ids.iter().enumerate().map(|(place, id)| (id, place >= self.in_list))
    }

    /// Removes `unwanted` ids that the last complete list lacked.
    pub(super) fn remove_unlisted(&mut self, unwanted: impl Fn(&str) -> bool) {
        let in_list = self.in_list;
        let mut place = 0;
        self.ids.retain(|id| {
            place += 1;
            place <= in_list || !unwanted(id)
        });
    }

    /// Replaces a name that was given to the list by the ARN that was returned for it.
    fn with_arns(&self, ids: Vec<Arc<str>>) -> Vec<Arc<str>> {
        match (ids.as_slice(), self.ids.as_slice()) {
            ([name], [arn]) if is_name_of(name, arn) => vec![arn.clone()],
            _ => ids,
        }
    }

    /// Applies a describe response for `asked`. A row that was requested by name is identified by its ARN from now on.
    pub(super) fn on_described(&mut self, asked: &[Arc<str>], batch: &Batch, now: Now) {
        self.describe_attempts.succeeded();
        self.in_flight = self.in_flight.saturating_sub(1);
        let found: Vec<Arc<str>> = batch.rows.iter().map(|row| row.id().into()).collect();
        let is = |id: &Arc<str>, other: &Arc<str>| id == other || is_name_of(id, other);
        // Some responses use other names than the request, so the number of rows decides.
        let whole = found.len() + batch.missing.len() >= asked.len();
        for id in asked {
            let answered = whole || found.iter().chain(&batch.missing).any(|other| is(id, other));
            let state = match self.described.get(id) {
                _ if answered => Described::At(now.at),
                Some(Described::InFlight(times)) => Described::LeftOut(times + 1, now.at + back_off(times + 1)),
                _ => Described::LeftOut(1, now.at + back_off(1)),
            };
            self.described.insert(id.clone(), state);
        }
        for id in &found {
            if !asked.contains(id)
                && let Some(place) = self.ids.iter().position(|asked| is_name_of(asked, id))
            {
                self.described.remove(&self.ids[place]);
                self.ids[place] = id.clone();
                self.known.insert(id.clone());
            }
            self.described.insert(id.clone(), Described::At(now.at));
        }
        if !found.is_empty() {
            self.described_at = Some(now.clock);
        }
        if !batch.missing.is_empty() && !self.fetch.keeps_gone(&self.key.query) {
            self.ids.retain(|id| !batch.missing.iter().any(|missing| is(id, missing)));
        }
        if !whole && self.left_out.is_none() {
            let text = format!("it left out {} that were listed", self.key.kind.plural);
            let unexplained = || Failure::garbled(batch.operation, text);
            self.left_out = Some(Arc::new(batch.refused.clone().unwrap_or_else(unexplained)));
        }
        self.clear_left_out();
    }

    /// Clears the failure about missing rows once they have arrived or are no longer listed.
    fn clear_left_out(&mut self) {
        let is_out = |described: &Described| !matches!(described, Described::At(_) | Described::InFlight(0));
        if self.left_out.is_some() && !self.described.values().any(is_out) {
            self.left_out = None;
        }
    }

    /// Applies a failure; the page or the rows are requested again after a back-off.
    pub(super) fn on_failed(&mut self, listing: bool, asked: &[Arc<str>], failure: &Arc<Failure>, now: Now) {
        for id in asked {
            self.described.remove(id);
            self.undescribed.push_back(id.clone());
        }
        let pace = self.lasting_pace();
        if !listing {
            self.in_flight = self.in_flight.saturating_sub(1);
            self.describe_attempts.failed(failure, pace, now);
        } else if !self.listing.on_failed(failure, now.at) {
            self.list_attempts.failed(failure, pace, now);
        }
    }

    /// The current failure, if any.
    pub(super) fn failure(&self) -> Option<FeedFailure> {
        let of = |attempts: &Attempts| {
            let failure = attempts.failure()?.clone();
            Some(FeedFailure { failure, retry_at: attempts.retry_at(), partial: false })
        };
        let left_out = || {
            let partial = self.described_at.is_some();
            self.left_out.clone().map(|failure| FeedFailure { failure, retry_at: None, partial })
        };
        of(&self.list_attempts).or_else(|| of(&self.describe_attempts)).or_else(left_out)
    }

    /// When AWS last confirmed the rows: by the call that fails now, or else by the latest call.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        match (self.list_attempts.failure(), self.describe_attempts.failure()) {
            (None, None) => self.listed_at.max(self.described_at),
            (Some(_), None) => self.listed_at,
            (None, Some(_)) => self.described_at,
            (Some(_), Some(_)) => self.listed_at.into_iter().chain(self.described_at).min(),
        }
    }

    /// Whether every row that doesn't depend on being visible has arrived.
    pub(super) fn filled(&mut self) -> bool {
        let here = |id| matches!(self.described.get(id), Some(Described::At(_)));
        self.filled |= self.listed && (self.fetch.visible_only(&self.key.query) || self.ids.iter().all(here));
        self.filled
    }

    /// Age in seconds after which data are late: twice the slowest interval.
    pub(super) fn late_after(&self) -> u32 {
        let cadence = self.fetch.cadence();
        let factor = self.priority.map_or(1, |priority| priority.factor);
        let pages = self.ids.len().div_ceil(100).max(1);
        let visible = self.priority.and_then(|priority| priority.every).unwrap_or(cadence.visible);
        let slowest = self.stretched(cadence.list.min(60), pages).max(seconds(visible));
        (slowest * factor * 2).as_secs() as u32
    }

    /// Makes calls that failed recently due again if `concerns` selects their failure, regardless of back-off.
    pub(super) fn recover(&mut self, concerns: impl Fn(&Failure) -> bool) {
        self.list_attempts.recover(&concerns);
        self.describe_attempts.recover(&concerns);
    }

    /// The shortest time between two attempts after a lasting failure. Companions are retried as often as the
    /// foreground.
    fn lasting_pace(&self) -> Duration {
        self.stretched(0, 1) * self.priority.filter(|priority| !priority.shown).map_or(1, |priority| priority.factor)
    }

    fn stretched(&self, cadence: u32, calls: usize) -> Duration {
        let peers = self.priority.map_or(1, |priority| priority.peers);
        seconds(cadence).max(PER_CALL * calls as u32 * peers)
    }

    /// Five percent either way, so that many consoles do not poll in step.
    fn jittered(&self, interval: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (&self.key, self.rounds).hash(&mut hasher);
        interval.mul_f64(0.95 + 0.1 * (hasher.finish() % 1000) as f64 / 1000.0)
    }
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

/// The listed ids, followed by known ids that the list lacks.
fn with_unlisted(mut ids: Vec<Arc<str>>, before: &[Arc<str>]) -> Vec<Arc<str>> {
    let listed: HashSet<Arc<str>> = ids.iter().cloned().collect();
    ids.extend(before.iter().filter(|id| !listed.contains(*id)).cloned());
    ids
}

/// Whether `name` is the last part of `arn`.
fn is_name_of(name: &str, arn: &str) -> bool {
    arn.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests;
