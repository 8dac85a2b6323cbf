//! What the faults of sessions change in the answers of operations.

use serde_json::{Value, json};

use crate::demo::{
    faults::{Faults, SessionFault},
    kms,
    wire::{ApiError, Call, Service},
    world::World,
};

/// The reason of an agent in a container with a read-only file system.
const READ_ONLY: &str = "ExecuteCommandAgent process exited with exit code: 1";

/// The error with which a fault answers an operation that starts a session, if there is one.
pub(in super::super) fn refuse(call: &Call, faults: &mut Faults) -> Option<ApiError> {
    let operation = (call.service, call.operation.as_str());
    let mut refused = None;
    faults.strike_session(|fault| {
        let error = match (operation, fault) {
            ((Service::Ecs, "ExecuteCommand"), SessionFault::AgentPending | SessionFault::ReadOnlyRoot) => {
                ApiError::client("InvalidParameterException", crate::demo::ecs::EXEC_NOT_READY)
            }
            ((Service::Ecs, "ExecuteCommand"), SessionFault::Unreachable) => {
                let message = "The execute command failed due to an internal error. Try again later.";
                ApiError::client("TargetNotConnectedException", message)
            }
            (
                (Service::Ssm, "StartSession"),
                SessionFault::AgentPending | SessionFault::ReadOnlyRoot | SessionFault::Unreachable,
            ) => ApiError::client("TargetNotConnected", "The target is not connected."),
            _ => return false,
        };
        refused.get_or_insert(error);
        true
    });
    refused
}

/// Changes a successful answer.
pub(in super::super) fn adjust(call: &Call, answer: &mut Value, world: &World, faults: &mut Faults) {
    let operation = (call.service, call.operation.as_str());
    faults.strike_session(|fault| {
        match (operation, fault) {
            ((Service::Ecs, "DescribeClusters"), SessionFault::Encrypted) => {
                for cluster in items(answer, "clusters") {
                    if let Some(configuration) = cluster.pointer_mut("/configuration/executeCommandConfiguration") {
                        configuration["kmsKeyId"] = kms::exec_key(world).into();
                    }
                }
            }
            ((Service::Ecs, "DescribeTasks"), SessionFault::AgentPending) => {
                agents(answer, |agent| *agent = json!({ "name": "ExecuteCommandAgent", "lastStatus": "PENDING" }));
            }
            ((Service::Ecs, "DescribeTasks"), SessionFault::ReadOnlyRoot) => agents(answer, |agent| {
                *agent = json!({ "name": "ExecuteCommandAgent", "lastStatus": "STOPPED", "reason": READ_ONLY });
            }),
            ((Service::Ecs, "DescribeTaskDefinition"), SessionFault::ReadOnlyRoot) => {
                for container in items(&mut answer["taskDefinition"], "containerDefinitions") {
                    container["readonlyRootFilesystem"] = true.into();
                }
            }
            ((Service::Ssm, "ResumeSession"), SessionFault::NoToken) => {
                answer["TokenValue"] = "".into();
                return true;
            }
            _ => {}
        }
        // The others are states of the account, not events.
        false
    });
}

/// Changes the agents of running containers.
fn agents(answer: &mut Value, change: impl Fn(&mut Value)) {
    let containers = items(answer, "tasks").flat_map(|task| items(task, "containers"));
    for container in containers.filter(|container| container["lastStatus"] == "RUNNING") {
        items(container, "managedAgents").for_each(&change);
    }
}

fn items<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}
