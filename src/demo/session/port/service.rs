//! What listens behind a port: small services in memory, never a program or a socket of this computer.

use serde_json::json;

/// A service that listens on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Sends back what it gets.
    Echo,
    /// Reads nothing: what is sent to it stays where it is.
    Stuck,
    /// Sends lines without end.
    Chargen,
    /// Web pages.
    Http,
    /// A database that greets first and lets nobody in.
    MySql,
    /// A database that waits for the client and lets nobody in.
    Postgres,
}

/// The greeting of MySQL 8: its version, and an authentication challenge.
const MYSQL_GREETING: &[u8] = b"\0\x0a8.0.39\0\x2a\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0\
                                ijklmnopqrst\0caching_sha2_password\0";
const MYSQL_DENIED: &[u8] = b"\x02\xff\x15\x04#28000Access denied for user 'demo'@'10.20.0.4' (using password: YES)";
const POSTGRES_SSL: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const POSTGRES_DENIED: &[u8] = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"demo\"\0\0";

/// Unread bytes at which a connection takes no more.
const BUFFER: usize = 256 * 1024;
/// The longest head of a request that is read.
const MAX_HEAD: usize = 16 * 1024;

/// One connection to a service.
#[derive(Debug)]
pub(super) struct Connection {
    service: Service,
    /// Bytes that the service has not read.
    unread: Vec<u8>,
    /// Bytes that it has written.
    written: Vec<u8>,
    /// Bytes of a large page, and the next line of a generator, that are written when there is room.
    body_left: u64,
    at: u64,
    /// Bytes of a request's body that are skipped.
    skip: u64,
    /// It is closed when everything has been written.
    closes: bool,
}

impl Connection {
    pub(super) fn open(service: Service) -> Self {
        let written = if service == Service::MySql { mysql_packet(MYSQL_GREETING) } else { Vec::new() };
        Self { service, unread: Vec::new(), written, body_left: 0, at: 0, skip: 0, closes: false }
    }

    /// Returns whether it can be given more bytes.
    pub(super) fn has_room(&self) -> bool {
        self.unread.len() + self.written.len() < BUFFER
    }

    /// Passes bytes of the client to the service.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self.service {
            Service::Echo => self.written.extend_from_slice(bytes),
            Service::Chargen => {}
            _ => self.unread.extend_from_slice(bytes),
        }
        match self.service {
            Service::Http => self.serve_pages(),
            Service::MySql => self.refuse_once(4, mysql_packet(MYSQL_DENIED)),
            Service::Postgres => self.answer_postgres(),
            _ => {}
        }
    }

    /// The next bytes from the service, at most `most`; `None` if it has closed the connection.
    pub(super) fn pull(&mut self, most: usize) -> Option<Vec<u8>> {
        if self.written.is_empty() {
            self.generate(most);
        }
        if self.closes && self.written.is_empty() && self.body_left == 0 {
            return None;
        }
        let rest = self.written.split_off(self.written.len().min(most));
        Some(std::mem::replace(&mut self.written, rest))
    }

    fn generate(&mut self, most: usize) {
        if self.service == Service::Chargen {
            let line: Vec<u8> = (0..72).map(|column| b' ' + ((self.at + column) % 95) as u8).chain(*b"\r\n").collect();
            self.written.extend(line.iter().cycle().take(line.len() * (most / line.len()).max(1)));
            self.at += 1;
        } else if self.body_left > 0 {
            let count = self.body_left.min(most as u64);
            self.written.extend((self.at..self.at + count).map(|at| (at % 251) as u8));
            (self.at, self.body_left) = (self.at + count, self.body_left - count);
            self.serve_pages();
        }
    }

    fn refuse_once(&mut self, least: usize, answer: Vec<u8>) {
        if self.unread.len() >= least && !self.closes {
            self.written.extend(answer);
            self.closes = true;
        }
    }

    fn answer_postgres(&mut self) {
        if self.unread.starts_with(&POSTGRES_SSL) {
            self.unread.drain(..POSTGRES_SSL.len());
            self.written.push(b'N');
        }
        let length = (POSTGRES_DENIED.len() as u32 + 4).to_be_bytes();
        self.refuse_once(8, [b"E".as_slice(), &length, POSTGRES_DENIED].concat());
    }

    /// Answers the requests that have arrived, one after the other.
    fn serve_pages(&mut self) {
        while self.body_left == 0 && !self.closes {
            let skipped = self.skip.min(self.unread.len() as u64);
            self.unread.drain(..skipped as usize);
            self.skip -= skipped;
            let Some(end) = memchr::memmem::find(&self.unread, b"\r\n\r\n") else {
                self.closes = self.unread.len() > MAX_HEAD;
                return;
            };
            let head: Vec<u8> = self.unread.drain(..end + 4).collect();
            self.answer_request(&String::from_utf8_lossy(&head));
        }
    }

    fn answer_request(&mut self, head: &str) {
        let header = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let (method, path) = head.split_once(' ').unwrap_or(("", ""));
        let path = path.split(' ').next().unwrap_or_default();
        self.skip = header("content-length").and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0);
        let (status, kind, body) = match path.split_once("/bytes/") {
            Some(("", count)) => {
                self.body_left = count.parse().unwrap_or(0);
                ("200 OK", "application/octet-stream", String::new())
            }
            _ if path == "/" => ("200 OK", "text/html", "<!doctype html><title>demo</title><h1>It works</h1>\n".into()),
            _ if path == "/health" => ("200 OK", "application/json", json!({ "status": "ok" }).to_string()),
            _ => ("404 Not Found", "text/plain", format!("nothing at {path}\n")),
        };
        let last = header("connection").is_some_and(|(_, value)| value.trim().eq_ignore_ascii_case("close"));
        let length = body.len() as u64 + self.body_left;
        let connection = if last { "close" } else { "keep-alive" };
        let answer = format!(
            "HTTP/1.1 {status}\r\nserver: demo\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: \
             {connection}\r\n\r\n"
        );
        self.written.extend_from_slice(answer.as_bytes());
        self.at = 0;
        if method == "HEAD" {
            self.body_left = 0;
        } else {
            self.written.extend_from_slice(body.as_bytes());
        }
        self.closes = last;
    }
}

