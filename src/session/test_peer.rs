//! A gateway and an agent in memory, on tokio's clock.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use serde_json::Value;
use tokio::{
    io::{DuplexStream, duplex},
    sync::mpsc,
    time::Instant,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async, client_async,
    tungstenite::{
        self, Message as WebSocketMessage,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    channel::{Arrival, Channel},
    client::{Gateway, GatewayError, ResumeError, Session, SessionOptions, SessionUpdate, connection_failure},
    close::CloseReason,
    encryption::DataKey,
    frame::{AgentMessage, MessageId, MessageType, SYN_FIN},
    handshake::{KeyRequest, SessionParameters},
    message::{PayloadType, SessionFlag, TerminalSize},
    transport::{ByteStream, WebSocket},
};
use crate::aws::{Failure, FailureKind};

/// The calls that arrived.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, call: &str) {
        self.0.lock().unwrap().push(call.to_owned());
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// What AWS answers; what is not prepared succeeds.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) connects: VecDeque<Result<(), GatewayError>>,
    pub(super) resumes: VecDeque<Result<(), ResumeError>>,
    /// How many calls to resume never return.
    pub(super) resumes_hang: usize,
    /// What KMS answers; without it, nothing.
    pub(super) key: Option<Result<Vec<u8>, String>>,
    pub(super) terminate_hangs: bool,
}

/// AWS with prepared answers.
struct FakeGateway {
    answers: Answers,
    sockets: mpsc::UnboundedSender<DuplexStream>,
    log: Log,
    token: String,
    resumed: usize,
}

impl Gateway for FakeGateway {
    async fn connect(&mut self) -> Result<WebSocket, GatewayError> {
        self.log.add("connect");
        self.answers.connects.pop_front().unwrap_or(Ok(()))?;
        let (ours, theirs) = duplex(64 * 1024);
        self.sockets.send(theirs).unwrap();
        let stream: Box<dyn ByteStream> = Box::new(ours);
        Ok(client_async("ws://localhost/", stream).await.unwrap().0)
    }

    async fn resume(&mut self) -> Result<(), ResumeError> {
        self.log.add("resume");
        if let Some(left) = self.answers.resumes_hang.checked_sub(1) {
            self.answers.resumes_hang = left;
            std::future::pending::<()>().await;
        }
        self.answers.resumes.pop_front().unwrap_or(Ok(()))?;
        self.resumed += 1;
        self.token = format!("token {}", self.resumed);
        Ok(())
    }

    fn token(&self) -> &str {
        &self.token
    }

    fn generate_key(&self, request: KeyRequest) -> BoxFuture<'static, Result<DataKey, String>> {
        self.log.add(&format!("key {}", request.key_id));
        let key = self.answers.key.clone();
        Box::pin(async move {
            match key {
                Some(key) => key.map(|plaintext| DataKey::new(&plaintext, vec![1]).unwrap()),
                None => std::future::pending().await,
            }
        })
    }

    fn terminate(&self) -> BoxFuture<'static, Result<(), Failure>> {
        self.log.add("terminate");
        let hangs = self.answers.terminate_hangs;
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    }
}

pub(super) fn unreachable() -> GatewayError {
    GatewayError { failure: connection_failure(FailureKind::Offline, "no route to host"), is_temporary: true }
}

pub(super) fn refused() -> GatewayError {
    GatewayError { failure: connection_failure(FailureKind::Denied, "403 Forbidden"), is_temporary: false }
}

fn options() -> SessionOptions {
    let parameters = SessionParameters {
        session_id: "s-1".to_owned(),
        target: "ecs:shop_1_2".to_owned(),
        expects_handshake: false,
        uses_challenge: true,
    };
    SessionOptions { parameters, size: Some(TerminalSize { columns: 80, rows: 24 }) }
}

/// Opens a session at a gateway.
pub(super) fn open(answers: Answers) -> (Session, Peer, Log) {
    let (sockets, accepted) = mpsc::unbounded_channel();
    let log = Log::default();
    let gateway = FakeGateway { answers, sockets, log: log.clone(), token: "token 0".to_owned(), resumed: 0 };
    let session = Session::open(gateway, options(), 1);
    let peer = Peer {
        accepted,
        socket: None,
        agent: Channel::of_agent(1_000_000),
        began: Instant::now(),
        got: Vec::new(),
        pings: 0,
    };
    (session, peer, log)
}

/// The reason for the end of a session.
pub(super) async fn end(session: &mut Session) -> CloseReason {
    while let Some(update) = session.updates.recv().await {
        if let SessionUpdate::Closed(reason) = update {
            return reason;
        }
    }
    panic!("no reason");
}

/// The agent of one session, on one connection after another.
pub(super) struct Peer {
    accepted: mpsc::UnboundedReceiver<DuplexStream>,
    socket: Option<WebSocketStream<DuplexStream>>,
    agent: Channel,
    began: Instant,
    /// Stream data: the payload type and the payload.
    got: Vec<(PayloadType, Bytes)>,
    pings: usize,
}

impl Peer {
    /// Accepts the next connection, and returns its first message.
    pub(super) async fn accept(&mut self) -> Value {
        let stream = self.accepted.recv().await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        let opening = socket.next().await.unwrap().unwrap();
        assert!(opening.is_text());
        self.socket = Some(socket);
        self.agent.reconnect(self.began.elapsed());
        serde_json::from_str(opening.to_text().unwrap()).unwrap()
    }

