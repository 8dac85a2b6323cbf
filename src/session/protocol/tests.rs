use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::*;
use crate::session::{
    encryption::Cipher,
    frame::{MessageId, MessageType},
    handshake::SessionType,
};

mod hostile;

const SIZE: TerminalSize = TerminalSize { columns: 120, rows: 40 };

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// A client and an agent with a perfect connection, or none.
struct Pair {
    client: Protocol,
    agent: Channel,
    /// What the agent has got: the number of the payload type and the payload.
    got: Vec<(u32, Bytes)>,
    now: u64,
}

impl Pair {
    fn new(expects_handshake: bool) -> Self {
        let parameters = SessionParameters {
            session_id: "s-1".to_owned(),
            target: "ecs:shop_1_2".to_owned(),
            expects_handshake,
            uses_challenge: true,
        };
        let client = Protocol::new(parameters, Some(SIZE), 1);
        Self { client, agent: Channel::of_agent(1_000_000), got: Vec::new(), now: 0 }
    }

    /// The gateway reports that the agent is attached.
    fn start(&mut self) {
        self.gateway(MessageType::StartPublication, "");
    }

    fn gateway(&mut self, message_type: MessageType, payload: &str) {
        let message = AgentMessage {
            message_type,
            created: 1,
            sequence: 0,
            flags: 3,
            id: MessageId::random(),
            payload_type: 0,
            payload: payload.to_owned().into(),
        };
        self.client.receive(&message.encode(), ms(self.now)).unwrap();
        self.carry();
    }

    fn agent_sends(&mut self, payload_type: PayloadType, payload: impl Into<Bytes>) {
        self.agent.send(payload_type, payload, ms(self.now));
        self.carry();
    }

    fn types(&mut self, text: &str) {
        self.client.input(text.to_owned().into(), ms(self.now)).unwrap();
        self.carry();
    }

    fn wait(&mut self, time: u64) {
        self.now += time;
        self.client.tick(ms(self.now)).unwrap();
        self.agent.tick(ms(self.now));
        self.carry();
    }

    /// Carries messages until both ends have nothing to send.
    fn carry(&mut self) {
        let now = ms(self.now);
        loop {
            let mut idle = true;
            while let Some(bytes) = self.client.next_to_send(now) {
                self.agent.receive(AgentMessage::decode(&bytes).unwrap(), now);
                idle = false;
            }
            while let Some(bytes) = self.agent.next_to_send(now) {
                self.client.receive(&bytes, now).unwrap();
                idle = false;
            }
            while let Some(arrival) = self.agent.next_arrival() {
                if let Arrival::Data(data) = arrival {
                    self.got.push((data.payload_type.number(), data.payload));
                }
            }
            if idle {
                return;
            }
        }
    }

    /// What the agent got as input since the last time: `#` for a size, `^` for a flag.
    fn input(&mut self) -> String {
        let got = std::mem::take(&mut self.got).into_iter();
        got.map(|(number, payload)| match number {
            3 => "#".to_owned(),
            10 => format!("^{}", payload[3]),
            1 => String::from_utf8_lossy(&payload).into_owned(),
            other => format!("({other})"),
        })
        .collect()
    }

    fn events(&mut self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.client.next_event());
        events
            .map(|event| match event {
                ProtocolEvent::Output(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                ProtocolEvent::StandardError(bytes) => format!("err {}", String::from_utf8_lossy(&bytes)),
                ProtocolEvent::Ready(agreement) => format!("{:?}", agreement.session_type),
                ProtocolEvent::KeyNeeded(request) => format!("key {}", request.key_id),
                ProtocolEvent::ExitCode(code) => format!("exit {code}"),
                ProtocolEvent::ConnectToPortError => "port refused".to_owned(),
                ProtocolEvent::Message(text) => format!("message {text}"),
                ProtocolEvent::NoAnswer => "no answer".to_owned(),
                ProtocolEvent::Paused => "paused".to_owned(),
                ProtocolEvent::Resumed => "resumed".to_owned(),
                ProtocolEvent::Closed(closed) => format!("closed {}", closed.output),
            })
            .collect()
    }

    fn request_handshake(&mut self, session_type: &str, more: &[Value]) {
        let properties = json!({"portNumber": "80", "type": "LocalPortForwarding"});
        let parameters = json!({"SessionType": session_type, "Properties": properties});
        let action = json!({"ActionType": "SessionType", "ActionParameters": parameters});
        let actions = [&[action], more].concat();
        let request = json!({"AgentVersion": "3.3.3050.0", "RequestedClientActions": actions});
        self.agent_sends(PayloadType::HandshakeRequest, request.to_string());
    }

