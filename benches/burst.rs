//! Logs under load: a service that writes 20,000 lines a second for a minute, read by the whole console (data layer,
//! model, drawing) over a real connection; the cost of a paused tail; and the calls needed for a service of 100 tasks.
//!
//! `cargo bench --bench burst` (some four minutes). Prints each figure beside its bound, and fails when one is over. Linux
//! only: it reads `/proc`.

#![expect(clippy::expect_used, reason = "what can't be measured fails")]
#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, ExitCode, Stdio},
    thread::sleep,
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    demo::{self, Options, world::World},
    logs::ring::RingLimits,
};
use jiff::Timestamp;
use tokio::time::Instant;

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{
    burst::Console,
    proc,
    pty::{Program, Pty},
};

const LINES: usize = 20_000;
const LOAD: Duration = Duration::from_mins(1);
/// Time limit of each wait; only a failing run waits that long.
const LIMIT: Duration = Duration::from_mins(2);
/// How long a paused tail is measured, and the calls of a large service are counted.
const WATCH: Duration = Duration::from_secs(30);
/// Rate of calls allowed during the load: a page holds half a second of it.
const CALLS: f64 = 8.0;

fn main() -> ExitCode {
    let mut figures = Figures::default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(load(&mut figures));
    runtime.block_on(calls(&mut figures));
    paused_tail(&mut figures);
    if figures.over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Compares measured figures with their bounds.
#[derive(Default)]
struct Figures {
    over: bool,
}

impl Figures {
    /// Prints a figure, which must not exceed its bound.
    fn most(&mut self, what: &str, figure: f64, bound: f64, unit: &str) {
        let over = figure > bound;
        self.over |= over;
        println!("{what}: {figure:.2} {unit} (at most {bound:.2}){}", if over { "  OVER" } else { "" });
    }
}

/// A demo endpoint in a process of its own, which ends when this is dropped.
struct Endpoint {
    process: Child,
    url: String,
}

impl Endpoint {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecsight"));
        command.args(["demo", "--serve", "127.0.0.1:0", "--scenario", "calm"]).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the demo endpoint starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let word = line.split_whitespace().find(|word| word.starts_with("http")).expect("an address");
        Self { url: word.trim_end_matches([';', ',']).to_owned(), process }
    }

    /// Sends a request to the control endpoint.
    fn control(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let head = format!("{method} /_demo{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn load(&self, lines: usize) {
        self.control("POST", "/load", &format!("prod/api {lines}"));
    }

    /// Number of lines written by the load.
    fn written(&self) -> usize {
        let answer = self.control("GET", "/load", "");
        let digits = answer.split_once("\"written\":").map_or("", |(_, rest)| rest.trim_start());
        digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok()).unwrap_or_default()
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

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn clients(url: &str) -> Clients {
    let credentials = Credentials::new("demo", "demo", None, None, "demo");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new("eu-west-1"))
        .endpoint_url(url)
        .build();
    Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0))
}

/// Opens the log of a service, and waits until it follows this many streams.
async fn reading(url: &str, calls: f64, service: (&str, &str), streams: usize) -> Console {
    let mut console = Console::open(clients(url), calls, Timestamp::now);
    console.keys(&format!(":service {}\r", service.0));
    let named = |console: &Console| {
        let mut rows = console.model.table().into_iter().flat_map(|table| &table.rows);
        rows.any(|entry| entry.row.kind().name == "service" && entry.row.name() == service.1)
    };
    console.until("the service", LIMIT, named).await;
    console.keys(&format!("/{}\r", service.1));
    console.keys("l");
    let follows = |console: &Console| console.reader().is_some_and(|reader| reader.status.streams >= streams);
    console.until("its log", LIMIT, follows).await;
    console
}

