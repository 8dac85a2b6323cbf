//! Port sessions.

use super::{client::Client, *};
use crate::demo::session::{
    frame::{self, payload},
    smux,
};

const PORT: &str = "AWS-StartPortForwardingSession";
const REMOTE: &str = "AWS-StartPortForwardingSessionToRemoteHost";

/// Opens a session and answers its handshake.
async fn forward(stage: &Stage, document: &str, parameters: Value) -> Client {
    let (status, session) = stage.start(document, parameters).await;
    assert_eq!(status, 200, "{session}");
    let mut client = Client::connect(&session, "client-1").await.unwrap();
    let request: Value = serde_json::from_slice(&client.expect_other(payload::HANDSHAKE_REQUEST).await).unwrap();
    assert_eq!(request["RequestedClientActions"][0]["ActionParameters"]["SessionType"], "Port");
    client.shake_hands(json!([session_type()])).await;
    client.expect_other(payload::HANDSHAKE_COMPLETE).await;
    client
}

fn open(id: u32) -> Vec<u8> {
    [vec![1, 0, 0, 0], id.to_le_bytes().to_vec()].concat()
}

#[tokio::test]
async fn streams_reach_the_application_and_close() {
    let stage = Stage::new().await;
    let mut client = forward(&stage, PORT, json!({ "portNumber": ["8080"], "localPortNumber": ["0"] })).await;
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    client.send(payload::OUTPUT, &[open(3), smux::data(3, request)].concat()).await;
    client.expect("It works").await;
    client.expect("\u{1}\u{1}\0\0\u{3}\0\0\0").await;
    client.send(payload::FLAG, frame::TERMINATE).await;
    client.expect_end().await;
    assert_eq!(client.closed.as_deref(), Some(""));
}

#[tokio::test]
async fn a_refused_port_is_a_flag_and_the_end_of_one_stream() {
    let stage = Stage::new().await;
    let mut client = forward(&stage, PORT, json!({ "portNumber": ["81"] })).await;
    client.send(payload::OUTPUT, &open(3)).await;
    assert_eq!(client.expect_other(payload::FLAG).await, frame::CONNECT_FAILED);
    assert_eq!(client.take_output(8).await, smux::close(3));
}

#[tokio::test]
async fn an_old_agent_carries_one_connection_at_a_time() {
    let stage = Stage::new().await;
    stage.endpoint.add_fault("session-agent=2.3.750.0".parse().unwrap());
    let mut client = forward(&stage, REMOTE, json!({ "host": ["echo.internal"], "portNumber": ["7"] })).await;
    client.type_text("one").await;
    assert_eq!(client.take_output(3).await, b"one");
    client.send(payload::FLAG, frame::DISCONNECT).await;
    client.type_text("two").await;
    assert_eq!(client.take_output(3).await, b"two");
}

#[tokio::test]
async fn what_is_echoed_over_a_bad_network_is_whole() {
    let stage = Stage::new().await;
    for fault in ["session-drop=2%", "session-duplicate=5%", "session-reorder=20%"] {
        stage.endpoint.add_fault(fault.parse().unwrap());
    }
    let mut client = forward(&stage, PORT, json!({ "portNumber": ["7"] })).await;
    client.send(payload::OUTPUT, &open(3)).await;
    for part in 0..64_u8 {
        client.send(payload::OUTPUT, &smux::data(3, &[part; 1000])).await;
        let mut echoed = Vec::new();
        while echoed.len() < 1000 {
            let header = client.take_output(8).await;
            let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
            echoed.extend(client.take_output(length).await);
        }
        assert_eq!(echoed, [part; 1000]);
    }
}

#[tokio::test]
async fn what_a_document_does_not_know_is_refused() {
    let stage = Stage::new().await;
    for (document, parameters, code) in [
        ("AWS-StartNothing", json!({}), "InvalidDocument"),
        (PORT, json!({ "portNumber": ["0"] }), "InvalidParameters"),
        (PORT, json!({ "host": ["x"] }), "InvalidParameters"),
        (REMOTE, json!({ "portNumber": ["80"] }), "InvalidParameters"),
    ] {
        let (status, answer) = stage.start(document, parameters).await;
        assert_eq!((status, answer["__type"].as_str()), (400, Some(code)), "{document} {answer}");
    }
    let input = json!({ "Target": "ecs:prod_00000000000000000000000000000000_0" });
    let (status, answer) = stage.call("AmazonSSM.StartSession", &input).await;
    assert_eq!((status, answer["__type"].as_str()), (400, Some("TargetNotConnected")));
}

#[tokio::test]
async fn forbidden_addresses_end_the_session() {
    let stage = Stage::new().await;
    let mut client = forward(&stage, REMOTE, json!({ "host": ["169.254.169.254"], "portNumber": ["80"] })).await;
    client.expect_end().await;
    let closed = client.closed.unwrap();
    assert!(closed.ends_with("Forwarding to IP address 169.254.169.254 is forbidden."), "{closed}");
}

#[tokio::test]
async fn a_client_that_can_not_forward_ends_the_session() {
    let stage = Stage::new().await;
    let (_, session) = stage.start(PORT, json!({})).await;
    let mut client = Client::connect(&session, "client-1").await.unwrap();
    client.expect_other(payload::HANDSHAKE_REQUEST).await;
    let failed = json!({ "ActionType": "SessionType", "ActionStatus": 3, "ActionResult": null, "Error": "no" });
    client.shake_hands(json!([failed])).await;
    client.expect_end().await;
    let closed = client.closed.unwrap();
    assert!(closed.contains("SessionType failed on client with status 3 error: no"), "{closed}");
}
