//! Lifecycle hooks of a rollout: functions at work, and pauses that wait for somebody.

use aws_sdk_ecs::types::DeploymentLifecycleHookDetail;
use jiff::Timestamp;
use serde::Serialize;

use crate::resource::format::{duration, timestamp};

/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookDetail.html>
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    pub hook_id: Option<String>,
    /// `AWS_LAMBDA`, `PAUSE`.
    pub target_type: Option<String>,
    /// Of its function.
    pub target_arn: Option<String>,
    /// `AWAITING_ACTION`, `IN_PROGRESS`, `SUCCEEDED`, `FAILED`, …
    pub status: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// What AWS does when nobody decides: `ROLLBACK` or `CONTINUE`.
    pub timeout_action: Option<String>,
}

impl Hook {
    pub(super) fn from_sdk(hook: DeploymentLifecycleHookDetail) -> Self {
        Self {
            hook_id: hook.hook_id,
            target_type: hook.target_type.map(|kind| kind.as_str().to_owned()),
            target_arn: hook.target_arn,
            status: hook.status.map(|status| status.as_str().to_owned()),
            expires_at: timestamp(hook.expires_at.as_ref()),
            timeout_action: hook.timeout_action.map(|action| action.as_str().to_owned()),
        }
    }

    /// The ARN of its function, or its id.
    pub fn name(&self) -> Option<&str> {
        self.target_arn.as_deref().or(self.hook_id.as_deref())
    }

    /// What a pause waits for, and what happens when nobody decides in time.
    pub fn advice(&self, now: Timestamp) -> String {
        let left = self.expires_at.map(|at| duration(at.as_second() - now.as_second()));
        let timeout = self.on_timeout();
        match left {
            Some(left) => {
                format!("waiting for approval: continue it or roll it back; {timeout} automatically in {left}")
            }
            None => "waiting for approval: continue it or roll it back".to_owned(),
        }
    }

    /// What happens when nobody decides.
    pub fn on_timeout(&self) -> &'static str {
        match self.timeout_action.as_deref() {
            Some("CONTINUE") => "continues",
            _ => "rolls back",
        }
    }
}
