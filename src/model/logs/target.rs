//! Whose lines are meant: from rows to the tasks whose logs are read together.

use std::{collections::HashSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    data::Snapshot,
    diagnose::{failures::Failures, timeline::TimelineEntry},
    logs::{LogSubject, Range},
    resource::{
        Only, Query, Row, Status, View,
        cluster::Cluster,
        container::Container,
        deployment::Deployment,
        event::ServiceEvent,
        family::Family,
        format::{seconds_since, short_id},
        instance::Instance,
        query::DAY,
        revision::Revision,
        service::Service,
        task::{self, Task},
    },
};

/// How much is read before and after a moment.
const AROUND: SignedDuration = SignedDuration::from_mins(5);
/// What a task that ECS has forgotten is looked up with besides: what ran around it.
const HOUR: i64 = 3_600;

/// The tasks that one row stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct LogTarget {
    /// What a person calls it.
    pub name: String,
    /// What AWS is asked for: these tasks and no others, in any state.
    query: Query,
    /// What several of its kind have in common, and what picks this one of them out; absent where it is single tasks.
    among: Option<(Query, Only)>,
    tasks: Vec<Arc<str>>,
    container: Option<Arc<str>>,
    pub range: Range,
}

impl LogTarget {
    /// The tasks of `row`; `snapshot` knows the task of a container.
    ///
    /// # Errors
    /// Where there is no such thing, in words.
    pub fn of(row: &dyn Row, snapshot: &Snapshot, now: Timestamp) -> Result<Self, String> {
        let any = row.any();
        let name = row.name().into_owned();
        let one = |id: &str| -> Arc<[Arc<str>]> { [Arc::from(id)].into() };
        if let Some(task) = any.downcast_ref::<Task>() {
            Ok(Self::task(task, now))
        } else if let Some(container) = any.downcast_ref::<Container>() {
            Ok(Self::container(container, snapshot, now))
        } else if let Some(service) = any.downcast_ref::<Service>() {
            Ok(Self::service(&service.cluster_name, &service.service_name))
        } else if let Some(cluster) = any.downcast_ref::<Cluster>() {
            let only = Only::Clusters(one(&cluster.cluster_name));
            Ok(Self::group(name, Query::cluster(&*cluster.cluster_name), Query::default(), only))
        } else if let Some(deployment) = any.downcast_ref::<Deployment>() {
            let service = Query::service(&*deployment.cluster_name, &*deployment.service_name);
            let only = Only::Deployments(one(&deployment.id));
            let name = format!("{} {}", deployment.service_name, deployment.revision());
            let query = Query { only: Some(only.clone()), ..service.clone() };
            Ok(Self::group(name, query, service, only))
        } else if let Some(instance) = any.downcast_ref::<Instance>() {
            let only = Only::Instances(one(&instance.container_instance_arn));
            let query = Query::instance(&*instance.cluster_name, &*instance.container_instance_arn);
            Ok(Self::group(name, query, Query::cluster(&*instance.cluster_name), only))
        } else if let Some(family) = any.downcast_ref::<Family>() {
            let only = Only::Definitions(one(&family.family));
            Ok(Self::group(name, Query::family(&*family.family), Query::default(), only))
        } else if let Some(revision) = any.downcast_ref::<Revision>() {
            let only = Only::Definitions(one(&name));
            let query = Query { only: Some(only.clone()), ..Query::family(&*revision.family) };
            Ok(Self::group(name, query, Query::default(), only))
        } else if let Some(event) = any.downcast_ref::<ServiceEvent>() {
            let service = Self::service(&event.cluster_name, &event.service_name);
            Ok(service.around(event.created_at, now))
        } else if let Some(failures) = any.downcast_ref::<Failures>() {
            Self::drilled(failures, name)
        } else if let Some((_, subject)) = row.about() {
            let moment = any.downcast_ref::<TimelineEntry>().map(|moment| moment.at);
            Self::of(&*subject, snapshot, now).map(|whose| whose.around(moment, now))
        } else {
            Self::drilled(row, name)
        }
    }

