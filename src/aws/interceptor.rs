//! Interceptors of calls: the read-only guard, the log, the capture of bodies, and the host.

use std::time::Instant;

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
                BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
            },
            dyn_dispatch_hint,
        },
        orchestrator::{HttpRequest, Metadata},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, Storable, StoreReplace},
};
use aws_types::{endpoint_config::EndpointUrl, region::Region};
use serde_json::Value;

use super::{Captured, SharedAccess};

/// An operation that changes something was called in a read-only scope.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not allowed: this scope is read-only")]
pub(super) struct Refused(pub String);

/// Refuses calls that the current access mode does not allow, before anything is sent.
#[derive(Debug)]
pub(super) struct ReadOnlyGuard {
    /// The IAM prefix of the client's service.
    pub service: &'static str,
    pub access: SharedAccess,
}

#[dyn_dispatch_hint]
impl Intercept for ReadOnlyGuard {
    fn name(&self) -> &'static str {
        "ReadOnlyGuard"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = config.load::<Metadata>().map_or("an unnamed operation", Metadata::name);
        if self.access.allows(self.service, name) { Ok(()) } else { Err(Refused(name.to_owned()).into()) }
    }
}

/// When a call was started.
#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

/// Logs every call at `trace`: operation, host, result, duration and AWS request id. Nothing that was sent or received
/// is logged.
#[derive(Debug)]
pub(super) struct CallLog;

#[dyn_dispatch_hint]
impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "CallLog"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        #[expect(clippy::disallowed_methods, reason = "how long a call takes is measured in real time")]
        config.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>();
        let answer = context.response();
        let id = answer.and_then(|answer| answer.headers().get("x-amzn-requestid"));
        tracing::trace!(
            operation = operation.map_or("?", Metadata::name),
            service = operation.map_or("?", Metadata::service),
            region = config.load::<Region>().map_or("?", |region| region.as_ref()),
            status = answer.map_or(0, |answer| answer.status().as_u16()),
            milliseconds = config.load::<Begun>().map_or(0, |begun| begun.0.elapsed().as_millis()),
            request_id = id.unwrap_or("none"),
            "call"
        );
        Ok(())
    }
}

/// Captures the body of the response.
#[derive(Debug)]
pub(super) struct CaptureBody(pub Captured);

#[dyn_dispatch_hint]
impl Intercept for CaptureBody {
    fn name(&self) -> &'static str {
        "CaptureBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.response().body().bytes() {
            self.0.put(body);
        }
        Ok(())
    }
}

/// Replaces the body of a request before it is signed.
pub fn replace_body(body: &Value) -> impl Fn(&mut HttpRequest) + Send + Sync + 'static {
    let body = body.to_string();
    move |request| {
        // The SDK has set the length of its own body.
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body.as_str());
    }
}

/// The prefix that AWS uses for the host of streaming calls.
const STREAM_PREFIX: &str = "stream-";

/// Removes the prefix that the SDK adds to custom hosts, too, where it does not resolve.
#[derive(Debug)]
pub(super) struct HostAsNamed;

#[dyn_dispatch_hint]
impl Intercept for HostAsNamed {
    fn name(&self) -> &'static str {
        "HostAsNamed"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<EndpointUrl>().is_some()
            && let Some(uri) = without_prefix(context.request().uri())
        {
            context.request_mut().set_uri(uri)?;
        }
        Ok(())
    }
}

/// The URL without the prefix, if its host is not one of AWS.
fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let host = rest.strip_prefix(STREAM_PREFIX)?;
    (!host.starts_with("logs.")).then(|| format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://stream-127.0.0.1:4566/", Some("http://127.0.0.1:4566/"))]
    #[case("https://stream-localhost/", Some("https://localhost/"))]
    #[case("http://127.0.0.1:4566/", None)]
    #[case("https://stream-logs.eu-west-1.amazonaws.com/", None)]
    fn a_custom_host_keeps_its_name(#[case] uri: &str, #[case] expected: Option<&str>) {
        assert_eq!(without_prefix(uri).as_deref(), expected);
    }
}
