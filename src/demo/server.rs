//! An [`Endpoint`] on a socket.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use futures::{StreamExt, stream};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{Cut, Endpoint, Session, session, wire};

/// The most bytes read of a request: far more than any of AWS's.
const MAX_BODY: usize = 4 << 20;

/// An HTTP/1.1 server on loopback, with keep-alive. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    endpoint: Endpoint,
    stopped: watch::Receiver<()>,
}

impl Server {
    /// Serves `endpoint` at `addr`; port 0 takes a free one.
    ///
    /// # Errors
    /// `addr` is not on loopback (the account answers anybody), or can't be bound.
    pub async fn start(addr: SocketAddr, endpoint: Endpoint) -> io::Result<Server> {
        if !addr.ip().is_loopback() {
            let message = format!("{addr} is not on loopback; serve on 127.0.0.1:{0} or [::1]:{0}", addr.port());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = connections.clone();
        let listener = listener.tap_io(move |connection| {
            accepted.fetch_add(1, Ordering::Relaxed);
            // Best effort: small answers should not wait for an acknowledgement.
            let _ = connection.set_nodelay(true);
        });
        let (stop, mut stopped) = watch::channel(());
        let router = Router::new()
            .route(&format!("{}{{session}}", session::PATH), get(open_session))
            .fallback(answer)
            .with_state(Shared { endpoint, stopped: stopped.clone() });
        let serve = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.changed().await;
        });
        let serving = tokio::spawn(async move {
            // It never returns an error: failed accepts are retried inside.
            let _ = serve.await;
        });
        Ok(Server { addr, connections, stop, serving })
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as an endpoint URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The number of connections accepted since the start.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Ends requests under way, closes every connection, and frees the port.
    pub async fn stop(self) {
        let Server { stop, serving, .. } = self;
        drop(stop);
        // Only a panic or an abort causes an error here, and the server is gone either way.
        let _ = serving.await;
    }
}

/// Takes the websocket of a session.
async fn open_session(
    State(Shared { endpoint, stopped }): State<Shared>,
    Path(session_id): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    session::upgrade(endpoint, session_id, upgrade, stopped)
}

async fn answer(State(Shared { endpoint, mut stopped }): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let cut = stopped.clone();
    let answer = async {
        let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
            return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        };
        endpoint.respond(wire::Request::from_parts(parts, body)).await.map(|response| written(response, cut))
    };
    let answered = tokio::select! {
        answered = answer => answered,
        _ = stopped.changed() => Err(Cut),
    };
    answered.unwrap_or_else(|cut| Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(cut)]))))
}

/// Converts a response for hyper. Hyper closes the connection when a body fails: before the head is sent if it fails at
/// once, after the data sent so far if it fails later.
fn written(mut response: wire::Response, mut stopped: watch::Receiver<()>) -> Response {
    if let Some(session) = response.extensions_mut().remove::<Session>() {
        let stop = async move {
            let _ = stopped.changed().await;
        };
        let frames = session.frames().take_until(stop);
        return response.map(|begun| Body::from_stream(stream::iter([Ok(begun)]).chain(frames)));
    }
    if wire::missing_bytes(&response) == 0 {
        return response.map(Body::from);
    }
    response.map(|half| {
        let failure = stream::once(async {
            tokio::task::yield_now().await;
            Err(Cut)
        });
        Body::from_stream(stream::iter([Ok(half)]).chain(failure))
    })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;
    use crate::demo::Options;

    const LOOPBACK: &str = "127.0.0.1:0";

    async fn server(faults: &[&str]) -> Server {
        let faults = faults.iter().map(|spec| spec.parse().unwrap()).collect();
        let endpoint = Endpoint::new(Options { faults, ..Options::default() });
        Server::start(LOOPBACK.parse().unwrap(), endpoint).await.unwrap()
    }

    /// Sends one request by hand; returns everything the server sends until it closes the connection.
    async fn received(server: &Server, body: &str, last: bool) -> String {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(request(body, last).as_bytes()).await.unwrap();
        let mut received = Vec::new();
        // A reset is as good as a clean end.
        let _ = stream.read_to_end(&mut received).await;
        String::from_utf8(received).unwrap()
    }

    fn request(body: &str, last: bool) -> String {
        format!(
            "POST / HTTP/1.1\r\nhost: demo\r\ncontent-length: {}\r\nconnection: {}\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=AKIA/20260131/eu-west-1/sts/aws4_request, Signature=00\r\n\r\n{body}",
            body.len(),
            if last { "close" } else { "keep-alive" },
        )
    }

    const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

    #[tokio::test]
    async fn it_answers_http_and_counts_connections() {
        let server = server(&[]).await;
        let answer = received(&server, WHO, true).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("x-amzn-requestid: ") && answer.contains("date: ") && answer.contains("assumed-role"));
        assert_eq!(server.connections(), 1);
        received(&server, WHO, true).await;
        assert_eq!(server.connections(), 2);
    }

    #[tokio::test]
    async fn a_connection_serves_many_requests() {
        let server = server(&[]).await;
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let two = request(WHO, false) + &request(WHO, true);
        stream.write_all(two.as_bytes()).await.unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).await.unwrap();
        assert_eq!(received.matches("HTTP/1.1 200 OK").count(), 2);
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_cut_connection_sends_nothing_and_a_truncated_answer_half() {
        let server = server(&["cut#1", "truncate"]).await;
        assert_eq!(received(&server, WHO, false).await, "");
        let half = received(&server, WHO, false).await;
        assert!(half.starts_with("HTTP/1.1 200 OK") && half.contains("<GetCallerIdentityResponse"), "{half}");
        assert!(!half.contains("</GetCallerIdentityResponse>"), "{half}");
    }

    #[tokio::test]
    async fn only_loopback_is_served() {
        let endpoint = Endpoint::new(Options::default());
        let error = Server::start("0.0.0.0:4000".parse().unwrap(), endpoint).await.unwrap_err();
        assert_eq!(error.to_string(), "0.0.0.0:4000 is not on loopback; serve on 127.0.0.1:4000 or [::1]:4000");
    }

    #[tokio::test]
    async fn stopping_ends_idle_and_hanging_connections_and_frees_the_port() {
        let server = server(&["hang"]).await;
        let addr = server.addr();
        let mut idle = TcpStream::connect(addr).await.unwrap();
        let mut hanging = TcpStream::connect(addr).await.unwrap();
        hanging.write_all(request(WHO, false).as_bytes()).await.unwrap();
        server.stop().await;
        for stream in [&mut idle, &mut hanging] {
            let mut received = Vec::new();
            let _ = stream.read_to_end(&mut received).await;
            assert!(received.is_empty());
        }
        Server::start(addr, Endpoint::new(Options::default())).await.unwrap().stop().await;
    }
}
