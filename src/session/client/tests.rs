use serde_json::{Value, json};

use super::*;
use crate::session::{
    handshake::{HandshakeError, SessionType},
    message::PayloadType,
    protocol::ProtocolError,
    test_peer::{Answers, end, open, refused, unreachable},
};

/// The updates until the session has ended, as short texts; output is joined.
async fn rest(session: &mut Session) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    while let Some(update) = session.updates.recv().await {
        match update {
            SessionUpdate::Output(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                match texts.last_mut().filter(|last| last.starts_with("out ")) {
                    Some(last) => last.push_str(&text),
                    None => texts.push(format!("out {text}")),
                }
            }
            SessionUpdate::Ready(agreement) => texts.push(match agreement.session_type {
                SessionType::Terminal => "ready".to_owned(),
                other => format!("ready {other:?}"),
            }),
            SessionUpdate::Notice(notice) => texts.push(format!("{notice:?}")),
            other => texts.push(format!("{other:?}")),
        }
    }
    texts
}

async fn next(session: &mut Session) -> SessionUpdate {
    session.updates.recv().await.expect("an update")
}

fn assert_unreachable(reason: &CloseReason, message: &str) {
    assert!(matches!(reason, CloseReason::Unreachable(failure) if failure.message == message), "{reason:?}");
}

/// Waits for the first output, so that input is accepted.
async fn ready(session: &mut Session) {
    while !matches!(next(session).await, SessionUpdate::Ready(_)) {}
}

