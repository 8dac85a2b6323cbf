//! HTTP proxies: which one a session uses, and the tunnel through it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::endpoint::is_loopback;

/// How long the answer of a proxy may be.
const MAX_ANSWER: usize = 16 * 1024;

/// A proxy. Debug shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub host: String,
    pub port: u16,
    /// Whether the proxy itself is reached by TLS.
    pub encrypted: bool,
    /// The value of the header that authenticates the user.
    authorization: Option<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// Why there is no connection through a proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("HTTPS_PROXY is no URL of an HTTP proxy")]
    Unreadable,
    #[error("the proxy refused the connection: {0}")]
    Refused(String),
    #[error("the proxy requires a user name and a password")]
    Unauthorized,
    #[error("the proxy's answer is not HTTP")]
    Garbled,
    #[error("the connection to the proxy was lost: {0}")]
    Io(#[from] std::io::Error),
}

impl Proxy {
    /// The proxy for a host by the usual variables, if there is one. This machine needs none.
    ///
    /// # Errors
    ///
    /// If the variable holds no URL of a proxy.
    pub fn choose(
        host: &str,
        port: u16,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ProxyError> {
        let get = |name: &str| {
            let value = variable(&name.to_lowercase()).or_else(|| variable(name));
            value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let Some(url) = get("HTTPS_PROXY").or_else(|| get("ALL_PROXY")) else { return Ok(None) };
        if is_loopback(host) || is_exempt(host, port, &get("NO_PROXY").unwrap_or_default()) {
            return Ok(None);
        }
        Self::parse(&url).map(Some)
    }

    fn parse(url: &str) -> Result<Self, ProxyError> {
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = url.parse().map_err(|_| ProxyError::Unreadable)?;
        let encrypted = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(ProxyError::Unreadable),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(ProxyError::Unreadable)?;
        let user = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@'));
        let authorization = user.map(|(user, _)| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let decoded: Vec<u8> =
                percent_decode_str(name).chain(percent_decode_str(":")).chain(percent_decode_str(password)).collect();
            format!("Basic {}", STANDARD.encode(decoded))
        });
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 }),
            encrypted,
            authorization,
        })
    }

    /// Asks the proxy for a tunnel to a host. Afterwards `stream` is connected to it.
    ///
    /// # Errors
    ///
    /// If the proxy refuses.
    pub async fn open_tunnel(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        host: &str,
        port: u16,
    ) -> Result<(), ProxyError> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authorization =
            self.authorization.as_ref().map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        // Byte by byte: what follows the answer belongs to the tunnel.
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await?);
            if answer.len() > MAX_ANSWER {
                return Err(ProxyError::Garbled);
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.lines().next().filter(|line| line.starts_with("HTTP/1.")).ok_or(ProxyError::Garbled)?;
        let status = status.split_once(' ').map_or("", |(_, status)| status);
        match status.split(' ').next().unwrap_or_default() {
            "407" => Err(ProxyError::Unauthorized),
            code if code.len() == 3 && code.starts_with('2') => Ok(()),
            _ => Err(ProxyError::Refused(status.to_owned())),
        }
    }
}

