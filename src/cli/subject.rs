//! Finds the service, task or container instance that a name on the command line refers to.

use std::{collections::HashSet, sync::Arc};

use super::{Refusal, names, session::CliSession};
use crate::{
    nearest::{self, hint, nearest},
    resource::{
        Query, Row, Status, TypedRow, View, cluster, family, format::last_part, instance, revision, service, task,
    },
};

/// Minimum number of characters of a partial id.
const PREFIX: usize = 4;
/// Lengths of a full id: in the current format, and in the old one.
const IDS: [usize; 2] = [32, 36];

/// The row that a name refers to.
#[derive(Debug, Clone)]
pub(super) struct NamedRow {
    pub row: Arc<dyn Row>,
    /// The view that contains it.
    pub view: View,
}

/// A name, and what it may refer to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameQuery {
    /// The name, or the last part of the ARN.
    pub name: String,
    pub cluster: Option<Arc<str>>,
    /// The Region in the ARN.
    pub region: Option<String>,
    /// The kind in the ARN; all of them for a name.
    kinds: &'static [&'static str],
}

impl NameQuery {
    /// Parses a name or an ARN; `cluster` is the value of `--cluster`.
    ///
    /// # Errors
    ///
    /// For an ARN of another kind, and one that contradicts `--cluster`.
    pub(super) fn read(text: &str, cluster: Option<&str>) -> Result<Self, Refusal> {
        if !text.starts_with("arn:") {
            let kinds = &["service", "task", "instance"];
            return Ok(Self { name: text.into(), cluster: cluster.map(Into::into), region: None, kinds });
        }
        let other = || Refusal::Usage(format!("{text} is not an ECS service, task or container instance"));
        let mut parts = text.splitn(6, ':').skip(2);
        let (Some("ecs"), Some(region), Some(_), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(other());
        };
        let path: Vec<&str> = resource.split('/').collect();
        let (kinds, home, name): (&[&str], _, _) = match path.as_slice() {
            ["service", cluster, name] => (&["service"], Some(*cluster), *name),
            // Service deployments, revisions and containers are explained with their service or task.
            ["service-deployment" | "service-revision", cluster, name, _] => (&["service"], Some(*cluster), *name),
            ["task", cluster, id] | ["container", cluster, id, _] => (&["task"], Some(*cluster), *id),
            ["container-instance", cluster, id] => (&["instance"], Some(*cluster), *id),
            // ARNs in the old format have no cluster.
            ["service", name] => (&["service"], None, *name),
            ["task", id] => (&["task"], None, *id),
            ["container-instance", id] => (&["instance"], None, *id),
            _ => return Err(other()),
        };
        if let (Some(home), Some(cluster)) = (home, cluster)
            && home != cluster
        {
            return Err(Refusal::Usage(format!("--cluster {cluster}: the ARN is of the cluster {home}")));
        }
        let cluster = home.or(cluster).map(Into::into);
        Ok(Self { name: name.into(), cluster, region: Some(region.into()).filter(|r: &String| !r.is_empty()), kinds })
    }

    /// Parses the name or ARN of a service.
    ///
    /// # Errors
    ///
    /// Also for an ARN of another kind.
    pub(super) fn service(text: &str, cluster: Option<&str>) -> Result<Self, Refusal> {
        Self::of_kind(text, cluster, &["service"])
    }

