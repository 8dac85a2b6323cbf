use rstest::rstest;
use serde_json::json;

use super::*;

#[test]
fn an_acknowledgement_has_the_exact_form() {
    let id = "dd01e56b-ff48-483e-a508-b5f073f31b16".parse().unwrap();
    let payload = acknowledge(&MessageType::Output, id, 7);
    assert_eq!(
        payload,
        r#"{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"dd01e56b-ff48-483e-a508-b5f073f31b16","AcknowledgedMessageSequenceNumber":7,"IsSequentialMessage":true}"#
    );
    assert_eq!(acknowledged_sequence(payload.as_bytes()), Some(7));
}

#[rstest]
#[case("")]
#[case("{}")]
#[case(r#"{"AcknowledgedMessageSequenceNumber":"7"}"#)]
fn an_unreadable_acknowledgement_is_about_nothing(#[case] payload: &str) {
    assert_eq!(acknowledged_sequence(payload.as_bytes()), None);
}

#[test]
fn the_opening_message_has_all_fields() {
    let client = MessageId::random();
    let opening: Value = serde_json::from_str(&open_data_channel("t\"oken", client)).unwrap();
    let request = opening["RequestId"].as_str().unwrap();
    assert_eq!(request.len(), 36);
    let expected = json!({
        "MessageSchemaVersion": "1.0",
        "RequestId": request,
        "TokenValue": "t\"oken",
        "ClientId": client.to_string(),
        "ClientVersion": "1.2.764.0",
    });
    assert_eq!(opening, expected);
    let again: Value = serde_json::from_str(&open_data_channel("token", client)).unwrap();
    assert_ne!(again["RequestId"], opening["RequestId"]);
}

#[test]
fn payload_types_have_their_numbers() {
    for number in 0..20 {
        let payload_type = PayloadType::from_number(number);
        assert_eq!(payload_type.number(), number);
        assert_eq!(matches!(payload_type, PayloadType::Unknown(_)), !(1..=12).contains(&number), "{number}");
    }
    assert_eq!(PayloadType::Size.number(), 3);
    assert_eq!(PayloadType::EncryptionChallengeResponse.number(), 9);
    assert_eq!(PayloadType::ExitCode.number(), 12);
}

#[test]
fn a_size_has_the_exact_form() {
    assert_eq!(TerminalSize { columns: 120, rows: 40 }.payload(), r#"{"cols":120,"rows":40}"#);
}

#[test]
fn flags_are_four_bytes() {
    for (flag, number) in
        [(SessionFlag::DisconnectToPort, 1), (SessionFlag::TerminateSession, 2), (SessionFlag::ConnectToPortError, 3)]
    {
        assert_eq!(flag.payload(), [0, 0, 0, number]);
        assert_eq!(SessionFlag::parse(&[0, 0, 0, number]), Some(flag));
    }
    assert_eq!(SessionFlag::parse(&[0, 0, 0, 4]), None);
    assert_eq!(SessionFlag::parse(&[3]), None);
}

#[rstest]
#[case("EXIT_CODE: 0", Some(0))]
#[case("EXIT_CODE: 137\n", Some(137))]
#[case("EXIT_CODE:-1", Some(-1))]
#[case("EXIT_CODE: ", None)]
#[case("7", None)]
fn exit_codes_are_read(#[case] payload: &str, #[case] expected: Option<i32>) {
    assert_eq!(parse_exit_code(payload.as_bytes()), expected);
}

#[rstest]
#[case(r#"{"SessionId":"s-1","Output":"bye","SchemaVersion":1}"#, "s-1", "bye")]
#[case(r#"{"SessionId":"s-1","Output":null}"#, "s-1", "")]
#[case(r#"{"SessionId":"s-1"}"#, "s-1", "")]
#[case("garbage", "", "")]
fn the_end_of_a_session_is_read(#[case] payload: &str, #[case] session_id: &str, #[case] output: &str) {
    let expected = ChannelClosed { session_id: session_id.to_owned(), output: output.to_owned() };
    assert_eq!(ChannelClosed::parse(payload.as_bytes()), expected);
}

#[test]
fn a_handshake_request_is_read() {
    let request = json!({
        "AgentVersion": "3.3.3050.0",
        "RequestedClientActions": [
            {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Port", "Properties": null}},
            {"ActionType": "KMSEncryption"},
        ],
        "Extra": 1,
    });
    let request: HandshakeRequest = serde_json::from_value(request).unwrap();
    assert_eq!(request.agent_version, "3.3.3050.0");
    assert_eq!(request.requested_client_actions[0].action_parameters["SessionType"], "Port");
    assert_eq!(request.requested_client_actions[1].action_parameters, Value::Null);
    let empty: HandshakeRequest = serde_json::from_str(r#"{"RequestedClientActions":null}"#).unwrap();
    assert_eq!(empty.requested_client_actions, []);
}

#[test]
fn a_handshake_response_has_the_exact_form() {
    let response = HandshakeResponse {
        client_version: CLIENT_VERSION,
        processed_client_actions: vec![ProcessedAction {
            action_type: "SessionType".to_owned(),
            action_status: ActionStatus::Success,
            action_result: None,
            error: String::new(),
        }],
        errors: None,
    };
    assert_eq!(
        response.payload(),
        r#"{"ClientVersion":"1.2.764.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#
    );
}

#[rstest]
#[case(false, r#"{"KMSCipherTextKey":"AQID","KMSCipherTextHash":null}"#)]
#[case(true, r#"{"KMSCipherTextKey":"AQID","KMSCipherTextHash":null,"ChallengeAcknowledgement":true}"#)]
fn an_encryption_key_has_the_exact_form(#[case] uses_challenge: bool, #[case] expected: &str) {
    let key = EncryptionKey { ciphertext: Base64(vec![1, 2, 3]), hash: None, uses_challenge };
    assert_eq!(to_json(&key), expected);
}

#[test]
fn a_challenge_is_base64_with_padding() {
    let challenge: EncryptionChallenge = serde_json::from_str(r#"{"Challenge":"AQIDBA=="}"#).unwrap();
    assert_eq!(challenge.challenge.0, [1, 2, 3, 4]);
    assert_eq!(challenge.payload(), r#"{"Challenge":"AQIDBA=="}"#);
    assert!(serde_json::from_str::<EncryptionChallenge>(r#"{"Challenge":"AQIDBA"}"#).is_err());
}

#[rstest]
#[case(r#"{"HandshakeTimeToComplete":123456789,"CustomerMessage":"encrypted"}"#, "encrypted")]
#[case("{}", "")]
#[case("", "")]
fn the_message_of_a_complete_handshake_is_read(#[case] payload: &str, #[case] expected: &str) {
    assert_eq!(HandshakeComplete::parse(payload.as_bytes()).customer_message, expected);
}