/// Reads the load while it lasts, with keys pressed meanwhile.
async fn load(figures: &mut Figures) {
    let endpoint = Endpoint::start();
    endpoint.load(20);
    let mut console = reading(&endpoint.url, CALLS, ("prod", "api"), 4).await;
    console.pass(Duration::from_secs(10), Duration::from_secs(1), "t").await;
    let first = console.seen.iter().take_while(|times| **times == 0).count();
    let before = proc::resident_mib(proc::myself());

    endpoint.load(LINES);
    console.pass(LOAD, Duration::from_millis(100), "wtktjtitiG").await;
    endpoint.load(0);
    let written = endpoint.written();
    let ended = Instant::now();
    let whole = |console: &Console| console.lost_and_twice(written).0 <= first;
    while !whole(&console) && ended.elapsed() < LIMIT {
        console.pass(Duration::from_millis(200), LIMIT, "").await;
    }
    let behind = ended.elapsed();
    // Duplicates would arrive within a while, too.
    console.pass(Duration::from_secs(40), Duration::from_mins(1), "").await;

    let (lost, twice) = console.lost_and_twice(written);
    let reader = console.reader().expect("the log is still open");
    println!(
        "{} lines in {LOAD:?}, {} calls; the last one came {behind:.1?} after it was written",
        written, reader.status.calls
    );
    figures.most("lines lost", (lost - first) as f64, 0.0, "");
    figures.most("lines twice", twice as f64, 0.0, "");
    figures.most("lines that the tail itself calls lost", reader.status.lost as f64, 0.0, "");
    console.waits.sort();
    let wait = |part: usize| console.waits[(console.waits.len() - 1) * part / 100].as_secs_f64() * 1_000.0;
    println!("{} keys: median {:.2} ms, p99 {:.2} ms", console.waits.len(), wait(50), wait(99));
    figures.most("the longest that a key waited", wait(100), 16.0, "ms");
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let reader = console.reader().expect("the log is still open");
    figures.most("lines held", mib(reader.buffer.ring.bytes()), mib(RingLimits::default().bytes), "MiB");
    let peak = proc::peak_mib(proc::myself());
    println!("resident before the load: {before} MiB, at most: {peak} MiB");
    // The best peer, a log viewer alone.
    figures.most("the console's memory at most", peak as f64, 124.0, "MiB");
}

/// Counts the calls needed to follow a service of 100 tasks with default settings.
async fn calls(figures: &mut Figures) {
    let world = World::sized(1, 1, 100, Timestamp::now().as_millisecond());
    let endpoint = demo::Endpoint::with_world(world, Options::default());
    let server = demo::Server::start(([127, 0, 0, 1], 0).into(), endpoint.clone()).await.expect("a server");
    let service = "cluster-000/service-0000";
    endpoint.with(|world| world.load(service, 500)).expect("the service");
    let mut console = reading(&server.url(), 1.0, ("cluster-000", "service-0000"), 100).await;
    console.pass(Duration::from_secs(20), LIMIT, "").await;
    let count = || endpoint.count("FilterLogEvents") + endpoint.count("GetLogEvents");
    let before = count();
    console.pass(WATCH, LIMIT, "").await;
    let rate = (count() - before) as f64 / WATCH.as_secs_f64();
    figures.most("100 tasks that write 500 lines a second", rate, 0.5, "calls/s");
    drop(console);
    server.stop().await;
}

/// Measures a paused tail on a terminal.
fn paused_tail(figures: &mut Figures) {
    let endpoint = Endpoint::start();
    let console = endpoint.console(":service prod");
    // A row, not the word in the header.
    console.wait_text("steady");
    console.keys("/api\rl");
    console.wait_text("Follow:On");
    sleep(Duration::from_secs(10));
    console.keys("s");
    console.wait_text("Follow:Off");
    sleep(Duration::from_secs(15));
    let pid = console.foreground();
    let before = proc::cpu(pid);
    sleep(WATCH);
    let share = proc::cpu(pid).saturating_sub(before).as_secs_f64() / WATCH.as_secs_f64() * 100.0;
    figures.most("a tail that stands still", share, 0.5, "% of a core");
}
