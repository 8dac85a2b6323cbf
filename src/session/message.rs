//! The payloads of agent messages: stream data by its type, and the JSON documents of the protocol.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::frame::{MessageId, MessageType};

/// The version that this client claims: the release of AWS's plugin whose behaviour it has. Agents decide by it whether
/// ports are multiplexed.
pub const CLIENT_VERSION: &str = "1.2.764.0";

/// The type of the payload of stream data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadType {
    /// Raw bytes: keyboard input, terminal output, data of a port.
    Output,
    /// Defined by the protocol and not used.
    Error,
    Size,
    /// Defined by the protocol and not used.
    Parameter,
    HandshakeRequest,
    HandshakeResponse,
    HandshakeComplete,
    EncryptionChallengeRequest,
    EncryptionChallengeResponse,
    Flag,
    StandardError,
    ExitCode,
    /// A number that this client does not know.
    Unknown(u32),
}

impl PayloadType {
    const ALL: [Self; 12] = [
        Self::Output,
        Self::Error,
        Self::Size,
        Self::Parameter,
        Self::HandshakeRequest,
        Self::HandshakeResponse,
        Self::HandshakeComplete,
        Self::EncryptionChallengeRequest,
        Self::EncryptionChallengeResponse,
        Self::Flag,
        Self::StandardError,
        Self::ExitCode,
    ];

    pub fn from_number(number: u32) -> Self {
        let known = (number as usize).checked_sub(1).and_then(|index| Self::ALL.get(index));
        known.copied().unwrap_or(Self::Unknown(number))
    }

    pub fn number(self) -> u32 {
        match self {
            Self::Unknown(number) => number,
            known => Self::ALL.iter().position(|other| *other == known).map_or(0, |index| index as u32 + 1),
        }
    }

    /// Whether its payload is encrypted once keys are agreed on.
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::Output | Self::StandardError | Self::ExitCode)
    }
}

/// Bytes as standard base64 text in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// `null` and what is absent alike as the default.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The first message on a connection, as text: it authenticates the connection. It holds the token: never log it.
pub fn open_data_channel(token: &str, client: MessageId) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct OpenDataChannelInput<'a> {
        message_schema_version: &'a str,
        request_id: String,
        token_value: &'a str,
        client_id: String,
        client_version: &'a str,
    }
    to_json(&OpenDataChannelInput {
        message_schema_version: "1.0",
        request_id: MessageId::random().to_string(),
        token_value: token,
        client_id: client.to_string(),
        client_version: CLIENT_VERSION,
    })
}

/// The payload that acknowledges one message of a stream.
pub fn acknowledge(message_type: &MessageType, id: MessageId, sequence: i64) -> String {
    format!(
        r#"{{"AcknowledgedMessageType":"{}","AcknowledgedMessageId":"{id}","AcknowledgedMessageSequenceNumber":{sequence},"IsSequentialMessage":true}}"#,
        message_type.name()
    )
}

/// The sequence number that an acknowledgement is about.
pub fn acknowledged_sequence(payload: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Acknowledgement {
        #[serde(rename = "AcknowledgedMessageSequenceNumber")]
        sequence: i64,
    }
    serde_json::from_slice::<Acknowledgement>(payload).ok().map(|acknowledgement| acknowledgement.sequence)
}

/// The end of a session, as its gateway reports it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChannelClosed {
    #[serde(deserialize_with = "or_default")]
    pub session_id: String,
    /// The reason; empty if the process has ended.
    #[serde(deserialize_with = "or_default")]
    pub output: String,
}

impl ChannelClosed {
    /// Reads the payload. A session that ends with an unreadable payload has ended all the same.
    pub fn parse(payload: &[u8]) -> Self {
        serde_json::from_slice(payload).unwrap_or_default()
    }
}

/// The size of a terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    pub columns: u16,
    pub rows: u16,
}

impl TerminalSize {
    pub fn payload(self) -> String {
        format!(r#"{{"cols":{},"rows":{}}}"#, self.columns, self.rows)
    }
}

/// A signal within the stream of a port session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFlag {
    /// The local connection has closed: the agent closes its connection to the port.
    DisconnectToPort,
    /// The client ends the session.
    TerminateSession,
    /// The agent could not connect to the port.
    ConnectToPortError,
}

impl SessionFlag {
    pub fn payload(self) -> [u8; 4] {
        match self {
            Self::DisconnectToPort => 1_u32,
            Self::TerminateSession => 2,
            Self::ConnectToPortError => 3,
        }
        .to_be_bytes()
    }

    pub fn parse(payload: &[u8]) -> Option<Self> {
        let all = [Self::DisconnectToPort, Self::TerminateSession, Self::ConnectToPortError];
        all.into_iter().find(|flag| flag.payload() == payload)
    }
}

/// Reads the exit code of a command: `EXIT_CODE: 7`.
pub fn parse_exit_code(payload: &[u8]) -> Option<i32> {
    std::str::from_utf8(payload).ok()?.trim().strip_prefix("EXIT_CODE:")?.trim().parse().ok()
}

/// What the agent asks of the client before the session starts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeRequest {
    #[serde(default, deserialize_with = "or_default")]
    pub agent_version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub requested_client_actions: Vec<RequestedAction>,
}

/// One action of a handshake request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestedAction {
    pub action_type: String,
    /// Its form depends on the type.
    #[serde(default)]
    pub action_parameters: Value,
}

/// The client's answer to a handshake request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HandshakeResponse {
    pub client_version: &'static str,
    pub processed_client_actions: Vec<ProcessedAction>,
    pub errors: Option<Vec<String>>,
}

impl HandshakeResponse {
    pub fn payload(&self) -> String {
        to_json(self)
    }
}

/// The result of one requested action.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessedAction {
    pub action_type: String,
    pub action_status: ActionStatus,
    pub action_result: Option<EncryptionKey>,
    pub error: String,
}

/// Whether an action succeeded. Any status but success makes the agent cancel the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    Success,
    Failed,
    Unsupported,
}

impl Serialize for ActionStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            Self::Success => 1,
            Self::Failed => 2,
            Self::Unsupported => 3,
        })
    }
}

/// The data key of a session, encrypted by KMS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncryptionKey {
    #[serde(rename = "KMSCipherTextKey")]
    pub ciphertext: Base64,
    #[serde(rename = "KMSCipherTextHash")]
    pub hash: Option<Base64>,
    /// Whether the challenge of the request is part of the encryption context.
    #[serde(rename = "ChallengeAcknowledgement", skip_serializing_if = "std::ops::Not::not")]
    pub uses_challenge: bool,
}

/// The agent's last message of a handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HandshakeComplete {
    /// A message to show, possibly empty.
    #[serde(deserialize_with = "or_default")]
    pub customer_message: String,
}

impl HandshakeComplete {
    /// Reads the payload. The handshake is complete even if it can't be read.
    pub fn parse(payload: &[u8]) -> Self {
        serde_json::from_slice(payload).unwrap_or_default()
    }
}

/// Encrypted random bytes, which prove that both ends have the same keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionChallenge {
    pub challenge: Base64,
}

impl EncryptionChallenge {
    pub fn payload(&self) -> String {
        to_json(self)
    }
}

/// Serializing these types can't fail: no maps with other keys than texts, no failing implementations.
fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
