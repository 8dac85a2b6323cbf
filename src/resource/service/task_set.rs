//! Task sets: what CodeDeploy and other controllers roll out in place of deployments. They come with DescribeServices.

use aws_sdk_ecs::types::{ScaleUnit, TaskSet as Sdk};
use jiff::Timestamp;
use serde::Serialize;

use crate::resource::format::{amount, last_part, timestamp};

/// A task set of a service with the deployment controller `CODE_DEPLOY` or `EXTERNAL`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskSet {
    pub id: String,
    /// `PRIMARY`, `ACTIVE`, `DRAINING`.
    pub status: Option<String>,
    pub task_definition: Option<String>,
    /// The id of the deployment in CodeDeploy, or what another controller has set.
    pub external_id: Option<String>,
    /// `CODE_DEPLOY`, or what another controller has set.
    pub started_by: Option<String>,
    /// Its share of the desired count of the service: `50 %`.
    pub scale: Option<String>,
    /// Number of tasks by that share.
    pub computed_desired_count: i32,
    pub pending_count: i32,
    pub running_count: i32,
    /// `STEADY_STATE` or `STABILIZING`.
    pub stability_status: Option<String>,
    pub stability_status_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
}

impl TaskSet {
    pub(super) fn from_sdk(set: Sdk) -> Self {
        let scale = set.scale.map(|scale| match scale.unit {
            Some(ScaleUnit::Percent) | None => format!("{} %", scale.value),
            Some(unit) => format!("{} {}", scale.value, unit.as_str().to_lowercase()),
        });
        Self {
            id: set.id.unwrap_or_default(),
            status: set.status,
            task_definition: set.task_definition,
            external_id: set.external_id.filter(|id| !id.is_empty()),
            started_by: set.started_by.filter(|by| !by.is_empty()),
            scale,
            computed_desired_count: amount(set.computed_desired_count),
            pending_count: amount(set.pending_count),
            running_count: amount(set.running_count),
            stability_status: set.stability_status.map(|status| status.as_str().to_owned()),
            stability_status_at: timestamp(set.stability_status_at.as_ref()),
            created_at: timestamp(set.created_at.as_ref()),
        }
    }

    /// Task definition as `family:revision`.
    pub fn revision(&self) -> &str {
        self.task_definition.as_deref().map(last_part).unwrap_or_default()
    }

    /// Whether its tasks are not all up yet, or not all gone.
    pub fn stabilizing(&self) -> bool {
        self.stability_status.as_deref() == Some("STABILIZING")
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{Scale, StabilityStatus};

    use super::*;

    #[test]
    fn a_task_set_has_its_share_and_its_stability() {
        let scale = Scale::builder().value(50.0).unit(ScaleUnit::Percent).build();
        let set = Sdk::builder()
            .id("ecs-svc/1")
            .status("PRIMARY")
            .task_definition("arn:aws:ecs:eu-west-1:1:task-definition/web:5")
            .external_id("d-ABC")
            .computed_desired_count(2)
            .running_count(1)
            .stability_status(StabilityStatus::Stabilizing)
            .scale(scale)
            .build();
        let set = TaskSet::from_sdk(set);
        assert_eq!((set.scale.as_deref(), set.revision(), set.stabilizing()), (Some("50 %"), "web:5", true));
        assert_eq!(TaskSet::from_sdk(Sdk::builder().external_id("").build()).external_id, None);
    }
}
