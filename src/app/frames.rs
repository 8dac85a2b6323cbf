//! Limits the frame rate.

use std::time::Duration;

use tokio::time::Instant;

/// Time between frames on a local terminal: 60 per second.
const LOCAL: Duration = Duration::from_millis(16);
/// Time between frames over SSH: 15 per second, since each takes at least a packet.
const REMOTE: Duration = Duration::from_millis(66);

/// Spaces out frames, so that a burst of events is drawn as one frame. A single event is never delayed.
#[derive(Debug)]
pub(super) struct FrameLimiter {
    floor: Duration,
    last: Option<Instant>,
}

impl FrameLimiter {
    /// A limiter for a local or a remote terminal.
    pub(super) fn new(remote: bool) -> Self {
        Self { floor: if remote { REMOTE } else { LOCAL }, last: None }
    }

    /// The earliest time for the next frame; it may be past.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.last.map_or(now, |last| last + self.floor)
    }

    /// Records that a frame was drawn.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_and_one_after_a_pause_are_not_delayed() {
        let start = Instant::now();
        let mut frames = FrameLimiter::new(false);
        assert!(frames.due(start) <= start);
        frames.drawn(start);
        let later = start + Duration::from_secs(1);
        assert!(frames.due(later) <= later);
    }

    #[test]
    fn a_burst_is_drawn_once_per_interval() {
        for (remote, expected) in [(false, 63), (true, 16)] {
            let start = Instant::now();
            let mut frames = FrameLimiter::new(remote);
            let drawn = (0..1000)
                .map(|millis| start + Duration::from_millis(millis))
                .filter(|now| {
                    let due = frames.due(*now) <= *now;
                    if due {
                        frames.drawn(*now);
                    }
                    due
                })
                .count();
            assert_eq!(drawn, expected, "remote: {remote}");
        }
    }
}
