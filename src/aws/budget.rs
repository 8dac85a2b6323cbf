//! The request budget: one token bucket per quota class. Throttling halves its rate, which then recovers slowly.
//!
//! It is a limit, not a pace: polling intervals need far less. It uses tokio's clock, so that tests run in virtual
//! time.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::{QuotaClass, token_bucket::TokenBucket};

/// The default share of the account's quota that one console may use.
pub const DEFAULT_SHARE: f64 = 0.25;

/// The part of its full rate that a class never falls below, and by which it recovers after every [`CLIMB_EVERY`]
/// without throttling.
const STEP: f64 = 0.125;
const CLIMB_EVERY: Duration = Duration::from_secs(5);
/// Minimum rate of a class in calls per second, however small the share.
const FLOOR: f64 = 0.1;
/// How long a throttled class makes no calls.
const PAUSE: Duration = Duration::from_millis(1500);

/// Token buckets of one account and Region. Cheap to clone: clones share the buckets.
#[derive(Debug, Clone)]
pub struct Budget {
    share: f64,
    state: Arc<Mutex<BudgetState>>,
}

#[derive(Debug, Default)]
struct BudgetState {
    buckets: BTreeMap<QuotaClass, Bucket>,
    /// When the calls of the last minute were made.
    recent: VecDeque<Instant>,
    calls: u64,
}

#[derive(Debug)]
struct Bucket {
    tokens: TokenBucket,
    full_rate: f64,
    climbed: Instant,
    paused_until: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::with_share(DEFAULT_SHARE)
    }
}

impl Budget {
    /// A budget of `share` (0 to 1) of the sustained rate of each class, and twice that share of its burst.
    pub fn with_share(share: f64) -> Self {
        Self { share, state: Arc::default() }
    }

    /// Waits for a token of `class`, and counts the call. Cancel safe.
    pub async fn acquire(&self, class: QuotaClass) {
        loop {
            let at = {
                let mut state = self.lock();
                let now = Instant::now();
                match state.bucket(class, self.share).tokens.take(now) {
                    Ok(()) => {
                        state.calls += 1;
                        state.recent.push_back(now);
                        state.forget(now);
                        return;
                    }
                    Err(at) => at,
                }
            };
            sleep_until(at).await;
        }
    }

    /// Handles throttling of `class`: a pause, then half the rate.
    pub fn throttled(&self, class: QuotaClass) {
        let now = Instant::now();
        let mut state = self.lock();
        let bucket = state.bucket(class, self.share);
        // Calls in flight at the first throttling are often throttled too: they halve the rate once together.
        if bucket.paused_until.is_none_or(|until| until <= now) {
            bucket.tokens.rate = (bucket.tokens.rate / 2.0).max(STEP * bucket.full_rate);
            bucket.tokens.drain(now + PAUSE);
            bucket.climbed = now;
            bucket.paused_until = Some(now + PAUSE);
        }
    }

    /// Handles a response to a call of `class`, successful or not, except throttling.
    pub fn answered(&self, class: QuotaClass) {
        let now = Instant::now();
        self.lock().bucket(class, self.share).climb(now);
    }

    /// Number of calls in the last minute, and since the start.
    pub fn calls(&self) -> (usize, u64) {
        let mut state = self.lock();
        state.forget(Instant::now());
        (state.recent.len(), state.calls)
    }

    fn lock(&self) -> MutexGuard<'_, BudgetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BudgetState {
    fn bucket(&mut self, class: QuotaClass, share: f64) -> &mut Bucket {
        self.buckets.entry(class).or_insert_with(|| Bucket::new(class, share))
    }

    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|at| now - *at >= Duration::from_mins(1)) {
            self.recent.pop_front();
        }
    }
}

impl Bucket {
    fn new(class: QuotaClass, share: f64) -> Self {
        let (burst, rate) = class.quota();
        let burst = (burst * share * 2.0).clamp(1.0, burst);
        let rate = (rate * share).max(FLOOR);
        Self { tokens: TokenBucket::new(rate, burst), full_rate: rate, climbed: Instant::now(), paused_until: None }
    }

    fn climb(&mut self, now: Instant) {
        let steps = (now - self.climbed).as_secs() / CLIMB_EVERY.as_secs();
        if steps > 0 {
            self.tokens.rate = (self.tokens.rate + STEP * self.full_rate * steps as f64).min(self.full_rate);
            self.climbed = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn take(budget: &Budget, count: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..count {
            budget.acquire(QuotaClass::ServiceRead).await;
        }
        start.elapsed()
    }

    /// Calls per second of the tested class.
    fn rate(budget: &Budget) -> f64 {
        budget.lock().bucket(QuotaClass::ServiceRead, budget.share).tokens.rate
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_share_of_the_rate() {
        let budget = Budget::with_share(0.25);
        assert_eq!(take(&budget, 50).await, Duration::ZERO);
        let ten_more = take(&budget, 10).await.as_secs_f64();
        assert!((1.9..=2.1).contains(&ten_more), "{ten_more}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_pauses_and_halves_once_and_the_rate_recovers() {
        let budget = Budget::with_share(0.25);
        take(&budget, 3).await;
        budget.throttled(QuotaClass::ServiceRead);
        budget.throttled(QuotaClass::ServiceRead);
        assert_eq!(rate(&budget), 2.5);
        assert!(take(&budget, 1).await >= PAUSE);
        tokio::time::advance(CLIMB_EVERY).await;
        budget.answered(QuotaClass::ServiceRead);
        assert_eq!(rate(&budget), 3.125);
        tokio::time::advance(Duration::from_mins(10)).await;
        budget.answered(QuotaClass::ServiceRead);
        assert_eq!(rate(&budget), 5.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_class_recovers_soon_after_long_throttling() {
        let budget = Budget::with_share(0.25);
        for _ in 0..20 {
            budget.throttled(QuotaClass::ServiceRead);
            tokio::time::advance(2 * PAUSE).await;
        }
        assert_eq!(rate(&budget), 0.625);
        let five = take(&budget, 5).await;
        assert!(five <= Duration::from_secs(8), "{five:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn classes_do_not_share() {
        let budget = Budget::with_share(0.25);
        budget.throttled(QuotaClass::ServiceRead);
        let start = Instant::now();
        budget.acquire(QuotaClass::ClusterRead).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_minute_is_counted() {
        let budget = Budget::default();
        take(&budget, 4).await;
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(budget.calls(), (4, 4));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(budget.calls(), (0, 4));
    }
}
