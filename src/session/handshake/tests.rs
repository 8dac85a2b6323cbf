use base64::{Engine as _, engine::general_purpose::STANDARD};
use rstest::rstest;
use serde_json::json;

use super::*;

const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn parameters() -> SessionParameters {
    SessionParameters {
        session_id: "ecs-execute-command-0123456789abcdef0".to_owned(),
        target: "ecs:shop_0123_0123-456".to_owned(),
        expects_handshake: false,
        uses_challenge: true,
    }
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn data(payload_type: PayloadType, payload: &Value) -> StreamData {
    StreamData { payload_type, payload: payload.to_string().into() }
}

fn request(actions: &Value) -> StreamData {
    let request = json!({"AgentVersion": "3.3.3050.0", "RequestedClientActions": actions});
    data(PayloadType::HandshakeRequest, &request)
}

fn session_request(session_type: &str, properties: &Value) -> StreamData {
    let parameters = json!({"SessionType": session_type, "Properties": properties});
    request(&json!([{"ActionType": "SessionType", "ActionParameters": parameters}]))
}

fn key_request(challenge: Option<&str>) -> StreamData {
    request(&json!([
        {"ActionType": "SessionType", "ActionParameters": {"SessionType": "InteractiveCommands", "Properties": null}},
        {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "key-1", "Challenge": challenge}},
    ]))
}

fn key() -> DataKey {
    DataKey::new(&(0..64).collect::<Vec<u8>>(), vec![1, 2, 3]).unwrap()
}

/// The only payload in `steps`, which must be one of this type.
fn only_payload(steps: impl IntoIterator<Item = HandshakeStep>, expected: PayloadType) -> Value {
    let mut steps = steps.into_iter();
    let Some(HandshakeStep::Send(payload_type, payload)) = steps.next() else { panic!("nothing to send") };
    assert_eq!(payload_type, expected);
    assert!(steps.next().is_none());
    serde_json::from_slice(&payload).unwrap()
}

#[test]
fn output_without_a_handshake_starts_a_terminal() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    handshake.start(ms(10));
    assert!(matches!(handshake.take_output(), Some(HandshakeStep::Ready)));
    assert!(handshake.is_running());
    assert!(handshake.take_output().is_none());
    assert_eq!(handshake.agreement().session_type, SessionType::Terminal);
    assert_eq!(handshake.agreement().port_mode(), None);
}

#[rstest]
#[case::since_attached(Some(500), 2500)]
#[case::since_opened(None, 3000)]
fn a_silent_agent_wants_no_handshake(#[case] started: Option<u64>, #[case] deadline: u64) {
    let mut handshake = Handshake::new(parameters(), ms(0));
    started.into_iter().for_each(|at| handshake.start(ms(at)));
    handshake.start(ms(deadline - 1));
    let deadline = if started.is_none() { deadline - 1 + 2000 } else { deadline };
    assert_eq!(handshake.deadline(), Some(ms(deadline)));
    assert!(handshake.tick(ms(deadline - 1)).is_none());
    assert!(matches!(handshake.tick(ms(deadline)), Some(HandshakeStep::Ready)));
    assert!(handshake.is_running() && handshake.tick(ms(90_000)).is_none());
}

#[test]
fn without_word_of_the_gateway_time_runs_from_the_opening() {
    let mut handshake = Handshake::new(parameters(), ms(100));
    assert_eq!(handshake.deadline(), Some(ms(3100)));
    assert!(matches!(handshake.tick(ms(3100)), Some(HandshakeStep::Ready)));
}

#[test]
fn an_expected_handshake_is_waited_for() {
    let mut handshake = Handshake::new(SessionParameters { expects_handshake: true, ..parameters() }, ms(0));
    handshake.start(ms(1));
    assert_eq!(handshake.deadline(), None);
    assert!(handshake.tick(ms(900_000)).is_none());
}

#[test]
fn a_handshake_is_answered_and_completed() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    let steps = handshake.take(&session_request("InteractiveCommands", &Value::Null)).unwrap();
    let [HandshakeStep::Send(PayloadType::HandshakeResponse, payload)] = &steps[..] else { panic!("{steps:?}") };
    let expected = r#"{"ClientVersion":"1.2.764.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;
    assert_eq!(payload, expected);
    assert!(handshake.is_under_way() && !handshake.is_running());
    assert_eq!(handshake.deadline(), None);
    assert!(handshake.take_output().is_none());
    let complete = data(PayloadType::HandshakeComplete, &json!({"CustomerMessage": "Welcome"}));
    let steps = handshake.take(&complete).unwrap();
    assert!(matches!(&steps[..], [HandshakeStep::Show(text), HandshakeStep::Ready] if text == "Welcome"), "{steps:?}");
    assert!(handshake.is_running());
}

#[test]
fn a_late_handshake_is_answered() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    handshake.tick(ms(3000));
    assert!(handshake.is_running());
    handshake.take(&session_request("Standard_Stream", &Value::Null)).unwrap();
    assert!(handshake.is_under_way() && !handshake.is_running());
}

