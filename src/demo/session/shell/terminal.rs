//! The pseudo terminal: line editing, echo, line ends and Ctrl-C, over the messages of a session.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::Stop;
use crate::demo::session::agent::{Input, Output, Pipes};

/// The most bytes in one message.
const CHUNK: usize = 1_024;
/// Typed bytes that are kept for later; more wait with the client.
const TYPE_AHEAD: usize = 64 << 10;

pub(super) const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_U: u8 = 0x15;
pub(super) const ESCAPE: u8 = 0x1b;

/// A pseudo terminal.
pub(super) struct Terminal {
    pipes: Pipes,
    pub(super) columns: u16,
    pub(super) rows: u16,
    /// No echo, no line editing, no Ctrl-C, and line ends as they are.
    pub(super) raw: bool,
    typed: VecDeque<u8>,
}

impl Terminal {
    pub(super) fn new(pipes: Pipes) -> Self {
        Self { pipes, columns: 80, rows: 24, raw: false, typed: VecDeque::new() }
    }

    /// Writes text; waits while the client is slow.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let text = match self.raw {
            true => bytes.to_vec(),
            false => with_carriage_returns(bytes),
        };
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            self.take_typed()?;
            let (chunk, after) = rest.split_at(chunk_length(rest));
            self.send(Output::Bytes(chunk.to_vec())).await?;
            rest = after;
        }
        Ok(())
    }

    /// Reports the end of the program.
    pub(super) async fn end(self, reason: String) {
        // An error: the agent has gone.
        let _ = self.pipes.output.send(Output::End(reason)).await;
    }

    async fn send(&mut self, output: Output) -> Result<(), Stop> {
        loop {
            let pipes = &mut self.pipes;
            let input = tokio::select! {
                biased;
                permit = pipes.output.reserve() => {
                    permit.map_err(|_| Stop::HangUp)?.send(output);
                    return Ok(());
                }
                input = pipes.input.recv(), if self.typed.len() < TYPE_AHEAD => input,
            };
            self.accept(input.ok_or(Stop::HangUp)?)?;
        }
    }

    /// Takes what has been typed meanwhile.
    fn take_typed(&mut self) -> Result<(), Stop> {
        while self.typed.len() < TYPE_AHEAD
            && let Ok(input) = self.pipes.input.try_recv()
        {
            self.accept(input)?;
        }
        Ok(())
    }

    fn accept(&mut self, input: Input) -> Result<(), Stop> {
        match input {
            Input::Size { columns, rows } => (self.columns, self.rows) = (columns, rows),
            Input::Bytes(bytes) => {
                let interrupt = bytes.iter().rposition(|byte| *byte == CTRL_C).filter(|_| !self.raw);
                if let Some(at) = interrupt {
                    self.typed.clear();
                    self.typed.extend(&bytes[at + 1..]);
                    return Err(Stop::Interrupt);
                }
                self.typed.extend(bytes);
            }
            Input::Disconnect => {}
        }
        Ok(())
    }

    /// Waits, unless Ctrl-C is typed.
    pub(super) async fn wait(&mut self, duration: Duration) -> Result<(), Stop> {
        let until = Instant::now() + duration;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return Ok(()),
                input = self.pipes.input.recv() => {
                    let input = input.ok_or(Stop::HangUp)?;
                    self.accept(input)?;
                }
            }
        }
    }

    /// The next byte typed within `duration`. A new size ends the wait, so that a screen is drawn in it at once.
    pub(super) async fn key(&mut self, duration: Duration) -> Result<Option<u8>, Stop> {
        if let Some(byte) = self.typed.pop_front() {
            return Ok(Some(byte));
        }
        match tokio::time::timeout(duration, self.pipes.input.recv()).await {
            Ok(input) => self.accept(input.ok_or(Stop::HangUp)?)?,
            Err(_) => return Ok(None),
        }
        Ok(self.typed.pop_front())
    }

    /// The bytes that have arrived; waits for some.
    pub(super) async fn bytes(&mut self) -> Result<Vec<u8>, Stop> {
        while self.typed.is_empty() {
            let input = self.pipes.input.recv().await.ok_or(Stop::HangUp)?;
            self.accept(input)?;
        }
        Ok(self.typed.drain(..).collect())
    }

    /// Reads lines up to one of this text.
    pub(super) async fn wait_for_line(&mut self, text: &str) -> Result<(), Stop> {
        let mut line = Vec::new();
        loop {
            match self.byte().await? {
                b'\n' if line == text.as_bytes() => return Ok(()),
                b'\n' => line.clear(),
                byte => line.push(byte),
            }
        }
    }

    async fn byte(&mut self) -> Result<u8, Stop> {
        loop {
            if let Some(byte) = self.typed.pop_front() {
                return Ok(byte);
            }
            let input = self.pipes.input.recv().await.ok_or(Stop::HangUp)?;
            self.accept(input)?;
        }
    }

    /// Reads a line with echo and editing; its line end is part of it. `None` at the end of input.
    pub(super) async fn line(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        let mut line = Vec::new();
        loop {
            match self.byte().await? {
                b'\r' | b'\n' => {
                    self.write(b"\n").await?;
                    line.push(b'\n');
                    return Ok(Some(line));
                }
                CTRL_D if line.is_empty() => return Ok(None),
                CTRL_D => return Ok(Some(line)),
                CTRL_U => {
                    let characters = String::from_utf8_lossy(&line).chars().count();
                    line.clear();
                    self.write("\u{8} \u{8}".repeat(characters).as_bytes()).await?;
                }
                8 | 0x7f => {
                    let text = String::from_utf8_lossy(&line);
                    if let Some(last) = text.chars().next_back() {
                        line.truncate(line.len().saturating_sub(last.len_utf8()));
                        self.write(b"\x08 \x08").await?;
                    }
                }
                // Arrow keys and the like do nothing.
                ESCAPE => {
                    if self.key(Duration::from_millis(50)).await? == Some(b'[') {
                        while self.byte().await?.is_ascii_digit() {}
                    }
                }
                byte => {
                    line.push(byte);
                    self.write(&[byte]).await?;
                }
            }
        }
    }
}

fn with_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if *byte == b'\n' {
            written.push(b'\r');
        }
        written.push(*byte);
    }
    written
}

/// The length of the first message: it does not end within a character.
fn chunk_length(bytes: &[u8]) -> usize {
    if bytes.len() <= CHUNK {
        return bytes.len();
    }
    // In bytes that are not UTF-8 any cut will do.
    (CHUNK - 3..=CHUNK).rev().find(|at| bytes[*at] & 0xc0 != 0x80).unwrap_or(CHUNK)
}
