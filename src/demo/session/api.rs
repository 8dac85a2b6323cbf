//! The operations of Systems Manager that concern sessions.

use serde_json::{Value, json};

use super::{Access, Program, Target, grant, start};
use crate::demo::{
    wire::ApiError,
    world::{TaskId, World},
};

type Answer = Result<Value, ApiError>;

/// Answers one Systems Manager operation; `None` if there is no such operation.
pub fn call(world: &mut World, operation: &str, input: &Value) -> Option<Answer> {
    Some(match operation {
        "ResumeSession" => resume(world, input),
        "StartSession" => start_session(world, input),
        "TerminateSession" => terminate(world, input),
        _ => return None,
    })
}

fn start_session(world: &mut World, input: &Value) -> Answer {
    let name = input["Target"].as_str().unwrap_or_default();
    let target = find_target(world, name).filter(|target| target.is_connected(world));
    let target = target.ok_or_else(|| ApiError::client("TargetNotConnected", format!("{name} is not connected.")))?;
    let parameter = |name: &str| input["Parameters"][name][0].as_str().map(str::to_owned);
    let port = || parameter("portNumber").unwrap_or_else(|| "80".to_owned());
    let program = match input["DocumentName"].as_str() {
        None | Some("SSM-SessionManagerRunShell") => Program::Command("sh".to_owned()),
        Some("AWS-StartInteractiveCommand") => Program::Command(parameter("command").unwrap_or_default()),
        Some("AWS-StartPortForwardingSession") => Program::Port { host: String::new(), port: port() },
        Some("AWS-StartPortForwardingSessionToRemoteHost") => {
            let host = parameter("host").ok_or_else(|| {
                ApiError::client("ValidationException", "Parameter host is required by the document.")
            })?;
            Program::Port { host, port: port() }
        }
        Some(other) => {
            let message = format!("Document with name {other} does not exist.");
            return Err(ApiError::client("InvalidDocument", message));
        }
    };
    Ok(access_json(start(world, "demo", target, program)))
}

/// The container of `ecs:CLUSTER_TASK_RUNTIME-ID`.
fn find_target(world: &World, name: &str) -> Option<Target> {
    // Names of clusters may contain underscores, the other parts don't.
    let mut parts = name.strip_prefix("ecs:")?.rsplitn(3, '_');
    let (runtime_id, task, cluster) = (parts.next()?, TaskId::parse(parts.next()?)?, parts.next()?);
    let found = world.tasks.get(&task).filter(|task| world.clusters[task.cluster].name == cluster)?;
    let container = (0..found.containers.len()).find(|at| found.runtime_id(*at).as_deref() == Some(runtime_id))?;
    Some(Target { task, container })
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
