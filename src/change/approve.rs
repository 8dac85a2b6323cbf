//! Approving a rollout that waits at a lifecycle hook, so that it continues.

use std::sync::Arc;

use aws_sdk_ecs::types::DeploymentLifecycleHookAction;
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, rollout_progress, service_of,
    service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Row, View,
        format::in_words,
        rollout::{Rollout, RolloutRevision},
    },
};

pub static APPROVE: ChangeKind = ChangeKind {
    name: "approve",
    title: "Approve the rollout",
    button: "approve",
    starts_rollout: true,
    make,
    reports_progress: false,
    evidence: None,
};

fn make(row: &dyn Row, _: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let service = service_of(row, known)?;
    let waiting = service.rollout.as_ref().and_then(|rollout| Some((rollout, rollout.pause()?)));
    let (rollout, pause) =
        waiting.ok_or_else(|| format!("no rollout of {} is waiting for approval", service.service_name))?;
    let hook = pause.hook_id.clone().ok_or("AWS returned no id of the waiting hook")?;
    let deployment = rollout.service_deployment_arn.clone();
    let consequences = consequences(rollout, pause.on_timeout());
    Ok(Arc::new(Approve {
        target: service_target(service),
        deployment,
        hook,
        consequences,
        revision: service.revision().to_owned(),
    }))
}

fn consequences(rollout: &Rollout, otherwise: &str) -> Vec<String> {
    let name =
        |revision: Option<&RolloutRevision>| revision.map(|revision| revision.name().to_owned()).unwrap_or_default();
    let stage = rollout.lifecycle_stage.as_deref().map(in_words).unwrap_or_default();
    let mut says =
        vec![format!("the rollout continues after {stage}; without a decision it {otherwise} automatically")];
    if let Some(percent) = rollout.target.as_ref().and_then(|target| target.production_weight) {
        let (new, old) = (name(rollout.target.as_ref()), name(rollout.sources.first()));
        says.push(format!("{new} gets {percent} % of the production traffic now, {old} the rest"));
    }
    says
}

/// Answers the waiting hook with CONTINUE.
#[derive(Debug)]
struct Approve {
    target: ChangeTarget,
    /// ARN of the service deployment.
    deployment: String,
    /// Id of the hook.
    hook: String,
    consequences: Vec<String>,
    /// The revision of the rollout.
    revision: String,
}

impl Change for Approve {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        self.consequences.clone()
    }

    fn api_call(&self) -> ApiCall {
        input(
            operation::CONTINUE_SERVICE_DEPLOYMENT,
            [
                ("serviceDeploymentArn", json!(self.deployment)),
                ("hookId", json!(self.hook)),
                ("action", json!("CONTINUE")),
            ],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        rollout_progress(&self.target, known, "", Some(&self.revision))
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let request = clients.ecs.continue_service_deployment().service_deployment_arn(&self.deployment);
        let request = request.hook_id(&self.hook).action(DeploymentLifecycleHookAction::Continue);
        async move {
            clients.call(operation::CONTINUE_SERVICE_DEPLOYMENT, request.send()).await?;
            Ok("the rollout continues".to_owned())
        }
        .boxed()
    }
}
