//! When the next frame may be drawn.

use std::time::Duration;

use tokio::time::Instant;

/// Between two frames on a terminal of this machine: 60 a second.
const LOCAL: Duration = Duration::from_millis(16);
/// Over SSH: 15 a second, since each is a packet at least, and nobody wants to wait for the ones in between.
const REMOTE: Duration = Duration::from_millis(66);

/// Keeps frames apart, so that a burst of events ends in one frame. A single event is never held back.
#[derive(Debug)]
pub struct FrameLimiter {
    floor: Duration,
    last: Option<Instant>,
}

impl FrameLimiter {
    /// For a terminal on this machine, or at the other end of an SSH connection.
    pub fn new(remote: bool) -> Self {
        Self { floor: if remote { REMOTE } else { LOCAL }, last: None }
    }

    /// The earliest moment for the next frame; it may be past.
    pub fn due(&self, now: Instant) -> Instant {
        self.last.map_or(now, |last| last + self.floor)
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_and_one_after_a_pause_are_due_at_once() {
        let start = Instant::now();
        let mut frames = FrameLimiter::new(false);
        assert!(frames.due(start) <= start);
        frames.drawn(start);
        let later = start + Duration::from_secs(1);
        assert!(frames.due(later) <= later);
    }

    #[test]
    fn a_burst_makes_one_frame_in_every_interval() {
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
