//! Port sessions: connections to imaginary programs in the container, multiplexed by smux, version 1.
//!
//! | port | program |
//! |---|---|
//! | 7 | sends back what it gets |
//! | 80, 8080 | answers HTTP: a page, and at `/bytes/N` as many bytes |
//! | 5432 | greets as a database might, and answers every line |
//! | others | refuse the connection |

use std::collections::BTreeMap;

use super::agent::{Input, Output, Pipes};

const VERSION: u8 = 1;
const HEADER: usize = 8;
const SYN: u8 = 0;
const FIN: u8 = 1;
const PSH: u8 = 2;
const NOP: u8 = 3;
/// The most data in one frame.
const FRAME: usize = 32 << 10;
/// The most bytes in one message.
const CHUNK: usize = 1_024;
/// The flag that reports a refused connection.
const CONNECT_TO_PORT_ERROR: u32 = 3;

const PAGE: &str = "<!doctype html>\n<title>demo</title>\n<p>It works: this page comes from a container.</p>\n";
const BANNER: &[u8] = b"demo database ready\n";
/// The most bytes that `/bytes/N` answers.
const MOST: usize = 1 << 30;
/// Addresses that the agent does not forward to.
const FORBIDDEN: [&str; 5] =
    ["169.254.169.254", "169.254.169.253", "169.254.169.123", "169.254.169.250", "169.254.169.251"];

/// An open connection, with what it has received but not handled.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Connection {
    Echo,
    Http(Vec<u8>),
    Database,
}

/// What a program answers.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reply {
    bytes: Vec<u8>,
    /// Bytes of filling after that.
    filling: usize,
    /// The program closes the connection.
    close: bool,
}

impl Connection {
    /// Connects to a port; `None` if nothing listens there.
    fn open(port: &str) -> Option<(Self, Reply)> {
        let (connection, greeting) = match port {
            "7" => (Self::Echo, Vec::new()),
            "80" | "8080" => (Self::Http(Vec::new()), Vec::new()),
            "5432" => (Self::Database, BANNER.to_vec()),
            _ => return None,
        };
        Some((connection, Reply { bytes: greeting, ..Reply::default() }))
    }

    fn receive(&mut self, data: &[u8]) -> Reply {
        match self {
            Self::Echo => Reply { bytes: data.to_vec(), ..Reply::default() },
            Self::Database => {
                let lines = data.iter().filter(|byte| **byte == b'\n').count();
                Reply { bytes: b"ok\n".repeat(lines), ..Reply::default() }
            }
            Self::Http(request) => {
                request.extend(data);
                let whole = request.windows(4).any(|end| end == b"\r\n\r\n");
                if whole { answer_http(&String::from_utf8_lossy(request)) } else { Reply::default() }
            }
        }
    }
}

fn answer_http(request: &str) -> Reply {
    let path = request.split(' ').nth(1).unwrap_or("/");
    let filling = path.strip_prefix("/bytes/").map(|number| number.parse::<usize>().unwrap_or_default().min(MOST));
    let (kind, body) = if filling.is_some() { ("application/octet-stream", "") } else { ("text/html", PAGE) };
    let length = filling.unwrap_or(body.len());
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    Reply { bytes: (head + body).into_bytes(), filling: filling.unwrap_or_default(), close: true }
}

/// Serves connections until the session ends.
pub(super) async fn run(host: String, port: String, pipes: Pipes) {
    let mut server = Server { port, pipes, connections: BTreeMap::new() };
    let reason = if FORBIDDEN.contains(&host.as_str()) {
        format!("\n----------ERROR-------\nForwarding to IP address {host} is forbidden.")
    } else {
        // `None`: the session has ended.
        let Some(()) = server.serve().await else { return };
        // The stream can't be understood any more.
        String::new()
    };
    // An error: the agent has gone.
    let _ = server.pipes.output.send(Output::End(reason)).await;
}

struct Server {
    port: String,
    pipes: Pipes,
    connections: BTreeMap<u32, Connection>,
}

impl Server {
    /// Handles frames until one is invalid.
    async fn serve(&mut self) -> Option<()> {
        let mut received = Vec::new();
        loop {
            if let Input::Bytes(bytes) = self.pipes.input.recv().await? {
                received.extend(bytes);
            }
            let mut at = 0;
            while let Some(header) = received.get(at..at + HEADER) {
                let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
                let stream = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
                let (version, command) = (header[0], header[1]);
                if version != VERSION || command > NOP {
                    return Some(());
                }
                let Some(data) = received.get(at + HEADER..at + HEADER + length) else { break };
                let data = data.to_vec();
                self.handle(command, stream, &data).await?;
                at += HEADER + length;
            }
            received.drain(..at);
        }
    }

    async fn handle(&mut self, command: u8, stream: u32, data: &[u8]) -> Option<()> {
        match command {
            SYN if !self.connections.contains_key(&stream) => match Connection::open(&self.port) {
                Some((connection, greeting)) => {
                    self.connections.insert(stream, connection);
                    self.reply(stream, greeting).await
                }
                None => {
                    self.pipes.output.send(Output::Flag(CONNECT_TO_PORT_ERROR)).await.ok()?;
                    self.write(FIN, stream, &[]).await
                }
            },
            PSH => {
                let Some(connection) = self.connections.get_mut(&stream) else { return Some(()) };
                let reply = connection.receive(data);
                self.reply(stream, reply).await
            }
            // The agent knows no half-closed connections.
            FIN if self.connections.remove(&stream).is_some() => self.write(FIN, stream, &[]).await,
            _ => Some(()),
        }
    }

    async fn reply(&mut self, stream: u32, reply: Reply) -> Option<()> {
        for data in reply.bytes.chunks(FRAME) {
            self.write(PSH, stream, data).await?;
        }
        let filling = [b'x'; FRAME];
        let mut rest = reply.filling;
        while rest > 0 {
            let length = rest.min(FRAME);
            self.write(PSH, stream, &filling[..length]).await?;
            rest -= length;
        }
        if reply.close {
            self.connections.remove(&stream);
            self.write(FIN, stream, &[]).await?;
        }
        Some(())
    }

    /// Writes one frame; `None` if the agent has gone.
    async fn write(&mut self, command: u8, stream: u32, data: &[u8]) -> Option<()> {
        let mut frame = vec![VERSION, command];
        frame.extend((data.len() as u16).to_le_bytes());
        frame.extend(stream.to_le_bytes());
        frame.extend(data);
        for chunk in frame.chunks(CHUNK) {
            self.pipes.output.send(Output::Bytes(chunk.to_vec())).await.ok()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_answered_when_the_request_is_whole() {
        let (mut connection, greeting) = Connection::open("80").unwrap();
        assert_eq!(greeting, Reply::default());
        assert_eq!(connection.receive(b"GET / HTTP/1.1\r\n"), Reply::default());
        let reply = connection.receive(b"host: x\r\n\r\n");
        assert!(reply.close && String::from_utf8(reply.bytes).unwrap().ends_with(PAGE));
        let (mut connection, _) = Connection::open("8080").unwrap();
        let reply = connection.receive(b"GET /bytes/100000 HTTP/1.1\r\n\r\n");
        assert_eq!((reply.filling, reply.close), (100_000, true));
    }

    #[test]
    fn other_ports_refuse() {
        assert_eq!(Connection::open("9999"), None);
        let (mut database, banner) = Connection::open("5432").unwrap();
        assert_eq!(
            (banner.bytes.as_slice(), database.receive(b"a\nb\n").bytes.as_slice()),
            (BANNER, b"ok\nok\n".as_slice())
        );
    }
}
