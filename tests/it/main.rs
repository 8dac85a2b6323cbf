//! One integration binary: every further one would link the SDKs again.

mod data;
mod demo_wire;
mod judge_boto3;
mod screens;
mod screenshots;
mod support;
