//! The model driven by keys: what is on screen, and its effects.

use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::{
    action::ACTIONS,
    fixture::*,
    header::WriteMode,
    overlay::RuleList,
    prompt,
    screens::text::{RawAnswer, TextSource},
    settings::{HeaderSize, Quit},
    *,
};
use crate::{
    aws::{Failure, FailureKind},
    data::Request,
    diagnose::trouble,
    resource::{Query, Status, View, cluster, service},
};

mod anything;
mod changing;
mod code;
mod commands;
mod completing;
mod copying;
mod demand;
mod entering;
mod explaining;
mod finding;
mod forwarding;
mod home;
mod journeys;
mod modes;
mod reading;
mod row_keys;
mod shell;
mod sizes;
mod taking_along;
mod time;
mod waiting;

/// Real kinds, for tests that need them.
static REAL: &[&Kind] = &[&trouble::KIND, &cluster::KIND, &service::KIND, &crate::resource::task::KIND];

fn failure(trouble: FailureKind) -> Arc<Failure> {
    Arc::new(Failure {
        operation: "ListTasks",
        kind: trouble,
        code: None,
        message: "an error".into(),
        advice: None,
        at: at(0),
    })
}

/// The tasks of `prod`'s service `api`.
fn in_tasks() -> Model {
    let mut model = console();
    press(&mut model, "enter enter");
    model
}

fn demands(effects: &[Effect]) -> Vec<&Demand> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Demand(demand) = effect { Some(&**demand) } else { None })
        .collect()
}

fn scope(profile: Option<&str>, region: Option<&str>) -> ScopeSpec {
    ScopeSpec { profile: profile.map(Into::into), region: region.map(Into::into), endpoint_url: None }
}