    /// The tasks of all `rows` together.
    ///
    /// # Errors
    /// Where they have nothing in common that could be read.
    pub fn of_all<'a>(
        rows: impl IntoIterator<Item = &'a Arc<dyn Row>>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut each: Vec<Self> =
            rows.into_iter().map(|row| Self::of(&**row, snapshot, now)).collect::<Result<_, _>>()?;
        let marked = each.len();
        // Many events are of one service.
        let mut seen = HashSet::new();
        each.retain(|whose| whose.among.is_none() || seen.insert(whose.among.clone()));
        let count = each.len();
        // By halves: thousands of rows may be marked, and one after another would copy the first of them each time.
        while each.len() > 1 {
            let mut pairs = each.into_iter();
            let mut merged = Vec::new();
            while let Some(one) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(other) => one.with(other)?,
                    None => one,
                });
            }
            each = merged;
        }
        let all = each.pop().ok_or("there is no row here")?;
        let name = if count > 1 { format!("{} and {} more", all.name, count - 1) } else { all.name.clone() };
        let range = if marked > 1 { Range::Newest } else { all.range };
        Ok(Self { name, range, ..all })
    }

    /// The tasks of one service.
    pub fn service(cluster: &str, service: &str) -> Self {
        let only = Only::Services([Arc::from(service)].into());
        Self::group(service.to_owned(), Query::service(cluster, service), Query::cluster(cluster), only)
    }

    /// One task, among those that take turns with it.
    pub fn task(task: &Task, now: Timestamp) -> Self {
        let family = task.revision().rsplit_once(':').map(|(family, _)| family);
        let (of, query) = match (task.service(), family) {
            (Some(service), _) => (service, Query::service(&*task.cluster_name, service)),
            (None, Some(family)) => {
                (family, Query { family: Some(family.into()), ..Query::cluster(&*task.cluster_name) })
            }
            (None, None) => (&*task.cluster_name, Query::task(&*task.cluster_name, &*task.task_arn)),
        };
        // What was forgotten long ago is looked up as far back as that.
        let age = task.ended().filter(|_| task.archived).map(|ended| seconds_since(ended, now) + HOUR);
        let since = age.filter(|age| *age > i64::from(DAY)).and_then(|age| u32::try_from(age).ok());
        let tasks = vec![task.task_arn.as_str().into()];
        Self { tasks, ..Self::plain(format!("{of}/{}", short_id(&task.task_arn)), Query { since, ..query }) }
    }

    fn container(container: &Container, snapshot: &Snapshot, now: Timestamp) -> Self {
        let task = snapshot.row(&container.task_arn);
        let task = task.and_then(|row| row.any().downcast_ref::<Task>()).map(|task| Self::task(task, now));
        let task = task.unwrap_or_else(|| {
            let query = Query::task(&*container.cluster_name, &*container.task_arn);
            let tasks = vec![container.task_arn.as_str().into()];
            Self { tasks, ..Self::plain(short_id(&container.task_arn).to_owned(), query) }
        });
        Self {
            name: format!("{}/{}", task.name, container.name),
            container: Some(container.name.as_str().into()),
            ..task
        }
    }

    /// All tasks of `query`.
    fn plain(name: String, query: Query) -> Self {
        Self { name, query, among: None, tasks: Vec::new(), container: None, range: Range::Newest }
    }

    /// All tasks of `query`, which are those of `common` that `only` picks.
    fn group(name: String, query: Query, common: Query, only: Only) -> Self {
        Self { among: Some((common, only)), ..Self::plain(name, query) }
    }

    /// What Enter opens, where that is tasks.
    fn drilled(row: &dyn Row, name: String) -> Result<Self, String> {
        let tasks = row.drill().filter(|view| view.kind.name == task::KIND.name);
        let view = tasks.ok_or_else(|| format!("this {} has no logs", row.kind().name))?;
        Ok(Self::plain(name, view.query))
    }

    /// The same around a moment; to the newest lines where that is but a moment ago.
    fn around(self, moment: Option<Timestamp>, now: Timestamp) -> Self {
        Self { range: moment.map_or(self.range, |moment| around(moment, now)), ..self }
    }

    /// Both together.
    fn with(self, other: Self) -> Result<Self, String> {
        let apart = || "the logs of these can't be read together; mark rows of one kind and cluster".to_owned();
        let both = match (self.among, other.among) {
            (None, None) if !self.tasks.is_empty() && !other.tasks.is_empty() => {
                let query = if self.query == other.query { self.query } else { joint(&self.query, &other.query) };
                Self { tasks: [self.tasks, other.tasks].concat(), ..Self::plain(self.name, query) }
            }
            (Some((common, only)), Some((others, more))) if common == others => {
                let only = together(only, more).ok_or_else(apart)?;
                let query = Query { only: Some(only.clone()), ..common.clone() };
                Self::group(self.name, query, common, only)
            }
            _ => return Err(apart()),
        };
        let container = self.container.filter(|name| other.container.as_ref() == Some(name));
        Ok(Self { container, ..both })
    }

    /// What is read: the tasks, and the name for it.
    pub fn subject(self) -> LogSubject {
        let status = if self.query.group.is_some() { Status::Stopped } else { Status::All };
        let view = View::new(&task::KIND, Query { status, ..self.query });
        let tasks = Some(self.tasks).filter(|tasks| !tasks.is_empty()).map(Into::into);
        LogSubject { name: self.name, view, tasks, container: self.container }
    }
}

/// What the tasks of both are among.
fn joint(one: &Query, other: &Query) -> Query {
    let cluster = one.cluster.clone().filter(|cluster| other.cluster.as_ref() == Some(cluster));
    Query { cluster, since: one.since.max(other.since), ..Query::default() }
}

/// Those of both, where they are of one kind.
fn together(one: Only, other: Only) -> Option<Only> {
    let both = |one: Arc<[Arc<str>]>, other: Arc<[Arc<str>]>| one.iter().chain(&*other).cloned().collect();
    Some(match (one, other) {
        (Only::Clusters(one), Only::Clusters(other)) => Only::Clusters(both(one, other)),
        (Only::Services(one), Only::Services(other)) => Only::Services(both(one, other)),
        (Only::Definitions(one), Only::Definitions(other)) => Only::Definitions(both(one, other)),
        (Only::Deployments(one), Only::Deployments(other)) => Only::Deployments(both(one, other)),
        (Only::Instances(one), Only::Instances(other)) => Only::Instances(both(one, other)),
        _ => return None,
    })
}

/// Some minutes before and after a moment; where they are not over yet, with what comes.
pub fn around(moment: Timestamp, now: Timestamp) -> Range {
    let from = moment.checked_sub(AROUND).unwrap_or(Timestamp::MIN);
    let to = moment.checked_add(AROUND).unwrap_or(Timestamp::MAX);
    if to < now { Range::Between(from, to) } else { Range::Since(from) }
}

/// The task that stopped last before `before` was there; of all, where that is no task.
pub fn predecessor<'a>(tasks: &[&'a Task], before: Option<&Task>) -> Option<&'a Task> {
    let earlier = |task: &&&Task| match before {
        Some(before) => task.task_arn != before.task_arn && task.created_at <= before.created_at,
        None => true,
    };
    tasks.iter().filter(|task| task.stopped()).filter(earlier).max_by_key(|task| task.ended()).copied()
}

#[cfg(test)]
mod tests;
