//! Scaling: the desired count of a service.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input, service_of, service_target, service_views,
};
use crate::{
    aws::{Clients, Failure, operation},
    diagnose::Known,
    resource::{Row, View, format::count_tasks},
};

pub static SCALE: ChangeKind =
    ChangeKind { name: "scale", title: "Scale", button: "scale", starts_rollout: false, make };

/// Maximum number of tasks of a service.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MOST: i32 = 5_000;

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
    Ok(Arc::new(Scale { target: service_target(service), from: now, to: count, running: service.running_count }))
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

#[derive(Debug)]
struct Scale {
    target: ChangeTarget,
    from: i32,
    to: i32,
    running: i32,
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
        says.push("if auto scaling manages the service, it may change the count again".to_owned());
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
            Some(service) if service.desired_count != self.to => ChangeProgress::UnderWay("accepted".to_owned()),
            Some(service) if service.running_count == self.to && service.pending_count == 0 => {
                ChangeProgress::Settled(format!("{} run", count_tasks(self.to)))
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
