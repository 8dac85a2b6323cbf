//! ecsight: a terminal console for Amazon ECS.

pub mod aws;
pub mod config;
pub mod data;
pub mod demo;
pub mod event;
pub mod model;
pub mod nearest;
pub mod resource;
pub mod tty;
pub mod ui;
