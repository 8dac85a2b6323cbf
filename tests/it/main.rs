//! One integration binary: every further one would link the SDKs again.

mod architecture;
mod asking;
mod burst;
mod cli;
mod data;
mod demo_logs;
mod demo_wire;
mod drift;
mod evidence;
mod findings;
mod flow;
mod get;
mod judge_boto3;
mod judge_emulators;
mod live;
mod logs;
mod logs_command;
mod logs_finding;
mod memory;
mod pty;
mod screens;
mod screenshots;
mod support;
mod tail;
mod tails;
mod why;
