//! The AWS SDK on a demo endpoint in the same process: no socket, no threads, and so virtual time.
//!
//! Under `#[tokio::test(start_paused = true)]` the clock stands still while anything can run and jumps to the next
//! timer when nothing can. SDK retries, request time-outs, latency faults, quotas and the world itself all live by that
//! clock, so a test of an hour takes milliseconds and gives the same result every time. (Signing alone uses the wall
//! clock, which the endpoint doesn't look at without the fault `skew`.)
//!
//! ```ignore
//! let endpoint = Endpoint::new(Options::default());
//! let ecs = aws_sdk_ecs::Client::new(&in_process::sdk_config(&endpoint));
//! ```

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion,
    http::{
        HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{
    body::SdkBody,
    retry::{ErrorKind, RetryConfig},
};
use aws_types::{SdkConfig, region::Region};
use axum::body::Bytes;
use ecsight::demo::{Cut, Endpoint, wire};

/// What a program's own AWS configuration is to be in tests: everything goes to `endpoint`, once (no retries).
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

/// An HTTP client that knows one host.
pub fn http_client(endpoint: &Endpoint) -> SharedHttpClient {
    let endpoint = endpoint.clone();
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(InProcess { endpoint: endpoint.clone(), settings: settings.clone() })
    })
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

/// One request and its response; what goes wrong goes wrong as the SDK's own client over a socket would have it.
async fn exchange(endpoint: &Endpoint, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
    let cut = |cut: Cut| ConnectorError::other(cut.into(), Some(ErrorKind::TransientError));
    let response = endpoint.respond(request).await.map_err(cut)?;
    let cut_short = wire::missing_bytes(&response) > 0;
    // Reading a body already taken fails, as reading one that breaks off does.
    let response = response.map(|body| if cut_short { SdkBody::taken() } else { SdkBody::from(body) });
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}
