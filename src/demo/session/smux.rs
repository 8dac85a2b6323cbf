//! The agent's side of smux version 1: many streams of bytes within one.
//!
//! All integers are little-endian, unlike those of an agent message.

use std::collections::BTreeSet;

/// Version, command, length and stream.
const HEADER: usize = 8;
const VERSION: u8 = 1;
/// The most data that the agent puts into one frame.
pub(super) const MAX_DATA: usize = 32_768;

const SYN: u8 = 0;
const FIN: u8 = 1;
const PSH: u8 = 2;
const NOP: u8 = 3;

/// What a frame of the client means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Open(u32),
    Data(u32, Vec<u8>),
    Close(u32),
}

/// The bytes can't be split into frames any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

/// Splits the client's bytes into frames.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a frame whose rest has not arrived.
    pending: Vec<u8>,
    open: BTreeSet<u32>,
}

impl Decoder {
    /// Takes the next bytes; returns the frames that are complete. Frames of streams that are not open are left out, and
    /// so are empty ones and keepalives.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, Garbled> {
        self.pending.extend_from_slice(bytes);
        let (mut frames, mut at) = (Vec::new(), 0);
        while let Some((header, rest)) = self.pending[at..].split_first_chunk::<HEADER>() {
            let [version, command, low, high, id @ ..] = *header;
            let (length, id) = (usize::from(u16::from_le_bytes([low, high])), u32::from_le_bytes(id));
            if version != VERSION || command > NOP {
                return Err(Garbled);
            }
            let Some(data) = rest.get(..length) else { break };
            match command {
                SYN if self.open.insert(id) => frames.push(Frame::Open(id)),
                FIN if self.open.remove(&id) => frames.push(Frame::Close(id)),
                PSH if length > 0 && self.open.contains(&id) => frames.push(Frame::Data(id, data.to_vec())),
                _ => {}
            }
            at += HEADER + length;
        }
        self.pending.drain(..at);
        Ok(frames)
    }

    /// Forgets a stream that the agent has closed.
    pub(super) fn forget(&mut self, id: u32) {
        self.open.remove(&id);
    }
}

/// A frame with data of a stream: at most [`MAX_DATA`] bytes.
pub(super) fn data(id: u32, bytes: &[u8]) -> Vec<u8> {
    frame(PSH, id, bytes)
}

/// A frame that closes a stream.
pub(super) fn close(id: u32) -> Vec<u8> {
    frame(FIN, id, &[])
}

fn frame(command: u8, id: u32, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut frame = vec![VERSION, command];
    frame.extend(length.to_le_bytes());
    frame.extend(id.to_le_bytes());
    frame.extend(&bytes[..usize::from(length)]);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn frames_have_the_bytes_of_the_reference() {
        assert_eq!(data(3, b"hello"), bytes("010205000300000068656c6c6f"));
        assert_eq!(close(3), bytes("0101000003000000"));
    }

    #[test]
    fn frames_are_read_however_they_are_split() {
        let stream = bytes(
            "0100000003000000\
                            010205000300000068656c6c6f\
                            0103000000000000\
                            0100000005000000\
                            0101000003000000",
        );
        let expected = [Frame::Open(3), Frame::Data(3, b"hello".to_vec()), Frame::Open(5), Frame::Close(3)];
        for first in 0..=stream.len() {
            let mut decoder = Decoder::default();
            let mut frames = decoder.push(&stream[..first]).unwrap();
            frames.extend(decoder.push(&stream[first..]).unwrap());
            assert_eq!(frames, expected, "split at {first}");
        }
    }

    #[test]
    fn frames_of_unknown_streams_are_ignored() {
        let mut decoder = Decoder::default();
        let mut frames = decoder.push(&data(7, b"x")).unwrap();
        frames.extend(decoder.push(&close(7)).unwrap());
        frames.extend(decoder.push(&bytes("01000000070000000100000007000000")).unwrap());
        assert_eq!(frames, [Frame::Open(7)]);
        decoder.forget(7);
        assert_eq!(decoder.push(&data(7, b"x")), Ok(vec![]));
    }

    #[test]
    fn another_version_and_an_unknown_command_are_fatal() {
        for wrong in ["0200000003000000", "0104000003000000"] {
            assert_eq!(Decoder::default().push(&bytes(wrong)), Err(Garbled), "{wrong}");
        }
    }
}
