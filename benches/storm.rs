//! Random keys, and a console left idle: finds panics, slow redraws, leaks and growth.
//!
//! `cargo bench --bench storm` (about five minutes). Linux only: it reads `/proc`. The seeds are fixed.

#![expect(clippy::expect_used, reason = "what can't be measured fails")]
#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    process::ExitCode,
    thread::sleep,
    time::{Duration, Instant},
};

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{
    hostile::Hostile,
    pty::Program,
    storm::{self, storm},
};

/// Number of keys per storm.
const KEYS: usize = 10_000;
/// Time limit of a redraw.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the console idles on the home screen, and how many MiB per hour it may grow over the second half.
const SOAK: Duration = Duration::from_mins(3);
const GROWTH: f64 = 5.0;

fn main() -> ExitCode {
    let mut sound = true;
    for seed in [1, 2] {
        sound &= print_outcome(
            &format!("demo, seed {seed}"),
            &storm(KEYS, seed, || quiet(&["demo", "--scenario", "incident"])),
        );
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for seed in [3, 4] {
        let hostile = runtime.block_on(Hostile::start(seed));
        let console = || quiet(&["--endpoint-url", &hostile.url, "--region", "us-east-1"]);
        sound &= print_outcome(&format!("hostile endpoint, seed {seed}"), &storm(KEYS, seed, console));
    }
    sound &= soak();
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The program, without backtraces, which would take longer than anything else here.
fn quiet(args: &[&str]) -> Program {
    Program::ecsight(args)
        .env("RUST_BACKTRACE", "0")
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .size(140, 40)
}

fn print_outcome(what: &str, outcome: &storm::Outcome) -> bool {
    let storm::Outcome { keys, panics, slowest, leaks, peak_mib } = outcome;
    println!(
        "{what}: {keys} keys, {} panics, slowest redraw {} ms, {} leaks, at most {peak_mib} MiB",
        panics.len(),
        slowest.as_millis(),
        leaks.len()
    );
    for found in panics.iter().chain(leaks) {
        println!("{found}");
    }
    panics.is_empty() && leaks.is_empty() && *slowest < PATIENCE
}

/// Leaves a console on the home screen while the incident goes on.
fn soak() -> bool {
    let pty = quiet(&["demo"]).start();
    pty.wait_text("Trouble(all)");
    let mut samples: Vec<(f64, f64)> = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < SOAK {
        sleep(Duration::from_secs(2));
        samples.push((begun.elapsed().as_secs_f64(), pty.kib("VmRSS:") as f64 / 1024.0));
    }
    let growth = slope(&samples[samples.len() / 2..]) * 3600.0;
    let last = samples.last().map_or(0.0, |(_, mib)| *mib);
    println!("left alone for {} s: {last:.1} MiB, {growth:+.1} MiB an hour (at most {GROWTH:.0})", SOAK.as_secs());
    growth < GROWTH
}

/// The slope per second of a straight line fitted to the samples.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let (x, y) = samples.iter().fold((0.0, 0.0), |(x, y), sample| (x + sample.0 / count, y + sample.1 / count));
    let spread: f64 = samples.iter().map(|sample| (sample.0 - x).powi(2)).sum();
    samples.iter().map(|sample| (sample.0 - x) * (sample.1 - y)).sum::<f64>() / spread.max(f64::MIN_POSITIVE)
}
