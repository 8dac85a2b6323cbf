//! The operations of Systems Manager that concern sessions.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Access, PortForward, Program, Target, grant, port::Destination, start};
use crate::demo::{
    sts,
    wire::ApiError,
    world::{World, last_part},
};

type Answer = Result<Value, ApiError>;

/// Answers one Systems Manager operation; `None` if there is no such operation.
pub fn call(world: &mut World, operation: &str, input: &Value) -> Option<Answer> {
    Some(match operation {
        "DescribeSessions" => Ok(describe(world, input)),
        "ResumeSession" => resume(world, input),
        "StartSession" => start_session(world, input),
        "TerminateSession" => terminate(world, input),
        _ => return None,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Start {
    target: String,
    document_name: Option<String>,
    parameters: std::collections::BTreeMap<String, Vec<String>>,
}

fn start_session(world: &mut World, input: &Value) -> Answer {
    let request =
        Start::deserialize(input).map_err(|error| ApiError::client("SerializationException", error.to_string()))?;
    let not_connected = || ApiError::client("TargetNotConnected", format!("{} is not connected.", request.target));
    let target = Target::find(world, &request.target).ok_or_else(not_connected)?;
    let program = request.program(world, target)?;
    if !target.is_connected(world) {
        return Err(not_connected());
    }
    let caller = sts::caller_arn(&world.account_id);
    Ok(access_json(start(world, last_part(&caller), target, program)))
}

impl Start {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.first().map(String::as_str)
    }

    fn program(&self, world: &World, target: Target) -> Result<Program, ApiError> {
        let document = self.document_name.as_deref().unwrap_or("SSM-SessionManagerRunShell");
        let known: &[&str] = match document {
            "SSM-SessionManagerRunShell" => &[],
            "AWS-StartInteractiveCommand" => &["command"],
            "AWS-StartPortForwardingSession" => &["portNumber", "localPortNumber"],
            "AWS-StartPortForwardingSessionToRemoteHost" => &["host", "portNumber", "localPortNumber"],
            "AWS-StartSSHSession" => &["portNumber"],
            _ => {
                let message = format!("Document with name {document} does not exist.");
                return Err(ApiError::client("InvalidDocument", message));
            }
        };
        let invalid = |message: &str| ApiError::client("InvalidParameters", message);
        if self.parameters.keys().any(|name| !known.contains(&name.as_str())) {
            return Err(invalid("Parameters not defined in the document were provided."));
        }
        match document {
            "SSM-SessionManagerRunShell" => return Ok(Program::Command("sh".to_owned())),
            "AWS-StartInteractiveCommand" => {
                let command =
                    self.parameter("command").ok_or_else(|| invalid("Parameter \"command\" requires a value."))?;
                return Ok(Program::Command(command.to_owned()));
            }
            _ => {}
        }
        let is_ssh = document == "AWS-StartSSHSession";
        let port = self.parameter("portNumber").unwrap_or(if is_ssh { "22" } else { "80" });
        let number = port.parse().ok().filter(|number: &u16| *number > 0);
        let number = number.ok_or_else(|| invalid("Parameter \"portNumber\" has an invalid value."))?;
        let host = self.parameter("host");
        if document.ends_with("ToRemoteHost") && host.is_none() {
            return Err(invalid("Parameter \"host\" requires a value."));
        }
        let mut properties = json!({ "portNumber": port });
        if !is_ssh {
            properties["type"] = "LocalPortForwarding".into();
            properties["localPortNumber"] = self.parameter("localPortNumber").unwrap_or("0").into();
        }
        if let Some(host) = host {
            properties["host"] = host.into();
        }
        let specs = target.task().and_then(|task| world.tasks.get(&task)).map(|task| &task.definition.containers);
        let ports = specs.into_iter().flatten().flat_map(|spec| &spec.ports).map(|(port, _)| *port).collect();
        let destination = Destination { host: host.unwrap_or_default().to_owned(), port: number, listening: ports };
        Ok(Program::Port(PortForward { destination, properties }))
    }
}

/// The sessions that run; of those that have ended nothing is known.
fn describe(world: &World, input: &Value) -> Value {
    let caller = sts::caller_arn(&world.account_id);
    let is_active = input["State"] == "Active";
    let sessions: Vec<Value> = world
        .sessions
        .by_id
        .iter()
        .filter(|_| is_active)
        .map(|(id, session)| {
            // A container that has stopped has no name any more.
            json!({
                "SessionId": id,
                "Target": session.target.name(world).unwrap_or_default(),
                "Status": if session.agent.is_some() { "Connected" } else { "Connecting" },
                "StartDate": session.started_ms as f64 / 1000.0,
                "Owner": caller,
            })
        })
        .collect();
    json!({ "Sessions": sessions })
}

fn resume(world: &mut World, input: &Value) -> Answer {
    let id = session_id(input)?;
    if !world.sessions.contains(id) {
        return Err(ApiError::client("DoesNotExistException", format!("Session {id} does not exist.")));
    }
    Ok(access_json(grant(world, id.to_owned())))
}

/// Ends a session. As in AWS, a session that has ended before is no error.
fn terminate(world: &mut World, input: &Value) -> Answer {
    let id = session_id(input)?;
    world.sessions.end(id);
    Ok(json!({ "SessionId": id }))
}

fn access_json(access: Access) -> Value {
    json!({ "SessionId": access.session_id, "StreamUrl": access.stream_url, "TokenValue": access.token })
}

fn session_id(input: &Value) -> Result<&str, ApiError> {
    let message =
        "1 validation error detected: Value null at 'sessionId' failed to satisfy constraint: Member must not be null";
    input["SessionId"].as_str().ok_or_else(|| ApiError::client("ValidationException", message))
}
