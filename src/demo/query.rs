//! AWS Query, the protocol of Elastic Load Balancing and STS: a form in, XML out.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::Value;

use super::wire::{ApiError, Response, respond};

/// The fields of a form, by name.
#[derive(Debug, Default)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// Parses a form; anything that is not `name=value` is skipped.
    pub fn read(body: &[u8]) -> Self {
        let pairs = body.split(|byte| *byte == b'&').filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((decode(&pair[..equals]), decode(&pair[equals + 1..])))
        });
        Self(pairs.collect())
    }

    /// One field. An empty one counts as absent: that is how clients write an empty list.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A list: `NAME.member.1`, `NAME.member.2` and so on.
    pub fn list(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|number| self.get(&format!("{name}.member.{number}"))).collect()
    }
}

/// Decodes a form value.
fn decode(text: &[u8]) -> String {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', ..) => {
                bytes.push(b' ');
                at += 1;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A successful answer; lists become `member` elements.
pub fn response(namespace: &str, operation: &str, answer: &Value, request_id: &str) -> Response {
    let mut body = format!("<{operation}Response xmlns=\"{namespace}\"><{operation}Result>");
    write(&mut body, answer);
    body.push_str(&format!(
        "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>\n"
    ));
    respond(StatusCode::OK, "text/xml", body, request_id)
}

fn write(xml: &mut String, value: &Value) {
    let mut element = |name: &str, content: &Value| {
        xml.push_str(&format!("<{name}>"));
        write(xml, content);
        xml.push_str(&format!("</{name}>"));
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| element(name, member)),
        Value::Array(items) => items.iter().for_each(|item| element("member", item)),
        Value::String(text) => xml.push_str(&escape(text)),
        other => xml.push_str(&other.to_string()),
    }
}

/// An error: type, code, message, request id.
pub fn error(namespace: &str, error: &ApiError, request_id: &str) -> Response {
    let (code, status) = own_error(error);
    let blame = if status < 500 { "Sender" } else { "Receiver" };
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{blame}</Type><Code>{code}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>\n",
        escape(&error.message),
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    respond(status, "text/xml", body, request_id)
}

/// The name and status of an error in AWS Query, where they differ from AWS JSON.
fn own_error(error: &ApiError) -> (&'static str, u16) {
    match error.code {
        "AccessDeniedException" => ("AccessDenied", 403),
        "ExpiredTokenException" => ("ExpiredToken", 403),
        "InvalidSignatureException" => ("SignatureDoesNotMatch", 403),
        "MissingAuthenticationTokenException" => ("MissingAuthenticationToken", 403),
        "ThrottlingException" => ("Throttling", error.status),
        "UnknownOperationException" => ("InvalidAction", error.status),
        "ServerException" => ("InternalFailure", error.status),
        "ServiceUnavailableException" => ("ServiceUnavailable", error.status),
        code => (code, error.status),
    }
}

/// Escapes text for XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("Names.member.1=a%20b+c&Names.member.2=%C3%A9%2F", &["a b c", "é/"])]
    #[case("Names.member.1=a&Names.member.3=c", &["a"])]
    #[case("Names=", &[])]
    #[case("Names.member.1=", &[])]
    #[case("", &[])]
    fn lists_are_read_up_to_the_first_gap(#[case] body: &str, #[case] names: &[&str]) {
        assert_eq!(Form::read(body.as_bytes()).list("Names"), names);
    }

    #[rstest]
    #[case("100%", "100%")]
    #[case("%4", "%4")]
    #[case("%zz%41", "%zzA")]
    #[case("%ff", "\u{fffd}")]
    fn invalid_escapes_stay(#[case] sent: &str, #[case] read: &str) {
        assert_eq!(Form::read(format!("Marker={sent}").as_bytes()).get("Marker"), Some(read));
    }

    #[test]
    fn answers_are_elements_and_members() {
        let answer = json!({ "Groups": [{ "Name": "a<b>&c", "Port": 80 }, { "Enabled": true }], "None": [] });
        let response = response("urn:x", "List", &answer, "id-1");
        assert_eq!(
            (response.status(), &response.headers()["content-type"]),
            (StatusCode::OK, &"text/xml".parse().unwrap())
        );
        assert_eq!(
            response.body(),
            "<ListResponse xmlns=\"urn:x\"><ListResult><Groups><member><Name>a&lt;b&gt;&amp;c</Name><Port>80</Port></member>\
             <member><Enabled>true</Enabled></member></Groups><None></None></ListResult><ResponseMetadata>\
             <RequestId>id-1</RequestId></ResponseMetadata></ListResponse>\n"
        );
    }

    #[test]
    fn errors_have_their_names_in_aws_query() {
        let denied = ApiError::client("AccessDeniedException", "a < b & c");
        let response = error("urn:x", &denied, "id-1");
        assert_eq!(response.status(), 403);
        assert_eq!(
            response.body(),
            "<ErrorResponse xmlns=\"urn:x\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
             <Message>a &lt; b &amp; c</Message></Error><RequestId>id-1</RequestId></ErrorResponse>\n"
        );
        let failed = ApiError { status: 500, ..ApiError::client("ServerException", "") };
        let response = error("urn:x", &failed, "id-2");
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(
            response.status() == 500 && body.contains("<Type>Receiver</Type><Code>InternalFailure</Code>"),
            "{body}"
        );
    }
}
