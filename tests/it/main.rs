//! One integration binary: every further one would link the SDKs again.

mod cli;
mod data;
mod demo_wire;
mod judge_boto3;
mod support;
