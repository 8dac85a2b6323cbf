use super::*;

fn destination(host: &str, port: u16) -> Destination {
    Destination { host: host.to_owned(), port, listening: vec![9000] }
}

fn pulled(port: &mut Port, most: usize) -> (Vec<u8>, Vec<Output>) {
    let (mut bytes, mut notices) = (Vec::new(), Vec::new());
    while let Some(output) = port.pull(most) {
        match output {
            Output::Bytes(more) => {
                assert!(more.len() <= most);
                bytes.extend(more);
            }
            notice => notices.push(notice),
        }
    }
    (bytes, notices)
}

/// The frame that opens a stream.
fn open(id: u32) -> Vec<u8> {
    [vec![1, 0, 0, 0], id.to_le_bytes().to_vec()].concat()
}

#[test]
fn a_basic_session_has_one_connection_after_another() {
    let mut port = Port::start(destination("", 7), false);
    port.push(b"one");
    assert_eq!(pulled(&mut port, 2).0, b"one");
    port.push(b"lost");
    port.disconnect();
    port.push(b"two");
    assert_eq!(pulled(&mut port, 1024), (b"two".to_vec(), vec![]));
}

#[test]
fn a_refused_port_ends_a_basic_session_and_one_stream_of_a_multiplexed_one() {
    let reason = "\n----------ERROR-------\nUnable to connect to specified port: dial tcp 127.0.0.1:81: connect: connection refused";
    let mut basic = Port::start(destination("", 81), false);
    assert_eq!(basic.pull(1024), Some(Output::End(reason.to_owned())));
    let mut multiplexed = Port::start(destination("", 81), true);
    multiplexed.push(&open(3));
    assert_eq!(pulled(&mut multiplexed, 1024), (smux::close(3), vec![Output::ConnectFailed]));
}

#[test]
fn metadata_addresses_are_forbidden() {
    let mut port = Port::start(destination("169.254.169.254", 80), true);
    let reason = "\n----------ERROR-------\nForwarding to IP address 169.254.169.254 is forbidden.".to_owned();
    assert_eq!(port.pull(1024), Some(Output::End(reason)));
}

#[test]
fn a_hundred_streams_are_served_in_turn() {
    let mut port = Port::start(destination("", 7), true);
    let ids: Vec<u32> = (0..100).map(|stream| 3 + 2 * stream).collect();
    for id in &ids {
        port.push(&[open(*id), smux::data(*id, &id.to_le_bytes())].concat());
    }
    let mut expected: Vec<u8> = ids.iter().flat_map(|id| smux::data(*id, &id.to_le_bytes())).collect();
    assert_eq!(pulled(&mut port, 700).0, expected);
    port.push(&[smux::data(5, b"b"), smux::close(5), smux::data(3, b"a")].concat());
    expected = smux::data(3, b"a");
    assert_eq!(pulled(&mut port, 700).0, expected);
}

#[test]
fn a_service_that_closes_closes_its_stream() {
    let mut port = Port::start(destination("db.internal", 5432), true);
    port.push(&[open(3), smux::data(3, &[0; 32])].concat());
    let (bytes, _) = pulled(&mut port, 1024);
    assert!(bytes.ends_with(&smux::close(3)) && bytes.len() > 8);
}

#[test]
fn what_nobody_reads_blocks_the_session() {
    let mut port = Port::start(destination("", 9), true);
    port.push(&open(3));
    let mut pushed = 0;
    while port.has_room() {
        port.push(&smux::data(3, &[0; 1000]));
        pushed += 1;
    }
    assert!((200..400).contains(&pushed));
}

#[test]
fn the_applications_port_and_remote_hosts_lead_to_services() {
    assert_eq!(destination("", 8080).dial(), Ok(Service::Http));
    assert_eq!(destination("localhost", 8080).dial(), Ok(Service::Http));
    assert_eq!(destination("orders.db.internal", 3306).dial(), Ok(Service::MySql));
    assert_eq!(destination("", 9000).dial(), Ok(Service::Http));
    assert!(destination("other.internal", 9000).dial().is_err());
    assert!(destination("missing.invalid", 80).dial().unwrap_err().contains("no such host"));
}

#[test]
fn garbage_ends_the_session() {
    let mut port = Port::start(destination("", 7), true);
    port.push(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(port.pull(1024), Some(Output::End("invalid protocol".to_owned())));
}
