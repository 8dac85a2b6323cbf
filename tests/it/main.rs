//! The only integration test binary. Another one would link the SDKs again.

#![expect(unreachable_pub, reason = "nothing here is part of a library")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(clippy::print_stdout, reason = "a test says what it measured")]
#![expect(clippy::disallowed_methods, reason = "programs and other people's servers run in real time")]

mod abilities;
mod architecture;
mod burst;
mod change_commands;
mod changes;
mod cli;
mod completion;
mod confirmations;
mod conformance_boto3;
mod conformance_emulators;
mod conformance_identity;
mod conformance_logs;
mod conformance_plugin;
mod cp;
mod credentials;
mod data;
mod demo_logs;
mod demo_wire;
mod diff;
mod drift;
mod editing;
mod evidence;
mod exec;
mod filters;
mod findings;
mod first_screens;
mod flow;
mod forward;
mod get;
mod guards;
mod history;
mod live;
mod log_screens;
mod log_search;
mod log_streams;
mod log_tail;
mod logs_command;
mod mfa;
mod pty;
mod read_only;
mod row_identity;
mod scopes;
mod screens;
mod screenshots;
mod scripts;
mod secrets;
mod sessions;
mod storm;
mod support;
mod time_zone;
mod why;
