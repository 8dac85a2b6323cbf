use proptest::prelude::*;
use rstest::rstest;

use super::*;

mod network;

use network::Faults;

const WINDOW: usize = 4;

fn channel() -> Channel {
    Channel::new(1_700_000_000_000, WINDOW)
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// A message of the other end.
fn output(sequence: i64, payload: &str) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::Output,
        created: 1,
        sequence,
        flags: 0,
        id: MessageId::random(),
        payload_type: 1,
        payload: Bytes::copy_from_slice(payload.as_bytes()),
    }
}

fn notice(message_type: MessageType, payload: &str) -> AgentMessage {
    AgentMessage { message_type, payload_type: 0, ..output(0, payload) }
}

fn acknowledgement(sequence: i64) -> AgentMessage {
    notice(MessageType::Acknowledge, &message::acknowledge(&MessageType::Input, MessageId::random(), sequence))
}

/// The messages to send at a time: `=3` acknowledges message 3, and `3 text` is stream data.
fn sent(channel: &mut Channel, now: u64) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(bytes) = channel.next_to_send(ms(now)) {
        let message = AgentMessage::decode(&bytes).unwrap();
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        sent.push(match message.message_type {
            MessageType::Acknowledge => format!("={}", message::acknowledged_sequence(&message.payload).unwrap()),
            _ => format!("{} {text}", message.sequence),
        });
    }
    sent
}

fn delivered(channel: &mut Channel) -> Vec<String> {
    std::iter::from_fn(|| channel.next_arrival())
        .map(|arrival| match arrival {
            Arrival::Data(data) => String::from_utf8_lossy(&data.payload).into_owned(),
            other => format!("{other:?}"),
        })
        .collect()
}

fn send(channel: &mut Channel, text: &str, now: u64) {
    channel.send(PayloadType::Output, text.to_owned(), ms(now));
}

#[test]
fn messages_are_numbered_from_0_and_sent_once() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    send(&mut channel, "b", 1);
    assert_eq!(sent(&mut channel, 2), ["0 a", "1 b"]);
    assert_eq!(sent(&mut channel, 100), [""; 0]);
}

#[test]
fn a_message_carries_type_date_and_payload_type() {
    let mut channel = channel();
    channel.send(PayloadType::Size, "{}", ms(789));
    let message = AgentMessage::decode(&channel.next_to_send(ms(900)).unwrap()).unwrap();
    assert_eq!(message.message_type, MessageType::Input);
    assert_eq!((message.created, message.flags, message.payload_type), (1_700_000_000_789, 0, 3));
}

#[test]
fn empty_payloads_are_never_sent() {
    let mut channel = channel();
    send(&mut channel, "", 0);
    send(&mut channel, "a", 0);
    assert_eq!(sent(&mut channel, 0), ["0 a"]);
}

#[test]
fn output_is_delivered_in_order_and_once() {
    let mut channel = channel();
    for sequence in [1, 0, 3, 0, 1, 2, 3] {
        channel.receive(output(sequence, &sequence.to_string()), ms(0));
    }
    assert_eq!(delivered(&mut channel), ["0", "1", "2", "3"]);
    assert_eq!(sent(&mut channel, 0), ["=1", "=0", "=3", "=0", "=1", "=2", "=3"]);
}

#[test]
fn early_messages_are_stored_up_to_a_limit() {
    let mut channel = channel();
    let last = STORED_AHEAD as i64 + 1;
    for sequence in 1..=last {
        channel.receive(output(sequence, "x"), ms(0));
    }
    assert_eq!(sent(&mut channel, 0).len(), STORED_AHEAD);
    channel.receive(output(0, "x"), ms(0));
    assert_eq!(delivered(&mut channel).len(), STORED_AHEAD + 1);
    channel.receive(output(last, "x"), ms(0));
    assert_eq!(delivered(&mut channel).len(), 1);
}

