//! Sessions of the real client with the embedded AWS, over sockets: shells, encryption, cuts, ports, and everything that
//! goes wrong.

use std::{net::Ipv4Addr, time::Duration};

use ecsight::{
    aws::FailureKind,
    session::{
        client::{Session, SessionNotice, SessionUpdate},
        close::CloseReason,
        encryption::CipherError,
        forward::{Forward, ForwardUpdate},
        handshake::{HandshakeError, PortMode},
        message::TerminalSize,
        protocol::ProtocolError,
    },
};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::account::Account;

/// A session in a terminal.
struct Shell {
    session: Session,
    text: String,
    notices: Vec<SessionNotice>,
}

impl Shell {
    /// A session of `command`.
    async fn open(account: &Account, command: &str) -> Self {
        Self { session: account.exec(command).await, text: String::new(), notices: Vec::new() }
    }

    /// The next update; output and notices are kept.
    async fn next(&mut self) -> SessionUpdate {
        let update = timeout(Duration::from_mins(1), self.session.updates.recv()).await;
        let update = update.unwrap_or_else(|_| panic!("nothing after {:?}", self.text)).expect("an update");
        match &update {
            SessionUpdate::Output(bytes) => self.text += &String::from_utf8_lossy(bytes),
            SessionUpdate::Notice(notice) => self.notices.push(notice.clone()),
            _ => {}
        }
        update
    }

    async fn expect(&mut self, text: &str) {
        while !self.text.contains(text) {
            if let SessionUpdate::Closed(reason) = self.next().await {
                panic!("{reason} after {:?}", self.text);
            }
        }
    }

    async fn end(&mut self) -> CloseReason {
        loop {
            if let SessionUpdate::Closed(reason) = self.next().await {
                return reason;
            }
        }
    }

    async fn types(&self, text: &str) {
        self.session.handle.input(text.to_owned()).await;
    }
}

#[tokio::test]
async fn a_command_runs_and_ends() {
    let account = Account::start(&[]).await;
    let mut shell = Shell::open(&account, "echo hello").await;
    assert_eq!(shell.end().await, CloseReason::Ended);
    assert_eq!(shell.text, "hello\r\n");
}

#[tokio::test]
async fn a_shell_gets_the_size_and_keys() {
    let account = Account::start(&[]).await;
    let mut shell = Shell::open(&account, "sh").await;
    shell.expect("# ").await;
    shell.types("stty size\r").await;
    shell.expect("40 120").await;
    shell.session.handle.resize(TerminalSize { columns: 81, rows: 25 });
    tokio::time::sleep(Duration::from_millis(300)).await;
    shell.types("stty size\r").await;
    shell.expect("25 81").await;
    shell.types("exit\r").await;
    assert_eq!(shell.end().await, CloseReason::Ended);
}

