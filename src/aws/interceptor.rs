//! What rides along with every call: the read-only guard and the body's capture.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef},
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use super::Captured;

/// A mutating operation was asked of a read-only scope.
#[derive(Debug, thiserror::Error)]
#[error("{0} changes things, and this scope is read-only")]
pub(super) struct Refused(pub String);

/// Refuses, before anything is sent, every operation that is not a plain read.
#[derive(Debug)]
pub(super) struct ReadOnlyGuard;

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
        if ["Describe", "List", "Get"].iter().any(|read| name.starts_with(read)) {
            Ok(())
        } else {
            Err(Refused(name.to_owned()).into())
        }
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
