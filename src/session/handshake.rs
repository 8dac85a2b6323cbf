//! The start of a session: whether there is a handshake, what kind of session it is, and its encryption.
//!
//! An agent that wants a handshake asks for it first. One that wants none sends output, or nothing at all until it gets
//! input: then time decides. Input that comes too early is acknowledged and discarded by the agent.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::{
    channel::StreamData,
    encryption::{Cipher, CipherError, DataKey},
    message::{
        ActionStatus, Base64, CLIENT_VERSION, EncryptionChallenge, EncryptionKey, HandshakeComplete, HandshakeRequest,
        HandshakeResponse, PayloadType, ProcessedAction, RequestedAction,
    },
    version::AgentVersion,
};

/// How long after it is attached an agent that sends nothing is taken to want no handshake.
const SILENCE_AFTER_START: Duration = Duration::from_secs(2);
/// The same from the opening of the channel, if the gateway does not report that the agent is attached.
const SILENCE_AFTER_OPENING: Duration = Duration::from_secs(3);

/// The kind of a session, as its agent names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionType {
    /// A terminal with a shell or a command.
    Terminal,
    /// A command without a terminal, with an exit code.
    Command,
    /// A connection to a port, with the properties of the document.
    Port(PortProperties),
}

/// What the document of a port session says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortProperties {
    pub port: String,
    /// A host that the container connects to; absent for a port of the container itself.
    pub host: Option<String>,
    /// Whether it is for connections of this machine, not for one stream such as SSH.
    pub forwards: bool,
}

/// How a port session carries connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortMode {
    /// Many at once, by smux. Keepalives are sent only to old agents.
    Multiplexed { keepalive: bool },
    /// One after another.
    Basic,
    /// One for the whole session.
    Single,
}

/// What both ends know after the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    pub session_type: SessionType,
    /// Empty without a handshake.
    pub agent: AgentVersion,
}

impl Agreement {
    /// How connections are carried, if this is a port session.
    pub fn port_mode(&self) -> Option<PortMode> {
        let SessionType::Port(properties) = &self.session_type else { return None };
        Some(match properties.forwards {
            true if self.agent.multiplexes() => PortMode::Multiplexed { keepalive: !self.agent.needs_no_keepalive() },
            true => PortMode::Basic,
            false => PortMode::Single,
        })
    }
}

/// A data key that KMS must generate for the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    pub key_id: String,
    /// Names and values that the agent gives KMS as well.
    pub context: Vec<(&'static str, String)>,
}

/// What a session is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionParameters {
    pub session_id: String,
    /// `ecs:CLUSTER_TASK_RUNTIME`: part of the encryption context.
    pub target: String,
    /// Whether the agent is known to ask for a handshake: port sessions, commands, and clusters with a key. Then no input
    /// is sent before.
    pub expects_handshake: bool,
    /// Whether to add the agent's challenge to the encryption context. Some key policies allow only the other two parts.
    pub uses_challenge: bool,
}

/// What follows from a message or from time.
#[derive(Debug)]
pub enum HandshakeStep {
    Send(PayloadType, Bytes),
    /// A data key is needed; the answer goes to [`Handshake::take_key`].
    RequestKey(KeyRequest),
    /// A text for the user.
    Show(String),
    /// Input is accepted from now on.
    Ready,
}

/// Why a session can't start or continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("the agent's handshake can't be read: {0}")]
    Unreadable(String),
    #[error("the agent encrypts with another key")]
    Encryption(#[from] CipherError),
    #[error("the agent sent a challenge without a key")]
    NoKey,
}

#[derive(Debug)]
enum State {
    /// The token was sent.
    Opened { at: Duration },
    /// The agent is attached.
    Started { at: Duration },
    /// The agent has asked for a handshake, and the data key is awaited.
    AwaitingKey { actions: Vec<ProcessedAction>, uses_challenge: bool },
    /// The response was sent.
    Responded,
    /// Input is accepted.
    Running,
}

/// The start of one session.
#[derive(Debug)]
pub struct Handshake {
    parameters: SessionParameters,
    state: State,
    agreement: Agreement,
    cipher: Option<Cipher>,
}

impl Handshake {
    pub fn new(parameters: SessionParameters, now: Duration) -> Self {
        let agreement = Agreement { session_type: SessionType::Terminal, agent: AgentVersion::default() };
        Self { parameters, state: State::Opened { at: now }, agreement, cipher: None }
    }

