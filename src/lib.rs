//! ecsight: a terminal console for Amazon ECS.

pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod data;
pub mod demo;
pub mod event;
pub mod files;
pub mod logging;
pub mod model;
pub mod nearest;
pub mod resource;
pub mod tty;
pub mod ui;
