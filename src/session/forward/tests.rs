use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use tokio::net::TcpStream;

use super::*;
use crate::session::{
    message::{PayloadType, SessionFlag},
    protocol::ProtocolError,
    smux::SmuxError,
    test_peer::{Answers, Peer, open},
};

const MULTIPLEXING: &str = "3.3.3050.0";
const OLD: &str = "3.0.196.0";

async fn start(agent_version: &str) -> (Forward, Peer, u16) {
    let (session, mut peer, _) = open(Answers::default());
    let listener = LocalListener::bind(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
    let port = listener.address.port();
    let mut forward = Forward::start(session, Arc::new(listener), ForwardCounters::default());
    peer.start_port(agent_version).await;
    loop {
        if let ForwardUpdate::Ready(_) = forward.updates.recv().await.unwrap() {
            return (forward, peer, port);
        }
    }
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap()
}

async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

async fn closed(forward: &mut Forward) -> CloseReason {
    loop {
        if let ForwardUpdate::Closed(reason) = forward.updates.recv().await.unwrap() {
            return reason;
        }
    }
}

/// The agent's side of smux.
struct Agent {
    peer: Peer,
    bytes: Vec<u8>,
    opened: BTreeSet<u32>,
    finished: BTreeSet<u32>,
    received: BTreeMap<u32, Vec<u8>>,
}

impl Agent {
    fn new(peer: Peer) -> Self {
        let (opened, finished) = (BTreeSet::new(), BTreeSet::new());
        Self { peer, bytes: Vec::new(), opened, finished, received: BTreeMap::new() }
    }

    /// Reads one message, and returns the data in it by stream; `None` at the end of the session.
    async fn read(&mut self) -> Option<Vec<(u32, Vec<u8>)>> {
        if !self.peer.read().await {
            return None;
        }
        self.bytes.extend(self.peer.take_input());
        let mut data = Vec::new();
        while self.bytes.len() >= 8 {
            let length = usize::from(u16::from_le_bytes([self.bytes[2], self.bytes[3]]));
            let id = u32::from_le_bytes(self.bytes[4..8].try_into().unwrap());
            if self.bytes.len() < 8 + length {
                break;
            }
            let frame: Vec<u8> = self.bytes.drain(..8 + length).collect();
            assert_eq!(frame[0], 1);
            match frame[1] {
                0 => assert!(self.opened.insert(id)),
                1 => assert!(self.finished.insert(id)),
                2 => {
                    self.received.entry(id).or_default().extend(&frame[8..]);
                    data.push((id, frame[8..].to_vec()));
                }
                3 => {}
                other => panic!("command {other}"),
            }
        }
        Some(data)
    }

    async fn send(&mut self, command: u8, id: u32, data: &[u8]) {
        let frame = [&[1, command][..], &(data.len() as u16).to_le_bytes(), &id.to_le_bytes(), data].concat();
        for chunk in frame.chunks(1024) {
            self.peer.send(PayloadType::Output, chunk.to_vec()).await;
        }
    }

    /// Sends everything back that arrives.
    async fn echo(mut self) {
        while let Some(data) = self.read().await {
            for (id, bytes) in data {
                self.send(2, id, &bytes).await;
            }
        }
    }

    async fn read_until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            self.read().await.expect("the session goes on");
        }
    }
}

