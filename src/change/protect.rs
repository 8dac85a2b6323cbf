//! Protecting a task from being stopped by scaling in and by deployments, and taking the protection back.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html>

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use super::{
    ApiCall, Change, ChangeKind, ChangeProgress, ChangeTarget, Risk, input,
    stop_task::{running_task, task_target, task_views},
};
use crate::{
    aws::{Clients, Failure, FailureKind, operation},
    diagnose::Known,
    resource::{Row, View, format::duration},
};

pub static PROTECT: ChangeKind = ChangeKind {
    name: "protect",
    title: "Protect",
    button: "protect",
    starts_rollout: false,
    make: protect,
    reports_progress: false,
    evidence: None,
};

pub static UNPROTECT: ChangeKind = ChangeKind {
    name: "unprotect",
    title: "End the protection",
    button: "unprotect",
    starts_rollout: false,
    make: |row, _, known| make(row, known, None),
    reports_progress: false,
    evidence: None,
};

/// Minutes of a protection where nobody says how long, and the most that ECS takes.
const MINUTES: i32 = 120;
const MOST: i32 = 2_880;

fn protect(row: &dyn Row, text: &str, known: &Known<'_>) -> Result<Arc<dyn Change>, String> {
    make(row, known, Some(read_minutes(text)?))
}

fn make(row: &dyn Row, known: &Known<'_>, minutes: Option<i32>) -> Result<Arc<dyn Change>, String> {
    let task = running_task(row, known)?;
    let service = task.service().ok_or_else(|| format!("{} belongs to no service: nothing stops it", task.label()))?;
    Ok(Arc::new(SetProtection { target: task_target(task), service: service.to_owned(), minutes }))
}

/// How long a protection lasts: `90m`, `2h`; two hours where nothing is said.
///
/// # Errors
/// A sentence that names what is wrong with it.
fn read_minutes(text: &str) -> Result<i32, String> {
    let wrong = || format!("invalid time `{text}`; expected 1m to 48h, such as 90m or 2h");
    let minutes = match (text, text.strip_suffix('h'), text.strip_suffix('m')) {
        ("", ..) => Some(MINUTES),
        (_, Some(hours), _) => hours.parse().ok().and_then(|hours: i32| hours.checked_mul(60)),
        (_, _, minutes) => minutes.and_then(|minutes| minutes.parse().ok()),
    };
    minutes.filter(|minutes| (1..=MOST).contains(minutes)).ok_or_else(wrong)
}

/// Checks how long a protection is to last.
///
/// # Errors
/// A sentence that names what is wrong with it.
pub fn check_protection(text: &str) -> Result<(), String> {
    read_minutes(text).map(drop)
}

#[derive(Debug)]
struct SetProtection {
    target: ChangeTarget,
    service: String,
    /// How long it is protected; absent: no longer.
    minutes: Option<i32>,
}

impl Change for SetProtection {
    fn target(&self) -> &ChangeTarget {
        &self.target
    }

    fn risk(&self) -> Risk {
        Risk::Reversible
    }

    fn consequences(&self) -> Vec<String> {
        let service = &self.service;
        match self.minutes {
            Some(minutes) => vec![
                format!("ECS does not stop it for {}", duration(i64::from(minutes) * 60)),
                format!("until then a deployment of {service} waits for it, and scaling in passes it over"),
            ],
            None => vec![format!("scaling in and deployments of {service} may stop it again")],
        }
    }

    fn api_call(&self) -> ApiCall {
        let ChangeTarget { arn, cluster, .. } = &self.target;
        let mut call = input(
            operation::UPDATE_TASK_PROTECTION,
            [
                ("cluster", json!(cluster)),
                ("tasks", json!([arn])),
                ("protectionEnabled", json!(self.minutes.is_some())),
            ],
        );
        call.input.extend(self.minutes.map(|minutes| ("expiresInMinutes", json!(minutes))));
        call
    }

    fn touches(&self) -> Vec<View> {
        task_views(&self.target, Some(&self.service))
    }

    fn progress(&self, _: &Known<'_>) -> ChangeProgress {
        ChangeProgress::Settled(if self.minutes.is_some() { "protected" } else { "not protected" }.to_owned())
    }

    fn send(&self, clients: Clients) -> BoxFuture<'static, Result<String, Failure>> {
        let ChangeTarget { arn, cluster, .. } = self.target.clone();
        let request = clients.ecs.update_task_protection().cluster(cluster).tasks(arn);
        let request = request.protection_enabled(self.minutes.is_some()).set_expires_in_minutes(self.minutes);
        let says = self.progress(&Known::default()).text().to_owned();
        async move {
            let operation = operation::UPDATE_TASK_PROTECTION;
            let answer = clients.call(operation, request.send()).await?;
            // What could not be changed comes in the answer, which is no error.
            match answer.failures.unwrap_or_default().into_iter().next() {
                Some(failure) => {
                    let reason = failure.detail.or(failure.reason).unwrap_or_else(|| "no reason given".to_owned());
                    Err(Failure::local(operation.name, FailureKind::Invalid, reason))
                }
                None => Ok(says),
            }
        }
        .boxed()
    }
}