    fn socket(&mut self) -> &mut WebSocketStream<DuplexStream> {
        self.socket.as_mut().unwrap()
    }

    pub(super) async fn send_raw(&mut self, bytes: &'static [u8]) {
        self.socket().send(WebSocketMessage::Binary(Bytes::from_static(bytes))).await.unwrap();
    }

    async fn notice(&mut self, message_type: MessageType, payload: String) {
        let id = MessageId::random();
        let payload = payload.into();
        let message =
            AgentMessage { message_type, created: 1, sequence: 0, flags: SYN_FIN, id, payload_type: 0, payload };
        self.socket().send(WebSocketMessage::Binary(message.encode())).await.unwrap();
    }

    pub(super) async fn start(&mut self) {
        self.notice(MessageType::StartPublication, String::new()).await;
    }

    pub(super) async fn end(&mut self, output: &str) {
        let payload = serde_json::json!({"SessionId": "s-1", "Output": output});
        self.notice(MessageType::ChannelClosed, payload.to_string()).await;
    }

    pub(super) async fn close(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "Bye".into() };
        self.socket().close(Some(frame)).await.unwrap();
    }

    pub(super) async fn send(&mut self, payload_type: PayloadType, payload: impl Into<Bytes>) {
        self.agent.send(payload_type, payload, self.began.elapsed());
        self.flush().await;
        while let Some(message) = self.socket().next().now_or_never() {
            self.take(message).await;
        }
    }

    /// Sends what there is; a client that is gone does not get it.
    async fn flush(&mut self) {
        while let Some(bytes) = self.agent.next_to_send(self.began.elapsed()) {
            let _ = self.socket().send(WebSocketMessage::Binary(bytes)).await;
        }
    }

    /// Reads one message; `false` at the end of the connection.
    pub(super) async fn read(&mut self) -> bool {
        let message = self.socket().next().await;
        self.take(message).await
    }

    async fn take(&mut self, message: Option<Result<WebSocketMessage, tungstenite::Error>>) -> bool {
        let bytes = match message {
            Some(Ok(WebSocketMessage::Binary(bytes))) => bytes,
            Some(Ok(WebSocketMessage::Ping(_))) => {
                self.pings += 1;
                self.socket().flush().await.unwrap();
                return true;
            }
            Some(Ok(WebSocketMessage::Close(_)) | Err(_)) | None => return false,
            Some(Ok(_)) => return true,
        };
        self.agent.receive(AgentMessage::decode(&bytes).unwrap(), self.began.elapsed());
        while let Some(arrival) = self.agent.next_arrival() {
            if let Arrival::Data(data) = arrival {
                self.got.push((data.payload_type, data.payload));
            }
        }
        self.flush().await;
        true
    }

    /// Reads until that many bytes of input have arrived.
    pub(super) async fn read_until(&mut self, bytes: usize) {
        while self.payloads(PayloadType::Output).map(|payload| payload.len()).sum::<usize>() < bytes {
            assert!(self.read().await);
        }
    }

    pub(super) async fn read_to_end(&mut self) {
        while self.read().await {}
    }

    pub(super) async fn handshake_response(&mut self) -> Value {
        loop {
            if let Some(payload) = self.payloads(PayloadType::HandshakeResponse).next() {
                return serde_json::from_slice(payload).unwrap();
            }
            assert!(self.read().await);
        }
    }

    fn payloads(&self, wanted: PayloadType) -> impl Iterator<Item = &Bytes> {
        self.got.iter().filter(move |(payload_type, _)| *payload_type == wanted).map(|(_, payload)| payload)
    }

    /// The bytes of input since the last time.
    pub(super) fn take_input(&mut self) -> Vec<u8> {
        let is_input = |(payload_type, _): &mut (PayloadType, Bytes)| *payload_type == PayloadType::Output;
        self.got.extract_if(.., is_input).flat_map(|(_, payload)| payload).collect()
    }

    /// Answers as the agent of a port session.
    pub(super) async fn start_port(&mut self, agent_version: &str) {
        self.accept().await;
        self.start().await;
        let properties = serde_json::json!({"portNumber": "80", "type": "LocalPortForwarding"});
        let parameters = serde_json::json!({"SessionType": "Port", "Properties": properties});
        let action = serde_json::json!({"ActionType": "SessionType", "ActionParameters": parameters});
        let request = serde_json::json!({"AgentVersion": agent_version, "RequestedClientActions": [action]});
        self.send(PayloadType::HandshakeRequest, request.to_string()).await;
        self.send(PayloadType::HandshakeComplete, "{}").await;
    }

    pub(super) fn input(&self) -> String {
        self.payloads(PayloadType::Output).map(|payload| String::from_utf8_lossy(payload).into_owned()).collect()
    }

    pub(super) fn sizes(&self) -> Vec<String> {
        self.payloads(PayloadType::Size).map(|payload| String::from_utf8_lossy(payload).into_owned()).collect()
    }

    pub(super) fn flags(&self) -> Vec<SessionFlag> {
        self.payloads(PayloadType::Flag).filter_map(|payload| SessionFlag::parse(payload)).collect()
    }

    pub(super) fn pings(&self) -> usize {
        self.pings
    }
}
