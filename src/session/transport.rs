//! The WebSocket of a session: TCP, perhaps through a proxy, TLS, and the upgrade.

use std::{fmt, io, sync::Arc, time::Duration};

use http::{Request, StatusCode};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, handshake::client::generate_key, protocol::WebSocketConfig},
};

use super::{
    endpoint::StreamAddress,
    proxy::{Proxy, ProxyError},
};

/// How long each step to a connection may take, and all of them together.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);
/// The longest message that is read: real ones are about a kilobyte.
const MAX_MESSAGE: usize = 1024 * 1024;

/// What a WebSocket runs on: TCP, TLS, TLS through a proxy, or a pipe in tests.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A connection to the gateway.
pub type WebSocket = WebSocketStream<Box<dyn ByteStream>>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("can't connect to {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} doesn't answer")]
    TimedOut { host: String },
    #[error("no encrypted connection to {host}: {why}")]
    Tls { host: String, why: String },
    #[error("{proxy}: {why}")]
    Proxy { proxy: String, why: ProxyError },
    #[error("can't read the certificates in {file}: {why}")]
    Certificates { file: String, why: String },
    /// The gateway, or something before it, refused the session.
    #[error("{host} refused the session: {status}")]
    Refused { host: String, status: StatusCode, date: Option<String> },
    #[error("{host} speaks no WebSocket: {why}")]
    NoWebSocket { host: String, why: String },
}

impl ConnectError {
    /// Whether the next attempt may succeed although nothing is changed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Proxy { why, .. } => matches!(why, ProxyError::Io(_) | ProxyError::Refused(_)),
            Self::Refused { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Tls { .. } | Self::Certificates { .. } | Self::NoWebSocket { .. } => false,
        }
    }
}

/// The environment variables that say how this machine reaches the gateway.
const VARIABLES: [&str; 7] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE"];

/// How this machine reaches the gateway: the variables for proxies and certificates. Debug shows nothing, because the URL of
/// a proxy may hold a password.
#[derive(Clone, Default)]
pub struct Network(Vec<(&'static str, String)>);

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// By the environment of this process.
    pub fn from_environment() -> Self {
        Self(VARIABLES.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?))).collect())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
    }

    /// Connects to the gateway and upgrades the connection. `headers` sign the request.
    ///
    /// # Errors
    ///
    /// If a step fails; the error says which, and where.
    pub async fn connect(
        &self,
        address: &StreamAddress,
        headers: &[(String, String)],
    ) -> Result<WebSocket, ConnectError> {
        let host = || address.host.clone();
        let connect = async {
            let stream = self.open(address).await?;
            upgrade(stream, address, headers).await
        };
        timeout(CONNECT_TIMEOUT, connect).await.unwrap_or_else(|_| Err(ConnectError::TimedOut { host: host() }))
    }

    async fn open(&self, address: &StreamAddress) -> Result<Box<dyn ByteStream>, ConnectError> {
        let StreamAddress { host, port, encrypted, .. } = address;
        let proxy = Proxy::choose(host, *port, |name| self.variable(name))
            .map_err(|why| ConnectError::Proxy { proxy: "proxy".to_owned(), why })?;
        let tls = match *encrypted || proxy.as_ref().is_some_and(|proxy| proxy.encrypted) {
            true => Some(self.tls().await?),
            false => None,
        };
        let mut stream: Box<dyn ByteStream> = match &proxy {
            None => Box::new(dial(host, *port).await?),
            Some(proxy) => {
                let stream = dial(&proxy.host, proxy.port).await?;
                let mut stream: Box<dyn ByteStream> = match &tls {
                    Some(tls) if proxy.encrypted => encrypt(tls, &proxy.host, Box::new(stream)).await?,
                    _ => Box::new(stream),
                };
                let tunnel = timeout(STEP_TIMEOUT, proxy.open_tunnel(&mut stream, host, *port)).await;
                tunnel.map_err(|_| ConnectError::TimedOut { host: proxy.host.clone() })?.map_err(|why| {
                    ConnectError::Proxy { proxy: format!("proxy {}:{}", proxy.host, proxy.port), why }
                })?;
                stream
            }
        };
        if let Some(tls) = tls.filter(|_| *encrypted) {
            stream = encrypt(&tls, host, stream).await?;
        }
        Ok(stream)
    }

    /// The certificates of the system, as the SDK trusts them (they follow `SSL_CERT_FILE`), and those in
    /// `AWS_CA_BUNDLE`.
    async fn tls(&self) -> Result<TlsConnector, ConnectError> {
        let bundle = self.variable("AWS_CA_BUNDLE").filter(|file| !file.is_empty());
        // Reading hundreds of certificates takes a while.
        let load = tokio::task::spawn_blocking(move || client_config(bundle.as_deref()));
        let config = load.await.unwrap_or_else(|error| Err(unreadable("the system's store", &error)))?;
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

fn unreadable(file: &str, why: &impl ToString) -> ConnectError {
    ConnectError::Certificates { file: file.to_owned(), why: why.to_string() }
}

fn client_config(bundle: Option<&str>) -> Result<ClientConfig, ConnectError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = bundle {
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, &error))? {
            let certificate = certificate.map_err(|error| unreadable(file, &error))?;
            roots.add(certificate).map_err(|error| unreadable(file, &error))?;
        }
    }
    if let (true, Some(error)) = (roots.is_empty(), system.errors.first()) {
        return Err(unreadable("the system's store", error));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unreadable("the system's store", &error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn dial(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let stream = timeout(STEP_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| ConnectError::TimedOut { host: host.to_owned() })?
        .map_err(|error| ConnectError::Unreachable { host: format!("{host}:{port}"), why: plain(&error) })?;
    // A key is sent when it is pressed.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The text of an error without the number of the operating system.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

async fn encrypt(
    tls: &TlsConnector,
    host: &str,
    stream: Box<dyn ByteStream>,
) -> Result<Box<dyn ByteStream>, ConnectError> {
    let failed = |why: String| ConnectError::Tls { host: host.to_owned(), why };
    let name = ServerName::try_from(host.to_owned()).map_err(|error: InvalidDnsNameError| failed(error.to_string()))?;
    let stream = timeout(STEP_TIMEOUT, tls.connect(name, stream))
        .await
        .map_err(|_| ConnectError::TimedOut { host: host.to_owned() })?
        .map_err(|error| failed(plain(&error)))?;
    Ok(Box::new(stream))
}

async fn upgrade(
    stream: Box<dyn ByteStream>,
    address: &StreamAddress,
    headers: &[(String, String)],
) -> Result<WebSocket, ConnectError> {
    let host = || address.host.clone();
    let no_websocket = |why: String| ConnectError::NoWebSocket { host: host(), why };
    let mut request = Request::get(address.url())
        .header("Host", address.authority())
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", generate_key());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(|error| no_websocket(error.to_string()))?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    match client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => {
            let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
            Err(ConnectError::Refused { host: host(), status: answer.status(), date })
        }
        Err(tungstenite::Error::Io(error)) => Err(ConnectError::Unreachable { host: host(), why: plain(&error) }),
        Err(error) => Err(no_websocket(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
