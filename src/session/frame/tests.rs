use std::fmt::Write as _;

use rstest::rstest;

use super::*;

const INPUT: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56800000000000000000000000000000000008796a5b4c3d2e1f00f1e2d3c4b5a49781d887ce0f8672e4914d9000e801cd74ecd805dd9366c0bc42dc16adc0197dc2f00000001000000036c730d";
const OUTPUT: &str = "000000746f75747075745f73747265616d5f646174612020202020202020202020202020000000010000018bcfe5687b00000000000000070000000000000000a508b5f073f31b16dd01e56bff48483ecd2eca3535741f27a8ae40c31b0c41d4057a7a7b912b33b9aed86485d1c84676000000010000000768656c6c6f0d0a";
const ACKNOWLEDGE: &str = "0000007461636b6e6f776c65646765202020202020202020202020202020202020202020000000010000018bcfe569c80000000000000000000000000000000384445555555555551111111122224333bb487a3f076aac75c3a35b6e402d2e44ccdd9844ac4e5b2007e8b4ac8f1d8f3100000000000000b07b2241636b6e6f776c65646765644d65737361676554797065223a226f75747075745f73747265616d5f64617461222c2241636b6e6f776c65646765644d6573736167654964223a2264643031653536622d666634382d343833652d613530382d623566303733663331623136222c2241636b6e6f776c65646765644d65737361676553657175656e63654e756d626572223a372c22497353657175656e7469616c4d657373616765223a747275657d";
const SIZE: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56b15000000000000000100000000000000008f0123456789abcd0123456789ab4cdeedf7359c89077b608a6b3e8b19e63bbfc7aa724989a05ea371a9966a6e9db7cc00000003000000167b22636f6c73223a3132302c22726f7773223a34307d";
const FLAG: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56be8000000000000000200000000000000008796a5b4c3d2e1f00f1e2d3c4b5a4978433ebf5bc03dffa38536673207a21281612cef5faa9bc7a4d5b9be2fdb12cf1a0000000a0000000400000002";
const START_PUBLICATION: &str = "0000007473746172745f7075626c69636174696f6e202020202020202020202020202020000000010000018bcfe568000000000000000000000000000000000384445555555555551111111122224333e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550000000000000000";
const ENCRYPTED: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56800000000000000000500000000000000008796a5b4c3d2e1f00f1e2d3c4b5a49785a7d24d39b812830feaf3ee674b43ae5e1d1d9e8940d8bbfda7fd79ec6109a6f000000010000001fa0a1a2a3a4a5a6a7a8a9aaab124fa9c3be5ea267c186006575655e2404c2cb";
const MULTIPLEXED: &str = "00000074696e7075745f73747265616d5f64617461202020202020202020202020202020000000010000018bcfe56800000000000000000100000000000000008796a5b4c3d2e1f00f1e2d3c4b5a49781ed297482fa97820d97b1d7e7ec1f4f57a629a35c43f32516185e3b7d8b5e44d00000001000000150100000003000000010205000300000068656c6c6f";

const IDS: [&str; 4] = [
    "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0",
    "dd01e56b-ff48-483e-a508-b5f073f31b16",
    "11111111-2222-4333-8444-555555555555",
    "01234567-89ab-4cde-8f01-23456789abcd",
];
const ACKNOWLEDGEMENT: &str = r#"{"AcknowledgedMessageType":"output_stream_data","AcknowledgedMessageId":"dd01e56b-ff48-483e-a508-b5f073f31b16","AcknowledgedMessageSequenceNumber":7,"IsSequentialMessage":true}"#;

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn message(message_type: MessageType, created: u64, sequence: i64, id: usize, payload: (u32, &[u8])) -> AgentMessage {
    AgentMessage {
        message_type,
        created: 1_700_000_000_000 + created,
        sequence,
        flags: 0,
        id: IDS[id].parse().unwrap(),
        payload_type: payload.0,
        payload: Bytes::copy_from_slice(payload.1),
    }
}

#[rstest]
#[case::input(INPUT, message(MessageType::Input, 0, 0, 0, (1, b"ls\r")))]
#[case::output(OUTPUT, message(MessageType::Output, 123, 7, 1, (1, b"hello\r\n")))]
#[case::acknowledge(ACKNOWLEDGE, AgentMessage {
    flags: SYN_FIN,
    ..message(MessageType::Acknowledge, 456, 0, 2, (0, ACKNOWLEDGEMENT.as_bytes()))
})]
#[case::size(SIZE, message(MessageType::Input, 789, 1, 3, (3, br#"{"cols":120,"rows":40}"#)))]
#[case::flag(FLAG, message(MessageType::Input, 1000, 2, 0, (10, &[0, 0, 0, 2])))]
#[case::encrypted(ENCRYPTED, message(MessageType::Input, 0, 5, 0,
    (1, &bytes("a0a1a2a3a4a5a6a7a8a9aaab124fa9c3be5ea267c186006575655e2404c2cb"))))]