    /// Parses the name or ARN of a row of one of these kinds. A revision is named `web:56`, a cluster `cluster/prod`.
    ///
    /// # Errors
    ///
    /// Also for an ARN of anything else.
    pub(super) fn of_kind(text: &str, cluster: Option<&str>, kinds: &'static [&'static str]) -> Result<Self, Refusal> {
        let only = |kind: &str| kinds.iter().position(|own| *own == kind).map(|at| &kinds[at..=at]);
        let region = || text.strip_prefix("arn:")?.split(':').nth(2).map(str::to_owned);
        if let Some(kinds) = only("revision").filter(|_| revision::view(text).is_some()) {
            return Ok(Self { name: last_part(text).to_owned(), cluster: None, region: region(), kinds });
        }
        let is_cluster = text.starts_with("cluster/") || (text.starts_with("arn:") && text.contains(":cluster/"));
        if let Some(kinds) = only("cluster").filter(|_| is_cluster) {
            return Ok(Self { name: last_part(text).to_owned(), cluster: None, region: region(), kinds });
        }
        let nouns = || kinds.join(", ");
        if let ["revision"] = kinds {
            return Err(Refusal::Usage(format!("{text} is not a revision; expected FAMILY:NUMBER, such as web:56")));
        }
        let wanted = Self::read(text, cluster)?;
        // An ARN is of one kind; a name may be of any.
        match wanted.kinds {
            [kind] => match only(kind) {
                Some(kinds) => Ok(Self { kinds, ..wanted }),
                None => Err(Refusal::Usage(format!("{text} is not a {}", nouns()))),
            },
            _ => Ok(Self { kinds, ..wanted }),
        }
    }

    /// Finds the row. Looks it up by name first, which takes one call per cluster; then searches lists.
    ///
    /// # Errors
    ///
    /// If there is no such row, or there are several; if a call fails.
    pub(super) async fn find(&self, session: &mut CliSession) -> Result<NamedRow, Refusal> {
        match self.search(session).await {
            Err(refusal @ Refusal::Aws(_)) => {
                Err(names::name_unknown_cluster(session, self.cluster.as_deref(), refusal).await)
            }
            done => done,
        }
    }

    async fn search(&self, session: &mut CliSession) -> Result<NamedRow, Refusal> {
        let mut seen = Vec::new();
        for views in [self.by_name(), self.by_list(session.remembered)] {
            let rows = self.rows(session, &views).await?;
            let (found, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|subject| self.refers_to(&*subject.row));
            seen.extend(others);
            // ECS lists deleted services for a while; an active one takes precedence.
            let alive = found.iter().filter(|subject| !deleted(&*subject.row)).count();
            let mut found: Vec<NamedRow> =
                found.into_iter().filter(|subject| alive == 0 || !deleted(&*subject.row)).collect();
            match (found.len(), found.pop()) {
                (1, Some(subject)) => return Ok(subject),
                (_, Some(last)) => return Err(Refusal::Usage(self.ambiguous(found.iter().chain([&last])))),
                (_, None) => {}
            }
        }
        Err(Refusal::Unknown(self.unknown(session, &seen).await?))
    }

    fn is(&self, kind: &str) -> bool {
        self.kinds.contains(&kind)
    }

    fn query(&self) -> Query {
        Query { cluster: self.cluster.clone(), ..Query::default() }
    }

    /// Views that look the name up without a list.
    fn by_name(&self) -> Vec<View> {
        let (name, query): (Arc<str>, _) = (self.name.as_str().into(), self.query());
        let whole = IDS.contains(&name.len()) && hexadecimal(&name);
        let named = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        let mut views = Vec::new();
        if named && self.is("service") {
            views.push(View::new(&service::KIND, Query { service: Some(name.clone()), ..query.clone() }));
        }
        if whole && self.is("task") {
            views
                .push(View::new(&task::KIND, Query { task: Some(name.clone()), status: Status::All, ..query.clone() }));
        }
        if whole && self.is("instance") {
            views.push(View::new(&instance::KIND, Query { instance: Some(name), ..query }));
        }
        views.extend(revision::view(&self.name).filter(|_| self.is("revision")));
        if self.kinds == ["cluster"] {
            views.push(View::new(&cluster::KIND, Query::default()));
        }
        views
    }

    /// Lists that may contain a row with this partial id or EC2 instance id. Tasks include those that AWS has
    /// forgotten.
    fn by_list(&self, remembered: u32) -> Vec<View> {
        let machine = self.name.starts_with("i-");
        let begun = may_be_id(&self.name);
        let mut views = Vec::new();
        if begun && self.is("task") {
            let since = Some(remembered);
            views.push(View::new(&task::KIND, Query { status: Status::All, since, ..self.query() }));
        }
        if (begun || machine) && self.is("instance") {
            views.push(View::new(&instance::KIND, self.query()));
        }
        views
    }

    /// The rows of `views`, without duplicates.
    async fn rows(&self, session: &mut CliSession, views: &[View]) -> Result<Vec<NamedRow>, Refusal> {
        if views.is_empty() {
            return Ok(Vec::new());
        }
        let snapshot = session.fetch(views).await?;
        let mut seen = HashSet::new();
        let rows = views.iter().flat_map(|view| snapshot.feeds_of(view)).flat_map(|feed| feed.rows.iter());
        let rows = rows.map(|entry| &entry.row).filter(|row| seen.insert(row.id().to_owned()));
        Ok(rows.map(|row| NamedRow { view: home(&**row), row: row.clone() }).collect())
    }

    fn refers_to(&self, row: &dyn Row) -> bool {
        refers_to(&self.name, row)
    }

    fn ambiguous<'a>(&self, found: impl Iterator<Item = &'a NamedRow>) -> String {
        let mut lines: Vec<String> = found.map(|subject| format!("\n  {}", subject.row.id())).collect();
        lines.sort();
        let more = if self.cluster.is_none() { "name the cluster with --cluster, or write" } else { "write" };
        format!("`{}` may mean any of these; {more} one of them:{}", self.name, lines.concat())
    }

    /// The message for an unknown name, with a suggestion if it is mistyped; `seen` is what was searched.
    async fn unknown(&self, session: &mut CliSession, seen: &[NamedRow]) -> Result<String, Refusal> {
        let place = self.cluster.as_ref().map(|cluster| format!(" in {cluster}")).unwrap_or_default();
        let nothing = match self.kinds {
            ["revision"] => return Ok(format!("there is no revision `{}`", self.name)),
            ["cluster"] => {
                let names: Vec<_> = seen.iter().map(|subject| subject.row.name()).collect();
                return Ok(nearest::unknown("cluster", &self.name, names.iter().map(|name| &**name)));
            }
            [kind] => format!("there is no {kind} `{}`{place}", self.name),
            _ => format!("there is no service, task or container instance `{}`{place}", self.name),
        };
        if may_be_id(&self.name) || !self.is("service") {
            let ids = seen.iter().map(|subject| last_part(subject.row.id()));
            return Ok(nothing + &near_id(&self.name, ids));
        }
        let view = View::new(&service::KIND, self.query());
        let snapshot = session.fetch(std::slice::from_ref(&view)).await?;
        let rows = snapshot.feeds_of(&view).into_iter().flat_map(|feed| feed.rows.iter());
        let names: Vec<String> = rows.map(|entry| entry.row.name().into_owned()).collect();
        Ok(nothing + &hint(&self.name, names.iter().map(String::as_str)))
    }
}

