//! Scaling: the desired count of a service.

use std::{cmp::Ordering, sync::Arc};

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{
        Row, View,
        evidence::{AutoScaling, Evidence, ScalingLimits},
        format::count_tasks,
    },
};

pub static SCALE: ChangeKind = ChangeKind {
    name: "scale",
    title: "Scale",
    button: "scale",
    starts_rollout: false,
    make,
    reports_progress: false,
    evidence: Some(read_auto_scaling),
};

/// Maximum number of tasks of a service.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MOST: i32 = 5_000;
/// Maximum number of services in one call to Application Auto Scaling.
const BATCH: usize = 50;

fn make(row: &dyn Row, count: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    let service = service_of(row, known)?;
    let name = &service.service_name;
    if service.scheduling_strategy.as_deref() == Some("DAEMON") {
        return Err(format!("{name} is a daemon service: it runs one task on every container instance"));
    }
    let now = service.desired_count;
    let count = read_count(count, now)?;
    if count == now {
        return Err(format!("{name} has {} already", count_tasks(now)));
    }
    let target = service_target(service);
    let auto_scaling = known.evidence.map(|evidence| {
        let unread = || AutoScaling::Unknown("its auto scaling could not be read".to_owned());
        evidence.auto_scaling.get(&target.arn).cloned().unwrap_or_else(unread)
    });
    Ok(Arc::new(Scale { target, from: now, to: count, running: service.running_count, auto_scaling }))
}

/// Parses a count of tasks: `4`, or relative to `now`: `+1`, `-2`.
///
/// # Errors
///
/// A message about what is wrong.
pub(super) fn read_count(text: &str, now: i32) -> Result<i32, String> {
    let text = text.trim();
    let wrong = || format!("invalid count `{text}`; expected a number such as 4, +1 or -2");
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let given: i32 =
        digits.parse().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit())).ok_or_else(wrong)?;
    let count = match text.as_bytes().first() {
        Some(b'+') => now.saturating_add(given),
        Some(b'-') => now.saturating_sub(given),
        _ => given,
    };
    match count {
        ..0 => Err(format!("`{text}` would leave {count} tasks; there are {now}")),
        0..=MOST => Ok(count),
        _ => Err(format!("{count} tasks are too many; a service has at most {MOST}")),
    }
}

/// Checks the form of a count, before the current one is known.
///
/// # Errors
///
/// A message about what is wrong.
pub fn check_count(text: &str) -> Result<(), String> {
    read_count(text, MOST / 2).map(drop)
}

/// Reads the auto scaling of services: one call for fifty of them.
fn read_auto_scaling<'a>(
    clients: &'a Clients,
    targets: &'a [ChangeTarget],
    _: &'a Known<'a>,
) -> BoxFuture<'a, Evidence> {
    async move {
        let mut evidence = Evidence::default();
        for targets in targets.chunks(BATCH) {
            let ids = targets.iter().map(resource_id).collect();
            let request = clients
                .auto_scaling()
                .describe_scalable_targets()
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .set_resource_ids(Some(ids));
            let answer = clients.call(operation::DESCRIBE_SCALABLE_TARGETS, request.send()).await;
            let answer = answer.map(|answer| answer.scalable_targets.unwrap_or_default());
            evidence.auto_scaling.extend(targets.iter().map(|target| {
                let auto_scaling = match &answer {
                    Ok(registered) => auto_scaling_of(target, registered),
                    Err(failure) => AutoScaling::Unknown(failure.describe_gap("its auto scaling could not be read")),
                };
                (target.arn.clone(), auto_scaling)
            }));
        }
        evidence
    }
    .boxed()
}

/// The name of a service in Application Auto Scaling.
fn resource_id(target: &ChangeTarget) -> String {
    format!("service/{}/{}", target.cluster, target.name)
}

fn auto_scaling_of(target: &ChangeTarget, registered: &[ScalableTarget]) -> AutoScaling {
    let id = resource_id(target);
    let Some(own) = registered.iter().find(|own| own.resource_id == id) else {
        return AutoScaling::Unmanaged;
    };
    let suspended = own.suspended_state.as_ref();
    AutoScaling::Managed(ScalingLimits {
        min: own.min_capacity,
        max: own.max_capacity,
        scale_in_suspended: suspended.and_then(|state| state.dynamic_scaling_in_suspended).unwrap_or_default(),
        scale_out_suspended: suspended.and_then(|state| state.dynamic_scaling_out_suspended).unwrap_or_default(),
    })
}