#[case::multiplexed(MULTIPLEXED, message(MessageType::Input, 0, 1, 0,
    (1, b"\x01\0\0\0\x03\0\0\0\x01\x02\x05\0\x03\0\0\0hello")))]
fn examples_of_the_specification_are_encoded_and_decoded(#[case] expected: &str, #[case] message: AgentMessage) {
    assert_eq!(hex(&message.encode()), expected);
    assert_eq!(AgentMessage::decode(&bytes(expected).into()), Ok(message));
}

#[test]
fn start_publication_without_payload_is_decoded() {
    let message = AgentMessage::decode(&bytes(START_PUBLICATION).into()).unwrap();
    let expected = AgentMessage { flags: SYN_FIN, ..self::message(MessageType::StartPublication, 0, 0, 2, (0, b"")) };
    assert_eq!(message, expected);
}

/// The bytes of [`OUTPUT`] with some replaced.
fn damaged(at: usize, with: &[u8]) -> Bytes {
    let mut bytes = bytes(OUTPUT);
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes.into()
}

#[rstest]
#[case::header_length(damaged(3, &[117]), MalformedMessage::HeaderLength)]
#[case::type_of_spaces(damaged(4, &[b' '; 32]), MalformedMessage::NoType)]
#[case::type_of_nul_bytes(damaged(4, &[0; 32]), MalformedMessage::NoType)]
#[case::date(damaged(40, &[0; 8]), MalformedMessage::NoDate)]
#[case::digest(damaged(90, &[0]), MalformedMessage::Digest)]
#[case::payload(damaged(121, b"E"), MalformedMessage::Digest)]
#[case::announced_length(damaged(119, &[6]), MalformedMessage::PayloadLength)]
#[case::cut_payload(bytes(OUTPUT)[..126].to_vec().into(), MalformedMessage::PayloadLength)]
#[case::cut_header(bytes(OUTPUT)[..119].to_vec().into(), MalformedMessage::Short)]
#[case::empty(Bytes::new(), MalformedMessage::Short)]
fn a_damaged_message_is_refused(#[case] bytes: Bytes, #[case] expected: MalformedMessage) {
    assert_eq!(AgentMessage::decode(&bytes), Err(expected));
}

#[test]
fn publication_messages_need_no_valid_header() {
    let mut bytes = bytes(START_PUBLICATION);
    bytes[..4].fill(0);
    bytes[40..48].fill(0);
    bytes[80..].fill(7);
    let message = AgentMessage::decode(&bytes.into()).unwrap();
    assert_eq!(message.message_type, MessageType::StartPublication);
}

#[rstest]
#[case::nul_bytes_on_the_left(b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0output_stream_data", MessageType::Output)]
#[case::nul_bytes_on_the_right(b"output_stream_data\0\0\0\0\0\0\0\0\0\0\0\0\0\0", MessageType::Output)]
#[case::unknown(b"agent_session_state             ", MessageType::Other("agent_session_state".to_owned()))]
#[case::no_text(b"\xff\xfe                              ", MessageType::Other("\u{fffd}\u{fffd}".to_owned()))]
fn message_types_are_read_tolerantly(#[case] name: &[u8; 32], #[case] expected: MessageType) {
    assert_eq!(AgentMessage::decode(&damaged(4, name)).unwrap().message_type, expected);
}

#[test]
fn ids_are_swapped_in_the_header_and_back() {
    let id: MessageId = IDS[3].parse().unwrap();
    assert_eq!(hex(&id.to_header()), "8f0123456789abcd0123456789ab4cde");
    assert_eq!(MessageId::from_header(id.to_header()), id);
    assert_eq!(id.to_string(), IDS[3]);
}

#[test]
fn new_ids_are_random_uuids_of_version_4() {
    let (id, other) = (MessageId::random().to_string(), MessageId::random().to_string());
    assert_ne!(id, other);
    assert_eq!(&id[14..15], "4");
    assert!("89ab".contains(&id[19..20]), "{id}");
    assert_eq!(id.parse::<MessageId>().unwrap().to_string(), id);
}

#[rstest]
#[case("")]
#[case("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f")]
#[case("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1fg")]
#[case("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1\u{e9}")]
fn a_text_that_is_no_uuid_is_refused(#[case] text: &str) {
    assert_eq!(text.parse::<MessageId>(), Err(MalformedId));
}

#[test]
fn payloads_do_not_appear_in_debug_output() {
    let message = message(MessageType::Input, 0, 0, 0, (1, b"hunter2"));
    assert!(!format!("{message:?}").contains("hunter2"));
    assert!(!format!("{message:?}").contains("104, 117"));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>) {
        let _ = AgentMessage::decode(&bytes.into());
    }

    #[test]
    fn any_message_survives_encoding(created in 1..u64::MAX, sequence: i64, flags: u64, payload_type: u32, payload: Vec<u8>) {
        let id = MessageId::random();
        let payload = payload.into();
        let message = AgentMessage { message_type: MessageType::Output, created, sequence, flags, id, payload_type, payload };
        proptest::prop_assert_eq!(AgentMessage::decode(&message.encode()), Ok(message));
    }
}
