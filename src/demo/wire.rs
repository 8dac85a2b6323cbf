//! What all services of the endpoint share: finding the operation of a request, and writing answers and errors.
//!
//! ECS, CloudWatch Logs, Systems Manager and Application Auto Scaling speak AWS JSON 1.1: `POST /` with the operation in `x-amz-target`. Elastic
//! Load Balancing and STS speak AWS Query.

use std::fmt;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use serde_json::{Map, Value, json};

use super::query::{self, Form};

/// A whole request, its body read.
pub type Request = axum::http::Request<Bytes>;

/// A whole response. If `content-length` exceeds the body, the connection is to be cut after it.
pub type Response = axum::http::Response<Bytes>;

const AMZN_REQUEST_ID: &str = "x-amzn-requestid";
const AMZ_TARGET: &str = "x-amz-target";

/// An AWS service that the endpoint simulates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    AutoScaling,
    Ecs,
    Elb,
    Kms,
    Logs,
    Ssm,
    Sts,
}

impl Service {
    const ALL: [Service; 7] =
        [Service::AutoScaling, Service::Ecs, Service::Elb, Service::Kms, Service::Logs, Service::Ssm, Service::Sts];

    /// The name in IAM actions and in a signature's credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Service::AutoScaling => "application-autoscaling",
            Service::Ecs => "ecs",
            Service::Elb => "elasticloadbalancing",
            Service::Kms => "kms",
            Service::Logs => "logs",
            Service::Ssm => "ssm",
            Service::Sts => "sts",
        }
    }

    /// The part before the dot in `x-amz-target`.
    fn target(self) -> Option<&'static str> {
        match self {
            Service::AutoScaling => Some("AnyScaleFrontendService"),
            Service::Ecs => Some("AmazonEC2ContainerServiceV20141113"),
            Service::Kms => Some("TrentService"),
            Service::Logs => Some("Logs_20140328"),
            Service::Ssm => Some("AmazonSSM"),
            Service::Elb | Service::Sts => None,
        }
    }

    /// The XML namespace of a service that speaks AWS Query.
    pub fn namespace(self) -> Option<&'static str> {
        match self {
            Service::Elb => Some("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"),
            Service::Sts => Some("https://sts.amazonaws.com/doc/2011-06-15/"),
            Service::AutoScaling | Service::Ecs | Service::Kms | Service::Logs | Service::Ssm => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The operation that a request asks for; it need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub service: Service,
    pub operation: String,
}

impl Call {
    /// Finds the operation of a request: from the target header, else from a query form with the service of the
    /// signature's credential scope. A query without a signature must be for STS.
    pub fn from_request(request: &Request) -> Option<Call> {
        let headers = request.headers();
        if let Some(target) = text(headers, AMZ_TARGET) {
            let (prefix, operation) = target.split_once('.')?;
            let service = Service::ALL.into_iter().find(|service| service.target() == Some(prefix))?;
            return Some(Call { service, operation: operation.to_owned() });
        }
        let operation = Form::read(request.body()).get("Action").unwrap_or_default().to_owned();
        let service = match scope(headers) {
            Some(name) => Service::ALL.into_iter().find(|service| service.name() == name)?,
            None if !operation.is_empty() => Service::Sts,
            None => return None,
        };
        Some(Call { service, operation })
    }
}

/// Returns whether a request is signed. The signature itself is not checked: the account is simulated, and so are its
/// keys.
pub fn is_signed(headers: &HeaderMap) -> bool {
    scope(headers).is_some()
}

/// The service in `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
fn scope(headers: &HeaderMap) -> Option<&str> {
    credential(headers)?.rsplit('/').nth(1)
}

/// The Region a request is signed for.
pub fn region(headers: &HeaderMap) -> Option<&str> {
    credential(headers)?.rsplit('/').nth(2)
}

fn credential(headers: &HeaderMap) -> Option<&str> {
    let authorization = text(headers, header::AUTHORIZATION.as_str())?;
    authorization.split_once("Credential=")?.1.split(',').next()
}

/// The host and port that a request came to.
pub fn host(request: &Request) -> Option<&str> {
    text(request.headers(), header::HOST.as_str())
}

/// When the request was signed, from `x-amz-date` (`20260131T235959Z`).
pub fn signed_at(headers: &HeaderMap) -> Option<jiff::Timestamp> {
    let date = text(headers, "x-amz-date")?;
    let date = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    date.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok().map(|date| date.timestamp())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The JSON input of a request; an empty body is an empty input.
///
/// # Errors
/// `SerializationException`, AWS's answer to invalid JSON.
pub fn input(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(body) {
        Ok(input @ Value::Object(_)) => Ok(input),
        Ok(_) => Err(ApiError::client("SerializationException", "Start of structure or map found where not expected.")),
        Err(_) => Err(ApiError::client("SerializationException", "Unable to parse the request body as JSON.")),
    }
}

/// An error as AWS returns it: HTTP status, `__type` and `message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: u16,
    /// The exception's name, for example `ClusterNotFoundException`.
    pub code: &'static str,
    pub message: String,
    /// Further members of this exception.
    pub details: Value,
}