#[rstest]
#[case::losses(&["session-drop=10%", "session-duplicate=10%", "session-reorder=20%", "session-bad-digest=5%"])]
#[case::closes(&["session-bye=30"])]
#[case::resets(&["session-reset=25"])]
#[case::pauses(&["session-pause=300ms#2"])]
#[case::nonsense(&["session-unknown-type#3", "session-unknown-payload#3"])]
#[case::lost_acknowledgements(&["session-unacknowledged#20"])]
#[case::encrypted(&["session-encrypted"])]
#[case::encrypted_and_cut(&["session-encrypted", "session-bye=20", "session-drop=5%"])]
#[case::message(&["session-encrypted", "session-message=Welcome"])]
#[tokio::test]
async fn what_is_typed_comes_back_exactly(#[case] faults: &[&str]) {
    let account = Account::start(faults).await;
    let mut shell = Shell::open(&account, "sh").await;
    shell.expect("# ").await;
    for number in 0..10 {
        shell.types(&format!("echo line-{number}-end\r")).await;
        shell.expect(&format!("\nline-{number}-end\r\n")).await;
    }
    shell.types("exit\r").await;
    assert_eq!(shell.end().await, CloseReason::Ended);
    let echoed: Vec<_> = shell.text.lines().filter(|line| line.starts_with("line-")).collect();
    assert_eq!(echoed, (0..10).map(|number| format!("line-{number}-end")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cut_is_noticed_and_resumed() {
    let account = Account::start(&["session-bye=10#1"]).await;
    let mut shell = Shell::open(&account, "sh").await;
    shell.expect("# ").await;
    for number in 0..8 {
        shell.types(&format!("echo {number}\r")).await;
        shell.expect(&format!("\n{number}\r\n")).await;
    }
    assert!(shell.notices.contains(&SessionNotice::Reconnected), "{:?}", shell.notices);
    shell.session.finish().await;
}

#[rstest]
#[case::refused(&["session-refused"])]
#[tokio::test]
async fn a_refused_connection_names_the_permission(#[case] faults: &[&str]) {
    let account = Account::start(faults).await;
    let reason = Shell::open(&account, "sh").await.end().await;
    let CloseReason::Unreachable(failure) = reason else { panic!("{reason:?}") };
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.advice.unwrap().contains("ssmmessages:OpenDataChannel"));
}

#[tokio::test]
async fn a_forgotten_session_has_expired() {
    let account = Account::start(&["session-reset=3", "session-no-token"]).await;
    let mut shell = Shell::open(&account, "sh").await;
    shell.types("echo one\recho two\recho three\r").await;
    assert_eq!(shell.end().await, CloseReason::Expired);
}

#[tokio::test]
async fn an_agent_with_another_key_is_not_trusted() {
    let account = Account::start(&["session-encrypted", "session-wrong-challenge"]).await;
    let reason = Shell::open(&account, "sh").await.end().await;
    let expected = HandshakeError::Encryption(CipherError);
    let reported = matches!(reason, CloseReason::AgentError(_));
    assert!(reported || reason == CloseReason::Protocol(ProtocolError::Handshake(expected)), "{reason:?}");
}

#[tokio::test]
async fn an_idle_session_is_ended_by_aws() {
    let account = Account::start(&["session-idle"]).await;
    assert_eq!(Shell::open(&account, "sh").await.end().await, CloseReason::Idle);
}

#[tokio::test]
async fn a_missing_program_is_the_agents_error() {
    let account = Account::start(&[]).await;
    let reason = Shell::open(&account, "no-such-program").await.end().await;
    let CloseReason::AgentError(text) = reason else { panic!("{reason:?}") };
    assert!(text.contains("no-such-program"), "{text}");
}

async fn ready(forward: &mut Forward) -> PortMode {
    loop {
        match forward.updates.recv().await.unwrap() {
            ForwardUpdate::Ready(mode) => return mode,
            ForwardUpdate::Closed(reason) => panic!("{reason}"),
            _ => {}
        }
    }
}

/// Sends bytes to an echo and asserts that the same come back.
async fn echo(port: u16, length: usize, seed: usize) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let bytes: Vec<u8> = (0..length).map(|index| (index * (seed + 1) / 3) as u8).collect();
    let mut echoed = vec![0; length];
    let (mut read, mut write) = stream.split();
    let carried = async { tokio::try_join!(write.write_all(&bytes), read.read_exact(&mut echoed)) };
    timeout(Duration::from_mins(2), carried).await.expect("in time").unwrap();
    assert!(echoed == bytes, "connection {seed}");
}

#[tokio::test]
async fn a_hundred_connections_go_through_one_session() {
    let account = Account::start(&[]).await;
    let (mut forward, port) = account.forward("echo.internal:7").await;
    assert_eq!(ready(&mut forward).await, PortMode::Multiplexed { keepalive: false });
    let connections: Vec<_> = (0..100).map(|seed| tokio::spawn(echo(port, 20_000, seed))).collect();
    for connection in connections {
        connection.await.unwrap();
    }
    assert_eq!(forward.counters.counts().received, 2_000_000);
    forward.finish().await;
}

#[rstest]
#[case::losses(&["session-drop=3%", "session-duplicate=5%", "session-reorder=20%"])]
#[case::closes(&["session-bye=150"])]
#[case::old_agent(&["session-agent=3.0.196.0", "session-drop=3%"])]
#[case::keepalives(&["session-agent=3.0.500.0"])]
#[tokio::test]
async fn bytes_survive_a_bad_network(#[case] faults: &[&str]) {
    let account = Account::start(faults).await;
    let (mut forward, port) = account.forward("echo.internal:7").await;
    ready(&mut forward).await;
    echo(port, 30_000, 1).await;
    forward.finish().await;
}

#[tokio::test]
async fn a_web_server_in_the_container_answers() {
    let account = Account::start(&[]).await;
    let (mut forward, port) = account.forward("8080").await;
    ready(&mut forward).await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn a_closed_port_is_reported() {
    let account = Account::start(&[]).await;
    let (mut forward, port) = account.forward("81").await;
    ready(&mut forward).await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    loop {
        if forward.updates.recv().await.unwrap() == ForwardUpdate::ConnectToPortError {
            return;
        }
    }
}