#[test]
fn a_negative_sequence_number_is_ignored() {
    let mut channel = channel();
    channel.receive(output(-1, "x"), ms(0));
    assert_eq!(sent(&mut channel, 0), [""; 0]);
    assert_eq!(delivered(&mut channel), [""; 0]);
}

#[test]
fn only_the_oldest_message_is_resent_with_growing_pauses() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    send(&mut channel, "b", 0);
    sent(&mut channel, 0);
    let mut now = 0;
    for pause in [200, 400, 800, 1600, 3200, 4000, 4000] {
        assert_eq!(channel.deadline(), Some(ms(now + pause)));
        channel.tick(ms(now + pause - 1));
        assert_eq!(sent(&mut channel, now + pause - 1), [""; 0]);
        channel.tick(ms(now + pause));
        channel.tick(ms(now + pause));
        assert_eq!(sent(&mut channel, now + pause), ["0 a"]);
        now += pause;
    }
}

#[test]
fn a_resent_message_is_the_same_bytes() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    let first = channel.next_to_send(ms(0));
    channel.tick(ms(500));
    assert_eq!(channel.next_to_send(ms(500)), first);
}

#[test]
fn acknowledged_messages_are_not_resent() {
    let mut channel = channel();
    (0..3).for_each(|_| send(&mut channel, "x", 0));
    sent(&mut channel, 0);
    channel.receive(acknowledgement(1), ms(10));
    channel.receive(acknowledgement(0), ms(10));
    channel.receive(acknowledgement(0), ms(10));
    channel.receive(acknowledgement(77), ms(10));
    channel.receive(acknowledgement(-5), ms(10));
    channel.tick(ms(1000));
    assert_eq!(sent(&mut channel, 1000), ["2 x"]);
    channel.receive(acknowledgement(2), ms(1001));
    assert!(channel.is_drained());
    assert_eq!(channel.deadline(), None);
}

#[test]
fn a_message_that_is_acknowledged_while_it_waits_is_not_sent_again() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    sent(&mut channel, 0);
    channel.tick(ms(500));
    channel.receive(acknowledgement(0), ms(501));
    assert_eq!(sent(&mut channel, 502), [""; 0]);
}

#[test]
fn resent_messages_are_no_sample_of_the_round_trip() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    sent(&mut channel, 0);
    channel.tick(ms(200));
    sent(&mut channel, 200);
    channel.receive(acknowledgement(0), ms(201));
    send(&mut channel, "b", 300);
    sent(&mut channel, 300);
    assert_eq!(channel.deadline(), Some(ms(300 + 400)));
}

#[test]
fn producers_wait_while_the_window_is_full() {
    let mut channel = channel();
    for room in (0..WINDOW).rev() {
        send(&mut channel, "x", 0);
        assert_eq!(channel.room(), room);
    }
    channel.receive(acknowledgement(1), ms(1));
    assert_eq!(channel.room(), 0);
    channel.receive(acknowledgement(0), ms(1));
    assert_eq!(channel.room(), 2);
}

#[test]
fn nothing_is_sent_while_publication_is_paused() {
    let mut channel = channel();
    send(&mut channel, "a", 0);
    sent(&mut channel, 0);
    channel.receive(notice(MessageType::PausePublication, ""), ms(1));
    channel.receive(notice(MessageType::PausePublication, ""), ms(1));
    send(&mut channel, "b", 2);
    channel.tick(ms(400_000));
    assert_eq!(sent(&mut channel, 400_000), [""; 0]);
    assert!(channel.is_paused() && !channel.has_given_up(ms(400_000)));
    assert_eq!(channel.deadline(), None);
    channel.receive(notice(MessageType::StartPublication, ""), ms(400_000));
    assert!(!channel.has_given_up(ms(400_001)));
    assert_eq!(delivered(&mut channel), ["Paused", "Started"]);
    channel.tick(ms(400_001));
    assert_eq!(sent(&mut channel, 400_001), ["0 a", "1 b"]);
}

