//! When to send a message again: the retransmission timeout, from measured round trips.

use std::time::Duration;

const FIRST_ROUND_TRIP: f64 = 100.0;
const FIRST_TIMEOUT: f64 = 200.0;
const CLOCK_GRANULARITY: f64 = 10.0;
const MAX_TIMEOUT: f64 = 1000.0;
/// The longest time between two attempts at the same message.
const MAX_BACKED_OFF: f64 = 4000.0;

/// The round trip time as it was measured, its variation and the timeout that follows, in milliseconds.
#[derive(Debug, Clone)]
pub(super) struct RoundTrip {
    mean: f64,
    variation: f64,
    timeout: f64,
    /// By how much the timeout has grown since the last measured round trip.
    factor: f64,
}

impl Default for RoundTrip {
    fn default() -> Self {
        Self { mean: FIRST_ROUND_TRIP, variation: 0.0, timeout: FIRST_TIMEOUT, factor: 1.0 }
    }
}

impl RoundTrip {
    /// Takes the time between a message and its acknowledgement, of a message that was sent once.
    pub(super) fn sample(&mut self, sample: Duration) {
        let sample = sample.as_secs_f64() * 1000.0;
        self.variation = 0.75 * self.variation + 0.25 * (self.mean - sample).abs();
        self.mean = 0.875 * self.mean + 0.125 * sample;
        self.timeout = (self.mean + (4.0 * self.variation).max(CLOCK_GRANULARITY)).min(MAX_TIMEOUT);
        self.factor = 1.0;
    }

    /// The time after which a message is sent again.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs_f64((self.timeout * self.factor).min(MAX_BACKED_OFF) / 1000.0)
    }

    /// Doubles the timeout until the next sample, because a message was not acknowledged in time.
    pub(super) fn back_off(&mut self) {
        self.factor = (self.factor * 2.0).min(MAX_BACKED_OFF / CLOCK_GRANULARITY);
    }

    /// Begins again at the measured timeout, on a new connection.
    pub(super) fn restart(&mut self) {
        self.factor = 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_follows_the_samples_of_the_specification() {
        let mut round_trip = RoundTrip::default();
        assert_eq!(round_trip.timeout(), Duration::from_millis(200));
        for (sample, expected) in [(40, 152.5), (40, 183.4375), (250, 343.6328), (40, 342.4756)] {
            round_trip.sample(Duration::from_millis(sample));
            assert!((round_trip.timeout - expected).abs() < 0.0001, "{round_trip:?}");
        }
    }

    #[test]
    fn the_timeout_is_bounded_below_and_above() {
        let mut round_trip = RoundTrip::default();
        (0..100).for_each(|_| round_trip.sample(Duration::from_micros(100)));
        assert!((10.0..11.0).contains(&round_trip.timeout), "{round_trip:?}");
        (0..100).for_each(|_| round_trip.sample(Duration::from_secs(7)));
        assert_eq!(round_trip.timeout(), Duration::from_secs(1));
    }

    #[test]
    fn the_timeout_grows_until_a_round_trip_is_measured() {
        let mut round_trip = RoundTrip::default();
        for expected in [400, 800, 1600, 3200, 4000, 4000] {
            round_trip.back_off();
            assert_eq!(round_trip.timeout(), Duration::from_millis(expected));
        }
        round_trip.sample(Duration::from_millis(100));
        assert_eq!(round_trip.timeout(), Duration::from_millis(110));
    }
}
