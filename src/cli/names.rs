//! Names that AWS does not know: told with the nearest that it does.

use std::slice::from_ref;

use super::{
    Refusal,
    session::CliSession,
    subject::{NameQuery, looked},
};
use crate::{
    aws::FailureKind,
    nearest,
    resource::{Kind, Query, View, cluster, family},
};

/// `refusal`, or that there is no such cluster, where AWS has refused because it does not know it.
pub async fn blame(session: &mut CliSession, cluster: Option<&str>, refusal: Refusal) -> Refusal {
    let unknown = matches!(&refusal, Refusal::Aws(failure) if failure.kind == FailureKind::NotFound);
    match cluster {
        Some(name) if unknown => self::cluster(session, name).await.unwrap_or(refusal),
        _ => refusal,
    }
}

/// What of `query` AWS does not know: its cluster, its service or its family; nothing where it knows all of it.
pub async fn unknown(session: &mut CliSession, query: &Query) -> Option<Refusal> {
    if let Some(name) = &query.cluster
        && let Some(refusal) = cluster(session, name).await
    {
        return Some(refusal);
    }
    if let Some(name) = &query.service
        && let Ok(wanted) = NameQuery::service(name, query.cluster.as_deref())
        && let Err(refusal @ Refusal::Unknown(_)) = wanted.find(session).await
    {
        return Some(refusal);
    }
    not_in(session, &family::KIND, query.family.as_deref()?).await
}

async fn cluster(session: &mut CliSession, name: &str) -> Option<Refusal> {
    not_in(session, &cluster::KIND, name).await
}

/// That there is no `name` among all of `kind`; nothing where there is, and where they can't be listed.
async fn not_in(session: &mut CliSession, kind: &'static Kind, name: &str) -> Option<Refusal> {
    let view = View::new(kind, Query::default());
    let snapshot = Box::pin(looked(session, from_ref(&view))).await.ok()?;
    let rows = snapshot.feeds_of(&view).into_iter().flat_map(|feed| feed.rows.iter());
    let names: Vec<String> = rows.map(|entry| entry.row.name().into_owned()).collect();
    let known = names.iter().any(|known| known == name);
    (!known).then(|| Refusal::Unknown(nearest::unknown(kind.name, name, names.iter().map(String::as_str))))
}