#[rstest]
#[case::output(output(0, "x"))]
#[case::acknowledgement(acknowledgement(0))]
fn a_message_of_the_other_end_ends_a_pause(#[case] message: AgentMessage) {
    let mut channel = channel();
    channel.receive(notice(MessageType::PausePublication, ""), ms(0));
    channel.receive(message, ms(1));
    assert!(!channel.is_paused());
    assert_eq!(delivered(&mut channel)[..2], ["Paused", "Started"]);
}

#[test]
fn the_other_end_is_given_up_after_5_minutes_without_acknowledgement() {
    let mut channel = channel();
    assert!(!channel.has_given_up(ms(1_000_000)));
    send(&mut channel, "a", 1000);
    send(&mut channel, "b", 1000);
    assert!(!channel.has_given_up(ms(300_999)));
    assert!(channel.has_given_up(ms(301_000)));
    channel.receive(acknowledgement(1), ms(200_000));
    assert!(!channel.has_given_up(ms(301_000)));
    assert!(channel.has_given_up(ms(500_000)));
}

#[test]
fn a_new_connection_continues_both_streams() {
    let mut channel = channel();
    ["a", "b", "c"].iter().for_each(|text| send(&mut channel, text, 0));
    sent(&mut channel, 0);
    channel.receive(output(0, "x"), ms(1));
    channel.receive(output(2, "z"), ms(1));
    channel.receive(acknowledgement(1), ms(1));
    channel.reconnect(ms(5000));
    send(&mut channel, "d", 5000);
    assert_eq!(sent(&mut channel, 5000), ["0 a", "2 c", "3 d"]);
    channel.receive(output(0, "x"), ms(5001));
    channel.receive(output(1, "y"), ms(5001));
    assert_eq!(sent(&mut channel, 5001), ["=0", "=1"]);
    assert_eq!(delivered(&mut channel), ["x", "y", "z"]);
}

#[test]
fn the_end_is_delivered_and_unknown_messages_are_ignored() {
    let mut channel = channel();
    channel.receive(notice(MessageType::Other("agent_job".to_owned()), "x"), ms(0));
    channel.receive(notice(MessageType::Input, "mine"), ms(0));
    channel.receive(notice(MessageType::ChannelClosed, r#"{"Output":"bye"}"#), ms(0));
    assert_eq!(sent(&mut channel, 0), [""; 0]);
    let closed = ChannelClosed { session_id: String::new(), output: "bye".to_owned() };
    assert_eq!(channel.next_arrival(), Some(Arrival::Closed(closed)));
    assert_eq!(channel.next_arrival(), None);
}

#[test]
fn payloads_are_not_in_debug_output() {
    let mut channel = channel();
    channel.receive(output(0, "hunter2"), ms(0));
    let arrival = channel.next_arrival();
    assert_eq!(format!("{arrival:?}"), "Some(Data(Output of 7 bytes))");
}

/// 5 % loss, 5 % duplicates, reordering, pauses and cuts.
const HOSTILE: Faults = Faults { loss: 50, duplicates: 50, delay: 400, pauses: 2, cuts: 3 };

#[test]
fn two_ends_exchange_everything_exactly_over_a_bad_network() {
    (0..1000).for_each(|seed| network::exchange(seed, 24, HOSTILE));
}

#[test]
fn a_long_exchange_over_a_bad_network_is_exact() {
    network::exchange(7, 4000, HOSTILE);
}

#[test]
#[ignore = "takes minutes: the number of schedules that the design asks for"]
fn a_million_schedules_are_exact() {
    (0..1_000_000).for_each(|seed| network::exchange(seed, 12, HOSTILE));
}

proptest! {
    #[test]
    fn any_network_that_delivers_sometimes_is_enough(
        seed: u64, loss in 0..500_u64, duplicates in 0..300_u64, delay in 1..3000_u64, pauses in 0..20_u64, cuts in 0..20_u64,
    ) {
        network::exchange(seed, 20, Faults { loss, duplicates, delay, pauses, cuts });
    }
}
