//! When a feed asks again: one fetched list of rows, its due times and its back-off. No I/O.

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

mod attempts;
mod listing;

use attempts::Attempts;
pub(super) use attempts::{Now, back_off};
use listing::{Listing, PageResult};

/// Describe calls of one feed under way at once: enough for two round trips to the first rows at any size.
const CONCURRENCY: usize = 10;
/// A long list or sweep is stretched so that it costs at most one call in this time.
const PER_CALL: Duration = Duration::from_millis(3_500);
/// A batch that goes anyway takes along what is due within this part of its interval.
const TAKE_ALONG: f64 = 0.5;

/// Polling priority of a feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Priority {
    /// All intervals are multiplied by this.
    pub factor: u32,
    /// On top of the screen: rows in sight and rows in motion come first.
    pub foreground: bool,
    /// What is on screen is made of it, so a refresh by hand is for it, too.
    pub shown: bool,
    /// Refreshing is paused: what has come once is not asked for again.
    pub once: bool,
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
    pub priority: Option<Priority>,
    pub calls: Vec<AbortHandle>,
    listing: Listing,
    /// How listing fares, and when the last page came.
    list_attempts: Attempts,
    listed_at: Option<Timestamp>,
    /// How describing fares, and when the last rows came.
    describe_attempts: Attempts,
    described_at: Option<Timestamp>,
    described: HashMap<Arc<str>, Described>,
    /// The ids, for looking one up, and those of them that have never been described, in the order of the list.
    known: HashSet<Arc<str>>,
    undescribed: VecDeque<Arc<str>>,
    /// Rows that were listed and left out when they were described.
    left_out: Option<Arc<Failure>>,
    under_way: usize,
    /// Complete lists so far.
    rounds: u64,
    /// The list was asked for by hand and has not come yet.
    list_requested: bool,
    /// Rows in sight were asked for by hand and are not under way yet.
    refreshing: bool,
    /// How many of the ids the last complete list had; the rest is kept from before.
    in_list: usize,
    filled: bool,
}

#[derive(Debug, Clone, Copy)]
enum Described {
    /// Asked for; how many answers have left it out so far.
    UnderWay(u32),
    At(Instant),
    /// So many answers have left it out; it is asked for again from then on.
    LeftOut(u32, Instant),
}

