//! The few operations of AWS that a session needs, and its gateway, on loopback.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::handshake::server::{ErrorResponse, Request, Response},
};

/// One call that arrived.
pub(super) struct ReceivedCall {
    pub(super) operation: String,
    pub(super) input: Value,
}

/// One connection of a session that arrived.
pub(super) struct Upgrade {
    pub(super) uri: String,
    pub(super) headers: BTreeMap<String, String>,
    /// The first message.
    pub(super) opening: Value,
    close: std::sync::Mutex<Option<oneshot::Sender<()>>>,
}

impl Upgrade {
    /// Closes the connection.
    pub(super) async fn close(&self) {
        if let Some(close) = self.close.lock().unwrap().take() {
            let _ = close.send(());
        }
        tokio::task::yield_now().await;
    }
}

/// The server.
pub(super) struct SmallAws {
    pub(super) port: u16,
    calls: mpsc::UnboundedReceiver<ReceivedCall>,
    upgrades: mpsc::UnboundedReceiver<Upgrade>,
    forgotten: Arc<AtomicBool>,
}

impl SmallAws {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (call_sender, calls) = mpsc::unbounded_channel();
        let (upgrade_sender, upgrades) = mpsc::unbounded_channel();
        let forgotten = Arc::new(AtomicBool::new(false));
        let connection = Connections {
            port,
            calls: call_sender,
            upgrades: upgrade_sender,
            forgotten: forgotten.clone(),
            resumed: Arc::default(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection.clone().serve(stream));
            }
        });
        Self { port, calls, upgrades, forgotten }
    }

    /// The next call.
    pub(super) async fn call(&mut self) -> ReceivedCall {
        self.calls.recv().await.unwrap()
    }

    /// The next connection of a session.
    pub(super) async fn upgrade(&mut self) -> Upgrade {
        self.upgrades.recv().await.unwrap()
    }

    /// From now on no session is resumed.
    pub(super) fn forget_session(&self) {
        self.forgotten.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Connections {
    port: u16,
    calls: mpsc::UnboundedSender<ReceivedCall>,
    upgrades: mpsc::UnboundedSender<Upgrade>,
    forgotten: Arc<AtomicBool>,
    resumed: Arc<AtomicUsize>,
}

impl Connections {
    async fn serve(self, mut stream: TcpStream) {
        let mut first = [0; 3];
        stream.peek(&mut first).await.unwrap();
        if &first == b"GET" {
            return self.serve_session(stream).await;
        }
        while let Some(call) = read_call(&mut stream).await {
            let answer = self.answer(&call.operation).to_string();
            let _ = self.calls.send(call);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn answer(&self, operation: &str) -> Value {
        let url =
            format!("ws://127.0.0.1:{}/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA+b/c=", self.port);
        match operation {
            "ExecuteCommand" => {
                json!({"session": {"sessionId": "s-1", "streamUrl": url, "tokenValue": "token 0"}})
            }
            "StartSession" => json!({"SessionId": "s-1", "StreamUrl": url, "TokenValue": "token 0"}),
            "ResumeSession" if self.forgotten.load(Ordering::Relaxed) => {
                json!({"SessionId": "s-1", "StreamUrl": url, "TokenValue": ""})
            }
            "ResumeSession" => {
                let number = self.resumed.fetch_add(1, Ordering::Relaxed) + 1;
                json!({"SessionId": "s-1", "StreamUrl": url, "TokenValue": format!("token {number}")})
            }
            "GenerateDataKey" => {
                let plaintext = format!("{}{}", "A".repeat(84), "AA==");
                json!({"KeyId": "key-1", "Plaintext": plaintext, "CiphertextBlob": "AQID"})
            }
            _ => json!({}),
        }
    }

    async fn serve_session(self, stream: TcpStream) {
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the signature of the callback")]
        let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            seen = Some(request.clone());
            Ok(response)
        };
        let mut socket = accept_hdr_async(stream, callback).await.unwrap();
        let opening = socket.next().await.unwrap().unwrap();
        let request = seen.unwrap();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let (close, closed) = oneshot::channel();
        let _ = self.upgrades.send(Upgrade {
            uri: request.uri().to_string(),
            headers,
            opening: serde_json::from_str(opening.to_text().unwrap()).unwrap(),
            close: std::sync::Mutex::new(Some(close)),
        });
        let read = async { while let Some(Ok(_)) = socket.next().await {} };
        tokio::select! {
            () = read => {}
            Ok(()) = closed => socket.close(None).await.unwrap(),
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn read_call(stream: &mut TcpStream) -> Option<ReceivedCall> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let operation = header("x-amz-target").unwrap().split('.').next_back().unwrap().to_owned();
    Some(ReceivedCall { operation, input: serde_json::from_slice(&body).unwrap() })
}