impl ApiError {
    /// A fault of the caller (HTTP 400), as nearly all ECS errors are.
    pub fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), details: Value::Null }
    }

    /// Unknown operation. AWS sends no message with it.
    pub fn unknown_operation() -> Self {
        Self::client("UnknownOperationException", "")
    }

    /// The error as `service` writes it.
    pub fn response(&self, service: Service, request_id: &str) -> Response {
        if let Some(namespace) = service.namespace() {
            return query::error(namespace, self, request_id);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut body = Map::from_iter([("__type".to_owned(), self.code.into())]);
        if !self.message.is_empty() {
            body.insert("message".into(), self.message.as_str().into());
        }
        body.extend(self.details.as_object().cloned().unwrap_or_default());
        json_response(status, &body.into(), request_id)
    }
}

/// An answer in AWS JSON 1.1.
pub fn json_response(status: StatusCode, body: &Value, request_id: &str) -> Response {
    respond(status, "application/x-amz-json-1.1", body.to_string(), request_id)
}

/// A response of any content type; AWS's carry a request id.
pub fn respond<'a>(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
    request_id: impl Into<Option<&'a str>>,
) -> Response {
    let body = body.into();
    let length = body.len();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(id) = request_id.into().and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(AMZN_REQUEST_ID, id);
    }
    response
}

/// The number of bytes that a response announces but doesn't have.
pub fn missing_bytes(response: &Response) -> usize {
    let promised = text(response.headers(), header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    promised.unwrap_or(0_usize).saturating_sub(response.body().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20260131/eu-west-1/SERVICE/aws4_request, Signature=00";

    fn request(service: &str, target: Option<&str>, body: &'static str) -> Request {
        let mut request = Request::new(Bytes::from_static(body.as_bytes()));
        let scope = SCOPE.replace("SERVICE", service);
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_str(&scope).unwrap());
        if let Some(target) = target {
            request.headers_mut().insert(AMZ_TARGET, HeaderValue::from_str(target).unwrap());
        }
        request
    }

    #[rstest::rstest]
    #[case::ecs("ecs", Some("AmazonEC2ContainerServiceV20141113.ListClusters"), "{}", Some("ecs ListClusters"))]
    #[case::logs("logs", Some("Logs_20140328.GetLogEvents"), "{}", Some("logs GetLogEvents"))]
    #[case::ssm("ssm", Some("AmazonSSM.StartSession"), "{}", Some("ssm StartSession"))]
    #[case::elb(
        "elasticloadbalancing",
        None,
        "Action=DescribeTargetHealth&Version=2015-12-01",
        Some("elasticloadbalancing DescribeTargetHealth")
    )]
    #[case::sts("sts", None, "Action=GetCallerIdentity&Version=2011-06-15", Some("sts GetCallerIdentity"))]
    #[case::sts_other_order("sts", None, "Version=2011-06-15&Action=GetCallerIdentity", Some("sts GetCallerIdentity"))]
    #[case::no_target("ecs", None, "{}", Some("ecs "))]
    #[case::unknown_target("ecs", Some("DynamoDB_20120810.GetItem"), "{}", None)]
    #[case::no_operation("ecs", Some("AmazonSSM"), "{}", None)]
    #[case::unknown_service("s3", None, "", None)]
    fn the_operation_is_found_in_the_request(
        #[case] service: &str,
        #[case] target: Option<&str>,
        #[case] body: &'static str,
        #[case] expected: Option<&str>,
    ) {
        let call = Call::from_request(&request(service, target, body));
        assert_eq!(call.map(|call| format!("{} {}", call.service, call.operation)).as_deref(), expected);
    }

    #[test]
    fn signed_and_unsigned_requests_are_distinguished() {
        assert!(is_signed(request("ecs", None, "").headers()));
        assert!(!is_signed(Request::new(Bytes::new()).headers()));
    }

    #[test]
    fn the_signing_time_is_read_to_the_second() {
        let mut request = request("ecs", None, "");
        request.headers_mut().insert("x-amz-date", HeaderValue::from_static("20260131T235959Z"));
        assert_eq!(signed_at(request.headers()).unwrap().to_string(), "2026-01-31T23:59:59Z");
        request.headers_mut().insert("x-amz-date", HeaderValue::from_static("yesterday"));
        assert_eq!(signed_at(request.headers()), None);
    }

    #[test]
    fn only_an_object_is_an_input() {
        assert_eq!(input(b""), Ok(json!({})));
        assert_eq!(input(b"{\"cluster\":\"prod\"}"), Ok(json!({ "cluster": "prod" })));
        for bad in ["[]", "{", "null", "\u{0}"] {
            assert_eq!(input(bad.as_bytes()).unwrap_err().code, "SerializationException", "{bad}");
        }
    }

    #[test]
    fn errors_have_the_format_of_their_service() {
        let error = ApiError::client("AccessDeniedException", "a < b & c");
        for service in [Service::Elb, Service::Sts] {
            let response = error.response(service, "id-1");
            let body = String::from_utf8(response.body().to_vec()).unwrap();
            assert!(
                body.contains(service.namespace().unwrap()) && body.contains("<Code>AccessDenied</Code>"),
                "{body}"
            );
        }

        let response = error.response(Service::Ecs, "id-2");
        assert_eq!(response.status(), 400);
        assert_eq!(response.body(), r#"{"__type":"AccessDeniedException","message":"a < b & c"}"#);
        assert_eq!(response.headers()[AMZN_REQUEST_ID], "id-2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-amz-json-1.1");
    }

    #[test]
    fn missing_bytes_of_a_short_body_are_counted() {
        let mut response = respond(StatusCode::OK, "text/plain", "0123456789", "id");
        assert_eq!(missing_bytes(&response), 0);
        *response.body_mut() = Bytes::from_static(b"01234");
        assert_eq!(missing_bytes(&response), 5);
    }
}