/// Error for the first of cluster, service and family in `query` that doesn't exist; absent when all exist.
pub(super) async fn unknown_part(session: &mut CliSession, query: &Query) -> Option<Refusal> {
    if let Some(name) = &query.cluster
        && let Some(refusal) = names::unknown_cluster(session, name).await
    {
        return Some(refusal);
    }
    if let Some(name) = &query.service
        && let Ok(wanted) = NameQuery::service(name, query.cluster.as_deref())
        && let Err(refusal @ Refusal::Unknown(_)) = wanted.find(session).await
    {
        return Some(refusal);
    }
    names::not_in(session, &family::KIND, query.family.as_deref()?).await
}

/// Whether `name` refers to `row`: its name, id, ARN, or a partial id.
pub(super) fn refers_to(name: &str, row: &dyn Row) -> bool {
    let id = last_part(row.id());
    let begins = may_be_id(name) && id.starts_with(name) && id.len() >= IDS[0];
    row.id() == name || row.name() == name || id == name || (row.kind() != &service::KIND && begins)
}

/// Whether `name` may be a full or partial id.
pub(super) fn may_be_id(name: &str) -> bool {
    name.len() >= PREFIX && hexadecimal(name)
}

/// A suggestion of the most similar id, cut to the length of `name`, if any is similar.
pub(super) fn near_id<'a>(name: &str, ids: impl IntoIterator<Item = &'a str>) -> String {
    let cut = |id: &'a str| id.char_indices().nth(name.len().max(8)).map_or(id, |(end, _)| &id[..end]);
    match nearest(name, ids.into_iter().map(cut)).as_slice() {
        [] => "; AWS forgets stopped tasks after an hour".into(),
        [first, ..] => format!("; did you mean {first}?"),
    }
}

