use super::*;

const SESSION: &str = "ecs-execute-command-0123456789abcdef0";
const TARGET: &str = "ecs:shop_0123_0123-456";

fn handshake(change: impl FnOnce(&mut Request)) -> Handshake {
    let mut request = Request {
        agent_version: "3.3.3050.0".into(),
        session_type: "InteractiveCommands".into(),
        session_id: SESSION.into(),
        target: TARGET.into(),
        ..Request::default()
    };
    change(&mut request);
    Handshake::new(request, Rng::stream(1, "handshake"))
}

fn encrypted() -> Handshake {
    handshake(|request| request.kms_key = Some("k-1".into()))
}

/// KMS with one data key, whose bytes are 0 to 63.
fn kms(blob: &[u8], context: &Context) -> Result<Vec<u8>, String> {
    let expected = [("aws:ssm:SessionId", SESSION), ("aws:ssm:TargetId", TARGET)];
    let rightly = expected.iter().all(|(name, value)| context.get(*name).is_some_and(|it| it == value));
    if blob == b"blob" && rightly { Ok((0..64).collect()) } else { Err("InvalidCiphertextException".into()) }
}

fn answer(handshake: &mut Handshake, actions: Value) -> Vec<Step> {
    let response = json!({ "ClientVersion": "1.2.764.0", "ProcessedClientActions": actions, "Errors": null });
    handshake.receive(payload::HANDSHAKE_RESPONSE, response.to_string().as_bytes(), &kms)
}

fn session_type() -> Value {
    json!({ "ActionType": "SessionType", "ActionStatus": 1, "ActionResult": null, "Error": "" })
}

fn encryption(result: Value) -> Value {
    json!({ "ActionType": "KMSEncryption", "ActionStatus": 1, "ActionResult": result, "Error": "" })
}

fn key_result() -> Value {
    json!({ "KMSCipherTextKey": BASE64_STANDARD.encode(b"blob"), "KMSCipherTextHash": null })
}

fn failure(steps: &[Step]) -> &str {
    match steps {
        [Step::Fail(text)] => text,
        _ => panic!("{steps:?}"),
    }
}

#[test]
fn a_session_without_a_key_is_complete_after_the_response() {
    let mut handshake = handshake(|request| request.message = "hello".into());
    let request: Value = serde_json::from_slice(&handshake.request()).unwrap();
    let parameters = json!({ "SessionType": "InteractiveCommands", "Properties": null });
    let action = json!({ "ActionType": "SessionType", "ActionParameters": parameters });
    assert_eq!(request, json!({ "AgentVersion": "3.3.3050.0", "RequestedClientActions": [action] }));
    assert_eq!(handshake.timeout(), TIMED_OUT);
    assert!(handshake.receive(payload::OUTPUT, b"typed early", &kms).is_empty());
    let steps = answer(&mut handshake, json!([session_type()]));
    let [Step::Send(payload::HANDSHAKE_COMPLETE, complete), Step::Complete(None)] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    assert!(String::from_utf8_lossy(complete).contains(r#""CustomerMessage":"hello""#));
}

#[test]
fn an_encrypted_session_has_keys_after_the_challenge() {
    let mut handshake = encrypted();
    let steps = answer(&mut handshake, json!([session_type(), encryption(key_result())]));
    let [Step::Send(payload::ENC_CHALLENGE_REQUEST, challenge)] = steps.as_slice() else { panic!("{steps:?}") };
    assert_eq!(handshake.timeout(), CHALLENGE_TIMED_OUT);
    // The client's end: it decrypts with the first half of the key and encrypts with the second.
    let challenge: Value = serde_json::from_slice(challenge).unwrap();
    let sealed = BASE64_STANDARD.decode(challenge["Challenge"].as_str().unwrap()).unwrap();
    let halves = |from: u8| std::array::from_fn(|at| from + at as u8);
    let plain = aes::open(&halves(0), &[], &sealed).unwrap();
    let sealed = aes::seal(&halves(32), [9; 12], &[], &plain).unwrap();
    let response = json!({ "Challenge": BASE64_STANDARD.encode(sealed) }).to_string();
    let mut steps = handshake.receive(payload::ENC_CHALLENGE_RESPONSE, response.as_bytes(), &kms);
    let Some(Step::Complete(Some(mut keys))) = steps.pop() else { panic!() };
    assert!(
        matches!(&steps[..], [Step::Send(payload::HANDSHAKE_COMPLETE, text)] if String::from_utf8_lossy(text).contains(ENCRYPTED))
    );
    let sealed = aes::seal(&halves(32), [7; 12], &[], b"ls\r").unwrap();
    assert_eq!(keys.decrypt(&sealed).unwrap(), b"ls\r");
    let (first, second) = (keys.encrypt(b"x").unwrap(), keys.encrypt(b"x").unwrap());
    assert!(first != second && aes::open(&halves(0), &[], &first).unwrap() == b"x");
}

#[test]
fn a_context_with_the_agents_challenge_is_used_when_the_client_says_so() {
    let mut handshake = encrypted();
    let challenge = handshake.challenge.clone();
    let mut result = key_result();
    result["ChallengeAcknowledgement"] = true.into();
    let response = json!({ "ProcessedClientActions": [session_type(), encryption(result)] }).to_string();
    let seen = std::cell::RefCell::new(None);
    let kms = |_: &[u8], context: &Context| {
        *seen.borrow_mut() = context.get("aws:ssm:RandomChallenge").cloned();
        Ok((0..64).collect())
    };
    handshake.receive(payload::HANDSHAKE_RESPONSE, response.as_bytes(), &kms);
    assert_eq!(seen.into_inner(), Some(challenge));
}

#[test]
fn failures_have_the_agents_words() {
    let denied = json!({ "ActionType": "KMSEncryption", "ActionStatus": 2, "ActionResult": null, "Error": "no" });
    let steps = answer(&mut encrypted(), json!([session_type(), denied]));
    assert_eq!(failure(&steps), "KMSEncryption failed on client with status 2 error: no");
    let steps = answer(&mut encrypted(), json!([session_type()]));
    assert_eq!(failure(&steps), "The client did not answer every action.");
    let other = json!({ "KMSCipherTextKey": "b3RoZXI=" });
    let steps = answer(&mut encrypted(), json!([session_type(), encryption(other)]));
    assert_eq!(failure(&steps), "Fetching data key failed: Unable to retrieve data key, InvalidCiphertextException");
    let mut handshake = encrypted();
    answer(&mut handshake, json!([session_type(), encryption(key_result())]));
    let steps = handshake.receive(payload::ENC_CHALLENGE_RESPONSE, br#"{"Challenge":"AAAA"}"#, &kms);
    assert_eq!(failure(&steps), "Encryption challenge does not match");
}

#[test]
fn an_unknown_action_may_be_unsupported() {
    let mut handshake = handshake(|request| request.unknown_action = true);
    let unsupported = json!({ "ActionType": "Frobnicate", "ActionStatus": 3, "ActionResult": null, "Error": "Unsupported action Frobnicate" });
    let steps = answer(&mut handshake, json!([session_type(), unsupported]));
    assert!(matches!(steps.last(), Some(Step::Complete(None))), "{steps:?}");
}
