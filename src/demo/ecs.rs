//! The ECS operations: limits, pages, failures and errors as in AWS.

mod account;
mod capacity;
mod clusters;
mod deployments;
mod exec;
mod input;
mod instances;
mod json;
mod paging;
mod run;
mod services;
mod tags;
mod task_sets;
mod taskdefs;
mod tasks;
mod update;

use serde_json::Value;

pub(super) use exec::NOT_READY as EXEC_NOT_READY;

use super::{wire::ApiError, world::World};

type Answer = Result<Value, ApiError>;
type Operation = fn(&mut World, &Value) -> Answer;

/// Every operation, by name.
const OPERATIONS: [(&str, Operation); 33] = [
    ("ContinueServiceDeployment", deployments::resume),
    ("DeregisterTaskDefinition", taskdefs::deregister),
    ("DescribeCapacityProviders", capacity::describe),
    ("DescribeClusters", clusters::describe),
    ("DescribeContainerInstances", instances::describe),
    ("DescribeServiceDeployments", deployments::describe),
    ("DescribeServiceRevisions", deployments::describe_revisions),
    ("DescribeServices", services::describe),
    ("DescribeTaskDefinition", taskdefs::describe),
    ("DescribeTaskSets", task_sets::describe),
    ("DescribeTasks", tasks::describe),
    ("ExecuteCommand", exec::execute),
    ("GetTaskProtection", tasks::protection),
    ("ListAccountSettings", account::settings),
    ("ListAttributes", instances::attributes),
    ("ListClusters", clusters::list),
    ("ListContainerInstances", instances::list),
    ("ListServiceDeployments", deployments::list),
    ("ListServices", services::list),
    ("ListServicesByNamespace", services::list_by_namespace),
    ("ListTagsForResource", tags::list),
    ("ListTaskDefinitionFamilies", taskdefs::families),
    ("ListTaskDefinitions", taskdefs::list),
    ("ListTasks", tasks::list),
    ("RegisterTaskDefinition", taskdefs::register),
    ("RunTask", run::run),
    ("StopServiceDeployment", deployments::stop),
    ("StopTask", run::stop),
    ("TagResource", tags::set),
    ("UntagResource", tags::remove),
    ("UpdateContainerInstancesState", instances::update_state),
    ("UpdateService", update::service),
    ("UpdateTaskProtection", tasks::protect),
];

/// Answers one ECS operation; `None` if there is no such operation.
pub fn call(world: &mut World, operation: &str, input: &Value) -> Option<Result<Value, ApiError>> {
    let (_, answer) = OPERATIONS.iter().find(|(name, _)| *name == operation)?;
    Some(answer(world, input))
}

#[cfg(test)]
mod tests;
