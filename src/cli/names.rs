//! Errors for names that don't exist in AWS, with the nearest existing name.

use std::slice::from_ref;

use super::{Refusal, session::CliSession};
use crate::{
    aws::FailureKind,
    nearest,
    resource::{Kind, Query, View, cluster},
};

/// Replaces a "not found" refusal by one that names the unknown cluster, if the cluster is the reason.
pub(super) async fn name_unknown_cluster(session: &mut CliSession, cluster: Option<&str>, refusal: Refusal) -> Refusal {
    let unknown = matches!(&refusal, Refusal::Aws(failure) if failure.kind == FailureKind::NotFound);
    match cluster {
        Some(name) if unknown => unknown_cluster(session, name).await.unwrap_or(refusal),
        _ => refusal,
    }
}

/// Error that no cluster is called `name`; absent when there is one, or when they can't be listed.
pub(super) async fn unknown_cluster(session: &mut CliSession, name: &str) -> Option<Refusal> {
    not_in(session, &cluster::KIND, name).await
}

/// Error that no row of `kind` is called `name`; absent when there is one, or when they can't be listed.
pub(super) async fn not_in(session: &mut CliSession, kind: &'static Kind, name: &str) -> Option<Refusal> {
    let view = View::new(kind, Query::default());
    let snapshot = Box::pin(session.fetch(from_ref(&view))).await.ok()?;
    let rows = snapshot.feeds_of(&view).into_iter().flat_map(|feed| feed.rows.iter());
    let names: Vec<String> = rows.map(|entry| entry.row.name().into_owned()).collect();
    let known = names.iter().any(|known| known == name);
    (!known).then(|| Refusal::Unknown(nearest::unknown(kind.name, name, names.iter().map(String::as_str))))
}