/// Whether `NO_PROXY` names the host: by `*`, by name, by a domain, or by name and port.
fn is_exempt(host: &str, port: u16, list: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split([',', ' ']).map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(
        |entry| {
            let entry = entry.strip_suffix(&format!(":{port}")).unwrap_or(&entry);
            let domain = entry.trim_start_matches("*.").trim_start_matches('.');
            entry == "*" || host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        },
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::io::duplex;

    use super::*;

    const HOST: &str = "ssmmessages.eu-west-1.amazonaws.com";

    fn choose(host: &str, variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyError> {
        Proxy::choose(host, 443, |name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[rstest]
    #[case(&[("HTTPS_PROXY", "http://proxy:3128")], "proxy", 3128, false)]
    #[case(&[("https_proxy", "http://proxy:3128"), ("HTTPS_PROXY", "http://other")], "proxy", 3128, false)]
    #[case(&[("ALL_PROXY", "proxy:3128")], "proxy", 3128, false)]
    #[case(&[("HTTPS_PROXY", "http://proxy")], "proxy", 80, false)]
    #[case(&[("HTTPS_PROXY", "https://proxy")], "proxy", 443, true)]
    #[case(&[("HTTPS_PROXY", "http://[fd00::1]:3128/")], "fd00::1", 3128, false)]
    #[case(&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "example.com, s3.amazonaws.com")], "proxy", 3128, false)]
    fn the_usual_variables_choose_a_proxy(
        #[case] variables: &[(&str, &str)],
        #[case] host: &str,
        #[case] port: u16,
        #[case] encrypted: bool,
    ) {
        let proxy = choose(HOST, variables).unwrap().unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port, proxy.encrypted), (host, port, encrypted));
    }

    #[rstest]
    #[case(HOST, "")]
    #[case("127.0.0.1", "http://proxy")]
    #[case("localhost", "http://proxy")]
    #[case("::1", "http://proxy")]
    fn no_proxy_is_used(#[case] host: &str, #[case] proxy: &str) {
        assert_eq!(choose(host, &[("HTTPS_PROXY", proxy)]).unwrap(), None);
    }

    #[rstest]
    #[case("*", true)]
    #[case("amazonaws.com", true)]
    #[case(".amazonaws.com", true)]
    #[case("*.amazonaws.com", true)]
    #[case("example.com,SSMMESSAGES.eu-west-1.amazonaws.com", true)]
    #[case("ssmmessages.eu-west-1.amazonaws.com:443", true)]
    #[case("ssmmessages.eu-west-1.amazonaws.com:8443", false)]
    #[case("aws.com", false)]
    #[case("eu-west-1", false)]
    #[case(" , ", false)]
    fn no_proxy_exempts_hosts(#[case] list: &str, #[case] expected: bool) {
        let proxy = choose(HOST, &[("HTTPS_PROXY", "http://proxy"), ("NO_PROXY", list)]).unwrap();
        assert_eq!(proxy.is_none(), expected);
    }

    #[rstest]
    #[case("socks5://proxy")]
    #[case("http://")]
    #[case("http://pro xy")]
    fn what_is_no_http_proxy_is_refused(#[case] url: &str) {
        assert!(matches!(choose(HOST, &[("HTTPS_PROXY", url)]), Err(ProxyError::Unreadable)));
    }

    /// Opens a tunnel at a proxy that answers so, and returns the request.
    async fn tunnel(url: &str, answer: &str) -> (String, Result<String, ProxyError>) {
        let (mut ours, mut theirs) = duplex(4096);
        theirs.write_all(answer.as_bytes()).await.unwrap();
        let result = Proxy::parse(url).unwrap().open_tunnel(&mut ours, HOST, 443).await;
        ours.shutdown().await.unwrap();
        let mut request = String::new();
        theirs.read_to_string(&mut request).await.unwrap();
        drop(theirs);
        let mut rest = String::new();
        ours.read_to_string(&mut rest).await.unwrap();
        (request, result.map(|()| rest))
    }

    #[tokio::test]
    async fn a_tunnel_is_opened_and_nothing_after_it_is_lost() {
        let (request, rest) =
            tunnel("http://proxy", "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nfirst").await;
        assert_eq!(request, format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n"));
        assert_eq!(rest.unwrap(), "first");
    }

    #[tokio::test]
    async fn the_user_of_the_proxy_is_authenticated_and_not_shown() {
        let (request, result) = tunnel("http://ann:p%40ss@proxy", "HTTP/1.0 200 OK\r\n\r\n").await;
        assert!(request.contains("\r\nProxy-Authorization: Basic YW5uOnBAc3M=\r\n"), "{request}");
        assert!(result.is_ok());
        assert_eq!(format!("{:?}", Proxy::parse("http://ann:p%40ss@proxy").unwrap()), "Proxy(proxy:80)");
    }

    #[rstest]
    #[case("HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refused the connection: 403 Forbidden")]
    #[case("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy requires a user name and a password")]
    #[case("SSH-2.0-OpenSSH\r\n\r\n", "the proxy's answer is not HTTP")]
    #[tokio::test]
    async fn a_refusal_is_reported(#[case] answer: &str, #[case] expected: &str) {
        assert_eq!(tunnel("http://proxy", answer).await.1.unwrap_err().to_string(), expected);
    }
}
