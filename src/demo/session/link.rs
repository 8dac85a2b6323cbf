//! The network between a client and an agent, which the faults of sessions disturb.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::demo::{faults::SessionFault, world::Rng};

/// The most by which frames that arrive out of order are late.
const REORDERING: u64 = 30;
/// Where a frame's digest begins.
const DIGEST: usize = 80;

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    ToAgent,
    ToClient { is_acknowledgement: bool },
}

/// One connection's faults.
#[derive(Debug)]
pub(super) struct Link {
    random: Rng,
    /// Frames under way, by the time of their arrival and their number.
    under_way: BTreeMap<(Instant, u64), (Direction, Vec<u8>)>,
    number: u64,
    /// Frames of the agent on this connection.
    carried: u32,
}

/// What the faults do to one frame.
#[derive(Debug, Default)]
struct Fate {
    lost: bool,
    twice: bool,
    damaged: bool,
    delay: Duration,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// With the code 1000 and the reason Bye.
    Bye,
    Reset,
}

impl Link {
    pub(super) fn new(random: Rng) -> Self {
        Self { random, under_way: BTreeMap::new(), number: 0, carried: 0 }
    }

    /// A new connection: nothing of the last one arrives any more.
    pub(super) fn reconnect(&mut self) {
        self.under_way.clear();
        self.carried = 0;
    }

    /// Accepts a frame; `strike` offers the faults in force. It arrives at [`Self::next_arrival`].
    pub(super) fn send(
        &mut self,
        direction: Direction,
        bytes: Vec<u8>,
        now: Instant,
        strike: impl FnOnce(&mut dyn FnMut(&SessionFault) -> bool),
    ) {
        let mut fate = Fate::default();
        let random = &mut self.random;
        strike(&mut |fault| fate.apply(fault, direction, random));
        if direction != Direction::ToAgent {
            self.carried += 1;
        }
        if fate.lost {
            return;
        }
        let mut bytes = bytes;
        if fate.damaged
            && let Some(byte) = bytes.get_mut(DIGEST)
        {
            *byte = !*byte;
        }
        for _ in 0..=usize::from(fate.twice) {
            self.number += 1;
            self.under_way.insert((now + fate.delay, self.number), (direction, bytes.clone()));
        }
    }

    /// When the next frame arrives.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next frame that has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<(Direction, Vec<u8>)> {
        self.next_arrival().filter(|at| *at <= now)?;
        self.under_way.pop_first().map(|(_, frame)| frame)
    }

    /// Returns whether the connection is to be cut now.
    pub(super) fn cut(&self, strike: impl FnOnce(&mut dyn FnMut(&SessionFault) -> bool)) -> Option<Cut> {
        let mut cut = None;
        strike(&mut |fault| {
            let due = match fault {
                SessionFault::Bye(frames) if self.carried >= *frames => Cut::Bye,
                SessionFault::Reset(frames) if self.carried >= *frames => Cut::Reset,
                _ => return false,
            };
            let is_first = cut.is_none();
            cut.get_or_insert(due);
            is_first
        });
        cut
    }
}

impl Fate {
    /// Adds the effect of a fault; returns whether it has one.
    fn apply(&mut self, fault: &SessionFault, direction: Direction, random: &mut Rng) -> bool {
        let is_acknowledgement = direction == Direction::ToClient { is_acknowledgement: true };
        match fault {
            SessionFault::Drop(percent) if random.chance(*percent) => self.lost = true,
            SessionFault::Duplicate(percent) if random.chance(*percent) => self.twice = true,
            SessionFault::Reorder(percent) if random.chance(*percent) => {
                self.delay += Duration::from_millis(1 + random.below(REORDERING));
            }
            SessionFault::BadDigest(percent) if direction != Direction::ToAgent && random.chance(*percent) => {
                self.damaged = true;
            }
            SessionFault::Delay(delay) => self.delay += *delay,
            SessionFault::Unacknowledged if is_acknowledgement => self.lost = true,
            SessionFault::Silent => {
                self.lost = true;
                // A count is one of connections, not of frames.
                return false;
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::faults::Faults;

    const TO_CLIENT: Direction = Direction::ToClient { is_acknowledgement: false };

    struct Stage {
        link: Link,
        faults: Faults,
    }

    impl Stage {
        fn new(specs: &[&str]) -> Self {
            let mut faults = Faults::default();
            specs.iter().for_each(|spec| faults.add(spec.parse().unwrap(), Instant::now()));
            Self { link: Link::new(Rng::stream(1, "link")), faults }
        }

        fn send(&mut self, direction: Direction, byte: u8) {
            let bytes = vec![byte; DIGEST + 1];
            self.link.send(direction, bytes, Instant::now(), |apply| self.faults.strike_session(apply));
        }

        /// The first bytes of the frames that have arrived.
        fn arrived(&mut self) -> Vec<u8> {
            std::iter::from_fn(|| self.link.arrived(Instant::now())).map(|(_, bytes)| bytes[0]).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_faults_everything_arrives_at_once_and_in_order() {
        let mut stage = Stage::new(&[]);
        (0..100).for_each(|byte| stage.send(TO_CLIENT, byte));
        assert_eq!(stage.arrived(), (0..100).collect::<Vec<_>>());
        assert_eq!(stage.link.next_arrival(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn faults_lose_repeat_and_mix_frames_the_same_way_for_a_seed() {
        let run = async || {
            let mut stage = Stage::new(&["session-drop=20%", "session-duplicate=20%", "session-reorder=50%"]);
            (0..100).for_each(|byte| stage.send(TO_CLIENT, byte));
            tokio::time::advance(Duration::from_secs(1)).await;
            stage.arrived()
        };
        let arrived = run().await;
        assert_eq!(arrived, run().await);
        let missing = (0..100).filter(|byte| !arrived.contains(byte)).count();
        assert!((5..40).contains(&missing) && !arrived.is_sorted() && arrived.len() > 100 - missing, "{arrived:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn acknowledgements_alone_can_be_lost() {
        let mut stage = Stage::new(&["session-unacknowledged#1"]);
        stage.send(TO_CLIENT, 1);
        stage.send(Direction::ToClient { is_acknowledgement: true }, 2);
        stage.send(Direction::ToClient { is_acknowledgement: true }, 3);
        assert_eq!(stage.arrived(), [1, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_cut_after_its_frames() {
        let mut stage = Stage::new(&["session-bye=2#1"]);
        let cut = |stage: &mut Stage| stage.link.cut(|apply| stage.faults.strike_session(apply));
        stage.send(TO_CLIENT, 1);
        stage.send(Direction::ToAgent, 2);
        assert_eq!(cut(&mut stage), None);
        stage.send(TO_CLIENT, 3);
        assert_eq!(cut(&mut stage), Some(Cut::Bye));
        assert_eq!(cut(&mut stage), None);
        stage.link.reconnect();
        assert!(stage.arrived().is_empty());
    }
}
