//! Sessions in containers: what Systems Manager keeps of them, and the gateway through which a client reaches the agent.
//!
//! ```text
//!  ExecuteCommand, StartSession ──► Sessions ── token ──► client ── websocket ──► gateway ──► agent ──► shell │ port
//! ```
//!
//! An agent outlives the connections of its client: after a cut the client gets another token with ResumeSession, and the
//! stream continues where it was.

mod agent;
mod answers;
mod api;
mod channel;
mod frame;
mod gateway;
mod handshake;
mod link;
mod port;
mod shell;
mod smux;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::mpsc;

pub(super) use answers::{adjust, refuse};
pub use api::call;
pub(super) use gateway::{PATH, upgrade};

use super::world::{TaskId, World};
use agent::Mail;

const TOKEN_CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ID_CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The most sessions that a container can have at once; the agent leaves others unanswered.
const MOST_SESSIONS: usize = 2;

/// The sessions of an account that have not ended, by id.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: BTreeMap<String, Session>,
    /// The files of the containers that had sessions.
    files: BTreeMap<Target, shell::Files>,
}

#[derive(Debug)]
struct Session {
    /// World time when it was created, in milliseconds since the Unix epoch.
    started_ms: i64,
    target: Target,
    program: Program,
    /// Valid for one connection.
    token: Option<String>,
    /// The client of the first connection; only it may resume the session.
    client: Option<String>,
    /// The agent; `None` before the first connection.
    agent: Option<mpsc::UnboundedSender<Mail>>,
}

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A container, by its index in the task.
    Container { task: TaskId, container: usize },
    /// A container instance, by its index.
    Host(usize),
}

impl Target {
    /// Returns whether the agent in the container is running and reachable.
    pub(crate) fn is_connected(self, world: &World) -> bool {
        match self {
            Self::Container { task, container } => world.tasks.get(&task).is_some_and(|task| {
                let reachable = task.site.instance.is_none_or(|instance| world.instances[instance].agent_connected);
                reachable && task.takes_exec(container)
            }),
            Self::Host(instance) => world.instances.get(instance).is_some_and(|instance| instance.agent_connected),
        }
    }

    /// Its name for Systems Manager: `ecs:CLUSTER_TASK_RUNTIME`, or the id of the instance.
    fn name(self, world: &World) -> Option<String> {
        match self {
            Self::Container { task, container } => {
                let task = world.tasks.get(&task)?;
                let cluster = &world.clusters[task.cluster].name;
                Some(format!("ecs:{cluster}_{}_{}", task.id, task.runtime_id(container)?))
            }
            Self::Host(instance) => Some(world.instances.get(instance)?.ec2_id.clone()),
        }
    }

    /// The container or instance of that name.
    fn find(world: &World, name: &str) -> Option<Self> {
        let Some(container) = name.strip_prefix("ecs:") else {
            return world.instances.iter().position(|instance| instance.ec2_id == name).map(Self::Host);
        };
        let id = container.split('_').rev().nth(1)?;
        let task = world.tasks.get(&TaskId::parse(id)?)?;
        let targets = (0..task.containers.len()).map(|container| Self::Container { task: task.id, container });
        targets.into_iter().find(|target| target.name(world).as_deref() == Some(name))
    }

    /// The task of a container.
    fn task(self) -> Option<TaskId> {
        match self {
            Self::Container { task, .. } => Some(task),
            Self::Host(_) => None,
        }
    }
}

/// What a session runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// A command line on a pseudo terminal.
    Command(String),
    /// Connections to a port.
    Port(PortForward),
}

/// What a port session was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortForward {
    destination: port::Destination,
    /// What the agent tells the client about it.
    properties: Value,
}

/// What a client needs to connect.
pub(crate) struct Access {
    pub(crate) session_id: String,
    pub(crate) stream_url: String,
    pub(crate) token: String,
}

/// Creates a session, whose id starts with `prefix`.
pub(crate) fn start(world: &mut World, prefix: &str, target: Target, program: Program) -> Access {
    let session_id = format!("{prefix}-{}", world.ids.text(26, ID_CHARACTERS));
    let session = Session { started_ms: world.now_ms, target, program, token: None, client: None, agent: None };
    world.sessions.by_id.insert(session_id.clone(), session);
    grant(world, session_id)
}

/// Gives a session another token.
fn grant(world: &mut World, session_id: String) -> Access {
    let token = world.ids.text(280, TOKEN_CHARACTERS);
    if let Some(session) = world.sessions.by_id.get_mut(&session_id) {
        session.token = Some(token.clone());
    }
    let stream_url = format!(
        "wss://ssmmessages.{}.amazonaws.com{PATH}{session_id}?role=publish_subscribe&cell-number=AAEAAZ+b/c=",
        world.region
    );
    Access { session_id, stream_url, token }
}

/// Makes the stream URL of an answer lead to `host`, to which the request came.
pub(super) fn lead_to(host: &str, answer: &mut Value) {
    let url = match answer.pointer_mut("/session/streamUrl") {
        Some(url) => Some(url),
        None => answer.get_mut("StreamUrl"),
    };
    let Some(url) = url else { return };
    let path = url.as_str().and_then(|url| url.split_once(PATH)).map(|(_, rest)| format!("ws://{host}{PATH}{rest}"));
    if let Some(path) = path {
        *url = json!(path);
    }
}

/// A client that connects to a session.
struct Admission {
    agent: mpsc::UnboundedSender<Mail>,
    /// What to start first, on the first connection.
    start: Option<(Target, Program, mpsc::UnboundedReceiver<Mail>)>,
    /// The container has as many sessions as it may have.
    is_full: bool,
}

impl Sessions {
    /// Returns whether a session exists and has not ended.
    fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Checks a client's token, which is used up by that, and its id.
    fn admit(&mut self, id: &str, token: &str, client: &str) -> Option<Admission> {
        let target = self.by_id.get(id)?.target;
        let running = self.by_id.values().filter(|session| session.target == target && session.agent.is_some()).count();
        let session = self.by_id.get_mut(id)?;
        session.token.take_if(|valid| valid == token)?;
        if session.client.get_or_insert_with(|| client.to_owned()) != client {
            return None;
        }
        if let Some(agent) = &session.agent {
            return Some(Admission { agent: agent.clone(), start: None, is_full: false });
        }
        let (agent, mail) = mpsc::unbounded_channel();
        session.agent = Some(agent.clone());
        let start = Some((session.target, session.program.clone(), mail));
        Some(Admission { agent, start, is_full: running >= MOST_SESSIONS })
    }

    /// The files of a container; at first those of its image.
    fn files(&mut self, target: Target, of_image: impl FnOnce() -> shell::Files) -> shell::Files {
        self.files.entry(target).or_insert_with(of_image).clone()
    }

    /// Forgets a session; its agent, if it runs, closes the channel.
    fn end(&mut self, id: &str) {
        let agent = self.by_id.remove(id).and_then(|session| session.agent);
        if let Some(agent) = agent {
            // An error: the agent has ended by itself.
            let _ = agent.send(Mail::Terminate);
        }
    }
}

#[cfg(test)]
mod tests;