#[rstest]
#[case("3.3.3050.0", "LocalPortForwarding", Some(PortMode::Multiplexed { keepalive: false }))]
#[case("3.0.500.0", "LocalPortForwarding", Some(PortMode::Multiplexed { keepalive: true }))]
#[case("3.0.196.0", "LocalPortForwarding", Some(PortMode::Basic))]
#[case("garbage", "LocalPortForwarding", Some(PortMode::Basic))]
#[case("3.3.3050.0", "", Some(PortMode::Single))]
fn the_mode_of_a_port_follows_from_type_and_version(
    #[case] version: &str,
    #[case] forwarding: &str,
    #[case] expected: Option<PortMode>,
) {
    let properties = json!({"portNumber": "5432", "host": "db.internal", "type": forwarding});
    let parameters = json!({"SessionType": "Port", "Properties": properties});
    let actions = json!([{"ActionType": "SessionType", "ActionParameters": parameters}]);
    let request = json!({"AgentVersion": version, "RequestedClientActions": actions});
    let mut handshake = Handshake::new(self::parameters(), ms(0));
    handshake.take(&data(PayloadType::HandshakeRequest, &request)).unwrap();
    assert_eq!(handshake.agreement().port_mode(), expected);
    let SessionType::Port(properties) = &handshake.agreement().session_type else { panic!("no port") };
    assert_eq!((properties.port.as_str(), properties.host.as_deref()), ("5432", Some("db.internal")));
}

#[test]
fn unknown_session_types_and_actions_are_refused_in_order() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    let actions = json!([
        {"ActionType": "Dance", "ActionParameters": {"Tempo": 1}},
        {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Telepathy"}},
        {"ActionType": "SessionType", "ActionParameters": {"SessionType": "NonInteractiveCommands"}},
    ]);
    let response = only_payload(handshake.take(&request(&actions)).unwrap(), PayloadType::HandshakeResponse);
    let expected = json!([
        {"ActionType": "Dance", "ActionStatus": 3, "ActionResult": null, "Error": "Unsupported action Dance"},
        {"ActionType": "SessionType", "ActionStatus": 2, "ActionResult": null, "Error": "Unknown session type Telepathy"},
        {"ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": ""},
    ]);
    assert_eq!(response["ProcessedClientActions"], expected);
    assert_eq!(handshake.agreement().session_type, SessionType::Command);
}

#[rstest]
#[case::challenge(Some(CHALLENGE), true, true)]
#[case::challenge_not_wanted(Some(CHALLENGE), false, false)]
#[case::older_agent(None, true, false)]
fn a_data_key_is_requested_and_returned(
    #[case] challenge: Option<&str>,
    #[case] uses_challenge: bool,
    #[case] expected: bool,
) {
    let mut handshake = Handshake::new(SessionParameters { uses_challenge, ..parameters() }, ms(0));
    let steps = handshake.take(&key_request(challenge)).unwrap();
    let [HandshakeStep::RequestKey(request)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!(request.key_id, "key-1");
    let mut context = vec![
        ("aws:ssm:SessionId", "ecs-execute-command-0123456789abcdef0".to_owned()),
        ("aws:ssm:TargetId", "ecs:shop_0123_0123-456".to_owned()),
    ];
    context.extend(expected.then(|| ("aws:ssm:RandomChallenge", CHALLENGE.to_owned())));
    assert_eq!(request.context, context);
    let response = only_payload(handshake.take_key(Ok(key())), PayloadType::HandshakeResponse);
    let mut result = json!({"KMSCipherTextKey": "AQID", "KMSCipherTextHash": null});
    if expected {
        result["ChallengeAcknowledgement"] = json!(true);
    }
    let action = json!({"ActionType": "KMSEncryption", "ActionStatus": 1, "ActionResult": result, "Error": ""});
    assert_eq!(response["ProcessedClientActions"][1], action);
    assert!(handshake.cipher().is_some() && handshake.take_key(Ok(key())).is_none());
}

#[test]
fn the_challenge_of_the_agent_is_answered() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    handshake.take(&key_request(None)).unwrap();
    handshake.take_key(Ok(key()));
    let agent = Cipher::of_agent(&key());
    let challenge = STANDARD.encode(agent.encrypt(b"random bytes").unwrap());
    let request = data(PayloadType::EncryptionChallengeRequest, &json!({"Challenge": challenge}));
    let response = only_payload(handshake.take(&request).unwrap(), PayloadType::EncryptionChallengeResponse);
    let answer = STANDARD.decode(response["Challenge"].as_str().unwrap()).unwrap();
    assert_eq!(agent.decrypt(&answer).unwrap(), "random bytes");
}

#[test]
fn without_a_key_the_handshake_fails_with_the_reason() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    handshake.take(&key_request(None)).unwrap();
    let response = only_payload(handshake.take_key(Err("not authorized".to_owned())), PayloadType::HandshakeResponse);
    let action =
        json!({"ActionType": "KMSEncryption", "ActionStatus": 2, "ActionResult": null, "Error": "not authorized"});
    assert_eq!(response["ProcessedClientActions"][1], action);
    assert!(handshake.cipher().is_none());
}

#[test]
fn a_challenge_with_a_wrong_key_or_without_one_ends_the_session() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    let request = data(PayloadType::EncryptionChallengeRequest, &json!({"Challenge": CHALLENGE}));
    assert_eq!(handshake.take(&request).unwrap_err(), HandshakeError::NoKey);
    handshake.take(&key_request(None)).unwrap();
    handshake.take_key(Ok(key()));
    assert_eq!(handshake.take(&request).unwrap_err(), HandshakeError::Encryption(CipherError));
}

#[test]
fn an_unreadable_handshake_ends_the_session() {
    let mut handshake = Handshake::new(parameters(), ms(0));
    let garbage = StreamData { payload_type: PayloadType::HandshakeRequest, payload: "garbage".into() };
    assert!(matches!(handshake.take(&garbage), Err(HandshakeError::Unreadable(_))));
}
