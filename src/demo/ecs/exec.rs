//! `ExecuteCommand`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer,
    input::{self, invalid, parse},
    tasks,
};
use crate::demo::{
    session::{self, Program, Target},
    wire::ApiError,
    world::{Status, World},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Execute {
    cluster: Option<String>,
    container: Option<String>,
    command: String,
    interactive: bool,
    task: String,
}

/// AWS's message, with its typographic apostrophe.
pub(in crate::demo) const NOT_READY: &str = "The execute command failed because execute command was not enabled when the task was run or the \
                         execute command agent isn\u{2019}t running. Wait and try again or run a new task with execute command \
                         enabled and try again.";

pub(super) fn execute(world: &mut World, input: &Value) -> Answer {
    let request: Execute = parse(input)?;
    let cluster = input::cluster(world, request.cluster.as_deref())?;
    if request.command.is_empty() {
        return Err(invalid("Command cannot be empty."));
    }
    if !request.interactive {
        return Err(invalid("Interactive is the only mode supported currently."));
    }
    let task = tasks::find(world, cluster, &request.task).filter(|task| task.status < Status::Stopped);
    let task = task.ok_or_else(|| invalid("The referenced task was not found."))?;
    let specs = &task.definition.containers;
    let container = match request.container.as_deref() {
        Some(name) => specs.iter().position(|spec| spec.name == name),
        None if specs.len() == 1 => Some(0),
        None => {
            return Err(invalid("The container name must be specified because the task has more than one container."));
        }
    };
    let container = container.ok_or_else(|| invalid("The container was not found in the task."))?;
    if !task.takes_exec(container) {
        return Err(invalid(NOT_READY));
    }
    if task.site.instance.is_some_and(|instance| !world.instances[instance].agent_connected) {
        let message = "The execute command failed due to an internal error. Try again later.";
        return Err(ApiError::client("TargetNotConnectedException", message));
    }
    let target = Target::Container { task: task.id, container };
    let described = tasks::task_json(world, task);
    let name = specs[container].name.clone();
    let task_arn = world.task_arn(task);
    let access = session::start(world, "ecs-execute-command", target, Program::Command(request.command));
    Ok(json!({
        "clusterArn": world.cluster_arn(cluster),
        "containerArn": described["containers"][container]["containerArn"],
        "containerName": name,
        "interactive": true,
        "session": {
            "sessionId": access.session_id,
            "streamUrl": access.stream_url,
            "tokenValue": access.token,
        },
        "taskArn": task_arn,
    }))
}
