//! Limits how often a tail calls AWS.
//!
//! A few unused calls are saved up, so that the backfill and requests for older lines start at once.

use super::CallRate;
use crate::aws::token_bucket::TokenBucket;

/// The most calls that can be saved up.
const SAVED: f64 = 4.0;
/// The least rate in calls per second, whatever is configured.
const FLOOR: f64 = 0.01;

/// Creates the token bucket for the calls of a tail.
pub(super) fn call_bucket(pace: CallRate) -> TokenBucket {
    let rate = if pace.0.is_finite() { pace.0.max(FLOOR) } else { CallRate::default().0 };
    TokenBucket::new(rate, SAVED)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep_until};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_allows_the_rate_plus_the_saved_calls() {
        let mut pacer = call_bucket(CallRate(1.0));
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
        let mut pacer = call_bucket(CallRate(pace));
        for _ in 0..4 {
            pacer.take(Instant::now()).unwrap();
        }
        let at = pacer.take(Instant::now()).unwrap_err();
        assert!(at - Instant::now() <= Duration::from_secs(100));
    }
}
