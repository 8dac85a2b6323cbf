//! The faults of sessions, seen by a client.

use super::{client::Client, *};
use crate::demo::session::frame::{self, payload};

async fn disturbed(faults: &[&str]) -> Stage {
    let stage = Stage::new().await;
    faults.iter().for_each(|fault| stage.endpoint.add_fault(fault.parse().unwrap()));
    stage
}

async fn shell(stage: &Stage) -> (Value, Client) {
    let session = stage.execute("sh").await;
    let client = Client::connect(&session, "client-1").await.unwrap();
    (session, client)
}

#[tokio::test]
async fn a_bad_network_loses_nothing() {
    let faults = ["session-drop=10%", "session-duplicate=10%", "session-reorder=30%", "session-bad-digest=10%"];
    let stage = disturbed(&faults).await;
    let (_, mut client) = shell(&stage).await;
    client.expect("# ").await;
    for number in 0..10 {
        client.type_text(&format!("echo line-$(({number}))-{number}\r")).await;
        client.expect(&format!("-{number}\r\n")).await;
    }
}

#[tokio::test]
async fn the_hourly_close_is_survived_with_another_token() {
    let stage = disturbed(&["session-bye=6#1"]).await;
    let (session, mut client) = shell(&stage).await;
    client.expect("# ").await;
    client.type_text("echo one; echo two; echo three\r").await;
    client.expect_end().await;
    assert_eq!((client.close_frame.clone(), client.closed.clone()), (Some((1000, "Bye".to_owned())), None));
    let (status, again) = stage.resume(&session).await;
    assert_eq!(status, 200);
    client.reconnect(&again, "client-1").await;
    client.expect("three\r\n").await;
    client.type_text("exit\r").await;
    client.expect_end().await;
    assert_eq!(client.closed.as_deref(), Some(""));
}

#[tokio::test]
async fn a_reset_has_no_reason_and_silence_has_no_end() {
    let stage = disturbed(&["session-reset#1"]).await;
    let (_, mut client) = shell(&stage).await;
    client.expect_end().await;
    assert_eq!((client.close_frame, client.closed), (None, None));

    let stage = disturbed(&["session-silent"]).await;
    let (_, mut client) = shell(&stage).await;
    client.type_text("echo hi\r").await;
    let end = tokio::time::timeout(std::time::Duration::from_secs(2), client.expect("hi"));
    assert!(end.await.is_err());
    assert!(client.output.is_empty() && client.notices.is_empty());
}

#[tokio::test]
async fn strange_messages_and_pauses_come_once() {
    let faults = ["session-unknown-type#1", "session-unknown-payload#1", "session-pause=300ms#1"];
    let stage = disturbed(&faults).await;
    let (_, mut client) = shell(&stage).await;
    client.expect("# ").await;
    assert_eq!(client.expect_other(payload::UNKNOWN).await, b"frobnicate");
    client.type_text("echo again\r").await;
    client.expect("again\r\n").await;
    let expected = [frame::START_PUBLICATION, "frobnicate", frame::PAUSE_PUBLICATION, frame::START_PUBLICATION];
    assert_eq!(client.notices, expected);
}

#[tokio::test]
async fn the_idle_end_says_so() {
    let stage = disturbed(&[]).await;
    let (_, mut client) = shell(&stage).await;
    client.expect("# ").await;
    stage.endpoint.add_fault("session-idle#1".parse().unwrap());
    client.expect_end().await;
    assert!(client.closed.unwrap().contains("timed out due to inactivity"));
}

#[tokio::test]
async fn the_third_session_of_a_container_is_left_unanswered() {
    let stage = disturbed(&[]).await;
    let (_, mut first) = shell(&stage).await;
    let (session, mut second) = shell(&stage).await;
    first.expect("# ").await;
    second.expect("# ").await;
    let (_, mut third) = shell(&stage).await;
    let heard = tokio::time::timeout(std::time::Duration::from_secs(1), third.expect("# ")).await;
    assert!(heard.is_err() && third.notices.is_empty());
    assert_eq!(stage.terminate(&session).await, 200);
    let (status, answer) = stage.call("AmazonSSM.DescribeSessions", &json!({ "State": "Active" })).await;
    assert_eq!((status, answer["Sessions"].as_array().unwrap().len()), (200, 2), "{answer}");
}

#[tokio::test]
async fn upgrades_and_tokens_can_be_refused() {
    let stage = disturbed(&["session-refused#1", "session-no-token#1"]).await;
    let session = stage.execute("sh").await;
    assert_eq!(Client::connect(&session, "client-1").await.err(), Some(403));
    let (status, again) = stage.resume(&session).await;
    assert_eq!((status, again["tokenValue"].as_str()), (200, Some("")));
    let mut client = Client::connect(&stage.resume(&session).await.1, "client-1").await.unwrap();
    client.expect("# ").await;
}

#[tokio::test]
async fn an_unknown_action_asks_for_a_handshake() {
    let stage = disturbed(&["session-unknown-action", "session-message=hello", "session-late-handshake=300ms"]).await;
    let (_, mut client) = shell(&stage).await;
    client.expect_other(payload::HANDSHAKE_REQUEST).await;
    let unsupported = json!({ "ActionType": "Frobnicate", "ActionStatus": 3, "ActionResult": null, "Error": "Unsupported action Frobnicate" });
    client.shake_hands(json!([session_type(), unsupported])).await;
    assert!(String::from_utf8_lossy(&client.expect_other(payload::HANDSHAKE_COMPLETE).await).contains("hello"));
    client.expect("# ").await;
}
