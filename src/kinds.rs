//! The registry of kinds, in the order of help and completion.

use crate::{
    diagnose::{failures, timeline, trouble},
    resource::{
        Kind, capacity_provider, cluster, container, deployment, event, family, instance, revision, rollout, service,
        task,
    },
};

/// All kinds. A kind is one file below `resource/`, or below `diagnose/` where its rows need a diagnosis, and one line here.
pub static KINDS: &[&Kind] = &[
    &trouble::KIND,
    &failures::KIND,
    &cluster::KIND,
    &service::KIND,
    &task::KIND,
    &container::KIND,
    &instance::KIND,
    &capacity_provider::KIND,
    &deployment::KIND,
    &rollout::KIND,
    &event::KIND,
    &timeline::KIND,
    &family::KIND,
    &revision::KIND,
];

/// Finds a kind by name, plural or alias, ignoring case.
pub fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.names().any(|name| name.eq_ignore_ascii_case(word)))
}
