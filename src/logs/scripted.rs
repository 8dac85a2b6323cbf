//! An AWS in the same process, scripted by a test: no sockets, so that tests run in virtual time.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion,
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{
    body::SdkBody,
    event_stream::{Header, HeaderValue, Message},
};
use aws_types::{SdkConfig, region::Region};
use axum::body::Bytes;
use http_body::{Body, Frame};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::aws::{Budget, Clients, ScopeSpec};

/// A call: operation, input and URI.
#[derive(Debug, Clone)]
pub(super) struct Called {
    pub operation: String,
    pub input: Value,
    pub uri: String,
}

/// The answer to a call.
pub(super) enum Answer {
    Json(Value),
    /// An exception with this code.
    Fault(&'static str),
    /// An exception with this body.
    FaultBody(Value),
    Stream(mpsc::UnboundedReceiver<Bytes>),
    /// No answer, ever.
    Silence,
}

type Script = dyn Fn(&Called, usize) -> Answer + Send + Sync;

/// The calls made so far, in order.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Vec<Called>>>);

impl Calls {
    pub(super) fn all(&self) -> Vec<Called> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn inputs(&self, operation: &str) -> Vec<Value> {
        self.all().into_iter().filter(|call| call.operation == operation).map(|call| call.input).collect()
    }
}

/// Clients of a scripted AWS; the script gets each call and the number of calls of that operation before it.
pub(super) fn clients(script: impl Fn(&Called, usize) -> Answer + Send + Sync + 'static) -> (Clients, Calls) {
    let calls = Calls::default();
    let scripted = Scripted { script: Arc::new(script), calls: calls.clone() };
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKIA", "secret", None, None, "test")))
        .endpoint_url("http://aws.invalid")
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(scripted.clone())))
        .build();
    (Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0)), calls)
}

#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    calls: Calls,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl HttpConnector for Scripted {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let called = Called {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            input: request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default(),
            uri: request.uri().to_owned(),
        };
        let nth = self.calls.inputs(&called.operation).len();
        let answer = (self.script)(&called, nth);
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner).push(called);
        HttpConnectorFuture::new(async move {
            let (status, body) = match answer {
                Answer::Json(value) => (200, SdkBody::from(value.to_string())),
                Answer::Fault(code) => {
                    (400, SdkBody::from(json!({ "__type": code, "message": "AWS's words" }).to_string()))
                }
                Answer::FaultBody(value) => (400, SdkBody::from(value.to_string())),
                Answer::Stream(frames) => (200, SdkBody::from_body_1_x(Frames(frames))),
                Answer::Silence => std::future::pending().await,
            };
            let status = u16::try_into(status).map_err(|_| ConnectorError::user("no such status".into()))?;
            Ok(HttpResponse::new(status, body))
        })
    }
}

/// A body that grows frame by frame until its sender is dropped.
struct Frames(mpsc::UnboundedReceiver<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// A frame of an event stream: `message` is `event` or `exception`.
pub(super) fn frame(message: &'static str, name: &'static str, payload: &Value) -> Bytes {
    let text = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let kind = if message == "event" { ":event-type" } else { ":exception-type" };
    let message = Message::new(Bytes::from(payload.to_string()))
        .add_header(text(":message-type", message))
        .add_header(text(kind, name))
        .add_header(text(":content-type", "application/json"));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes.into()
}

pub(super) fn start() -> Bytes {
    frame("event", "sessionStart", &json!({ "sessionId": "s" }))
}

/// An update with these lines, each of a stream of the group `/web` in the millisecond `at`.
pub(super) fn update(sampled: bool, lines: &[(&str, i64, &str)]) -> Bytes {
    let events = lines.iter().map(|(stream, at, message)| {
        json!({ "logStreamName": stream, "logGroupIdentifier": "123456789012:/web", "timestamp": at, "message": message })
    });
    let events: Vec<Value> = events.collect();
    frame("event", "sessionUpdate", &json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": events }))
}

/// The current time in these tests.
pub(super) fn now() -> Timestamp {
    Timestamp::constant(1_750_000_000, 0)
}
