use std::collections::BTreeMap;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn frame(command: u8, id: u32, data: &[u8]) -> Vec<u8> {
    [&[1, command][..], &(data.len() as u16).to_le_bytes(), &id.to_le_bytes(), data].concat()
}

/// The events of a byte stream in pieces; data is joined where it is adjacent.
fn events(multiplexer: &mut SmuxClient, pieces: &[&[u8]]) -> Vec<(u32, Option<Vec<u8>>)> {
    let mut events: Vec<(u32, Option<Vec<u8>>)> = Vec::new();
    for piece in pieces {
        multiplexer.receive(Bytes::copy_from_slice(piece)).unwrap();
        while let Some(event) = multiplexer.next_event() {
            match (event, events.last_mut()) {
                (StreamEvent::Data(id, data), Some((last, Some(before)))) if *last == id => {
                    before.extend_from_slice(&data);
                }
                (StreamEvent::Data(id, data), _) => events.push((id, Some(data.to_vec()))),
                (StreamEvent::Finished(id), _) => events.push((id, None)),
            }
        }
    }
    events
}

#[test]
fn frames_are_those_of_the_specification() {
    let mut multiplexer = SmuxClient::default();
    assert_eq!(multiplexer.open(), Some(3));
    multiplexer.send(3, b"hello");
    assert_eq!(hex(&multiplexer.take_to_send()), "0100000003000000010205000300000068656c6c6f");
    multiplexer.finish(3);
    assert_eq!(hex(&multiplexer.take_to_send()), "0101000003000000");
    multiplexer.keep_alive();
    assert_eq!(hex(&multiplexer.take_to_send()), "0103000000000000");
    assert!(multiplexer.take_to_send().is_empty());
}

#[test]
fn stream_ids_are_odd_and_end() {
    let mut multiplexer = SmuxClient::default();
    assert_eq!([multiplexer.open(), multiplexer.open(), multiplexer.open()], [Some(3), Some(5), Some(7)]);
    assert_eq!(multiplexer.open_streams(), 3);
    multiplexer.next = Some(u32::MAX);
    assert_eq!([multiplexer.open(), multiplexer.open()], [Some(u32::MAX), None]);
}

#[test]
fn big_data_is_sent_in_frames_that_let_others_take_turns() {
    let mut multiplexer = SmuxClient::default();
    multiplexer.open();
    multiplexer.take_to_send();
    multiplexer.send(3, &vec![7; 40_000]);
    let sent = multiplexer.take_to_send();
    let expected = [frame(2, 3, &[7; 16_384]), frame(2, 3, &[7; 16_384]), frame(2, 3, &[7; 7232])].concat();
    assert!(sent == expected);
}

#[test]
fn a_finished_stream_sends_and_receives_nothing() {
    let mut multiplexer = SmuxClient::default();
    multiplexer.open();
    multiplexer.finish(3);
    multiplexer.take_to_send();
    multiplexer.send(3, b"late");
    multiplexer.finish(3);
    assert!(multiplexer.take_to_send().is_empty());
    assert_eq!(events(&mut multiplexer, &[&frame(2, 3, b"late"), &frame(1, 3, b"")]), []);
}

#[test]
fn frames_of_unknown_streams_and_keepalives_are_ignored() {
    let mut multiplexer = SmuxClient::default();
    multiplexer.open();
    let pieces = [
        frame(2, 99, b"unknown"),
        frame(1, 99, b""),
        frame(3, 0, b""),
        frame(0, 2, b""),
        frame(0, 3, b""),
        frame(2, 3, b""),
        frame(2, 3, b"known"),
    ]
    .concat();
    assert_eq!(events(&mut multiplexer, &[&pieces]), [(3, Some(b"known".to_vec()))]);
    assert_eq!(multiplexer.received(), 7);
}

#[rstest]
#[case(&[2, 0, 0, 0, 3, 0, 0, 0], SmuxError::Version(2))]
#[case(&[1, 4, 8, 0, 3, 0, 0, 0], SmuxError::Command(4))]
#[case(b"HTTP/1.1 200 OK", SmuxError::Version(b'H'))]
fn what_is_not_smux_ends_the_session(#[case] bytes: &'static [u8], #[case] expected: SmuxError) {
    assert_eq!(SmuxClient::default().receive(Bytes::from_static(bytes)), Err(expected));
}

#[test]
fn a_byte_stream_may_be_cut_at_every_byte() {
    let bytes = [frame(2, 3, b"hello"), frame(2, 5, b"x"), frame(1, 3, b""), frame(2, 5, &[9; 300])].concat();
    let expected = [(3, Some(b"hello".to_vec())), (5, Some(b"x".to_vec())), (3, None), (5, Some(vec![9; 300]))];
    let opened = || {
        let mut multiplexer = SmuxClient::default();
        multiplexer.open();
        multiplexer.open();
        multiplexer
    };
    for at in 0..=bytes.len() {
        assert_eq!(events(&mut opened(), &[&bytes[..at], &bytes[at..]]), expected);
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(events(&mut opened(), &single), expected);
}

#[test]
fn the_longest_frame_is_read() {
    let mut multiplexer = SmuxClient::default();
    multiplexer.open();
    let frame = frame(2, 3, &vec![7; 65_535]);
    assert_eq!(events(&mut multiplexer, &frame.chunks(1024).collect::<Vec<_>>()), [(3, Some(vec![7; 65_535]))]);
}

proptest! {
    #[test]
    fn every_stream_gets_its_own_bytes(
        frames in prop::collection::vec((0..5_u32, prop::collection::vec(any::<u8>(), 1..400)), 1..60),
        cut in 1..700_usize,
    ) {
        let mut multiplexer = SmuxClient::default();
        let mut expected: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        let mut bytes = Vec::new();
        (0..5).for_each(|_| { multiplexer.open(); });
        for (stream, data) in &frames {
            let id = 3 + 2 * stream;
            bytes.extend(frame(2, id, data));
            expected.entry(id).or_default().extend(data);
        }
        let mut received: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for (id, data) in events(&mut multiplexer, &bytes.chunks(cut).collect::<Vec<_>>()) {
            received.entry(id).or_default().extend(data.unwrap());
        }
        prop_assert_eq!(received, expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = SmuxClient::default().receive(bytes.into());
    }
}
