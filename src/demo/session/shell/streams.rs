//! Standard input, output and error of a command.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Stop, terminal::Terminal};

/// The most bytes between two commands of a pipeline, or to a file at a time.
const BUFFER: usize = 64 << 20;

/// Input of a command.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Terminal,
    Empty,
    Bytes(Arc<Mutex<Vec<u8>>>),
    /// Lines of base64 on the terminal, up to a line with the marker.
    Encoded(Arc<Mutex<Encoded>>),
}

#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) marker: String,
    /// Bytes of a line whose end has not arrived.
    pub(super) line: Vec<u8>,
    pub(super) ended: bool,
}

impl Source {
    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(Arc::new(Mutex::new(bytes)))
    }

    pub(super) fn encoded(marker: &str) -> Self {
        Self::Encoded(Arc::new(Mutex::new(Encoded { marker: marker.to_owned(), line: Vec::new(), ended: false })))
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal)
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn read(&mut self, terminal: &mut Terminal) -> Result<Option<Vec<u8>>, Stop> {
        match self {
            Self::Terminal => terminal.line().await,
            Self::Empty => Ok(None),
            Self::Bytes(bytes) => {
                let bytes = std::mem::take(&mut *bytes.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
            }
            Self::Encoded(encoded) => loop {
                if encoded.lock().unwrap_or_else(PoisonError::into_inner).ended {
                    return Ok(None);
                }
                let typed = terminal.bytes().await?;
                let decoded = encoded.lock().unwrap_or_else(PoisonError::into_inner).decode(&typed);
                if !decoded.is_empty() {
                    return Ok(Some(decoded));
                }
            },
        }
    }

    /// Everything up to the end.
    pub(super) async fn read_all(&mut self, terminal: &mut Terminal) -> Result<Vec<u8>, Stop> {
        let mut all = Vec::new();
        while let Some(bytes) = self.read(terminal).await? {
            all.extend(bytes);
        }
        Ok(all)
    }
}

impl Encoded {
    fn decode(&mut self, typed: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::new();
        self.line.extend_from_slice(typed);
        let mut begin = 0;
        while let Some(length) = memchr::memchr(b'\n', &self.line[begin..]) {
            let line = &self.line[begin..begin + length];
            begin += length + 1;
            if line == self.marker.as_bytes() {
                self.ended = true;
                break;
            }
            // As `base64 -d` does, what can't be decoded is left out.
            decoded.extend(STANDARD.decode(line.trim_ascii()).unwrap_or_default());
        }
        self.line.drain(..begin);
        decoded
    }
}

/// Output of a command.
#[derive(Debug, Clone)]
pub(super) enum Sink {
    Terminal,
    Null,
    Buffer(Arc<Mutex<Vec<u8>>>),
    /// Lines in records, for the program that reports standard error.
    Records(Arc<Mutex<Records>>),
}

#[derive(Debug)]
pub(super) struct Records {
    pub(super) marker: String,
    /// A line whose end has not been written.
    pub(super) line: Vec<u8>,
}

impl Records {
    /// Takes the record of the last line if it has no line end.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() { line } else { record(&self.marker, b'p', &line) }
    }
}

/// A record of the program that reports standard error and the exit code.
pub(super) fn record(marker: &str, kind: u8, text: &[u8]) -> Vec<u8> {
    [b"\x1e", marker.as_bytes(), b":", &[kind], text, b"\x1e"].concat()
}

impl Sink {
    pub(super) fn buffer() -> Self {
        Self::Buffer(Arc::default())
    }

    pub(super) fn records(marker: &str) -> Self {
        Self::Records(Arc::new(Mutex::new(Records { marker: marker.to_owned(), line: Vec::new() })))
    }

    /// Writes bytes; waits while their reader is slow.
    pub(super) async fn write(&self, terminal: &mut Terminal, bytes: &[u8]) -> Result<(), Stop> {
        match self {
            Self::Terminal => terminal.write(bytes).await,
            Self::Null => Ok(()),
            Self::Buffer(buffer) => {
                let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
                if buffer.len() + bytes.len() > BUFFER {
                    return Err(Stop::BrokenPipe);
                }
                buffer.extend(bytes);
                Ok(())
            }
            Self::Records(records) => {
                let mut written = Vec::new();
                {
                    let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
                    for byte in bytes {
                        if *byte == b'\n' {
                            let line = std::mem::take(&mut records.line);
                            written.extend(record(&records.marker, b'e', &line));
                        } else {
                            records.line.push(*byte);
                        }
                    }
                }
                terminal.write(&written).await
            }
        }
    }

    /// Takes what has been written to a buffer.
    pub(super) fn take(&self) -> Vec<u8> {
        match self {
            Self::Buffer(buffer) => std::mem::take(&mut *buffer.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::Records(records) => records.lock().unwrap_or_else(PoisonError::into_inner).rest(),
            Self::Terminal | Self::Null => Vec::new(),
        }
    }
}

/// The three streams of a command.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) input: Source,
    pub(super) output: Sink,
    pub(super) errors: Sink,
}

impl Streams {
    pub(super) fn terminal() -> Self {
        Self { input: Source::Terminal, output: Sink::Terminal, errors: Sink::Terminal }
    }
}
