//! The AWS SDK on a demo endpoint in the same process: without sockets and threads, so that time can be virtual.
//!
//! Under `#[tokio::test(start_paused = true)]` the clock stands still while anything can run and jumps to the next
//! timer when nothing can. SDK retries, request timeouts, latency faults, quotas and the simulation all use that clock, so a
//! test of an hour takes milliseconds and gives the same result every time. (Only signing uses the wall clock, which the
//! endpoint ignores without the fault `skew`.)
//!
//! ```ignore
//! let endpoint = Endpoint::new(Options::default());
//! let ecs = aws_sdk_ecs::Client::new(&in_process::sdk_config(&endpoint));
//! ```

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        behavior_version::BehaviorVersion,
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector, http_client_fn,
        },
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut, dyn_dispatch_hint},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::ConfigBag,
    retry::{ErrorKind, RetryConfig},
};
use aws_types::{SdkConfig, region::Region};
use axum::body::Bytes;
use ecsight::demo::{Cut, Endpoint, Session, wire};
use futures::{Stream, StreamExt, stream};
use http_body::{Body, Frame};

/// AWS configuration for tests: all calls go to `endpoint`, without retries.
pub fn sdk_config(endpoint: &Endpoint) -> SdkConfig {
    let credentials = Credentials::new("AKIADEMO", "secret", None, None, "demo");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url("http://demo.invalid")
        .retry_config(RetryConfig::disabled())
        .http_client(http_client(endpoint))
        .build()
}

/// Removes the prefix `stream-` that the SDK puts before any host for some operations.
pub fn no_host_prefix(config: aws_sdk_cloudwatchlogs::config::Builder) -> aws_sdk_cloudwatchlogs::Config {
    config.interceptor(NoHostPrefix).build()
}

#[derive(Debug)]
struct NoHostPrefix;

#[dyn_dispatch_hint]
impl Intercept for NoHostPrefix {
    fn name(&self) -> &'static str {
        "NoHostPrefix"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(rest) = request.uri().strip_prefix("http://stream-") {
            let uri = format!("http://{rest}");
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// An HTTP client for a single endpoint.
pub fn http_client(endpoint: &Endpoint) -> SharedHttpClient {
    let endpoint = endpoint.clone();
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(InProcess { endpoint: endpoint.clone(), settings: settings.clone() })
    })
}

/// The account of every demo endpoint, and the one that its answers can be made those of.
pub const ACCOUNT: &str = "123456789012";
pub const OTHER_ACCOUNT: &str = "210987654321";

/// The id of the account that the credentials are of, at each moment.
pub type CurrentAccount = Arc<Mutex<&'static str>>;

/// `client` with the demo account under another id: clusters, services and tasks are called alike in both.
pub fn of_account(client: SharedHttpClient, account: CurrentAccount) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        let inner = client.http_connector(settings, components);
        SharedHttpConnector::new(Renamed { inner, account: account.clone() })
    })
}

#[derive(Debug)]
struct Renamed {
    inner: SharedHttpConnector,
    account: CurrentAccount,
}

impl HttpConnector for Renamed {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let account = *self.account.lock().expect("not poisoned");
        rename(request.body_mut(), account, ACCOUNT);
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            rename(response.body_mut(), ACCOUNT, account);
            Ok(response)
        })
    }
}

/// Replaces one account id by another, which is as long.
fn rename(body: &mut SdkBody, from: &str, to: &str) {
    let Some(text) = body.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return };
    let renamed = text.replace(from, to);
    *body = SdkBody::from(renamed);
}

#[derive(Debug)]
struct InProcess {
    endpoint: Endpoint,
    settings: HttpConnectorSettings,
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (endpoint, read_timeout) = (self.endpoint.clone(), self.settings.read_timeout());
        HttpConnectorFuture::new(async move {
            let answer = exchange(&endpoint, request);
            match read_timeout {
                None => answer.await,
                Some(limit) => match tokio::time::timeout(limit, answer).await {
                    Ok(answer) => answer,
                    Err(elapsed) => Err(ConnectorError::timeout(elapsed.into())),
                },
            }
        })
    }
}

/// Sends one request. Failures are those of the SDK's own client over a socket.
async fn exchange(endpoint: &Endpoint, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
    let cut = |cut: Cut| ConnectorError::other(cut.into(), Some(ErrorKind::TransientError));
    let mut response = endpoint.respond(request).await.map_err(cut)?;
    if let Some(session) = response.extensions_mut().remove::<Session>() {
        let response = response.map(|begun| {
            let frames = stream::iter([Ok(begun)]).chain(session.frames());
            SdkBody::from_body_1_x(Streamed(Box::pin(frames)))
        });
        return HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None));
    }
    let cut_short = wire::missing_bytes(&response) > 0;
    // Reading a body that has been taken fails, like reading a truncated one.
    let response = response.map(|body| if cut_short { SdkBody::taken() } else { SdkBody::from(body) });
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// A streaming body, as of an event stream.
struct Streamed(Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send + Sync>>);

impl Body for Streamed {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.0.poll_next_unpin(cx).map_ok(Frame::data)
    }
}