    fn complete_handshake(&mut self) {
        self.agent_sends(PayloadType::HandshakeComplete, r#"{"CustomerMessage":"Welcome"}"#);
    }
}

#[test]
fn the_size_goes_first_and_input_waits_for_the_first_output() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.types("ls\r");
    assert_eq!(pair.input(), "#");
    pair.agent_sends(PayloadType::Output, "$ ");
    assert_eq!(pair.input(), "#ls\r");
    pair.types("exit\r");
    assert_eq!(pair.input(), "exit\r");
    assert_eq!(pair.events(), ["Terminal", "$ "]);
}

#[test]
fn a_command_that_waits_for_input_gets_it() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.types("hi\r");
    pair.wait(1999);
    assert_eq!(pair.input(), "#");
    pair.wait(1);
    assert_eq!(pair.input(), "#hi\r");
    assert_eq!(pair.events(), ["Terminal"]);
}

#[test]
fn input_that_a_late_handshake_discarded_is_sent_again_once() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.types("one ");
    pair.wait(2000);
    pair.types("two ");
    assert_eq!(pair.input(), "##one two ");
    pair.request_handshake("InteractiveCommands", &[]);
    pair.types("three ");
    assert_eq!(pair.input(), "(6)");
    pair.complete_handshake();
    assert_eq!(pair.input(), "#one two three ");
    pair.agent_sends(PayloadType::Output, "$ ");
    pair.types("four");
    assert_eq!(pair.input(), "four");
    assert_eq!(pair.events(), ["Terminal", "message Welcome", "Terminal", "$ "]);
}

#[test]
fn nothing_is_sent_before_an_expected_handshake() {
    let mut pair = Pair::new(true);
    pair.types("secret");
    pair.start();
    pair.wait(600_000);
    assert_eq!(pair.input(), "#");
    pair.request_handshake("Port", &[]);
    pair.complete_handshake();
    assert_eq!(pair.input(), "(6)secret");
    assert!(matches!(pair.client.agreement().session_type, SessionType::Port(_)));
}

