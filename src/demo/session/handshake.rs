//! The agent's side of the handshake: what the session is, and the keys of an encrypted one.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::frame::payload;
use crate::demo::{aes, world::Rng};

/// What is said when a response takes more than 15 seconds.
pub(super) const TIMED_OUT: &str =
    "Handshake timed out. Please ensure that you have the latest version of the session manager plugin.";
pub(super) const CHALLENGE_TIMED_OUT: &str = "Timed out waiting for encryption challenge.";
const ENCRYPTED: &str = "This session is encrypted using AWS KMS.";

/// What the agent asks of a client.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) agent_version: String,
    /// `InteractiveCommands`, `NonInteractiveCommands`, `Port` or `Standard_Stream`.
    pub(super) session_type: String,
    pub(super) properties: Value,
    /// The KMS key of an encrypted session.
    pub(super) kms_key: Option<String>,
    /// An action that no client knows, for a test.
    pub(super) unknown_action: bool,
    /// A message to the user.
    pub(super) message: String,
    /// Encrypts the challenge with another key, for a test.
    pub(super) wrong_challenge: bool,
    pub(super) session_id: String,
    /// The target as the client named it.
    pub(super) target: String,
}

/// The keys of an encrypted session.
pub(super) struct SessionKeys {
    agent: [u8; aes::KEY],
    client: [u8; aes::KEY],
    nonces: Rng,
}

impl std::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKeys")
    }
}

impl SessionKeys {
    /// The first half of a data key encrypts what the agent sends, the second what the client sends.
    fn new(data_key: &[u8], nonces: Rng) -> Option<Self> {
        let (agent, client) = data_key.split_first_chunk::<{ aes::KEY }>()?;
        Some(Self { agent: *agent, client: client.try_into().ok()?, nonces })
    }

    pub(super) fn encrypt(&mut self, plaintext: &[u8]) -> Option<Vec<u8>> {
        let nonce = std::array::from_fn(|_| self.nonces.next() as u8);
        aes::seal(&self.agent, nonce, &[], plaintext)
    }

    pub(super) fn decrypt(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        aes::open(&self.client, &[], sealed)
    }
}

/// What follows from a message of the client.
#[derive(Debug)]
pub(super) enum Step {
    /// Sends stream data of a payload type.
    Send(u32, Vec<u8>),
    /// The handshake is over; an encrypted session has keys.
    Complete(Option<SessionKeys>),
    /// The session ends with this text.
    Fail(String),
}

/// The context of a data key.
pub(super) type Context = BTreeMap<String, String>;

/// Decrypts a data key as KMS does for the task's role.
///
/// # Errors
/// The text of KMS's error.
pub(super) type Decrypt<'a> = &'a dyn Fn(&[u8], &Context) -> Result<Vec<u8>, String>;

/// A handshake in progress.
#[derive(Debug)]
pub(super) struct Handshake {
    request: Request,
    random: Rng,
    /// The text that a client may put into the context of the data key.
    challenge: String,
    /// What the client must send back, encrypted with its key.
    awaited: Option<(Vec<u8>, SessionKeys)>,
    is_answered: bool,
    is_complete: bool,
}

impl Handshake {
    pub(super) fn new(request: Request, mut random: Rng) -> Self {
        let challenge: Vec<u8> = (0..16).map(|_| random.next() as u8).collect();
        let challenge = BASE64_STANDARD.encode(challenge);
        Self { request, random, challenge, awaited: None, is_answered: false, is_complete: false }
    }

    /// The payload of the HandshakeRequest.
    pub(super) fn request(&self) -> Vec<u8> {
        let action = |name: &str, parameters: Value| json!({ "ActionType": name, "ActionParameters": parameters });
        let Request { session_type, properties, .. } = &self.request;
        let mut actions = vec![action("SessionType", json!({ "SessionType": session_type, "Properties": properties }))];
        if let Some(key) = &self.request.kms_key {
            actions.push(action("KMSEncryption", json!({ "KMSKeyId": key, "Challenge": self.challenge })));
        }
        if self.request.unknown_action {
            actions.push(action("Frobnicate", json!({ "Level": 11 })));
        }
        let request = json!({ "AgentVersion": self.request.agent_version, "RequestedClientActions": actions });
        request.to_string().into_bytes()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(super) fn agent_version(&self) -> &str {
        &self.request.agent_version
    }

    /// What is said when nothing more arrives.
    pub(super) fn timeout(&self) -> &'static str {
        if self.is_answered { CHALLENGE_TIMED_OUT } else { TIMED_OUT }
    }

