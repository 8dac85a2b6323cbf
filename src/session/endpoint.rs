//! The address of a session's WebSocket, and which addresses a session may connect to.
//!
//! The address comes from AWS's answer, and the session's token is sent to it: so it must be one of AWS's, or the host that
//! the user has named as endpoint.

use std::{fmt, net::IpAddr};

use http::Uri;

/// Query parameters of an address that is signed already.
const PRESIGNED: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
];

/// Why a session doesn't connect to an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the session's address can't be read")]
    Unreadable,
    #[error("the session's address is not encrypted (`{0}:`)")]
    Unencrypted(String),
    #[error("the session's host `{0}` is not one of AWS's")]
    Foreign(String),
}

/// Where a session connects. Debug and Display show only the host: the rest identifies the session.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamAddress {
    url: String,
    pub host: String,
    pub port: u16,
    pub encrypted: bool,
}

impl StreamAddress {
    /// Reads the URL that AWS has returned. `endpoint` is the user's own endpoint URL, if there is one: its host is allowed
    /// as well, and without encryption if it is this machine.
    ///
    /// # Errors
    ///
    /// If the session must not connect there.
    pub fn parse(url: &str, endpoint: Option<&str>) -> Result<Self, AddressError> {
        let uri: Uri = url.parse().map_err(|_| AddressError::Unreadable)?;
        let host = bare_host(&uri).ok_or(AddressError::Unreadable)?.to_owned();
        let encrypted = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") if is_loopback(&host) => false,
            scheme => return Err(AddressError::Unencrypted(scheme.unwrap_or_default().to_owned())),
        };
        let named = endpoint.and_then(|endpoint| endpoint.parse::<Uri>().ok());
        let named = named
            .as_ref()
            .and_then(bare_host)
            .is_some_and(|named| named.eq_ignore_ascii_case(&host) || (is_loopback(named) && is_loopback(&host)));
        let foreign = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if foreign || !(named || is_aws(&host)) {
            return Err(AddressError::Foreign(host));
        }
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { url: url.to_owned(), host, port, encrypted })
    }

    /// The URL, byte for byte as AWS returned it.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Host and port as they stand in the URL, for the header `Host`.
    pub(super) fn authority(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?']).next().unwrap_or_default()
    }

    /// The URL to sign: signatures are made for `https`.
    pub fn signed_url(&self) -> String {
        self.url.split_once("://").map_or_else(|| self.url.clone(), |(_, rest)| format!("https://{rest}"))
    }

    /// Whether the URL is signed already: it gets no second signature, and the session can't be resumed.
    pub fn is_presigned(&self) -> bool {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        query.split('&').any(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            PRESIGNED.iter().any(|presigned| presigned.eq_ignore_ascii_case(name))
        })
    }
}

impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

impl fmt::Debug for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamAddress({}:{})", self.host, self.port)
    }
}

/// The host without the brackets of an IPv6 address.
fn bare_host(uri: &Uri) -> Option<&str> {
    let host = uri.host()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

/// Whether `host` is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) || host.eq_ignore_ascii_case("localhost")
}

/// Whether it is a host of the message gateway: of a Region, FIPS, or of a VPC endpoint.
fn is_aws(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let domain = [".amazonaws.com", ".amazonaws.com.cn"].iter().find_map(|domain| host.strip_suffix(domain));
    domain.is_some_and(|labels| {
        labels.split('.').any(|label| label == "ssmmessages" || label.starts_with("ssmmessages-"))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PATH: &str = "/v1/data-channel/s-1?role=publish_subscribe";

    #[rstest]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com")]
    #[case("wss://ssmmessages.cn-north-1.amazonaws.com.cn")]
    #[case("wss://ssmmessages-fips.us-gov-west-1.amazonaws.com")]
    #[case("wss://vpce-0123-abcd.ssmmessages.eu-west-1.vpce.amazonaws.com")]
    #[case("wss://SSMMessages.eu-west-1.AmazonAWS.com:443")]
    fn hosts_of_aws_are_allowed(#[case] origin: &str) {
        let address = StreamAddress::parse(&format!("{origin}{PATH}"), None).unwrap();
        assert_eq!((address.port, address.encrypted), (443, true));
        assert_eq!(address.url(), format!("{origin}{PATH}"));
    }

    #[rstest]
    #[case("ws://ssmmessages.us-east-1.amazonaws.com")]
    #[case("https://ssmmessages.us-east-1.amazonaws.com")]
    #[case("wss://ssmmessages.us-east-1.amazonaws.com.example.com")]
    #[case("wss://ssmmessages.example.com")]
    #[case("wss://ssmmessages.us-east-1.fakeamazonaws.com")]
    #[case("wss://xssmmessages.us-east-1.amazonaws.com")]
    #[case("wss://bucket.s3.amazonaws.com")]
    #[case("wss://user@ssmmessages.us-east-1.amazonaws.com")]
    #[case("wss://127.0.0.1:8000")]
    #[case("ws://127.0.0.1:8000")]
    #[case("wss://emulator:4566")]
    #[case("wss://")]
    #[case("")]
    fn other_hosts_are_refused(#[case] origin: &str) {
        assert!(StreamAddress::parse(&format!("{origin}{PATH}"), None).is_err());
    }

    #[rstest]
    #[case("ws://127.0.0.1:8000", "http://127.0.0.1:4566", true)]
    #[case("ws://localhost:8000", "http://127.0.0.1:4566", true)]
    #[case("ws://[::1]:8000", "http://localhost:4566", true)]
    #[case("wss://emulator:4566", "https://emulator", true)]
    #[case("wss://emulator:4566", "https://other", false)]
    #[case("ws://emulator:4566", "http://emulator:4566", false)]
    #[case("ws://127.0.0.1:8000", "https://ecs.us-east-1.amazonaws.com", false)]
    fn the_host_of_the_users_endpoint_is_allowed(#[case] origin: &str, #[case] endpoint: &str, #[case] expected: bool) {
        assert_eq!(StreamAddress::parse(&format!("{origin}{PATH}"), Some(endpoint)).is_ok(), expected);
    }

    #[rstest]
    #[case("role=publish_subscribe", false)]
    #[case("role=publish_subscribe&cell-number=AAEAAZ+b/c=", false)]
    #[case("role=publish_subscribe&X-Amz-Signature=00", true)]
    #[case("x-amz-date=20260102T030405Z", true)]
    fn a_presigned_address_is_recognised(#[case] query: &str, #[case] expected: bool) {
        let url = format!("wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/s-1?{query}");
        assert_eq!(StreamAddress::parse(&url, None).unwrap().is_presigned(), expected);
    }

    #[test]
    fn only_the_host_is_shown() {
        let url = format!("wss://ssmmessages.us-east-1.amazonaws.com{PATH}");
        let address = StreamAddress::parse(&url, None).unwrap();
        assert_eq!(
            format!("{address} {address:?}"),
            "ssmmessages.us-east-1.amazonaws.com StreamAddress(ssmmessages.us-east-1.amazonaws.com:443)"
        );
        assert_eq!(address.signed_url(), format!("https://ssmmessages.us-east-1.amazonaws.com{PATH}"));
    }
}
