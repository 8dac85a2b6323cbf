//! Sessions with the embedded AWS over loopback: a large copy both ways, the echo of a key, and a forwarded port.
//!
//! `cargo bench --bench session` (about five minutes). Linux only: it reads `/proc`.

#![expect(clippy::expect_used, reason = "what can't be measured fails")]
#![expect(clippy::print_stdout, reason = "the figures are its output")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::{
    fs::File,
    net::Ipv4Addr,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use ecsight::{
    demo::{Endpoint, Options, Scenario, Server},
    session::{
        client::{Gateway, Session, SessionUpdate},
        forward::ForwardUpdate,
        frame::{AgentMessage, MessageId, MessageType},
        gateway::AwsGateway,
        message::{self, PayloadType},
    },
};
use futures::{SinkExt, StreamExt};
use rustix::process::Pid;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};
use tokio_tungstenite::tungstenite::Message;

#[expect(dead_code, reason = "each benchmark uses some of it")]
mod support;

use support::{account::Account, proc};

/// What is copied, and what only shows how long a copy of nothing takes.
const LARGE: u64 = 1 << 30;
const SMALL: u64 = 1;
/// How many MiB more the large copy may take, and how fast it must be.
const GROWTH: u64 = 32;
const MIB_PER_SECOND: f64 = 20.0;
/// Keys that are typed, and how much longer than at the peer itself the median echo may take.
const KEYS: usize = 500;
const ECHO: Duration = Duration::from_millis(2);
/// What goes through a forwarded port and comes back.
const FORWARDED: usize = 128 << 20;

fn main() -> ExitCode {
    let runtime = Runtime::new().expect("a runtime");
    let endpoint = Endpoint::new(Options { scenario: Scenario::Calm, ..Options::default() });
    let server = runtime.block_on(Server::start((Ipv4Addr::LOCALHOST, 0).into(), endpoint)).expect("a server");
    let url = server.url();
    let account = runtime.block_on(Account::on(server));
    let mut good = copies(&account, &url);
    good &= runtime.block_on(echoes(&account));
    runtime.block_on(forwarded(&account));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Copies a small file and a large one into the container and out of it.
fn copies(account: &Account, url: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let there = format!("{}:/tmp/large", account.task);
    let mut good = true;
    let mut base = Vec::new();
    for size in [SMALL, LARGE] {
        File::create(folder.path().join("from")).and_then(|file| file.set_len(size)).expect("a file");
        for (at, (name, from, to)) in [("in", "from", &*there), ("out", &*there, "to")].into_iter().enumerate() {
            let (took, peak) = copy(account, url, folder.path(), from, to);
            if size == SMALL {
                base.push((took, peak));
                continue;
            }
            let (base_took, base_peak) = base[at];
            let rate = size as f64 / f64::from(1 << 20) / took.saturating_sub(base_took).as_secs_f64();
            let growth = peak.saturating_sub(base_peak);
            println!(
                "copy {name}, 1 GiB: {rate:.0} MiB/s (at least {MIB_PER_SECOND:.0}), {growth} MiB more (at most {GROWTH})"
            );
            good &= rate >= MIB_PER_SECOND && growth <= GROWTH;
        }
    }
    good
}

/// Runs one copy; returns how long it took, and its peak of memory in MiB.
fn copy(account: &Account, url: &str, folder: &Path, from: &str, to: &str) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ecsight"))
        .args(["cp", from, to, "-c", "prod", "--container", &account.container, "--write", "--yes", "--force"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "demo")
        .env("AWS_SECRET_ACCESS_KEY", "demo")
        .stdin(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut peak = 0;
    let pid = Pid::from_child(&child);
    let status = loop {
        peak = peak.max(proc::peak_mib(pid));
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None => sleep(Duration::from_millis(5)),
        }
    };
    assert!(status.success(), "{from} to {to}");
    (begun.elapsed(), peak)
}

/// Types keys one by one, through the client and straight to the peer.
async fn echoes(account: &Account) -> bool {
    let peer = median(straight(account).await);
    let client = median(typed(account.exec("sh").await).await);
    let more = client.saturating_sub(peer);
    println!("echo: {client:?}, of which the peer takes {peer:?}: {more:?} more (at most {ECHO:?})");
    more <= ECHO
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn typed(mut session: Session) -> Vec<Duration> {
    until_output(&mut session).await;
    let mut times = Vec::new();
    for _ in 0..KEYS {
        let begun = Instant::now();
        session.handle.input(&b"a"[..]).await;
        until_output(&mut session).await;
        times.push(begun.elapsed());
    }
    session.finish().await;
    times
}

async fn until_output(session: &mut Session) {
    loop {
        match session.updates.recv().await.expect("an update") {
            SessionUpdate::Output(_) => return,
            SessionUpdate::Closed(reason) => panic!("{reason}"),
            _ => {}
        }
    }
}

/// The same with a client that does no more than it must.
async fn straight(account: &Account) -> Vec<Duration> {
    let mut gateway = AwsGateway::new(account.clients.clone(), account.execute("sh").await);
    let mut socket = gateway.connect().await.expect("a connection");
    let opening = message::open_data_channel(gateway.token(), MessageId::random());
    socket.send(Message::text(opening)).await.expect("sent");
    let mut times = Vec::new();
    let mut begun = Instant::now();
    let mut sequence = 0;
    while times.len() <= KEYS {
        let Some(Ok(Message::Binary(bytes))) = socket.next().await else { continue };
        let received = AgentMessage::decode(&bytes).expect("a message");
        if received.message_type != MessageType::Output {
            continue;
        }
        // The first is the prompt.
        times.push(begun.elapsed());
        let acknowledged = message::acknowledge(&received.message_type, received.id, received.sequence);
        let own = |message_type, sequence, payload_type, payload: Vec<u8>| AgentMessage {
            message_type,
            created: 1,
            sequence,
            flags: 0,
            id: MessageId::random(),
            payload_type,
            payload: payload.into(),
        };
        let acknowledgement = own(MessageType::Acknowledge, 0, 0, acknowledged.into_bytes());
        socket.send(Message::Binary(acknowledgement.encode())).await.expect("sent");
        begun = Instant::now();
        let key = own(MessageType::Input, sequence, PayloadType::Output.number(), b"a".to_vec());
        socket.send(Message::Binary(key.encode())).await.expect("sent");
        sequence += 1;
    }
    gateway.terminate().await.expect("ended");
    times.split_off(1)
}

/// Sends bytes through a forwarded port to a server that returns them.
async fn forwarded(account: &Account) {
    let (mut forward, port) = account.forward("echo.internal:7").await;
    while !matches!(forward.updates.recv().await.expect("an update"), ForwardUpdate::Ready(_)) {}
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.expect("connected");
    let (mut read, mut write) = stream.into_split();
    let begun = Instant::now();
    let writing = tokio::spawn(async move {
        let piece = vec![7; 64 << 10];
        for _ in 0..FORWARDED / piece.len() {
            write.write_all(&piece).await.expect("written");
        }
        write
    });
    let mut piece = vec![0; 64 << 10];
    let mut left = FORWARDED;
    while left > 0 {
        let count = read.read(&mut piece).await.expect("read");
        assert!(count > 0, "closed with {left} bytes missing");
        left -= count;
    }
    let rate = FORWARDED as f64 / f64::from(1 << 20) / begun.elapsed().as_secs_f64();
    drop(writing.await);
    forward.finish().await;
    println!("forwarded port: {rate:.0} MiB/s there and back");
}
