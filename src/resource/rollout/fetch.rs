//! How rollouts come from AWS: listed by service, described with what their revisions consist of.

use std::{collections::HashMap, sync::Arc};

use aws_sdk_ecs::types::{ContainerImage, ServiceRevision};
use futures::{FutureExt, future::BoxFuture};

use super::{RevisionImage, Rollout};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    resource::{Batch, Cadence, Fetch, Page, Query, owned, present, service, strings},
};

/// Service revisions in one call, at most.
const REVISIONS: usize = 20;

pub(super) struct Rollouts;

impl Fetch for Rollouts {
    // A batch has as many targets, and mostly one source more: their revisions fit into one call.
    fn batch(&self) -> usize {
        10
    }

    fn cadence(&self) -> Cadence {
        Cadence { list: 30, visible: 15, moving: 5, sweep: 5 }
    }

    fn by_service(&self) -> bool {
        true
    }

    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>> {
        async move {
            let list = operation::LIST_SERVICE_DEPLOYMENTS;
            let Some(service) = &query.service else {
                let needed = "rollouts are listed by service: select a service first";
                return Err(Failure::local(list.name, FailureKind::Invalid, needed));
            };
            let request = aws.ecs.list_service_deployments().set_cluster(owned(&query.cluster));
            let request = request.service(&**service).max_results(100).set_next_token(token);
            let answer = aws.call(list, request.send()).await?;
            let briefs = present(list, answer.service_deployments)?;
            let arns = briefs.into_iter().filter_map(|brief| brief.service_deployment_arn).collect();
            Page::new(list, Some(arns), answer.next_token)
        }
        .boxed()
    }

    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        _: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>> {
        async move {
            let describe = operation::DESCRIBE_SERVICE_DEPLOYMENTS;
            let request = aws.ecs.describe_service_deployments();
            let request = request.set_service_deployment_arns(Some(strings(&ids)));
            let answer = aws.call(describe, request.send()).await?;
            let deployments = present(describe, answer.service_deployments)?;
            let mut rollouts: Vec<Rollout> = deployments.into_iter().filter_map(Rollout::from_sdk).collect();
            read_revisions(aws, &mut rollouts).await;
            Batch::new(describe, Some(rollouts), Some, answer.failures)
        }
        .boxed()
    }
}

/// Completes rollouts with what their revisions consist of. Without the permission they stay as they are.
async fn read_revisions(aws: &Clients, rollouts: &mut [Rollout]) {
    let mut arns: Vec<String> =
        rollouts.iter().flat_map(Rollout::revisions).map(|revision| revision.service_revision_arn.clone()).collect();
    arns.sort_unstable();
    arns.dedup();
    let mut found: HashMap<String, ServiceRevision> = HashMap::new();
    for chunk in arns.chunks(REVISIONS) {
        let request = aws.ecs.describe_service_revisions().set_service_revision_arns(Some(chunk.to_vec()));
        let Some(answer) = aws.optional(operation::DESCRIBE_SERVICE_REVISIONS, request.send()).await else { return };
        let revisions = answer.service_revisions.unwrap_or_default().into_iter();
        found.extend(revisions.filter_map(|revision| Some((revision.service_revision_arn.clone()?, revision))));
    }
    for revision in rollouts.iter_mut().flat_map(|rollout| rollout.target.iter_mut().chain(&mut rollout.sources)) {
        if let Some(described) = found.get(&revision.service_revision_arn) {
            revision.task_definition.clone_from(&described.task_definition);
            revision.images = described.container_images.iter().flatten().map(image).collect();
        }
    }
}

fn image(image: &ContainerImage) -> RevisionImage {
    RevisionImage {
        container: image.container_name.clone().unwrap_or_default(),
        image: image.image.clone(),
        digest: image.image_digest.clone(),
    }
}

/// Service deployments in one call, at most.
const BATCH: usize = 20;

/// Completes `services` with the rollouts that are under way, at most one call a batch. Without the permission they stay
/// as they are.
pub(crate) async fn complete(aws: &Clients, services: &mut [service::Service]) {
    let deploying = services.iter().filter(|service| service.deploying());
    let arns: Vec<String> = deploying.filter_map(|s| s.current_service_deployment.clone()).take(BATCH).collect();
    if arns.is_empty() {
        return;
    }
    let request = aws.ecs.describe_service_deployments().set_service_deployment_arns(Some(arns));
    let Some(answer) = aws.optional(operation::DESCRIBE_SERVICE_DEPLOYMENTS, request.send()).await else { return };
    for mut rollout in answer.service_deployments.unwrap_or_default().into_iter().filter_map(Rollout::from_sdk) {
        let same = |service: &&mut service::Service| {
            service.current_service_deployment.as_ref() == Some(&rollout.service_deployment_arn)
        };
        if let Some(service) = services.iter_mut().find(same) {
            rollout.take_names(&service.deployments);
            service.rollout = Some(Box::new(rollout));
        }
    }
}
