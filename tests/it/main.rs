//! One integration binary: every further one would link the SDKs again.

mod cli;
mod demo_wire;
mod support;
