//! Two channels, and a network between them that loses, repeats, reorders, pauses and cuts, all from a seed.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::*;

/// Frequencies in thousandths of messages, and the longest delay in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    pub(super) loss: u64,
    pub(super) duplicates: u64,
    pub(super) delay: u64,
    pub(super) pauses: u64,
    pub(super) cuts: u64,
}

/// The generator SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    fn thousandths(&mut self, chance: u64) -> bool {
        self.below(1000) < chance
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..=self.below(20)).map(|_| self.below(256) as u8).collect()
    }
}

/// One end with what it has to send and what it has received.
struct End {
    channel: Channel,
    to_send: VecDeque<Vec<u8>>,
    received: Vec<Vec<u8>>,
}

impl End {
    fn new(random: &mut Random, channel: impl Fn(usize) -> Channel, messages: u64) -> Self {
        let channel = channel(1 + random.below(40) as usize);
        let to_send = (0..messages).map(|_| random.bytes()).collect();
        Self { channel, to_send, received: Vec::new() }
    }

    fn produce(&mut self, now: Duration) {
        while self.channel.room() > 0
            && let Some(bytes) = self.to_send.pop_front()
        {
            self.channel.send(PayloadType::Output, bytes, now);
        }
    }

    fn take_deliveries(&mut self) {
        while let Some(arrival) = self.channel.next_arrival() {
            if let Arrival::Data(data) = arrival {
                self.received.push(data.payload.to_vec());
            }
        }
    }
}

/// Lets two ends send `messages` messages each, and asserts that exactly these arrive.
pub(super) fn exchange(seed: u64, messages: u64, faults: Faults) {
    let mut random = Random(seed);
    let mut ends = [
        End::new(&mut random, |window| Channel::new(1, window), messages),
        End::new(&mut random, Channel::of_agent, messages),
    ];
    let expected = [Vec::from(ends[0].to_send.clone()), Vec::from(ends[1].to_send.clone())];
    // By the time of arrival and a number that keeps the order of equal times: the receiver and the message.
    let mut in_flight: BinaryHeap<Reverse<(Duration, u64, usize, Bytes)>> = BinaryHeap::new();
    let (mut now, mut number) = (Duration::ZERO, 0);
    loop {
        for (from, end) in ends.iter_mut().enumerate() {
            end.produce(now);
            while let Some(bytes) = end.channel.next_to_send(now) {
                let copies = match random.thousandths(faults.loss) {
                    true => 0,
                    false => 1 + u64::from(random.thousandths(faults.duplicates)),
                };
                for _ in 0..copies {
                    number += 1;
                    let arrival = now + ms(1 + random.below(faults.delay));
                    in_flight.push(Reverse((arrival, number, 1 - from, bytes.clone())));
                }
            }
        }
        if ends.iter().all(|end| end.to_send.is_empty() && end.channel.is_drained()) {
            break;
        }
        let timers = ends.iter().filter_map(|end| end.channel.deadline());
        let arrival = in_flight.peek().map(|Reverse((arrival, ..))| *arrival);
        // Both ends can pause at once with nothing in flight: then the gateway starts them again.
        let next = timers.chain(arrival).min().unwrap_or(now + ms(1000));
        now = now.max(next);
        assert!(now < Duration::from_hours(24), "stuck with seed {seed} and {faults:?}");
        if arrival.is_none() || random.thousandths(faults.pauses) {
            let end = random.below(2) as usize;
            for message_type in [MessageType::PausePublication, MessageType::StartPublication] {
                if arrival.is_some() || message_type == MessageType::StartPublication {
                    let delay = ms(1 + random.below(faults.delay));
                    number += 1;
                    in_flight.push(Reverse((now + delay, number, end, notice(message_type, "").encode())));
                }
            }
        }
        if random.thousandths(faults.cuts) {
            in_flight.clear();
            ends.iter_mut().for_each(|end| end.channel.reconnect(now));
        }
        while let Some(Reverse((arrival, ..))) = in_flight.peek()
            && *arrival <= now
            && let Some(Reverse((_, _, to, bytes))) = in_flight.pop()
        {
            ends[to].channel.receive(AgentMessage::decode(&bytes).unwrap(), now);
            ends[to].take_deliveries();
        }
        for end in &mut ends {
            end.channel.tick(now);
            assert!(!end.channel.has_given_up(now) || faults.loss > 300, "gave up with seed {seed} and {faults:?}");
        }
    }
    assert!(ends[1].received == expected[0], "input differs with seed {seed} and {faults:?}");
    assert!(ends[0].received == expected[1], "output differs with seed {seed} and {faults:?}");
}
