//! A client of the protocol, as simple as can be: it acknowledges all output and sends its input again until that is
//! acknowledged.

use std::{collections::BTreeMap, time::Duration};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::super::frame::{self, Frame, payload, uuid_text};

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Client {
    socket: WebSocketStream<TcpStream>,
    next_input: i64,
    unacknowledged: BTreeMap<i64, Vec<u8>>,
    next_output: i64,
    early: BTreeMap<i64, Frame>,
    /// The output so far.
    pub(super) output: Vec<u8>,
    /// Other stream data, with its payload type.
    pub(super) others: Vec<(u32, Vec<u8>)>,
    /// The messages that are not stream data.
    pub(super) notices: Vec<String>,
    /// The text of `channel_closed`.
    pub(super) closed: Option<String>,
    /// The code and the reason with which the websocket was closed.
    pub(super) close_frame: Option<(u16, String)>,
}

impl Client {
    /// Connects; an error is the status of a refused upgrade.
    pub(super) async fn connect(session: &Value, client_id: &str) -> Result<Self, u16> {
        let socket = Self::dial(session, client_id).await?;
        Ok(Self {
            socket,
            next_input: 0,
            unacknowledged: BTreeMap::new(),
            next_output: 0,
            early: BTreeMap::new(),
            output: Vec::new(),
            others: Vec::new(),
            notices: Vec::new(),
            closed: None,
            close_frame: None,
        })
    }

    /// Connects again, to the session as it is.
    pub(super) async fn reconnect(&mut self, session: &Value, client_id: &str) {
        self.socket = Self::dial(session, client_id).await.unwrap();
        self.close_frame = None;
        for bytes in self.unacknowledged.values().cloned().collect::<Vec<_>>() {
            self.socket.send(Message::Binary(bytes.into())).await.unwrap();
        }
    }

    async fn dial(session: &Value, client_id: &str) -> Result<WebSocketStream<TcpStream>, u16> {
        let url = session["streamUrl"].as_str().unwrap();
        let host = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let mut socket = match client_async(url, stream).await {
            Ok((socket, _)) => socket,
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let opening = json!({
            "MessageSchemaVersion": "1.0",
            "RequestId": "2f6c8d1a-0000-4000-8000-000000000001",
            "TokenValue": session["tokenValue"],
            "ClientId": client_id,
            "ClientVersion": "1.2.764.0",
        });
        socket.send(Message::Text(opening.to_string().into())).await.unwrap();
        Ok(socket)
    }

    /// Sends stream data.
    pub(super) async fn send(&mut self, payload_type: u32, payload: &[u8]) {
        let frame = Frame {
            message_type: frame::INPUT.into(),
            created_ms: 1_769_936_640_000,
            sequence: self.next_input,
            flags: 0,
            id: 7 + self.next_input as u128,
            payload_type,
            payload: payload.to_vec(),
        };
        self.unacknowledged.insert(self.next_input, frame.encode());
        self.next_input += 1;
        // After a cut it is sent on the next connection.
        let _ = self.socket.send(Message::Binary(frame.encode().into())).await;
    }

    pub(super) async fn type_text(&mut self, text: &str) {
        self.send(payload::OUTPUT, text.as_bytes()).await;
    }

    pub(super) async fn resize(&mut self, columns: u16, rows: u16) {
        self.send(payload::SIZE, json!({ "cols": columns, "rows": rows }).to_string().as_bytes()).await;
    }

    /// Reads until the output contains `text`.
    pub(super) async fn expect(&mut self, text: &str) {
        let found = async {
            while !self.text().contains(text) {
                if !self.read().await {
                    return false;
                }
            }
            true
        };
        let found = tokio::time::timeout(PATIENCE, found).await.unwrap_or(false);
        assert!(found, "no {text:?} in {:?}; closed {:?} {:?}", self.text(), self.closed, self.close_frame);
    }

    /// Reads until the channel or the connection is closed.
    pub(super) async fn expect_end(&mut self) {
        let end = async { while self.closed.is_none() && self.read().await {} };
        tokio::time::timeout(PATIENCE, end).await.expect("the session goes on");
    }

    /// Reads until stream data of a payload type has arrived; returns the first.
    pub(super) async fn expect_other(&mut self, wanted: u32) -> Vec<u8> {
        let found = async {
            loop {
                if let Some(at) = self.others.iter().position(|(payload_type, _)| *payload_type == wanted) {
                    return Some(self.others.remove(at).1);
                }
                if !self.read().await {
                    return None;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.ok().flatten().expect("stream data")
    }

    /// Reads until this many bytes of output are there, and takes them.
    pub(super) async fn take_output(&mut self, count: usize) -> Vec<u8> {
        let enough = async { while self.output.len() < count && self.read().await {} };
        tokio::time::timeout(PATIENCE, enough).await.expect("more output");
        self.output.drain(..count.min(self.output.len())).collect()
    }

    /// Answers a handshake request with one status for each action.
    pub(super) async fn shake_hands(&mut self, actions: Value) {
        let response = json!({ "ClientVersion": "1.2.764.0", "ProcessedClientActions": actions, "Errors": null });
        self.send(payload::HANDSHAKE_RESPONSE, response.to_string().as_bytes()).await;
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    /// Handles the next message, if it comes soon, and sends input again; false after the last message.
    async fn read(&mut self) -> bool {
        let Ok(message) = tokio::time::timeout(Duration::from_millis(300), self.socket.next()).await else {
            if let Some(bytes) = self.unacknowledged.values().next() {
                let _ = self.socket.send(Message::Binary(bytes.clone().into())).await;
            }
            return true;
        };
        match message {
            // An invalid frame is dropped, and comes again.
            Some(Ok(Message::Binary(bytes))) => {
                if let Some(frame) = Frame::decode(&bytes) {
                    self.handle(&frame).await;
                }
            }
            Some(Ok(Message::Close(reason))) => {
                self.close_frame = reason.map(|reason| (reason.code.into(), reason.reason.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return false,
        }
        true
    }

    async fn handle(&mut self, frame: &Frame) {
        match frame.message_type.as_str() {
            frame::ACKNOWLEDGE => {
                let content: Value = serde_json::from_slice(&frame.payload).unwrap();
                self.unacknowledged.remove(&content["AcknowledgedMessageSequenceNumber"].as_i64().unwrap());
            }
            frame::CHANNEL_CLOSED => {
                let content: Value = serde_json::from_slice(&frame.payload).unwrap();
                self.closed = content["Output"].as_str().map(str::to_owned);
            }
            frame::OUTPUT => {
                let acknowledgement = json!({
                    "AcknowledgedMessageType": frame::OUTPUT,
                    "AcknowledgedMessageId": uuid_text(frame.id),
                    "AcknowledgedMessageSequenceNumber": frame.sequence,
                    "IsSequentialMessage": true,
                });
                let acknowledgement = Frame {
                    message_type: frame::ACKNOWLEDGE.into(),
                    created_ms: 1,
                    sequence: 0,
                    flags: frame::SYN_FIN,
                    id: 9,
                    payload_type: 0,
                    payload: acknowledgement.to_string().into_bytes(),
                };
                let _ = self.socket.send(Message::Binary(acknowledgement.encode().into())).await;
                if frame.sequence >= self.next_output {
                    self.early.insert(frame.sequence, frame.clone());
                }
                while let Some(next) = self.early.remove(&self.next_output) {
                    self.next_output += 1;
                    match next.payload_type {
                        payload::OUTPUT => self.output.extend(next.payload),
                        other => self.others.push((other, next.payload)),
                    }
                }
            }
            other => self.notices.push(other.to_owned()),
        }
    }
}