    /// Whether input is accepted.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running)
    }

    /// Whether the agent has asked for a handshake that is not complete.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, State::AwaitingKey { .. } | State::Responded)
    }

    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    pub fn cipher(&self) -> Option<&Cipher> {
        self.cipher.as_ref()
    }

    /// The agent is attached.
    pub fn start(&mut self, now: Duration) {
        if matches!(self.state, State::Opened { .. }) {
            self.state = State::Started { at: now };
        }
    }

    /// When [`tick`](Self::tick) decides that there is no handshake.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state {
            _ if self.parameters.expects_handshake => None,
            State::Opened { at } => Some(at + SILENCE_AFTER_OPENING),
            State::Started { at } => Some(at + SILENCE_AFTER_START),
            _ => None,
        }
    }

    /// Decides that there is no handshake once the agent was silent for long enough.
    pub fn tick(&mut self, now: Duration) -> Option<HandshakeStep> {
        self.deadline().is_some_and(|deadline| now >= deadline).then(|| self.run())
    }

    /// Takes output, which shows that there is no handshake if none is under way.
    pub fn take_output(&mut self) -> Option<HandshakeStep> {
        matches!(self.state, State::Opened { .. } | State::Started { .. }).then(|| self.run())
    }

    fn run(&mut self) -> HandshakeStep {
        self.state = State::Running;
        HandshakeStep::Ready
    }

    /// Takes a message of the handshake.
    ///
    /// # Errors
    ///
    /// If the session can't continue.
    pub fn take(&mut self, data: &StreamData) -> Result<Vec<HandshakeStep>, HandshakeError> {
        match data.payload_type {
            PayloadType::HandshakeRequest => {
                let request = serde_json::from_slice(&data.payload);
                request
                    .map(|request| self.respond(request))
                    .map_err(|error| HandshakeError::Unreadable(error.to_string()))
            }
            PayloadType::EncryptionChallengeRequest => {
                let request: EncryptionChallenge = serde_json::from_slice(&data.payload)
                    .map_err(|error| HandshakeError::Unreadable(error.to_string()))?;
                let cipher = self.cipher.as_ref().ok_or(HandshakeError::NoKey)?;
                let answer = cipher.encrypt(&cipher.decrypt(&request.challenge.0)?)?;
                let response = EncryptionChallenge { challenge: Base64(answer.to_vec()) };
                Ok(vec![HandshakeStep::Send(PayloadType::EncryptionChallengeResponse, response.payload().into())])
            }
            PayloadType::HandshakeComplete => {
                let message = HandshakeComplete::parse(&data.payload).customer_message;
                let show = (!message.trim().is_empty()).then_some(HandshakeStep::Show(message));
                Ok(show.into_iter().chain([self.run()]).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn respond(&mut self, request: HandshakeRequest) -> Vec<HandshakeStep> {
        self.agreement.agent = AgentVersion(request.agent_version);
        let mut key_request = None;
        let mut actions = Vec::new();
        for RequestedAction { action_type, action_parameters } in request.requested_client_actions {
            let (action_status, error) = match action_type.as_str() {
                "SessionType" => match session_type(&action_parameters) {
                    Ok(session_type) => {
                        self.agreement.session_type = session_type;
                        (ActionStatus::Success, String::new())
                    }
                    Err(unknown) => (ActionStatus::Failed, format!("Unknown session type {unknown}")),
                },
                ENCRYPTION => {
                    key_request = Some(self.key_request(&action_parameters));
                    // Until there is a key.
                    (ActionStatus::Failed, String::new())
                }
                other => (ActionStatus::Unsupported, format!("Unsupported action {other}")),
            };
            actions.push(ProcessedAction { action_type, action_status, action_result: None, error });
        }
        match key_request {
            Some((request, uses_challenge)) => {
                self.state = State::AwaitingKey { actions, uses_challenge };
                vec![HandshakeStep::RequestKey(request)]
            }
            None => vec![self.send_response(actions)],
        }
    }

    fn send_response(&mut self, actions: Vec<ProcessedAction>) -> HandshakeStep {
        self.state = State::Responded;
        let response =
            HandshakeResponse { client_version: CLIENT_VERSION, processed_client_actions: actions, errors: None };
        HandshakeStep::Send(PayloadType::HandshakeResponse, response.payload().into())
    }

    /// The request for a data key, and whether it includes the agent's challenge.
    fn key_request(&self, parameters: &Value) -> (KeyRequest, bool) {
        let mut context = vec![
            ("aws:ssm:SessionId", self.parameters.session_id.clone()),
            ("aws:ssm:TargetId", self.parameters.target.clone()),
        ];
        let challenge =
            parameters["Challenge"].as_str().filter(|text| !text.is_empty() && self.parameters.uses_challenge);
        context.extend(challenge.map(|challenge| ("aws:ssm:RandomChallenge", challenge.to_owned())));
        let key_id = parameters["KMSKeyId"].as_str().unwrap_or_default().to_owned();
        (KeyRequest { key_id, context }, challenge.is_some())
    }

    /// Takes the data key, or the reason why there is none: then the agent ends the session, because nothing may be sent
    /// unencrypted.
    pub fn take_key(&mut self, key: Result<DataKey, String>) -> Option<HandshakeStep> {
        let State::AwaitingKey { actions, uses_challenge } = &mut self.state else { return None };
        let (mut actions, uses_challenge) = (std::mem::take(actions), *uses_challenge);
        let key = key.and_then(|key| match Cipher::new(&key) {
            Ok(cipher) => Ok((cipher, key)),
            Err(error) => Err(error.to_string()),
        });
        for action in actions.iter_mut().filter(|action| action.action_type == ENCRYPTION) {
            match &key {
                Ok((_, key)) => {
                    action.action_status = ActionStatus::Success;
                    let ciphertext = Base64(key.ciphertext.clone());
                    action.action_result = Some(EncryptionKey { ciphertext, hash: None, uses_challenge });
                }
                Err(error) => action.error.clone_from(error),
            }
        }
        self.cipher = key.ok().map(|(cipher, _)| cipher);
        Some(self.send_response(actions))
    }
}

/// The action of a handshake that agrees on keys.
const ENCRYPTION: &str = "KMSEncryption";

/// Reads the session type; the error is the unknown type.
fn session_type(parameters: &Value) -> Result<SessionType, String> {
    match parameters["SessionType"].as_str().unwrap_or_default() {
        "Standard_Stream" | "InteractiveCommands" => Ok(SessionType::Terminal),
        "NonInteractiveCommands" => Ok(SessionType::Command),
        "Port" => {
            let property = |name| parameters["Properties"][name].as_str().filter(|text: &&str| !text.is_empty());
            Ok(SessionType::Port(PortProperties {
                port: property("portNumber").unwrap_or_default().to_owned(),
                host: property("host").map(str::to_owned),
                forwards: property("type") == Some("LocalPortForwarding"),
            }))
        }
        unknown => Err(unknown.to_owned()),
    }
}

#[cfg(test)]
mod tests;