/// What stands between a feed and its data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeedFailure {
    pub failure: Arc<Failure>,
    /// When the call that failed is made again.
    pub retry_at: Option<Timestamp>,
    /// The rows that are here are current; some are missing.
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
            under_way: 0,
            rounds: 0,
            list_requested: false,
            refreshing: false,
            in_list: 0,
            filled: false,
        }
    }

    /// Nobody looks any more: what is under way is cancelled, what came stays.
    pub(super) fn deactivate(&mut self, now: Instant) {
        self.priority = None;
        for call in self.calls.drain(..) {
            call.abort();
        }
        self.under_way = 0;
        self.described.retain(|_, described| !matches!(described, Described::UnderWay(_)));
        self.find_undescribed();
        if self.listing.due(now).is_none_or(|at| at <= now) {
            self.listing.restart(now);
        }
    }

    /// The user asked: the list, and every row in sight, are due.
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

    /// A change has touched the row called `id`, and where `listed`, which rows there are: both are due.
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

    /// What to ask now, at most `room` calls, and when to look again.
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
        let room = room.saturating_sub(due.len()).min(CONCURRENCY.saturating_sub(self.under_way));
        let (batches, later) = match self.describe_attempts.blocked_until(now) {
            Some(at) => (Vec::new(), Some(at)),
            None => self.batches(now, priority, visible, pace, room),
        };
        // Without room for a call the rows in sight are still to be asked for.
        self.refreshing &= room == 0;
        due.extend(batches.into_iter().map(Due::Describe));
        (due, earliest(next, later))
    }

    /// The describe batches that are due, fullest use made of each, and when the next row is.
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
        // The only row there is is in sight, or what is in sight comes from it.
        let only = self.ids.len() == 1;
        let in_sight = |id: &Arc<str>| only || visible.contains(id);
        let interval = |id: &Arc<str>| {
            let seen = priority.foreground && in_sight(id);
            match pace(id) {
                Some(Pace::Final) => None,
                Some(Pace::Moving) if priority.foreground => {
                    Some(seconds(priority.every.unwrap_or(cadence.moving)) * priority.factor)
                }
                _ if seen => Some(seconds(priority.every.unwrap_or(cadence.visible)) * priority.factor),
                _ if self.fetch.visible_only(&self.key.query) => None,
                _ => Some(sweep),
            }
        };
        // Overdue rows, longest first; and those that may come along to fill the last batch.
        let (mut overdue, mut soon, mut next) = (Vec::new(), Vec::new(), None);
        for id in &self.ids {
            match self.described.get(id) {
                Some(Described::UnderWay(_)) => {}
                Some(Described::LeftOut(_, again)) if *again > now => next = earliest(next, Some(*again)),
                Some(Described::LeftOut(..)) => overdue.push((None, id)),
                None if self.fetch.visible_only(&self.key.query) && !visible.contains(id) => {}
                None => overdue.push((None, id)),
                Some(Described::At(at)) => {
                    let Some(interval) = interval(id) else { continue };
                    let due = *at + interval;
                    let asked = self.refreshing && in_sight(id);
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

    /// So many ids that have never been described, those in sight first; `None` when there are fewer. While a long list
    /// arrives they fill every call, so that a call costs what it brings and not a look through all that came before.
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

    /// Batches of `ids`, at most `room` of them, which are under way from now on.
    fn start_batches(&mut self, ids: &[Arc<str>], room: usize) -> Vec<Vec<Arc<str>>> {
        let batches: Vec<Vec<Arc<str>>> = ids.chunks(self.fetch.batch()).take(room).map(<[_]>::to_vec).collect();
        for id in batches.iter().flatten() {
            let left_out = match self.described.get(id) {
                Some(Described::LeftOut(times, _)) => *times,
                _ => 0,
            };
            self.described.insert(id.clone(), Described::UnderWay(left_out));
        }
        self.under_way += batches.len();
        batches
    }

    fn find_undescribed(&mut self) {
        self.undescribed = self.ids.iter().filter(|id| !self.described.contains_key(*id)).cloned().collect();
    }

    /// A page of the list came; whether it was the last one.
    ///
    /// # Errors
    /// When the list would never end.
    pub(super) fn add_page(&mut self, page: Page, now: Now) -> Result<bool, Arc<Failure>> {
        for row in &page.rows {
            self.described.insert(row.id().into(), Described::At(now.at));
            self.described_at = Some(now.clock);
        }
        // Of the first list, every page is shown as it comes; after a fresh start some of it is there.
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

    /// The ids, and of each whether the last complete list lacked it.
    pub(super) fn ids_by_list(&self) -> impl Iterator<Item = (&Arc<str>, bool)> {
        self.ids.iter().enumerate().map(|(place, id)| (id, place >= self.in_list))
    }

    /// Lets go of ids that the last complete list lacked.
    pub(super) fn remove_unlisted(&mut self, unwanted: impl Fn(&str) -> bool) {
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
            ([name], [arn]) if is_name_of(name, arn) => vec![arn.clone()],
            _ => ids,
        }
    }

    /// A describe call for `asked` came back. What was asked by name is known by its ARN from now on.
    pub(super) fn on_described(&mut self, asked: &[Arc<str>], batch: &Batch, now: Now) {
        self.describe_attempts.succeeded();
        self.under_way = self.under_way.saturating_sub(1);
        let found: Vec<Arc<str>> = batch.rows.iter().map(|row| row.id().into()).collect();
        let is = |id: &Arc<str>, other: &Arc<str>| id == other || is_name_of(id, other);
        // Some answer by another name than they were asked by: what counts is how many came.
        let whole = found.len() + batch.missing.len() >= asked.len();
        for id in asked {
            let answered = whole || found.iter().chain(&batch.missing).any(|other| is(id, other));
            let state = match self.described.get(id) {
                _ if answered => Described::At(now.at),
                Some(Described::UnderWay(times)) => Described::LeftOut(times + 1, now.at + back_off(times + 1)),
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

    /// Rows that were left out have come, or are listed no more.
    fn clear_left_out(&mut self) {
        let is_out = |described: &Described| !matches!(described, Described::At(_) | Described::UnderWay(0));
        if self.left_out.is_some() && !self.described.values().any(is_out) {
            self.left_out = None;
        }
    }

    /// A call failed: the page, or the rows, are asked for again after a while.
    pub(super) fn on_failed(&mut self, listing: bool, asked: &[Arc<str>], failure: &Arc<Failure>, now: Now) {
        for id in asked {
            self.described.remove(id);
            self.undescribed.push_back(id.clone());
        }
        let pace = self.lasting_pace();
        if !listing {
            self.under_way = self.under_way.saturating_sub(1);
            self.describe_attempts.failed(failure, pace, now);
        } else if !self.listing.on_failed(failure, now.at) {
            self.list_attempts.failed(failure, pace, now);
        }
    }

    /// What stands between it and its data.
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

    /// When AWS last confirmed what it holds: by the call that fails now, or else by whichever came last.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        match (self.list_attempts.failure(), self.describe_attempts.failure()) {
            (None, None) => self.listed_at.max(self.described_at),
            (Some(_), None) => self.listed_at,
            (None, Some(_)) => self.described_at,
            (Some(_), Some(_)) => self.listed_at.into_iter().chain(self.described_at).min(),
        }
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
        let factor = self.priority.map_or(1, |priority| priority.factor);
        let pages = self.ids.len().div_ceil(100).max(1);
        let visible = self.priority.and_then(|priority| priority.every).unwrap_or(cadence.visible);
        let slowest = self.stretched(cadence.list.min(60), pages).max(seconds(visible));
        (slowest * factor * 2).as_secs() as u32
    }

    /// What failed of late and `concerns` picks is due again, whatever its own back-off.
    pub(super) fn recover(&mut self, concerns: impl Fn(&Failure) -> bool) {
        self.list_attempts.recover(&concerns);
        self.describe_attempts.recover(&concerns);
    }

    /// The shortest time between two attempts at what somebody has to put right: no longer for what the screen consults
    /// than for its own rows.
    fn lasting_pace(&self) -> Duration {
        self.stretched(0, 1) * self.priority.filter(|priority| !priority.shown).map_or(1, |priority| priority.factor)
    }

    fn stretched(&self, cadence: u32, calls: usize) -> Duration {
        let peers = self.priority.map_or(1, |priority| priority.peers);
        seconds(cadence).max(PER_CALL * calls as u32 * peers)
    }

    /// Five percent either way, so that many consoles do not ask in step.
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

/// The listed ids, and those known before that the list has forgotten.
fn with_unlisted(mut ids: Vec<Arc<str>>, before: &[Arc<str>]) -> Vec<Arc<str>> {
    let listed: HashSet<Arc<str>> = ids.iter().cloned().collect();
    ids.extend(before.iter().filter(|id| !listed.contains(*id)).cloned());
    ids
}

/// Whether `name` is the short name of the thing with ARN `arn`.
fn is_name_of(name: &str, arn: &str) -> bool {
    arn.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests;
