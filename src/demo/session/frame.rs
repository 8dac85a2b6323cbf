//! The binary frame that carries one agent message: a header of 120 bytes, then the payload.

use aws_lc_rs::digest;

/// The value of the first field: the offset of the payload's length.
const HEADER_LENGTH: usize = 116;
const PAYLOAD: usize = 120;

/// Message types.
pub(super) const INPUT: &str = "input_stream_data";
pub(super) const OUTPUT: &str = "output_stream_data";
pub(super) const ACKNOWLEDGE: &str = "acknowledge";
pub(super) const CHANNEL_CLOSED: &str = "channel_closed";
pub(super) const START_PUBLICATION: &str = "start_publication";
pub(super) const PAUSE_PUBLICATION: &str = "pause_publication";

/// The flags SYN and FIN, set in messages that are not part of a stream.
pub(super) const SYN_FIN: u64 = 3;

/// What the payload of stream data is.
pub(super) mod payload {
    pub(in super::super) const OUTPUT: u32 = 1;
    pub(in super::super) const SIZE: u32 = 3;
    pub(in super::super) const HANDSHAKE_REQUEST: u32 = 5;
    pub(in super::super) const HANDSHAKE_RESPONSE: u32 = 6;
    pub(in super::super) const HANDSHAKE_COMPLETE: u32 = 7;
    pub(in super::super) const ENC_CHALLENGE_REQUEST: u32 = 8;
    pub(in super::super) const ENC_CHALLENGE_RESPONSE: u32 = 9;
    pub(in super::super) const FLAG: u32 = 10;
    pub(in super::super) const STDERR: u32 = 11;
    pub(in super::super) const EXIT_CODE: u32 = 12;
    /// A type that no client knows.
    pub(in super::super) const UNKNOWN: u32 = 99;
}

/// Values of a flag: the client has closed its connection, the session is to end, the destination can't be reached.
pub(super) const DISCONNECT: &[u8] = &[0, 0, 0, 1];
pub(super) const TERMINATE: &[u8] = &[0, 0, 0, 2];
pub(super) const CONNECT_FAILED: &[u8] = &[0, 0, 0, 3];

/// One agent message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) message_type: String,
    /// Milliseconds since the Unix epoch.
    pub(super) created_ms: u64,
    pub(super) sequence: i64,
    pub(super) flags: u64,
    pub(super) id: u128,
    pub(super) payload_type: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PAYLOAD + self.payload.len());
        bytes.extend((HEADER_LENGTH as u32).to_be_bytes());
        bytes.extend(self.message_type.bytes().chain(std::iter::repeat(b' ')).take(32));
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(self.created_ms.to_be_bytes());
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.flags.to_be_bytes());
        // The halves of the UUID are swapped.
        bytes.extend(self.id.rotate_left(64).to_be_bytes());
        bytes.extend(digest::digest(&digest::SHA256, &self.payload).as_ref());
        bytes.extend(self.payload_type.to_be_bytes());
        bytes.extend((self.payload.len() as u32).to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// Parses a frame; `None` if its lengths, its type or its digest are wrong.
    pub(super) fn decode(bytes: &[u8]) -> Option<Frame> {
        let (header, payload) = bytes.split_at_checked(PAYLOAD)?;
        let message_type = std::str::from_utf8(&header[4..36]).ok()?.trim_matches(['\0', ' ']).to_owned();
        let frame = Frame {
            message_type,
            created_ms: u64::from_be_bytes(field(header, 40)?),
            sequence: i64::from_be_bytes(field(header, 48)?),
            flags: u64::from_be_bytes(field(header, 56)?),
            id: u128::from_be_bytes(field(header, 64)?).rotate_left(64),
            payload_type: u32::from_be_bytes(field(header, 112)?),
            payload: payload.to_vec(),
        };
        let lengths = [u32::from_be_bytes(field(header, 0)?), u32::from_be_bytes(field(header, HEADER_LENGTH)?)];
        let valid = lengths == [HEADER_LENGTH as u32, payload.len() as u32]
            && !frame.message_type.is_empty()
            && frame.created_ms != 0
            && digest::digest(&digest::SHA256, payload).as_ref() == &header[80..112];
        valid.then_some(frame)
    }
}

fn field<const N: usize>(header: &[u8], at: usize) -> Option<[u8; N]> {
    header.get(at..at + N)?.try_into().ok()
}

/// A message id in its textual form.
pub(super) fn uuid_text(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keyboard input `ls` and a carriage return, as a client sends it.
    const INPUT_FRAME: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56800000000000000000000000000000000008796a5b4c3d2e1f00f1e2d3c4b5a49781d887ce0f8672e4914d9000e801cd74ecd805dd9366c0bc42dc16adc0197dc2f00000001000000036c730d";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn a_frame_is_decoded_and_encoded_to_the_same_bytes() {
        let frame = Frame::decode(&bytes(INPUT_FRAME)).unwrap();
        assert_eq!((frame.message_type.as_str(), frame.sequence, frame.payload_type), (INPUT, 0, payload::OUTPUT));
        assert_eq!((frame.created_ms, frame.payload.as_slice()), (1_700_000_000_000, b"ls\r".as_slice()));
        assert_eq!(uuid_text(frame.id), "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0");
        assert_eq!(frame.encode(), bytes(INPUT_FRAME));
    }

    #[test]
    fn a_damaged_frame_is_refused() {
        let whole = bytes(INPUT_FRAME);
        for (at, value) in [(3, 0x75), (90, 1), (119, 4), (120, b'L')] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            assert_eq!(Frame::decode(&damaged), None, "byte {at}");
        }
        assert_eq!(Frame::decode(&whole[..119]), None);
        assert_eq!(Frame::decode(&whole[..122]), None);
    }
}
