//! ecsight: a terminal console for Amazon ECS.

pub mod demo;
