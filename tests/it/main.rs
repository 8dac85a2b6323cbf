//! One integration binary: every further one would link the SDKs again.

mod demo_wire;
mod support;
