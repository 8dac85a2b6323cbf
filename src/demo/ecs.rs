//! The ECS operations over the world.

use serde_json::Value;

use super::{wire::ApiError, world::World};

/// Answers one ECS operation; `None` when there is no such operation.
pub fn call(_world: &mut World, _operation: &str, _input: &Value) -> Option<Result<Value, ApiError>> {
    None
}
