//! Conformance of logs with independent servers: lines that boto3 writes to CloudWatch Logs of moto and ministack, before and
//! after the start, must be in the log that the console reads.

use std::{process::Stdio, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::{SdkConfig, region::Region};
use ecsight::{
    aws::{Budget, Clients, ScopeSpec},
    logs::TailPhase,
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::support::{
    burst::Console,
    emulator::{Emulator, environment, ministack, moto},
};

const FILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/conformance/fill_logs.py");
const REGION: &str = "eu-west-1";
/// Timeout for data to arrive; only a failing test waits that long.
const LIMIT: Duration = Duration::from_mins(1);

/// Script that writes the log. It ends when this value is dropped.
struct Writer {
    _script: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    /// Id of the task that the log belongs to.
    task: String,
}

impl Writer {
    async fn start(name: &str, emulator: &Emulator) -> Option<Self> {
        let client = environment("moto", &[crate::support::emulator::MOTO]).await?;
        let mut command = client.command("python");
        command.arg(FILL).arg(name).arg(emulator.url());
        let mut command = Command::from(command);
        let mut script =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("python runs");
        let to = script.stdin.take().expect("a pipe");
        let mut from = BufReader::new(script.stdout.take().expect("a pipe")).lines();
        let task = from.next_line().await.expect("a line").expect("the task's id");
        Some(Self { _script: script, to, from, task })
    }

    /// Writes a line to the log.
    async fn write(&mut self, line: &str) {
        self.to.write_all(format!("{line}\n").as_bytes()).await.expect("it listens");
        assert_eq!(self.from.next_line().await.expect("a line").as_deref(), Some(line));
    }
}

/// A console that reads the log of the only task.
async fn reading(emulator: &Emulator, writer: &Writer) -> Console {
    let credentials = Credentials::new("AKIADEMO", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(emulator.url())
        .build();
    let clients = Clients::from_config(&config, ScopeSpec::default(), Budget::with_share(1.0));
    let mut console = Console::open(clients, 4.0, Timestamp::now);
    console.keys(":task prod\r");
    console.until("the task", LIMIT, |console| console.screen().contains(&writer.task[..8])).await;
    console.keys("l");
    let follows =
        |console: &Console| console.reader().is_some_and(|reader| reader.status.phase == TailPhase::Following);
    console.until("its log", LIMIT, follows).await;
    console
}

fn texts(console: &Console) -> Vec<&str> {
    let Some(ring) = console.reader().map(|reader| &reader.buffer.ring) else { return Vec::new() };
    ring.numbers().filter_map(|number| ring.get(number)).map(|line| &*line.text).collect()
}

/// Number of times a line is in the log.
fn times(console: &Console, text: &str) -> usize {
    texts(console).iter().filter(|line| **line == text).count()
}

async fn reads(console: &mut Console, writer: &mut Writer, line: &str) {
    writer.write(line).await;
    console.until(line, LIMIT, |console| times(console, line) > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_on_moto_is_read_and_followed() {
    let Some(emulator) = moto().await else { return };
    let Some(mut writer) = Writer::start("moto", &emulator).await else { return };
    let mut console = reading(&emulator, &writer).await;
    console.until("the last line", LIMIT, |console| times(console, "line 1499") == 1).await;
    let lines: Vec<_> = texts(&console).into_iter().filter(|text| text.starts_with("line ")).collect();
    let expected: Vec<_> = (1_500 - lines.len()..1_500).map(|number| format!("line {number}")).collect();
    assert_eq!(lines, expected, "the newest, in order, each once");
    reads(&mut console, &mut writer, "written since").await;
    reads(&mut console, &mut writer, "and again").await;
    assert_eq!(times(&console, "written since"), 1);

    let printed = printed(&emulator, &writer).await;
    assert!(printed.contains("line 1499") && printed.ends_with("and again\n"), "{printed}");
}

/// Output of `ecsight logs`.
async fn printed(emulator: &Emulator, writer: &Writer) -> String {
    let printed = emulator.run(REGION, &["logs", &writer.task, "--cluster", "prod"]).await;
    String::from_utf8(printed).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn live_tail_works_on_ministack() {
    let Some(emulator) = ministack().await else { return };
    let Some(mut writer) = Writer::start("ministack", &emulator).await else { return };
    let mut console = reading(&emulator, &writer).await;
    console.keys(":live\r\r");
    let is_live = |console: &Console| console.reader().is_some_and(|reader| reader.status.live.is_some());
    console.until("a live tail", LIMIT, is_live).await;
    for line in ["first", "second", "third"] {
        reads(&mut console, &mut writer, line).await;
        assert!(is_live(&console), "it fell back:\n{}", console.screen());
    }
    assert_eq!(times(&console, "first"), 1);
}
