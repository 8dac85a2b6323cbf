//! One integration binary: every further one would link the SDKs again.
