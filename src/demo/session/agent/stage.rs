//! How a session begins: the handshake, if there is one, then the program.

use std::time::Duration;

use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use super::{
    super::{
        Program,
        frame::{Frame, payload},
        handshake::{Context, Handshake, Request, Step},
        port, shell,
    },
    Agent, ERROR, Pipes,
};
use crate::demo::{Endpoint, faults::SessionFault, kms, world::Rng};

/// How long the agent waits for each answer of a handshake.
const PATIENCE: Duration = Duration::from_secs(15);
const AGENT_VERSION: &str = "3.3.3050.0";
/// Agents older than this carry one connection at a time.
const MULTIPLEXES: [u32; 4] = [3, 0, 196, 0];

/// How far a session is.
pub(super) enum Stage {
    /// The agent starts at this time.
    Starting(Instant, Pipes),
    ShakingHands(Box<Handshake>, Pipes, Instant),
    Running,
    Over,
}

impl Stage {
    pub(super) fn new(endpoint: &Endpoint, pipes: Pipes) -> Self {
        let mut delay = Duration::ZERO;
        endpoint.strike_session(|fault| match fault {
            SessionFault::LateHandshake(late) => {
                delay = *late;
                true
            }
            _ => false,
        });
        Self::Starting(Instant::now() + delay, pipes)
    }
}

impl Agent {
    /// Goes on to the next stage when it is time.
    pub(super) fn advance(&mut self, programs: &mut JoinSet<()>) {
        let now = Instant::now();
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Starting(at, pipes) if now >= at && !self.lost => self.start(pipes, programs, now),
            Stage::ShakingHands(handshake, pipes, until) if now >= until => {
                self.fail(handshake.timeout());
                Stage::ShakingHands(handshake, pipes, until)
            }
            Stage::ShakingHands(handshake, pipes, _) if handshake.is_complete() => {
                self.run_program(handshake.agent_version(), pipes, programs)
            }
            stage => stage,
        };
    }

    fn start(&mut self, pipes: Pipes, programs: &mut JoinSet<()>, now: Instant) -> Stage {
        let request = self.handshake_request();
        let needs_handshake = request.session_type == "Port" || request.kms_key.is_some() || request.unknown_action;
        if !needs_handshake {
            return self.run_program(&request.agent_version, pipes, programs);
        }
        let handshake = Handshake::new(request, Rng::stream(self.ids.next(), "handshake"));
        self.send(payload::HANDSHAKE_REQUEST, handshake.request());
        Stage::ShakingHands(Box::new(handshake), pipes, now + PATIENCE)
    }

    fn handshake_request(&self) -> Request {
        let target = self.target;
        let (session_type, properties) = match &self.program {
            Program::Command(_) => ("InteractiveCommands", Value::Null),
            Program::Port(port) => ("Port", port.properties.clone()),
        };
        let mut request = Request {
            agent_version: AGENT_VERSION.to_owned(),
            session_type: session_type.to_owned(),
            properties,
            session_id: self.session_id.clone(),
            target: self.endpoint.with(|world| target.name(world)).unwrap_or_default(),
            ..Request::default()
        };
        let is_command = matches!(self.program, Program::Command(_));
        let key = self.endpoint.with(|world| kms::exec_key(world));
        self.endpoint.strike_session(|fault| {
            match fault {
                SessionFault::Encrypted if is_command => {
                    request.kms_key = Some(key.clone());
                    // It is a setting of the account, not an event.
                    return false;
                }
                SessionFault::WrongChallenge => request.wrong_challenge = true,
                SessionFault::UnknownAction => request.unknown_action = true,
                SessionFault::AgentVersion(version) => request.agent_version.clone_from(version),
                SessionFault::CustomerMessage(message) => request.message.clone_from(message),
                _ => return false,
            }
            true
        });
        request
    }

    fn run_program(&self, agent_version: &str, pipes: Pipes, programs: &mut JoinSet<()>) -> Stage {
        let target = self.target;
        match self.program.clone() {
            Program::Command(command) => {
                let environment = self.endpoint.with(|world| shell::Environment::of_target(world, target));
                programs.spawn(shell::run(command, environment, pipes));
            }
            Program::Port(forward) => {
                let multiplexed = forward.properties["type"] == "LocalPortForwarding" && multiplexes(agent_version);
                programs.spawn(port::run(forward.destination, multiplexed, pipes));
            }
        }
        Stage::Running
    }

    /// Passes stream data to the handshake; false if there is none.
    pub(super) fn take_handshake(&mut self, frame: &Frame) -> bool {
        let endpoint = self.endpoint.clone();
        let decrypt = move |blob: &[u8], context: &Context| endpoint.decrypt_for_agent(blob, context);
        let Stage::ShakingHands(handshake, _, until) = &mut self.stage else { return false };
        let steps = handshake.receive(frame.payload_type, &frame.payload, &decrypt);
        *until = if steps.is_empty() { *until } else { Instant::now() + PATIENCE };
        for step in steps {
            match step {
                Step::Send(payload_type, payload) => self.send(payload_type, payload),
                Step::Complete(keys) => self.keys = keys,
                Step::Fail(reason) => self.fail(&reason),
            }
        }
        true
    }

    fn fail(&mut self, reason: &str) {
        self.ended = Some(format!("{ERROR}Encountered error while initiating handshake. {reason}"));
    }
}

/// Returns whether an agent of this version carries several connections at once.
fn multiplexes(version: &str) -> bool {
    let numbers: Option<Vec<u32>> = version.split('.').map(|number| number.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.len() == 4 && numbers.as_slice() > MULTIPLEXES.as_slice())
}
