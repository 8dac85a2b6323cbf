//! Port sessions: handshake, connections and refusals.

use super::{super::frame::payload, client::Client, *};

const CLIENT: &str = "11111111-2222-4333-8444-555555555555";
const SUCCESS: &str = r#"{"ClientVersion":"1.2.764.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;

async fn connected(stage: &Stage, port: &str) -> Client {
    let (status, session) = stage.forward("AWS-StartPortForwardingSession", json!({ "portNumber": [port] })).await;
    assert_eq!(status, 200, "{session}");
    let mut client = Client::connect(&session, CLIENT).await.unwrap();
    let request: Value = serde_json::from_slice(&client.expect_message(payload::HANDSHAKE_REQUEST).await).unwrap();
    assert_eq!(request["AgentVersion"], "3.3.3050.0");
    let action = &request["RequestedClientActions"][0]["ActionParameters"];
    assert_eq!((&action["SessionType"], &action["Properties"]["portNumber"]), (&json!("Port"), &json!(port)));
    client.send(payload::HANDSHAKE_RESPONSE, SUCCESS.as_bytes()).await;
    client.expect_message(payload::HANDSHAKE_COMPLETE).await;
    client
}

fn smux(command: u8, stream: u8, data: &[u8]) -> Vec<u8> {
    [&[1, command, data.len() as u8, 0, stream, 0, 0, 0], data].concat()
}

#[tokio::test]
async fn connections_are_multiplexed() {
    let stage = Stage::new().await;
    let mut client = connected(&stage, "8080").await;
    let request = b"GET / HTTP/1.1\r\n\r\n";
    let opened = [smux(0, 3, &[]), smux(0, 5, &[]), smux(2, 5, request), smux(2, 3, &request[..7])].concat();
    client.send(payload::OUTPUT, &opened[..30]).await;
    client.send(payload::OUTPUT, &opened[30..]).await;
    client.expect("\u{1}\u{1}\0\0\u{5}\0").await;
    assert!(client.text().contains("It works") && client.output[4] == 5);
    client.output.clear();
    client.send(payload::OUTPUT, &smux(2, 3, &request[7..])).await;
    client.expect("It works").await;
    client.send(payload::FLAG, &2_u32.to_be_bytes()).await;
    client.expect_end().await;
    assert_eq!(client.closed.as_deref(), Some(""));
}

#[tokio::test]
async fn a_port_without_a_program_refuses_the_connection() {
    let stage = Stage::new().await;
    let mut client = connected(&stage, "9999").await;
    client.send(payload::OUTPUT, &smux(0, 3, &[])).await;
    assert_eq!(client.expect_message(payload::FLAG).await, 3_u32.to_be_bytes());
    client.expect("\u{1}\u{1}").await;
    assert_eq!(client.output, smux(1, 3, &[]));
}

#[tokio::test]
async fn a_client_that_can_not_forward_ends_the_session() {
    let stage = Stage::new().await;
    let (_, session) = stage.forward("AWS-StartPortForwardingSession", json!({})).await;
    let mut client = Client::connect(&session, CLIENT).await.unwrap();
    client.expect_message(payload::HANDSHAKE_REQUEST).await;
    client.send(payload::HANDSHAKE_RESPONSE, SUCCESS.replace("Status\":1", "Status\":3").as_bytes()).await;
    client.expect_end().await;
    assert!(client.closed.unwrap().contains("SessionType failed on client with status 3"));
}

#[tokio::test]
async fn unknown_documents_and_targets_are_refused() {
    let stage = Stage::new().await;
    assert_eq!(stage.forward("AWS-StartSSHSession", json!({})).await.0, 400);
    let input = json!({ "Target": "ecs:prod_0123456789abcdef0123456789abcdef_x" });
    let (status, answer) = stage.call("AmazonSSM.StartSession", &input).await;
    assert_eq!((status, &answer["__type"]), (400, &json!("TargetNotConnected")));
}
