//! The agent's side of the reliable stream: numbers, acknowledgements, order and retransmission.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::frame::Frame;

/// Messages of output that may be unacknowledged; the program waits when there are more.
const WINDOW: usize = 64;
/// Messages of input that may wait for an earlier one.
const EARLY: usize = 10_000;
const MAX_TIMEOUT: Duration = Duration::from_secs(1);
const GRANULARITY: Duration = Duration::from_millis(10);

/// State of the stream in both directions. It outlives connections.
#[derive(Debug)]
pub(super) struct Channel {
    next_output: i64,
    unacknowledged: VecDeque<Sent>,
    next_input: i64,
    /// Input that arrived before an earlier message, by sequence number.
    early: BTreeMap<i64, Frame>,
    round_trip: Duration,
    variation: Duration,
    timeout: Duration,
}

#[derive(Debug)]
struct Sent {
    sequence: i64,
    bytes: Vec<u8>,
    at: Instant,
    again: bool,
}

/// What becomes of a message of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Acknowledge it, then take these messages, in order. None for a duplicate and for one that came too early.
    Take(Vec<Frame>),
    /// There is no room for it; the client will send it again.
    Ignore,
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            next_output: 0,
            unacknowledged: VecDeque::new(),
            next_input: 0,
            early: BTreeMap::new(),
            round_trip: Duration::from_millis(100),
            variation: Duration::ZERO,
            timeout: Duration::from_millis(200),
        }
    }
}

impl Channel {
    /// The sequence number of the next message of output.
    pub(super) fn next_output(&self) -> i64 {
        self.next_output
    }

    /// Returns whether another message of output may be sent now.
    pub(super) fn has_room(&self) -> bool {
        self.unacknowledged.len() < WINDOW
    }

    /// Returns whether the client has acknowledged all output.
    pub(super) fn is_settled(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    /// Keeps a message of output, numbered with [`Self::next_output`], until it is acknowledged.
    pub(super) fn sent(&mut self, bytes: Vec<u8>, now: Instant) {
        self.unacknowledged.push_back(Sent { sequence: self.next_output, bytes, at: now, again: false });
        self.next_output += 1;
    }

    /// Handles an acknowledgement of output.
    pub(super) fn acknowledged(&mut self, sequence: i64, now: Instant) {
        let Some(at) = self.unacknowledged.iter().position(|sent| sent.sequence == sequence) else { return };
        let Some(sent) = self.unacknowledged.remove(at) else { return };
        // The answer to a message sent twice says nothing about the time it took.
        if !sent.again {
            let sample = now - sent.at;
            self.variation = self.variation * 3 / 4 + self.round_trip.abs_diff(sample) / 4;
            self.round_trip = self.round_trip * 7 / 8 + sample / 8;
            self.timeout = (self.round_trip + GRANULARITY.max(self.variation * 4)).min(MAX_TIMEOUT);
        }
    }

    /// The oldest unacknowledged message, if it has to be sent again now.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Vec<u8>> {
        let oldest = self.unacknowledged.front_mut().filter(|sent| now - sent.at > self.timeout)?;
        (oldest.at, oldest.again) = (now, true);
        Some(oldest.bytes.clone())
    }

    /// Handles a message of input; `ready` if its receiver can take it now.
    pub(super) fn receive(&mut self, frame: Frame, ready: bool) -> Received {
        if frame.sequence < self.next_input {
            return Received::Take(Vec::new());
        }
        if frame.sequence > self.next_input {
            if self.early.len() >= EARLY {
                return Received::Ignore;
            }
            self.early.insert(frame.sequence, frame);
            return Received::Take(Vec::new());
        }
        if !ready {
            return Received::Ignore;
        }
        let mut frames = vec![frame];
        self.next_input += 1;
        while let Some(next) = self.early.remove(&self.next_input) {
            frames.push(next);
            self.next_input += 1;
        }
        Received::Take(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::frame, *};

    fn input(sequence: i64) -> Frame {
        Frame {
            message_type: frame::INPUT.into(),
            created_ms: 1,
            sequence,
            flags: 0,
            id: 1,
            payload_type: frame::payload::OUTPUT,
            payload: vec![sequence as u8],
        }
    }

    fn taken(received: Received) -> Option<Vec<i64>> {
        match received {
            Received::Take(frames) => Some(frames.iter().map(|frame| frame.sequence).collect()),
            Received::Ignore => None,
        }
    }

    #[test]
    fn input_is_taken_in_order_and_once() {
        let mut channel = Channel::default();
        let mut receive = |sequence, ready| taken(channel.receive(input(sequence), ready));
        assert_eq!(receive(1, true), Some(vec![]));
        assert_eq!(receive(0, false), None);
        assert_eq!(receive(0, true), Some(vec![0, 1]));
        assert_eq!(receive(0, true), Some(vec![]));
        assert_eq!(receive(2, true), Some(vec![2]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_message_is_sent_again_until_it_is_acknowledged() {
        let mut channel = Channel::default();
        channel.sent(vec![0], Instant::now());
        channel.sent(vec![1], Instant::now());
        assert_eq!(channel.overdue(Instant::now()), None);
        tokio::time::advance(Duration::from_millis(201)).await;
        assert_eq!(channel.overdue(Instant::now()), Some(vec![0]));
        assert_eq!(channel.overdue(Instant::now()), None);
        channel.acknowledged(0, Instant::now());
        assert_eq!(channel.overdue(Instant::now()), Some(vec![1]));
        channel.acknowledged(1, Instant::now());
        channel.acknowledged(1, Instant::now());
        assert!(channel.is_settled());
    }

    #[tokio::test(start_paused = true)]
    async fn the_timeout_follows_the_round_trips() {
        let mut channel = Channel::default();
        let mut timeouts = Vec::new();
        for (sequence, sample) in [40, 40, 250, 40].into_iter().enumerate() {
            channel.sent(Vec::new(), Instant::now());
            tokio::time::advance(Duration::from_millis(sample)).await;
            channel.acknowledged(sequence as i64, Instant::now());
            timeouts.push(channel.timeout.as_secs_f64() * 1000.0);
        }
        let expected = [152.5, 183.4375, 343.6328, 342.4756];
        assert!(
            timeouts.iter().zip(expected).all(|(timeout, expected)| (timeout - expected).abs() < 0.01),
            "{timeouts:?}"
        );
    }
}
