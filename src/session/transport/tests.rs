use futures::{SinkExt, StreamExt};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::TcpListener,
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

use super::*;

fn network(variables: &[(&'static str, &str)]) -> Network {
    Network(variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn address(scheme: &str, host: &str, port: u16) -> StreamAddress {
    let url = format!("{scheme}://{host}:{port}/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA+b/c=");
    StreamAddress::parse(&url, Some(&format!("http://{host}"))).unwrap()
}

#[tokio::test]
async fn the_upgrade_has_the_raw_query_and_the_headers_that_sign_it() {
    let (listener, port) = listener().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the signature of the callback")]
        let callback = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            seen = Some(request.clone());
            Ok(response)
        };
        let mut socket = accept_hdr_async(stream, callback).await.unwrap();
        let message = socket.next().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
        seen.unwrap()
    });
    let headers = [("authorization".to_owned(), "AWS4-HMAC-SHA256 …".to_owned())];
    let mut socket = network(&[]).connect(&address("ws", "127.0.0.1", port), &headers).await.unwrap();
    socket.send(Message::binary("hello")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_data(), "hello");
    let request = server.await.unwrap();
    assert_eq!(
        request.uri().path_and_query().unwrap(),
        "/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA+b/c="
    );
    let mut names: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let expected = ["authorization", "connection", "host", "sec-websocket-key", "sec-websocket-version", "upgrade"];
    assert_eq!(names, expected);
    assert_eq!(request.headers()["host"], format!("127.0.0.1:{port}"));
}

/// Connects to a server that answers the request with this text and closes.
async fn refused(answer: &str) -> ConnectError {
    let (listener, port) = listener().await;
    let answer = answer.to_owned();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    network(&[]).connect(&address("ws", "127.0.0.1", port), &[]).await.err().unwrap()
}

#[rstest]
#[case("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "127.0.0.1 refused the session: 403 Forbidden", false)]
#[case("HTTP/1.1 503 Unavailable\r\n\r\n", "127.0.0.1 refused the session: 503 Service Unavailable", true)]
#[tokio::test]
async fn a_refusal_is_reported_with_its_status(
    #[case] answer: &str,
    #[case] expected: &str,
    #[case] is_temporary: bool,
) {
    let error = refused(answer).await;
    assert_eq!((error.to_string().as_str(), error.is_temporary()), (expected, is_temporary));
}

#[tokio::test]
async fn the_date_of_a_refusal_is_kept_to_compare_clocks() {
    let error = refused("HTTP/1.1 401 Unauthorized\r\nDate: Tue, 01 Dec 2026 12:00:00 GMT\r\n\r\n").await;
    let ConnectError::Refused { date, .. } = error else { panic!("{error}") };
    assert_eq!(date.as_deref(), Some("Tue, 01 Dec 2026 12:00:00 GMT"));
}

#[tokio::test]
async fn a_server_of_something_else_is_reported() {
    let error = refused("SSH-2.0-OpenSSH_9.9\r\n").await;
    assert!(error.to_string().starts_with("127.0.0.1 speaks no WebSocket: "), "{error}");
    assert!(!error.is_temporary());
}

#[tokio::test]
async fn a_closed_port_is_reported_and_temporary() {
    let (listener, port) = listener().await;
    drop(listener);
    let error = network(&[]).connect(&address("ws", "127.0.0.1", port), &[]).await.err().unwrap();
    assert_eq!(error.to_string(), format!("can't connect to 127.0.0.1:{port}: connection refused"));
    assert!(error.is_temporary());
}

#[tokio::test]
async fn a_server_without_tls_is_reported() {
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let error = network(&[]).connect(&address("wss", "127.0.0.1", port), &[]).await.err().unwrap();
    assert!(error.to_string().starts_with("no encrypted connection to 127.0.0.1: "), "{error}");
}

#[tokio::test]
async fn a_missing_certificate_bundle_is_reported() {
    let network = network(&[("AWS_CA_BUNDLE", "/nonexistent/ca.pem")]);
    let error = network.connect(&address("wss", "127.0.0.1", 9), &[]).await.err().unwrap();
    assert!(error.to_string().starts_with("can't read the certificates in /nonexistent/ca.pem: "), "{error}");
}

#[tokio::test]
async fn a_proxy_carries_the_connection_and_its_refusal_is_reported() {
    let (gateway, gateway_port) = listener().await;
    let (proxy, proxy_port) = listener().await;
    tokio::spawn(async move {
        let (stream, _) = gateway.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        socket.send(Message::binary("through")).await.unwrap();
        let _ = socket.next().await;
    });
    tokio::spawn(async move {
        for answer in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 403 Forbidden by policy\r\n\r\n"] {
            let (mut stream, _) = proxy.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            assert!(request.starts_with(b"CONNECT gateway.example:4566 HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains("200") {
                let mut onward = TcpStream::connect(("127.0.0.1", gateway_port)).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
            }
        }
    });
    // Tunnels carry what is encrypted in use; what the proxy does is the same.
    let network = network(&[("HTTPS_PROXY", &format!("http://127.0.0.1:{proxy_port}"))]);
    let mut plain = address("wss", "gateway.example", 4566);
    plain.encrypted = false;
    let mut socket = network.connect(&plain, &[]).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_data(), "through");
    let error = network.connect(&plain, &[]).await.err().unwrap();
    let expected = format!("proxy 127.0.0.1:{proxy_port}: the proxy refused the connection: 403 Forbidden by policy");
    assert_eq!(error.to_string(), expected);
}