/// The view that contains only this row.
fn home(row: &dyn Row) -> View {
    let cluster = row.cluster().unwrap_or_default();
    let query = match row.typed() {
        TypedRow::Service(service) => Query::service(cluster, &*service.service_name),
        TypedRow::Instance(_) => Query::instance(cluster, row.id()),
        TypedRow::Revision(_) => Query::family(&*row.name()),
        TypedRow::Cluster(_) => Query::default(),
        _ => Query { status: Status::All, ..Query::task(cluster, row.id()) },
    };
    View::new(row.kind(), query)
}

fn deleted(row: &dyn Row) -> bool {
    let status = match row.typed() {
        TypedRow::Service(service) => service.status.as_deref(),
        TypedRow::Instance(instance) => instance.status.as_deref(),
        _ => None,
    };
    status == Some("INACTIVE")
}

/// Whether `text` has only the characters of an id.
fn hexadecimal(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::resource::query::DAY;

    const TASK: &str = "0123456789abcdef0123456789abcdef";

    fn kinds(views: Vec<View>) -> Vec<&'static str> {
        views.iter().map(|view| view.kind.name).collect()
    }

    #[rstest]
    #[case("arn:aws:ecs:eu-west-1:1:service/prod/web", "web", Some("prod"), &["service"])]
    #[case("arn:aws-cn:ecs:cn-north-1:1:service/web", "web", None, &["service"])]
    #[case("arn:aws:ecs:eu-west-1:1:service-deployment/prod/web/x", "web", Some("prod"), &["service"])]
    #[case("arn:aws:ecs:eu-west-1:1:container/prod/0123/4567", "0123", Some("prod"), &["task"])]
    #[case("arn:aws:ecs:eu-west-1:1:container-instance/prod/0123", "0123", Some("prod"), &["instance"])]
    #[case("web", "web", None, &["service", "task", "instance"])]
    fn an_arn_has_kind_cluster_and_region(
        #[case] text: &str,
        #[case] name: &str,
        #[case] cluster: Option<&str>,
        #[case] kinds: &[&str],
    ) {
        let wanted = NameQuery::read(text, None).unwrap();
        assert_eq!((wanted.name.as_str(), wanted.cluster.as_deref(), wanted.kinds), (name, cluster, kinds));
        assert_eq!(wanted.region.is_some(), text.starts_with("arn:"));
    }

    #[rstest]
    #[case("web", &["service"], &[])]
    #[case(TASK, &["service", "task", "instance"], &["task", "instance"])]
    #[case("012345", &["service"], &["task", "instance"])]
    #[case("i-0123", &["service"], &["instance"])]
    #[case("what is this?", &[], &[])]
    fn lists_are_searched_for_ids_only(#[case] name: &str, #[case] named: &[&str], #[case] listed: &[&str]) {
        let wanted = NameQuery::read(name, Some("prod")).unwrap();
        assert_eq!((kinds(wanted.by_name()), kinds(wanted.by_list(DAY))), (named.to_vec(), listed.to_vec()));
    }
}
