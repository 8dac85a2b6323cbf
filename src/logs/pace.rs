//! Limits how often a tail calls AWS.
//!
//! A few unused calls are saved up, so that the backfill and requests for older lines start at once. On tokio's clock,
//! so that tests run in virtual time.

use std::time::Duration;

use tokio::time::Instant;

use super::CallRate;

/// The most calls that can be saved up.
const SAVED: f64 = 4.0;
/// The least rate in calls per second, whatever is configured.
const FLOOR: f64 = 0.01;

/// A token bucket of calls.
#[derive(Debug)]
pub(super) struct Pacer {
    rate: f64,
    saved: f64,
    counted: Instant,
}

impl Pacer {
    pub(super) fn new(pace: CallRate) -> Self {
        let rate = if pace.0.is_finite() { pace.0.max(FLOOR) } else { CallRate::default().0 };
        Self { rate, saved: SAVED, counted: Instant::now() }
    }

    /// Takes a call from the bucket.
    ///
    /// # Errors
    /// None is left; the error says when the next one is available.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let since = now.saturating_duration_since(self.counted).as_secs_f64();
        self.saved = (self.saved + since * self.rate).min(SAVED);
        self.counted = now;
        // A rounded wait must not end slightly too early.
        if self.saved >= 1.0 - 1e-6 {
            self.saved -= 1.0;
            return Ok(());
        }
        Err(now + Duration::from_secs_f64((1.0 - self.saved) / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep_until;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_allows_the_rate_plus_the_saved_calls() {
        let mut pacer = Pacer::new(CallRate(1.0));
        let end = Instant::now() + Duration::from_mins(1);
        let mut calls = 0;
        while Instant::now() < end {
            match pacer.take(Instant::now()) {
                Ok(()) => calls += 1,
                Err(at) => sleep_until(at).await,
            }
        }
        assert_eq!(calls, 60 + SAVED as usize - 1);
    }

    #[rstest::rstest]
    #[case::none(0.0)]
    #[case::less_than_none(-1.0)]
    #[case::no_number(f64::NAN)]
    #[tokio::test(start_paused = true)]
    async fn an_invalid_rate_still_allows_calls(#[case] pace: f64) {
        let mut pacer = Pacer::new(CallRate(pace));
        for _ in 0..4 {
            pacer.take(Instant::now()).unwrap();
        }
        let at = pacer.take(Instant::now()).unwrap_err();
        assert!(at - Instant::now() <= Duration::from_secs(100));
    }
}
