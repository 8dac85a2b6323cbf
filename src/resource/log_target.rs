//! Log targets: the tasks whose logs are read together for one or more rows.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;

use super::{Only, Query, Row};

/// The tasks of one or several rows, as the target of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogTarget {
    /// Name for people.
    pub name: String,
    /// Query for exactly these tasks, in any state.
    pub query: Query,
    /// Common query of all targets of the same kind, and the owners that select this target; absent for single tasks.
    among: Option<(Query, Only)>,
    /// ARNs of the tasks; empty for all tasks of the query.
    pub tasks: Vec<Arc<str>>,
    /// Name of the only container to read.
    pub container: Option<Arc<str>>,
    /// Time to show; absent for the newest lines.
    pub moment: Option<Timestamp>,
}

impl LogTarget {
    /// Creates a target with all tasks of `query`.
    pub fn new(name: impl Into<String>, query: Query) -> Self {
        Self { name: name.into(), query, among: None, tasks: Vec::new(), container: None, moment: None }
    }

    /// Creates a target with the tasks of `common` that `only` selects. `query` is the query to AWS for them.
    pub fn group(name: impl Into<String>, query: Query, common: Query, only: Only) -> Self {
        Self { among: Some((common, only)), ..Self::new(name, query) }
    }

    /// Creates a target with the tasks of one service.
    pub fn service(cluster: &str, service: &str) -> Self {
        let only = Only::Services([Arc::from(service)].into());
        Self::group(service, Query::service(cluster, service), Query::cluster(cluster), only)
    }

    /// Creates a target with one task, by ARN, out of the tasks of `query`.
    pub fn task(name: impl Into<String>, query: Query, arn: &str) -> Self {
        Self { tasks: vec![arn.into()], ..Self::new(name, query) }
    }

    /// Restricts the target to one container.
    pub fn container(self, name: impl Into<Arc<str>>) -> Self {
        let container = name.into();
        Self { name: format!("{}/{container}", self.name), container: Some(container), ..self }
    }

    /// Sets the time to show.
    pub fn around(self, moment: Option<Timestamp>) -> Self {
        Self { moment, ..self }
    }

    /// Returns the target of `row`; `known` finds the task of a container by its ARN.
    ///
    /// # Errors
    /// A message that the row has no logs.
    pub fn of<'a>(row: &dyn Row, known: impl Fn(&str) -> Option<&'a dyn Row>, now: Timestamp) -> Result<Self, String> {
        let target = row.log_target(now).ok_or_else(|| format!("this {} has no logs", row.kind().name))?;
        let Some(container) = target.container.clone() else { return Ok(target) };
        // The query of the task also covers the tasks before and after it.
        let task = row.parent().and_then(known).and_then(|task| task.log_target(now));
        Ok(task.map_or(target, |task| task.container(container)))
    }

    /// Merges the targets of all `rows`.
    ///
    /// # Errors
    /// A message that they can't be read together.
    pub fn of_all<'a, 'b>(
        rows: impl IntoIterator<Item = &'b Arc<dyn Row>>,
        known: impl Fn(&str) -> Option<&'a dyn Row>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut each: Vec<Self> =
            rows.into_iter().map(|row| Self::of(&**row, &known, now)).collect::<Result<_, _>>()?;
        let marked = each.len();
        // Many events have the same service.
        let mut seen = HashSet::new();
        each.retain(|target| target.among.is_none() || seen.insert(target.among.clone()));
        let count = each.len();
        // Merge in pairs: thousands of rows may be marked, and merging them one by one would take quadratic time.
        while each.len() > 1 {
            let mut pairs = each.into_iter();
            let mut merged = Vec::new();
            while let Some(one) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(other) => one.merge(other)?,
                    None => one,
                });
            }
            each = merged;
        }
        let all = each.pop().ok_or("there is no row here")?;
        let name = if count > 1 { format!("{} and {} more", all.name, count - 1) } else { all.name.clone() };
        let moment = all.moment.filter(|_| marked == 1);
        Ok(Self { name, moment, ..all })
    }

    /// Merges two targets.
    fn merge(self, other: Self) -> Result<Self, String> {
        let apart = || "the logs of these can't be read together; mark rows of one kind and cluster".to_owned();
        let both = match (self.among, other.among) {
            (None, None) if !self.tasks.is_empty() && !other.tasks.is_empty() => {
                let query = if self.query == other.query { self.query } else { joint(&self.query, &other.query) };
                Self { tasks: [self.tasks, other.tasks].concat(), ..Self::new(self.name, query) }
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
}

/// Query that covers the tasks of both.
fn joint(one: &Query, other: &Query) -> Query {
    let cluster = one.cluster.clone().filter(|cluster| other.cluster.as_ref() == Some(cluster));
    Query { cluster, since: one.since.max(other.since), ..Query::default() }
}

/// Owners of both, if they are of the same kind.
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

#[cfg(test)]
mod tests;
