//! What rides along with calls: the read-only guard, the log, the body's capture, and the host as it was meant.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

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

use super::{Captured, Operation};

/// A mutating operation was asked of a read-only scope.
#[derive(Debug, thiserror::Error)]
#[error("{0} changes things, and this scope is read-only")]
pub(super) struct Refused(pub String);

/// Refuses, before anything is sent, what may change something, for as long as nothing may be changed. What an operation
/// does is read off [`operation::ALL`]: one that is not there counts as a change.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadOnlyGuard(Arc<AtomicBool>);

impl ReadOnlyGuard {
    /// Lets changes through, or no longer.
    pub(super) fn allow_changes(&self, allowed: bool) {
        self.0.store(allowed, Ordering::SeqCst);
    }

    fn refuses(&self, operation: &str) -> bool {
        let harmless = Operation::named(operation).is_some_and(|operation| operation.nature.harmless());
        !harmless && !self.0.load(Ordering::SeqCst)
    }
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
        if self.refuses(name) { Err(Refused(name.to_owned()).into()) } else { Ok(()) }
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
    #[case("ListServices", false)]
    #[case("StartQuery", false)]
    #[case("UpdateService", true)]
    #[case("GetAndDeleteEverything", true)]
    fn what_is_not_known_to_be_harmless_is_refused_until_changes_are_allowed(
        #[case] operation: &str,
        #[case] refused: bool,
    ) {
        let guard = ReadOnlyGuard::default();
        assert_eq!(guard.refuses(operation), refused);
        guard.allow_changes(true);
        assert!(!guard.refuses(operation));
        guard.clone().allow_changes(false);
        assert_eq!(guard.refuses(operation), refused, "a clone is the same guard");
    }

    #[rstest]
    #[case("http://stream-127.0.0.1:4566/", Some("http://127.0.0.1:4566/"))]
    #[case("https://stream-localhost/", Some("https://localhost/"))]
    #[case("http://127.0.0.1:4566/", None)]
    #[case("https://stream-logs.eu-west-1.amazonaws.com/", None)]
    fn a_named_host_keeps_its_name(#[case] uri: &str, #[case] expected: Option<&str>) {
        assert_eq!(without_prefix(uri).as_deref(), expected);
    }
}
