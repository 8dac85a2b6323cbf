//! What an agent sends and receives.

use serde_json::json;
use tokio::time::Instant;

use super::{
    super::{
        frame::{self, Frame, payload, uuid_text},
        link::{Cut, Direction},
    },
    Agent, Connection, Outgoing,
};
use crate::demo::faults::SessionFault;

impl Agent {
    pub(super) fn attach(&mut self, connection: Connection) {
        self.connection = Some(connection);
        self.link.reconnect();
        if !self.lost {
            self.send_message(frame::START_PUBLICATION, Vec::new());
        }
    }

    /// Takes what the connection has received; `None` at its end.
    pub(super) fn accept(&mut self, bytes: Option<Vec<u8>>) {
        match bytes {
            Some(bytes) => self.put_on_link(Direction::ToAgent, bytes),
            None => self.connection = None,
        }
    }

    fn put_on_link(&mut self, direction: Direction, bytes: Vec<u8>) {
        let endpoint = &self.endpoint;
        self.link.send(direction, bytes, Instant::now(), |apply| endpoint.strike_session(apply));
    }

    /// Delivers what has arrived at either end, then cuts the connection if a fault says so.
    pub(super) fn deliver(&mut self) {
        while let Some((direction, bytes)) = self.link.arrived(Instant::now()) {
            match (direction, &self.connection) {
                (Direction::ToAgent, _) => self.take(&bytes),
                // A frame that finds the queue full is lost, as on a bad network: it will be sent again.
                (_, Some(connection)) => drop(connection.outgoing.try_send(Outgoing::Frame(bytes))),
                (_, None) => {}
            }
        }
        let Some(connection) = &self.connection else { return };
        let endpoint = &self.endpoint;
        let end = match self.link.cut(|apply| endpoint.strike_session(apply)) {
            Some(Cut::Bye) => Outgoing::Close(1000, "Bye"),
            Some(Cut::Reset) => Outgoing::Reset,
            None => {
                let mut is_silent = false;
                endpoint.strike_session(|fault| {
                    is_silent |= *fault == SessionFault::Silent;
                    false
                });
                if is_silent {
                    let _ = connection.outgoing.try_send(Outgoing::Freeze);
                }
                return;
            }
        };
        let _ = connection.outgoing.try_send(end);
        self.connection = None;
    }

    pub(super) fn acknowledge(&mut self, id: u128, sequence: i64) {
        let content = json!({
            "AcknowledgedMessageType": frame::INPUT,
            "AcknowledgedMessageId": uuid_text(id),
            "AcknowledgedMessageSequenceNumber": sequence,
            "IsSequentialMessage": true,
        });
        self.send_message(frame::ACKNOWLEDGE, content.to_string().into_bytes());
    }

    /// Sends stream data and keeps it until it is acknowledged.
    pub(super) fn send(&mut self, payload_type: u32, payload: Vec<u8>) {
        let is_encrypted = [payload::OUTPUT, payload::STDERR, payload::EXIT_CODE].contains(&payload_type);
        let payload = match &mut self.keys {
            // An error is impossible, and nothing goes out in the clear.
            Some(keys) if is_encrypted => keys.encrypt(&payload).unwrap_or_default(),
            _ => payload,
        };
        let sequence = self.channel.next_output();
        let frame = Frame {
            message_type: frame::OUTPUT.to_owned(),
            created_ms: self.endpoint.now_ms() as u64,
            sequence,
            flags: u64::from(sequence == 0),
            id: self.ids.wide(),
            payload_type,
            payload,
        };
        let bytes = frame.encode();
        self.channel.sent(bytes.clone(), Instant::now());
        self.put_on_link(Direction::ToClient { is_acknowledgement: false }, bytes);
    }

    pub(super) fn send_overdue(&mut self) {
        if self.connection.is_some()
            && !self.is_away()
            && let Some(bytes) = self.channel.overdue(Instant::now())
        {
            self.put_on_link(Direction::ToClient { is_acknowledgement: false }, bytes);
        }
    }

    /// Sends a message that is not part of the stream.
    pub(super) fn send_message(&mut self, message_type: &str, payload: Vec<u8>) {
        let frame = Frame {
            message_type: message_type.to_owned(),
            created_ms: self.endpoint.now_ms() as u64,
            sequence: 0,
            flags: frame::SYN_FIN,
            id: self.ids.wide(),
            payload_type: 0,
            payload,
        };
        let is_acknowledgement = message_type == frame::ACKNOWLEDGE;
        self.put_on_link(Direction::ToClient { is_acknowledgement }, frame.encode());
    }

    pub(super) fn send_closed(&mut self, reason: &str) {
        let content = json!({
            "MessageId": uuid_text(self.ids.wide()),
            "CreatedDate": self.endpoint.now_ms().to_string(),
            "DestinationId": self.session_id,
            "SessionId": self.session_id,
            "MessageType": frame::CHANNEL_CLOSED,
            "SchemaVersion": 1,
            "Output": reason,
        });
        self.send_message(frame::CHANNEL_CLOSED, content.to_string().into_bytes());
    }
}

/// The next message of the client; `None` if it has disconnected. Waits for ever without a connection.
pub(super) async fn receive(connection: &mut Option<Connection>) -> Option<Vec<u8>> {
    match connection {
        Some(connection) => connection.incoming.recv().await,
        None => std::future::pending().await,
    }
}

/// Waits until a frame under way arrives.
pub(super) async fn arrival(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
