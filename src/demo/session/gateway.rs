//! The websocket of a session: admits a client, then passes frames between it and the agent.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};

use super::agent::{Agent, Connection, Mail, Outgoing};
use crate::demo::{Endpoint, faults::SessionFault};

/// Start of the path of a session's websocket; the session's id follows.
pub(crate) const PATH: &str = "/v1/data-channel/";
/// The largest message that is read.
const MAX_MESSAGE: usize = 1 << 20;
/// How long a client may take for its first message.
const OPENING: Duration = Duration::from_secs(15);
/// Frames that may wait in each direction.
const QUEUE: usize = 1_024;

/// The first message of a client.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OpenDataChannelInput {
    message_schema_version: String,
    request_id: String,
    token_value: String,
    client_id: String,
}

/// Answers a request for a session's websocket.
pub(crate) fn upgrade(
    endpoint: Endpoint,
    session_id: String,
    upgrade: WebSocketUpgrade,
    stopped: watch::Receiver<()>,
) -> Response {
    let mut is_refused = !endpoint.with(|world| world.sessions.contains(&session_id));
    endpoint.strike_session(|fault| {
        let strikes = *fault == SessionFault::Refused && !is_refused;
        is_refused |= strikes;
        strikes
    });
    if is_refused {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.max_message_size(MAX_MESSAGE).on_upgrade(move |socket| serve(endpoint, session_id, socket, stopped))
}

async fn serve(endpoint: Endpoint, session_id: String, mut socket: WebSocket, mut stopped: watch::Receiver<()>) {
    let first = tokio::time::timeout(OPENING, socket.recv()).await;
    let opening = match first {
        Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str(&text).ok().filter(is_valid),
        _ => None,
    };
    let admitted = opening.and_then(|opening: OpenDataChannelInput| {
        endpoint.with(|world| world.sessions.admit(&session_id, &opening.token_value, &opening.client_id))
    });
    let Some(admission) = admitted else {
        // A client that has gone needs no reason.
        let _ = socket.send(close(1008, "Invalid token")).await;
        return;
    };
    if let Some((target, program, mail)) = admission.start {
        let mut is_refused = admission.is_full;
        endpoint.strike_session(|fault| {
            let strikes = *fault == SessionFault::Limit;
            is_refused |= strikes;
            strikes
        });
        tokio::spawn(Agent::run(endpoint, session_id, (target, program), is_refused, mail, stopped.clone()));
    }
    let (to_agent, incoming) = mpsc::channel(QUEUE);
    let (outgoing, from_agent) = mpsc::channel(QUEUE);
    if admission.agent.send(Mail::Attach(Connection { incoming, outgoing })).is_ok() {
        tokio::select! {
            () = pass(socket, to_agent, from_agent) => {}
            _ = stopped.changed() => {}
        }
    }
}

fn is_valid(opening: &OpenDataChannelInput) -> bool {
    opening.message_schema_version == "1.0" && opening.request_id.len() >= 16 && !opening.client_id.is_empty()
}

/// Passes frames in both directions until either side ends the connection.
async fn pass(socket: WebSocket, to_agent: mpsc::Sender<Vec<u8>>, mut from_agent: mpsc::Receiver<Outgoing>) {
    let (mut sink, mut stream) = socket.split();
    let frozen = AtomicBool::new(false);
    let read = async {
        while let Some(Ok(message)) = stream.next().await {
            if frozen.load(Ordering::Relaxed) {
                return std::future::pending().await;
            }
            if let Message::Binary(bytes) = message
                && to_agent.send(bytes.to_vec()).await.is_err()
            {
                break;
            }
        }
    };
    let write = async {
        while let Some(outgoing) = from_agent.recv().await {
            let sent = match outgoing {
                Outgoing::Frame(bytes) => sink.send(Message::Binary(bytes.into())).await,
                Outgoing::Close(code, reason) => {
                    let _ = sink.send(close(code, reason)).await;
                    break;
                }
                Outgoing::Reset => break,
                Outgoing::Freeze => {
                    frozen.store(true, Ordering::Relaxed);
                    Ok(())
                }
            };
            if sent.is_err() {
                break;
            }
        }
    };
    // The reader answers pings only while it is polled, so both run until one ends.
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}