/// A packet: its length in three bytes, then its number and its content.
fn mysql_packet(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32 - 1).to_le_bytes();
    [&length[..3], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that is written after `sent`, and whether the connection is closed then.
    fn answer(connection: &mut Connection, sent: &[u8]) -> (Vec<u8>, bool) {
        connection.push(sent);
        let mut answer = Vec::new();
        loop {
            match connection.pull(1000) {
                Some(bytes) if bytes.is_empty() => return (answer, false),
                Some(bytes) => answer.extend(bytes),
                None => return (answer, true),
            }
        }
    }

    fn text(answer: &[u8]) -> String {
        String::from_utf8_lossy(answer).into_owned()
    }

    #[test]
    fn pages_are_served_on_one_connection_until_the_client_closes_it() {
        let mut connection = Connection::open(Service::Http);
        assert_eq!(answer(&mut connection, b"GET / HT"), (vec![], false));
        let (page, closed) =
            answer(&mut connection, b"TP/1.1\r\nhost: x\r\n\r\nPOST /nope HTTP/1.1\r\ncontent-length: 3\r\n\r\nab");
        let page = text(&page);
        assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("It works</h1>\n"), "{page}");
        assert!(page.contains("HTTP/1.1 404 Not Found") && !closed, "{page}");
        let (page, closed) = answer(&mut connection, b"cHEAD /health HTTP/1.1\r\nConnection: close\r\n\r\n");
        assert!(text(&page).ends_with("connection: close\r\n\r\n") && closed, "{}", text(&page));
    }

    #[test]
    fn a_large_page_has_its_length_and_leaves_the_connection_open() {
        let mut connection = Connection::open(Service::Http);
        let (page, closed) = answer(&mut connection, b"GET /bytes/100000 HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\n");
        let body = memchr::memmem::find(&page, b"\r\n\r\n").unwrap() + 4;
        assert!(text(&page[..body]).contains("content-length: 100000\r\n") && !closed);
        assert!(page[body..body + 100_000].iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
        assert!(text(&page[body + 100_000..]).ends_with("{\"status\":\"ok\"}"));
    }

    #[test]
    fn databases_let_nobody_in() {
        let mut mysql = Connection::open(Service::MySql);
        let (greeting, closed) = answer(&mut mysql, b"");
        assert!(usize::from(greeting[0]) == greeting.len() - 4 && greeting[5..].starts_with(b"8.0.39") && !closed);
        let (denied, closed) = answer(&mut mysql, &[0; 40]);
        assert!(usize::from(denied[0]) == denied.len() - 4 && text(&denied).contains("Access denied") && closed);

        let mut postgres = Connection::open(Service::Postgres);
        assert_eq!(answer(&mut postgres, &POSTGRES_SSL), (b"N".to_vec(), false));
        let (denied, closed) = answer(&mut postgres, &[0; 40]);
        assert!(usize::from(denied[4]) == denied.len() - 1 && denied[5..].starts_with(b"SFATAL") && closed);
    }

    #[test]
    fn a_service_that_does_not_read_takes_a_bounded_amount() {
        let mut stuck = Connection::open(Service::Stuck);
        while stuck.has_room() {
            stuck.push(&[0; 1024]);
        }
        assert_eq!(answer(&mut stuck, b""), (vec![], false));
        let mut generator = Connection::open(Service::Chargen);
        assert_eq!(generator.pull(10).unwrap().len(), 10);
        assert!((0..1000).all(|_| !generator.pull(1024).unwrap().is_empty()));
    }
}
