//! What rides along with calls: the read-only guard, the log, the body's capture, and the host as it was meant.

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
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::{endpoint_config::EndpointUrl, region::Region};

use super::{Captured, SharedAccess};

/// A mutating operation was asked of a read-only scope.
#[derive(Debug, thiserror::Error)]
#[error("{0} changes things, and this scope is read-only")]
pub(super) struct Refused(pub String);

/// Refuses, before anything is sent, what the access that is set at that moment does not allow.
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

/// When a call began.
#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

/// Notes every call in the log at `trace`: which, where, how it ended, how long it took, and AWS's number for it. Nothing
/// of what was sent or came back.
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

/// Keeps the body of the answer.
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

/// What AWS puts before the host for calls that are answered by a stream.
const STREAM_PREFIX: &str = "stream-";

/// The SDK puts the prefix before any host, one that a person has named included, where nobody answers to it.
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

/// The address without the prefix, where there is one that no host of AWS's own has.
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
    fn a_named_host_keeps_its_name(#[case] uri: &str, #[case] expected: Option<&str>) {
        assert_eq!(without_prefix(uri).as_deref(), expected);
    }
}
