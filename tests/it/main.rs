//! One integration binary: every further one would link the SDKs again.

mod architecture;
mod pty;
mod support;
