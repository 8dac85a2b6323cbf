//! A peer that sends anything: the client never panics, and delivers no more than it gets.

use proptest::prelude::*;

use super::*;

fn message_type() -> impl Strategy<Value = MessageType> {
    prop_oneof![
        6 => Just(MessageType::Output),
        2 => Just(MessageType::Acknowledge),
        1 => Just(MessageType::StartPublication),
        1 => Just(MessageType::PausePublication),
        1 => Just(MessageType::ChannelClosed),
        1 => Just(MessageType::Input),
        1 => "[a-z_]{0,32}".prop_map(MessageType::Other),
    ]
}

fn payload() -> impl Strategy<Value = Bytes> {
    let texts = prop::sample::select(vec![
        r#"{"AcknowledgedMessageSequenceNumber":0}"#,
        r#"{"AcknowledgedMessageSequenceNumber":-9223372036854775808}"#,
        r#"{"AcknowledgedMessageSequenceNumber":9223372036854775807}"#,
        r#"{"AgentVersion":"3.3.3050.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port"}}]}"#,
        r#"{"RequestedClientActions":[{"ActionType":"KMSEncryption","ActionParameters":[]}]}"#,
        r#"{"RequestedClientActions":[{"ActionType":null}]}"#,
        r#"{"Challenge":"AAAA"}"#,
        "EXIT_CODE: 99999999999",
    ]);
    prop_oneof![texts.prop_map(Bytes::from), prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)]
}

fn sequence() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0..12_i64, 1 => any::<i64>(), 1 => Just(i64::MAX), 1 => Just(i64::MIN)]
}

fn message() -> impl Strategy<Value = AgentMessage> {
    (message_type(), any::<u64>(), sequence(), any::<u64>(), 0..15_u32, payload()).prop_map(
        |(message_type, created, sequence, flags, payload_type, payload)| {
            let id = MessageId::random();
            AgentMessage { message_type, created, sequence, flags, id, payload_type, payload }
        },
    )
}

proptest! {
    #[test]
    fn a_hostile_peer_causes_an_error_at_most(
        messages in prop::collection::vec((message(), 0..5000_u64), 0..40),
        expects_handshake: bool,
    ) {
        let mut client = Pair::new(expects_handshake).client;
        let mut now = Duration::ZERO;
        let mut outputs = 0;
        for (message, pause) in &messages {
            now += ms(*pause);
            let went_on = client.input("typed".into(), now)
                .and_then(|()| client.receive(&message.encode(), now))
                .and_then(|()| client.tick(now));
            while client.next_to_send(now).is_some() {}
            while let Some(event) = client.next_event() {
                match event {
                    ProtocolEvent::Output(_) => outputs += 1,
                    ProtocolEvent::KeyNeeded(_) => {
                        let _ = client.take_key(Err("no key".to_owned()), now);
                    }
                    _ => {}
                }
            }
            let _ = client.deadline();
            if went_on.is_err() {
                break;
            }
        }
        prop_assert!(outputs <= messages.len());
    }
}