#[tokio::test]
async fn a_hundred_connections_at_once_each_get_their_own_bytes() {
    let (forward, peer, port) = start(MULTIPLEXING).await;
    let agent = tokio::spawn(Agent::new(peer).echo());
    let clients = (0..100_u32).map(|number| {
        tokio::spawn(async move {
            let mut stream = connect(port).await;
            let bytes: Vec<u8> = (0..20_000 + number).map(|index| (index * (number + 1)) as u8).collect();
            let mut echoed = vec![0; bytes.len()];
            let (mut read, mut write) = stream.split();
            let ((), _) = tokio::try_join!(write.write_all(&bytes), read.read_exact(&mut echoed)).unwrap();
            assert!(echoed == bytes, "connection {number}");
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let counts = forward.counters.counts();
    let bytes = (0..100).map(|number| 20_000 + number).sum::<u64>();
    assert_eq!((counts.connections, counts.sent, counts.received), (100, bytes, bytes));
    forward.finish().await;
    agent.await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_destination_arrives_after_its_data() {
    let (_forward, peer, port) = start(MULTIPLEXING).await;
    let mut agent = Agent::new(peer);
    let mut stream = connect(port).await;
    agent.read_until(|agent| agent.opened.contains(&3)).await;
    agent.send(2, 3, &vec![7; 50_000]).await;
    agent.send(1, 3, b"").await;
    assert_eq!(read_to_end(&mut stream).await, vec![7; 50_000]);
    agent.read_until(|agent| agent.finished.contains(&3)).await;
}

#[tokio::test]
async fn a_client_that_shuts_down_its_side_still_gets_the_reply() {
    let (forward, peer, port) = start(MULTIPLEXING).await;
    let mut agent = Agent::new(peer);
    let mut stream = connect(port).await;
    stream.write_all(b"request").await.unwrap();
    stream.shutdown().await.unwrap();
    agent.read_until(|agent| agent.received.get(&3).is_some_and(|bytes| bytes == b"request")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(agent.finished.is_empty());
    agent.send(2, 3, b"reply").await;
    agent.send(1, 3, b"").await;
    assert_eq!(read_to_end(&mut stream).await, b"reply");
    agent.read_until(|agent| agent.finished.contains(&3)).await;
    while forward.counters.counts().open > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_refused_port_closes_one_connection_and_is_counted() {
    let (mut forward, peer, port) = start(MULTIPLEXING).await;
    let mut agent = Agent::new(peer);
    let (mut refused, mut fine) = (connect(port).await, connect(port).await);
    agent.read_until(|agent| agent.opened.len() == 2).await;
    agent.peer.send(PayloadType::Flag, vec![0, 0, 0, 3]).await;
    agent.send(1, 3, b"").await;
    agent.send(2, 5, b"fine").await;
    agent.send(1, 5, b"").await;
    let (refused, fine) = tokio::join!(read_to_end(&mut refused), read_to_end(&mut fine));
    assert_eq!([refused, fine].concat(), b"fine");
    for expected in [ForwardUpdate::Connection(1), ForwardUpdate::Connection(2), ForwardUpdate::ConnectToPortError] {
        assert_eq!(forward.updates.recv().await, Some(expected));
    }
    assert_eq!(forward.counters.counts().refused, 1);
}

#[tokio::test]
async fn a_connection_that_reads_nothing_makes_the_others_wait_but_loses_nothing() {
    let (forward, peer, port) = start(MULTIPLEXING).await;
    let mut agent = Agent::new(peer);
    let (mut slow, mut other) = (connect(port).await, connect(port).await);
    agent.read_until(|agent| agent.opened.len() == 2).await;
    let sender = tokio::spawn(async move {
        for _ in 0..400 {
            agent.send(2, 3, &vec![1; 32 * 1024]).await;
        }
        agent.send(2, 5, b"other").await;
        agent.send(1, 3, b"").await;
        agent.send(1, 5, b"").await;
        agent
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!sender.is_finished());
    let (slow, other) = tokio::join!(read_to_end(&mut slow), read_to_end(&mut other));
    assert!(slow.len() == 400 * 32 * 1024 && slow.iter().all(|byte| *byte == 1));
    assert_eq!(other, b"other");
    drop((forward, sender.await.unwrap()));
}

#[tokio::test]
async fn bytes_that_are_not_smux_end_the_forward() {
    let (mut forward, mut peer, _) = start(MULTIPLEXING).await;
    peer.send(PayloadType::Output, "HTTP/1.1").await;
    let expected = CloseReason::Protocol(ProtocolError::Multiplexer(SmuxError::Version(b'H')));
    assert_eq!(closed(&mut forward).await, expected);
}

#[tokio::test]
async fn connections_get_what_has_arrived_when_the_session_ends() {
    let (mut forward, peer, port) = start(MULTIPLEXING).await;
    let mut agent = Agent::new(peer);
    let mut stream = connect(port).await;
    agent.read_until(|agent| agent.opened.contains(&3)).await;
    agent.send(2, 3, b"last words").await;
    agent.peer.end("").await;
    assert_eq!(read_to_end(&mut stream).await, b"last words");
    assert_eq!(closed(&mut forward).await, CloseReason::Ended);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
}

#[tokio::test]
async fn an_old_agent_carries_one_connection_after_another() {
    let (forward, mut peer, port) = start(OLD).await;
    // The server speaks first, before there is a connection.
    peer.send(PayloadType::Output, "220 hello\r\n").await;
    let mut first = connect(port).await;
    let mut greeting = [0; 11];
    first.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 hello\r\n");
    first.write_all(b"QUIT\r\n").await.unwrap();
    peer.read_until(6).await;
    assert_eq!(peer.take_input(), b"QUIT\r\n");
    let mut second = connect(port).await;
    drop(first);
    second.write_all(b"EHLO\r\n").await.unwrap();
    // What comes late is for the first connection.
    peer.send(PayloadType::Output, "221 bye\r\n").await;
    peer.read_until(6).await;
    assert_eq!((peer.take_input(), peer.flags()), (b"EHLO\r\n".to_vec(), vec![SessionFlag::DisconnectToPort]));
    peer.send(PayloadType::Output, "250 ok\r\n").await;
    let mut answer = [0; 8];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"250 ok\r\n");
    let counts = forward.counters.counts();
    assert_eq!((counts.open, counts.connections, counts.sent), (1, 2, 12));
}

#[tokio::test]
async fn a_taken_port_is_reported_plainly() {
    let loopback = Ipv4Addr::LOCALHOST.into();
    let listener = LocalListener::bind(loopback, 0).await.unwrap();
    let port = listener.address.port();
    let error = LocalListener::bind(loopback, port).await.unwrap_err();
    let expected = format!("port {port} is in use on this machine; choose another one, or 0 for any free port");
    assert_eq!(error.to_string(), expected);
    let near = LocalListener::bind_near(loopback, port).await.unwrap();
    assert_ne!(near.address.port(), port);
}

#[tokio::test]
async fn a_connection_that_somebody_waited_for_is_accepted_next() {
    let listener = LocalListener::bind(Ipv4Addr::LOCALHOST.into(), 0).await.unwrap();
    let (first, second) = (connect(listener.address.port()).await, connect(listener.address.port()).await);
    listener.wait().await;
    for client in [first, second] {
        assert_eq!(listener.accept().await.peer_addr().unwrap(), client.local_addr().unwrap());
    }
}