#[tokio::test(start_paused = true)]
async fn a_session_runs_from_prompt_to_exit() {
    let (mut session, mut peer, log) = open(Answers::default());
    let opening = peer.accept().await;
    assert_eq!(opening["TokenValue"], "token 0");
    session.handle.input("exit\r").await;
    peer.start().await;
    peer.send(PayloadType::Output, "$ ").await;
    peer.read_until(5).await;
    assert_eq!(peer.input(), "exit\r");
    assert_eq!(peer.sizes(), [r#"{"cols":80,"rows":24}"#; 2]);
    peer.send(PayloadType::Output, "logout\r\n").await;
    peer.end("").await;
    assert_eq!(rest(&mut session).await, ["Connected", "ready", "out $ logout\r\n", "Closed(Ended)"]);
    assert_eq!(log.take(), ["connect"]);
}

#[tokio::test(start_paused = true)]
async fn the_hourly_close_is_resumed_without_loss() {
    let (mut session, mut peer, log) = open(Answers::default());
    let first = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "one ").await;
    ready(&mut session).await;
    peer.close().await;
    session.handle.input("typed meanwhile").await;
    let second = peer.accept().await;
    assert_eq!(second["ClientId"], first["ClientId"]);
    assert_ne!(second["RequestId"], first["RequestId"]);
    assert_eq!(second["TokenValue"], "token 1");
    peer.start().await;
    peer.send(PayloadType::Output, "two").await;
    peer.read_until("typed meanwhile".len()).await;
    assert_eq!(peer.input(), "typed meanwhile");
    peer.end("").await;
    let why = "AWS closed the connection".to_owned();
    let reconnecting = format!("{:?}", SessionNotice::Reconnecting { attempt: 1, why });
    let updates = rest(&mut session).await;
    assert_eq!(updates.concat(), format!("out one {reconnecting}ReconnectedResumedout twoClosed(Ended)"));
    assert_eq!(log.take(), ["connect", "resume", "connect"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_shown_and_then_replaced() {
    let (mut session, mut peer, _) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "$ ").await;
    ready(&mut session).await;
    timeout(Duration::from_secs(1), peer.read_to_end()).await.unwrap_err();
    let began = Instant::now();
    let _ = next(&mut session).await;
    assert_eq!(next(&mut session).await, SessionUpdate::Notice(SessionNotice::Silent));
    assert_eq!(began.elapsed().as_secs(), 39);
    let why = "nothing has arrived for 90 seconds".to_owned();
    assert_eq!(next(&mut session).await, SessionUpdate::Notice(SessionNotice::Reconnecting { attempt: 1, why }));
    assert_eq!(began.elapsed().as_secs(), 89);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_by_pings() {
    let (mut session, mut peer, log) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "$ ").await;
    ready(&mut session).await;
    // Reading answers pings.
    assert!(timeout(Duration::from_mins(50), peer.read_until(1)).await.is_err());
    assert_eq!(peer.pings(), 50 * 2 - 1);
    session.handle.close();
    assert_eq!(rest(&mut session).await, ["out $ ", "Closed(User)"]);
    assert_eq!(log.take(), ["connect", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_aws_has_forgotten_expires() {
    let (mut session, mut peer, log) =
        open(Answers { resumes: [Err(ResumeError::Expired)].into(), ..Answers::default() });
    let _ = peer.accept().await;
    peer.close().await;
    assert_eq!(rest(&mut session).await.last().unwrap(), "Closed(Expired)");
    assert_eq!(log.take(), ["connect", "resume"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_not_be_resumed_ends_with_the_reason() {
    let resumes = [Err(ResumeError::Failed(refused()))].into();
    let (mut session, mut peer, log) = open(Answers { resumes, ..Answers::default() });
    let _ = peer.accept().await;
    peer.close().await;
    let reason = end(&mut session).await;
    assert!(matches!(&reason, CloseReason::CannotResume(failure) if failure.message == "403 Forbidden"), "{reason:?}");
    assert_eq!(log.take(), ["connect", "resume", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_network_is_tried_for_three_minutes() {
    let connects = [Ok(())].into_iter().chain((0..1000).map(|_| Err(unreachable()))).collect();
    let (mut session, mut peer, _) = open(Answers { connects, ..Answers::default() });
    let _ = peer.accept().await;
    let began = Instant::now();
    peer.close().await;
    assert_unreachable(&end(&mut session).await, "no route to host");
    assert!((180..191).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_returns_is_tried_again() {
    let (mut session, mut peer, log) = open(Answers { resumes_hang: 1, ..Answers::default() });
    let _ = peer.accept().await;
    peer.close().await;
    let began = Instant::now();
    let _ = peer.accept().await;
    assert!((45..47).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    peer.end("").await;
    assert_eq!(end(&mut session).await, CloseReason::Ended);
    assert_eq!(log.take(), ["connect", "resume", "resume", "connect"]);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_back_continues_the_session() {
    let connects = [Ok(()), Err(unreachable()), Err(unreachable()), Ok(())].into();
    let (mut session, mut peer, log) = open(Answers { connects, ..Answers::default() });
    let _ = peer.accept().await;
    peer.close().await;
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "still here").await;
    peer.end("").await;
    let updates = rest(&mut session).await;
    assert!(updates.ends_with(&["Reconnected", "ready", "out still here", "Closed(Ended)"].map(str::to_owned)));
    assert_eq!(updates.iter().filter(|update| update.starts_with("Reconnecting")).count(), 3);
    assert_eq!(log.take().iter().filter(|call| **call == "resume").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_first_connection_ends_the_session_at_once() {
    let began = Instant::now();
    let (mut session, _peer, log) = open(Answers { connects: [Err(refused())].into(), ..Answers::default() });
    assert_unreachable(&end(&mut session).await, "403 Forbidden");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(log.take(), ["connect", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_gateway_is_tried_for_some_seconds_at_first() {
    let began = Instant::now();
    let connects = (0..1000).map(|_| Err(unreachable())).collect();
    let (mut session, _peer, _) = open(Answers { connects, ..Answers::default() });
    assert_unreachable(&end(&mut session).await, "no route to host");
    assert!((15..26).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn closing_a_dead_session_takes_no_time() {
    let (mut session, mut peer, log) = open(Answers { terminate_hangs: true, ..Answers::default() });
    let _ = peer.accept().await;
    // The peer reads nothing and sends nothing.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let began = Instant::now();
    session.handle.close();
    assert_eq!(end(&mut session).await, CloseReason::User);
    assert!(began.elapsed() <= Duration::from_millis(100), "{:?}", began.elapsed());
    session.finish().await;
    assert!(began.elapsed() <= TERMINATE_TIMEOUT + Duration::from_secs(1));
    assert_eq!(log.take(), ["connect", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn closing_while_connecting_takes_no_time() {
    let connects = (0..1000).map(|_| Err(unreachable())).collect();
    let (mut session, _peer, _) = open(Answers { connects, ..Answers::default() });
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let began = Instant::now();
    session.handle.close();
    assert_eq!(end(&mut session).await, CloseReason::User);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_session_without_a_consumer_is_terminated() {
    let (session, mut peer, log) = open(Answers::default());
    let _ = peer.accept().await;
    drop(session);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(log.take(), ["connect", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_loses_nothing_and_holds_the_sender() {
    let (mut session, mut peer, _) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    let text: String = (0..20_000).map(|number| format!("{number:9}\n")).collect();
    let expected = text.clone();
    let sender = tokio::spawn(async move {
        for chunk in text.as_bytes().chunks(10) {
            peer.send(PayloadType::Output, chunk.to_vec()).await;
        }
        peer.end("").await;
        peer
    });
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(!sender.is_finished());
    let updates = rest(&mut session).await;
    assert_eq!(updates[..2], ["Connected", "ready"]);
    assert!(updates[2] == format!("out {expected}"), "the output differs");
    assert_eq!(updates[3..], ["Closed(Ended)"]);
}

#[tokio::test(start_paused = true)]
async fn garbage_is_ignored_and_a_wrong_handshake_ends_the_session() {
    let (mut session, mut peer, log) = open(Answers::default());
    let _ = peer.accept().await;
    peer.send_raw(b"garbage").await;
    peer.send(PayloadType::EncryptionChallengeRequest, r#"{"Challenge":"AAAA"}"#).await;
    let expected = CloseReason::Protocol(ProtocolError::Handshake(HandshakeError::NoKey));
    assert_eq!(end(&mut session).await, expected);
    assert_eq!(log.take(), ["connect", "terminate"]);
}

/// A handshake request that asks for encryption.
fn key_request() -> String {
    let session = json!({"ActionType": "SessionType", "ActionParameters": {"SessionType": "InteractiveCommands"}});
    let key = json!({"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": "key-1"}});
    json!({"AgentVersion": "3.3.3050.0", "RequestedClientActions": [session, key]}).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_denied_key_is_the_reason_for_the_end() {
    let (mut session, mut peer, log) =
        open(Answers { key: Some(Err("not authorized to GenerateDataKey".to_owned())), ..Answers::default() });
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::HandshakeRequest, key_request()).await;
    let response: Value = peer.handshake_response().await;
    assert_eq!(response["ProcessedClientActions"][1]["ActionStatus"], 2);
    peer.end("\n----------ERROR-------\nKMSEncryption failed on client with status 2").await;
    let why = "not authorized to GenerateDataKey".to_owned();
    assert_eq!(end(&mut session).await, CloseReason::Encryption { key_id: "key-1".to_owned(), why });
    assert_eq!(log.take(), ["connect", "key key-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_service_that_never_answers_is_given_up_before_the_agent_does() {
    let (mut session, mut peer, _) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    let began = Instant::now();
    peer.send(PayloadType::HandshakeRequest, key_request()).await;
    peer.handshake_response().await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    peer.end("").await;
    let why = "KMS has not answered in time".to_owned();
    assert_eq!(end(&mut session).await, CloseReason::Encryption { key_id: "key-1".to_owned(), why });
}

#[tokio::test(start_paused = true)]
async fn a_dragged_window_sends_ten_sizes_a_second_and_the_last_one() {
    let (mut session, mut peer, _) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "$ ").await;
    ready(&mut session).await;
    let handle = session.handle.clone();
    let drag = tokio::spawn(async move {
        for columns in 81..=180 {
            handle.resize(TerminalSize { columns, rows: 24 });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.input("x").await;
    });
    peer.read_until(1).await;
    drag.await.unwrap();
    let sizes = peer.sizes();
    assert!((10..=14).contains(&sizes.len()), "{sizes:?}");
    assert_eq!(sizes.last().unwrap(), r#"{"cols":180,"rows":24}"#);
}

#[tokio::test(start_paused = true)]
async fn the_agent_of_a_port_gets_a_flag_when_the_session_ends() {
    let (mut session, mut peer, log) = open(Answers::default());
    peer.start_port("3.3.3050.0").await;
    ready(&mut session).await;
    session.handle.close();
    peer.read_to_end().await;
    assert_eq!(peer.flags(), [SessionFlag::TerminateSession]);
    assert_eq!(end(&mut session).await, CloseReason::User);
    assert_eq!(log.take(), ["connect", "terminate"]);
}

#[tokio::test(start_paused = true)]
async fn input_that_is_not_acknowledged_is_noticed_until_it_is() {
    let (mut session, mut peer, _) = open(Answers::default());
    let _ = peer.accept().await;
    peer.start().await;
    peer.send(PayloadType::Output, "$ ").await;
    ready(&mut session).await;
    timeout(Duration::from_secs(1), peer.read_to_end()).await.unwrap_err();
    session.handle.input("ls\r").await;
    let began = Instant::now();
    let _ = next(&mut session).await;
    assert_eq!(next(&mut session).await, SessionUpdate::Notice(SessionNotice::Unanswered));
    assert_eq!(began.elapsed().as_secs(), 5);
    peer.read_until(3).await;
    assert_eq!(next(&mut session).await, SessionUpdate::Notice(SessionNotice::Answered));
}

#[test]
fn output_is_not_in_debug_output() {
    let update = SessionUpdate::Output(Bytes::from_static(b"hunter2"));
    assert_eq!(format!("{update:?}"), "Output of 7 bytes");
}
