//! The console as a process on a terminal of its own: time to the first frame and the first rows, response time of a
//! key, CPU, memory, and output of an idle screen.
//!
//! `cargo bench --bench console` (about two minutes: idling takes time). Linux only: it reads `/proc`.

#![expect(clippy::expect_used, reason = "what can't be measured fails")]
#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{
    proc,
    pty::{Program, Pty},
};

/// How long an idle console is measured.
const IDLE: Duration = Duration::from_secs(20);
/// Number of runs per measurement; the median is printed.
const RUNS: usize = 9;

fn main() {
    println!(
        "binary: {:.1} MB",
        fs::metadata(env!("CARGO_BIN_EXE_ecsight")).map_or(0.0, |file| file.len() as f64 / 1e6)
    );
    first_frame();
    for (label, fault) in [("loopback", None), ("50 ms a call", Some("latency=50ms"))] {
        rows(&format!("clusters, {label}"), ("calm", fault), ":cluster", "ACTIVE", "ACTIVE");
        rows(&format!("200 services, {label}"), ("fleet", fault), ":service edge", "steady", "[200]");
        rows(&format!("trouble, {label}"), ("incident", fault), ":trouble", "rollout f", "needs approval");
    }
    idle("calm", ":service prod", "steady", "6 services");
    idle("fleet", ":task core", "running", "2,000 tasks");
    idle("fleet", ":task", "running", "5,000 tasks");
}

/// Measures from the start of the process to its first frame.
fn first_frame() {
    let endpoint = Endpoint::start("calm", None);
    let times = (0..RUNS).map(|_| {
        let begin = Instant::now();
        let console = endpoint.console(":cluster");
        console.wait("a frame", |screen| screen.contents().contains("help"));
        begin.elapsed()
    });
    print_times("first frame", times.collect());
}

/// A demo endpoint in a process of its own, which ends when this is dropped.
struct Endpoint {
    process: Child,
    url: String,
}

impl Endpoint {
    fn start(scenario: &str, fault: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecsight"));
        command.args(["demo", "--serve", "127.0.0.1:0", "--scenario", scenario]).stdout(Stdio::piped());
        command.args(fault.into_iter().flat_map(|fault| ["--fault", fault]));
        let mut process = command.spawn().expect("the demo endpoint starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let word = line.split_whitespace().find(|word| word.starts_with("http")).expect("an address");
        Self { url: word.trim_end_matches([';', ',']).to_owned(), process }
    }

    fn console(&self, command: &str) -> Pty {
        Program::ecsight(&["--command", command])
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "demo")
            .env("AWS_SECRET_ACCESS_KEY", "demo")
            .start()
    }
}

/// Measures from the start of the process to the first rows, and to all of them. Each run has an account of its own,
/// because the quotas of one account would not allow them all.
fn rows(label: &str, (scenario, fault): (&str, Option<&str>), command: &str, first: &str, all: &str) {
    let (mut firsts, mut alls) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let endpoint = Endpoint::start(scenario, fault);
        let begin = Instant::now();
        let console = endpoint.console(command);
        console.wait_text(first);
        firsts.push(begin.elapsed());
        console.wait_text(all);
        alls.push(begin.elapsed());
    }
    print_times(&format!("{label}: first rows"), firsts);
    print_times(&format!("{label}: all rows"), alls);
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Measures an idle console, and the response time of a key in it.
fn idle(scenario: &str, command: &str, shown: &str, label: &str) {
    let endpoint = Endpoint::start(scenario, None);
    let console = endpoint.console(command);
    console.wait_text(shown);
    // The first fill, at the rate that the request budget allows, does not count as idle.
    sleep(Duration::from_secs(25));
    let pid = console.foreground();
    let (bytes, cpu) = (console.bytes(), proc::cpu(pid));
    sleep(IDLE);
    let share = proc::cpu(pid).saturating_sub(cpu).as_secs_f64() / IDLE.as_secs_f64();
    let written = (console.bytes() - bytes) as f64 * 60.0 / IDLE.as_secs_f64() / 1000.0;
    println!(
        "{label}: {:.2} % of a core idle, {} MiB resident, {written:.2} kB a minute written",
        share * 100.0,
        proc::resident_mib(pid)
    );
    let times = (0..200).map(|turn| {
        let (before, begin) = (console.bytes(), Instant::now());
        console.keys(if turn % 2 == 0 { "j" } else { "k" });
        while console.bytes() == before {
            // Sleeps, because the console and the endpoint need the cores.
            sleep(Duration::from_micros(50));
        }
        let time = begin.elapsed();
        // Longer than the time between frames, so that each key gets a frame of its own.
        sleep(Duration::from_millis(25));
        time
    });
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    println!("{label}: key to frame, median {:.2?}, p95 {:.2?}", times[100], times[190]);
}

fn print_times(label: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{label}: {:.0?} ({:.0?} to {:.0?})", times[times.len() / 2], times[0], times[times.len() - 1]);
}