    /// Handles stream data of the client; what is not part of the handshake is dropped, as the real agent does.
    pub(super) fn receive(&mut self, payload_type: u32, payload: &[u8], decrypt: Decrypt<'_>) -> Vec<Step> {
        let steps = match payload_type {
            payload::HANDSHAKE_RESPONSE if !self.is_answered => self.take_response(payload, decrypt),
            payload::ENC_CHALLENGE_RESPONSE => self.take_challenge(payload),
            _ => Ok(Vec::new()),
        };
        steps.unwrap_or_else(|error| vec![Step::Fail(error)])
    }

    fn take_response(&mut self, payload: &[u8], decrypt: Decrypt<'_>) -> Result<Vec<Step>, String> {
        self.is_answered = true;
        let response: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let empty = Vec::new();
        let actions = response["ProcessedClientActions"].as_array().unwrap_or(&empty);
        let mut expected = vec!["SessionType"];
        expected.extend(self.request.kms_key.iter().map(|_| "KMSEncryption"));
        expected.extend(self.request.unknown_action.then_some("Frobnicate"));
        if actions.iter().map(|action| action["ActionType"].as_str()).ne(expected.iter().map(|name| Some(*name))) {
            return Err("The client did not answer every action.".to_owned());
        }
        for action in actions {
            let (name, status) = (action["ActionType"].as_str().unwrap_or_default(), action["ActionStatus"].as_i64());
            if status != Some(1) && name != "Frobnicate" {
                let error = action["Error"].as_str().unwrap_or_default();
                return Err(format!("{name} failed on client with status {} error: {error}", status.unwrap_or(0)));
            }
        }
        if self.request.kms_key.is_none() {
            return Ok(self.complete(None, &self.request.message.clone()));
        }
        let mut keys = self.session_keys(&actions[1]["ActionResult"], decrypt)?;
        let challenge: Vec<u8> = (0..64).map(|_| self.random.next() as u8).collect();
        let mut sealed = keys.encrypt(&challenge).ok_or("Encrypting the challenge failed.")?;
        if self.request.wrong_challenge {
            sealed.iter_mut().for_each(|byte| *byte = !*byte);
        }
        self.awaited = Some((challenge, keys));
        let request = json!({ "Challenge": BASE64_STANDARD.encode(sealed) });
        Ok(vec![Step::Send(payload::ENC_CHALLENGE_REQUEST, request.to_string().into_bytes())])
    }

    fn session_keys(&mut self, result: &Value, decrypt: Decrypt<'_>) -> Result<SessionKeys, String> {
        let failed = |error: &str| format!("Fetching data key failed: Unable to retrieve data key, {error}");
        let blob = result["KMSCipherTextKey"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let blob = blob.ok_or_else(|| failed("no ciphertext"))?;
        let mut context = Context::from([
            ("aws:ssm:SessionId".to_owned(), self.request.session_id.clone()),
            ("aws:ssm:TargetId".to_owned(), self.request.target.clone()),
        ]);
        if result["ChallengeAcknowledgement"] == true {
            context.insert("aws:ssm:RandomChallenge".to_owned(), self.challenge.clone());
        }
        let data_key = decrypt(&blob, &context).map_err(|error| failed(&error))?;
        let nonces = Rng::stream(self.random.next(), "nonces");
        SessionKeys::new(&data_key, nonces).ok_or_else(|| failed("wrong length"))
    }

    fn take_challenge(&mut self, payload: &[u8]) -> Result<Vec<Step>, String> {
        let Some((challenge, keys)) = self.awaited.take() else { return Ok(Vec::new()) };
        let response: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        let sealed = response["Challenge"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        if sealed.and_then(|sealed| keys.decrypt(&sealed)) != Some(challenge) {
            return Err("Encryption challenge does not match".to_owned());
        }
        Ok(self.complete(Some(keys), ENCRYPTED))
    }

    fn complete(&mut self, keys: Option<SessionKeys>, message: &str) -> Vec<Step> {
        self.is_complete = true;
        let complete = json!({ "HandshakeTimeToComplete": 80_000_000, "CustomerMessage": message });
        vec![Step::Send(payload::HANDSHAKE_COMPLETE, complete.to_string().into_bytes()), Step::Complete(keys)]
    }
}

#[cfg(test)]
mod tests;