/// What auto scaling does after the count is set to `to`. It corrects a count outside its limits not at once, but in its
/// next activity.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html>
fn describe_auto_scaling(auto_scaling: Option<&AutoScaling>, to: i32) -> String {
    let limits = match auto_scaling {
        None => return "reading its auto scaling…".to_owned(),
        Some(AutoScaling::Unmanaged) => return "auto scaling does not manage the service".to_owned(),
        Some(AutoScaling::Unknown(gap)) => return gap.clone(),
        Some(AutoScaling::Managed(limits)) => limits,
    };
    let ScalingLimits { min, max, scale_in_suspended, scale_out_suspended } = *limits;
    let keeps = format!("auto scaling keeps it between {min} and {max}");
    let back = limits.nearest(to);
    match (to.cmp(&back), scale_in_suspended, scale_out_suspended) {
        (Ordering::Greater, true, _) => format!("{keeps}, but scaling in is suspended: a count of {to} stays"),
        (Ordering::Less, _, true) => format!("{keeps}, but scaling out is suspended: a count of {to} stays"),
        (Ordering::Equal, true, true) => format!("{keeps}, and is suspended: a count of {to} stays"),
        (Ordering::Equal, ..) => format!("{keeps}, and may change the count again"),
        _ => format!("{keeps}: its next scaling activity brings a count of {to} back to {back}"),
    }
}

#[derive(Debug)]
struct Scale {
    target: ChangeTarget,
    from: i32,
    to: i32,
    running: i32,
    /// Absent until it has been read.
    auto_scaling: Option<AutoScaling>,
}

impl Scale {
    /// The limit of auto scaling that the count is beyond.
    fn limit(&self) -> Option<i32> {
        let Some(AutoScaling::Managed(limits)) = &self.auto_scaling else { return None };
        Some(limits.nearest(self.to)).filter(|limit| *limit != self.to)
    }
}

impl Change for Scale {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        match self.to {
            0 => Risk::Destructive,
            to if to < self.from => Risk::Disruptive,
            _ => Risk::Reversible,
        }
    }

    fn consequences(&self) -> Vec<String> {
        let Self { from, to, running, .. } = *self;
        let first = match to - running {
            more @ 1.. => format!("from {from} to {to}: ECS starts {}", count_tasks(more)),
            0 => format!("from {from} to {to}: that number runs already"),
            fewer => format!("from {from} to {to}: ECS stops {} of {running} running", count_tasks(-fewer)),
        };
        let mut says = vec![first];
        if to == 0 {
            says.push("no task of the service will run".to_owned());
        }
        says.push(describe_auto_scaling(self.auto_scaling.as_ref(), to));
        says
    }

    fn basis(&self) -> Vec<String> {
        vec![self.from.to_string()]
    }

    /// Only the count: other parameters would require permission to pass roles.
    fn api_call(&self) -> ApiCall {
        let ChangeTarget { name, cluster, .. } = &self.target;
        input(
            operation::UPDATE_SERVICE,
            [("cluster", json!(cluster)), ("service", json!(name)), ("desiredCount", json!(self.to))],
        )
    }

    fn touches(&self) -> Vec<View> {
        service_views(&self.target)
    }

    fn progress(&self, known: &Known<'_>) -> ChangeProgress {
        let ChangeTarget { cluster, name, .. } = &self.target;
        match known.service(cluster, name) {
            // ECS may still show the count from before the change.
            Some(service) if self.limit() == Some(service.desired_count) && service.desired_count != self.from => {
                ChangeProgress::Failed(format!("auto scaling has brought it back to {}", service.desired_count))
            }
            Some(service) if service.desired_count != self.to => ChangeProgress::UnderWay("accepted".to_owned()),
            Some(service) if service.running_count == self.to && service.pending_count == 0 => {
                let limit = self.limit().map(|limit| format!(" (auto scaling's limit is {limit})")).unwrap_or_default();
                ChangeProgress::Settled(format!("{} run{limit}", count_tasks(self.to)))
            }
            Some(service) => ChangeProgress::UnderWay(service.counts()),
            None => ChangeProgress::UnderWay("not loaded yet".to_owned()),
        }
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { name, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_service().cluster(cluster).service(name).desired_count(self.to);
        let to = self.to;
        async move {
            clients.call(operation::UPDATE_SERVICE, request.send()).await?;
            Ok(format!("{} desired now", count_tasks(to)))
        }
        .boxed()
    }
}