#[test]
fn an_encrypted_session_is_encrypted_both_ways() {
    let key = || DataKey::new(&[7; 64], vec![1]).unwrap();
    let agent = Cipher::of_agent(&key());
    let mut pair = Pair::new(false);
    pair.start();
    pair.types("ls\r");
    pair.request_handshake(
        "InteractiveCommands",
        &[json!({"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "key-1"}})],
    );
    assert_eq!(pair.events(), ["key key-1"]);
    pair.client.take_key(Ok(key()), ms(1)).unwrap();
    pair.carry();
    let challenge = STANDARD.encode(agent.encrypt(b"0123").unwrap());
    pair.agent_sends(PayloadType::EncryptionChallengeRequest, json!({"Challenge": challenge}).to_string());
    pair.complete_handshake();
    assert_eq!(pair.got.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [3, 6, 9, 3, 1]);
    assert_eq!(agent.decrypt(&pair.got[4].1).unwrap(), "ls\r");
    for (payload_type, text) in
        [(PayloadType::Output, "out"), (PayloadType::StandardError, "bad"), (PayloadType::ExitCode, "EXIT_CODE: 7")]
    {
        pair.agent_sends(payload_type, agent.encrypt(text.as_bytes()).unwrap());
    }
    assert_eq!(pair.events(), ["message Welcome", "Terminal", "out", "err bad", "exit 7"]);
    let message = pair.client.receive(
        &AgentMessage {
            message_type: MessageType::Output,
            created: 1,
            sequence: 6,
            flags: 0,
            id: MessageId::random(),
            payload_type: 1,
            payload: "in the clear".into(),
        }
        .encode(),
        ms(2),
    );
    assert_eq!(message, Err(ProtocolError::Encryption(CipherError)));
}

#[test]
fn without_a_key_nothing_is_sent_in_the_clear() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.types("secret");
    pair.request_handshake(
        "InteractiveCommands",
        &[json!({"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "key-1"}})],
    );
    pair.client.take_key(Err("denied".to_owned()), ms(1)).unwrap();
    pair.wait(100_000);
    assert_eq!(pair.input(), "#(6)");
}

#[test]
fn flags_follow_the_input_before_them() {
    let mut pair = Pair::new(true);
    pair.start();
    pair.types("data");
    pair.client.flag(SessionFlag::DisconnectToPort, ms(0)).unwrap();
    pair.types("more");
    pair.request_handshake("Port", &[]);
    pair.complete_handshake();
    assert_eq!(pair.input(), "#(6)data^1more");
    pair.agent_sends(PayloadType::Flag, vec![0, 0, 0, 3]);
    assert_eq!(pair.events().last().unwrap(), "port refused");
}

#[test]
fn a_paste_is_sent_in_chunks_as_the_agent_acknowledges_them() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.agent_sends(PayloadType::Output, "$ ");
    pair.got.clear();
    let paste: Bytes = (0..HELD_INPUT).map(|index| index as u8).collect();
    pair.client.input(paste.clone(), ms(1)).unwrap();
    assert!(!pair.client.is_drained() && pair.client.accepts_input());
    pair.client.input(paste.clone(), ms(1)).unwrap();
    assert!(!pair.client.accepts_input());
    let sent = std::iter::from_fn(|| pair.client.next_to_send(ms(1))).count();
    assert_eq!(sent, WINDOW_TERMINAL);
    pair.client.reconnect(ms(1));
    pair.carry();
    assert!(pair.client.is_drained() && pair.client.accepts_input());
    assert!(pair.got.iter().all(|(number, payload)| *number == 1 && payload.len() <= CHUNK));
    assert_eq!(
        pair.got.iter().flat_map(|(_, payload)| payload.to_vec()).collect::<Bytes>(),
        [&paste[..], &paste].concat()
    );
}

#[test]
fn a_resize_is_sent_once_the_session_runs_and_only_if_it_changes() {
    let mut pair = Pair::new(false);
    pair.client.resize(TerminalSize { columns: 80, rows: 24 }, ms(0));
    pair.start();
    pair.agent_sends(PayloadType::Output, "$ ");
    pair.client.resize(TerminalSize { columns: 80, rows: 24 }, ms(0));
    pair.client.resize(TerminalSize { columns: 81, rows: 24 }, ms(0));
    pair.carry();
    let sizes: Vec<_> = pair.got.iter().map(|(_, payload)| String::from_utf8_lossy(payload)).collect();
    let (old, new) = (r#"{"cols":80,"rows":24}"#, r#"{"cols":81,"rows":24}"#);
    assert_eq!(sizes, [old, old, new]);
}

#[test]
fn an_agent_that_never_answers_is_reported_after_20_seconds() {
    let mut pair = Pair::new(true);
    pair.now = 20_000;
    pair.client.tick(ms(19_999)).unwrap();
    assert_eq!(pair.events(), [""; 0]);
    pair.client.tick(ms(20_000)).unwrap();
    pair.client.tick(ms(50_000)).unwrap();
    assert_eq!(pair.events(), ["no answer"]);
}

#[test]
fn an_agent_that_acknowledges_but_sends_nothing_is_not_reported() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.wait(2000);
    pair.wait(60_000);
    assert_eq!(pair.events(), ["Terminal"]);
}

#[test]
fn a_session_ends_after_5_minutes_without_acknowledgement() {
    let mut pair = Pair::new(false);
    pair.agent_sends(PayloadType::Output, "$ ");
    pair.client.input("x".into(), ms(1000)).unwrap();
    let results: Vec<_> = (1..=301).map(|second| pair.client.tick(ms(second * 1000))).collect();
    assert!(results[..300].iter().all(Result::is_ok));
    assert_eq!(results[300], Err(ProtocolError::NoAcknowledgement));
}

#[test]
fn damaged_and_unknown_messages_change_nothing() {
    let mut pair = Pair::new(false);
    pair.client.receive(&Bytes::from_static(b"garbage"), ms(0)).unwrap();
    pair.agent_sends(PayloadType::Unknown(99), "x");
    pair.agent_sends(PayloadType::Parameter, "x");
    assert!(pair.agent.is_drained());
    assert_eq!(pair.client.malformed(), 1);
    assert_eq!(pair.events(), [""; 0]);
}

#[test]
fn notices_of_the_gateway_are_reported() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.gateway(MessageType::PausePublication, "");
    pair.gateway(MessageType::StartPublication, "");
    pair.gateway(MessageType::ChannelClosed, r#"{"Output":"bye"}"#);
    assert_eq!(pair.events(), ["paused", "resumed", "closed bye"]);
}

#[test]
fn a_day_with_hourly_closes_and_three_cuts_loses_nothing() {
    let mut pair = Pair::new(false);
    pair.start();
    pair.agent_sends(PayloadType::Output, "0 ");
    let (mut output, mut input) = (String::from("0 "), String::new());
    for minute in 1..=24 * 60 {
        pair.wait(60_000);
        let line = format!("{minute} ");
        output += &line;
        input += &line;
        if minute % 60 == 0 || [100, 501, 1111].contains(&minute) {
            // Both ends send, and the connection is gone before anything arrives.
            pair.agent.send(PayloadType::Output, line.clone(), ms(pair.now));
            pair.client.input(line.into(), ms(pair.now)).unwrap();
            while pair.client.next_to_send(ms(pair.now)).is_some() {}
            while pair.agent.next_to_send(ms(pair.now)).is_some() {}
            pair.now += 5_000;
            pair.client.reconnect(ms(pair.now));
            pair.agent.reconnect(ms(pair.now));
            pair.carry();
        } else {
            pair.agent_sends(PayloadType::Output, line.clone());
            pair.types(&line);
        }
    }
    assert_eq!(pair.input(), format!("##{input}"));
    let events = pair.events();
    assert_eq!(events[0], "Terminal");
    assert_eq!(events[1..].concat(), output);
}
