//! Whose logs a row stands for: from rows to the tasks whose logs are read together.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;

use super::{Only, Query, Row};

/// The tasks that one row stands for, or several.
#[derive(Debug, Clone, PartialEq)]
pub struct LogTarget {
    /// What a person calls it.
    pub name: String,
    /// What AWS is asked for: these tasks and no others, in any state.
    pub query: Query,
    /// What several of its kind have in common, and what picks this one of them out; absent where it is single tasks.
    among: Option<(Query, Only)>,
    /// Only these tasks, by ARN; all of the query where it is empty.
    pub tasks: Vec<Arc<str>>,
    /// Only this container of theirs.
    pub container: Option<Arc<str>>,
    /// The moment that matters; absent where the newest lines do.
    pub moment: Option<Timestamp>,
}

impl LogTarget {
    /// All tasks of `query`.
    pub fn new(name: impl Into<String>, query: Query) -> Self {
        Self { name: name.into(), query, among: None, tasks: Vec::new(), container: None, moment: None }
    }

    /// The tasks that `only` picks out of those of `common`; AWS finds them by `query`.
    pub fn group(name: impl Into<String>, query: Query, common: Query, only: Only) -> Self {
        Self { among: Some((common, only)), ..Self::new(name, query) }
    }

    /// The tasks of one service.
    pub fn service(cluster: &str, service: &str) -> Self {
        let only = Only::Services([Arc::from(service)].into());
        Self::group(service, Query::service(cluster, service), Query::cluster(cluster), only)
    }

    /// One task, by ARN, among those of `query`.
    pub fn task(name: impl Into<String>, query: Query, arn: &str) -> Self {
        Self { tasks: vec![arn.into()], ..Self::new(name, query) }
    }

    /// One container of it.
    pub fn container(self, name: impl Into<Arc<str>>) -> Self {
        let container = name.into();
        Self { name: format!("{}/{container}", self.name), container: Some(container), ..self }
    }

    /// The same around a moment.
    pub fn around(self, moment: Option<Timestamp>) -> Self {
        Self { moment, ..self }
    }

    /// The target of `row`; `known` finds the task of a container by its ARN.
    ///
    /// # Errors
    /// Where there is no such thing, in words.
    pub fn of<'a>(row: &dyn Row, known: impl Fn(&str) -> Option<&'a dyn Row>, now: Timestamp) -> Result<Self, String> {
        let target = row.log_target(now).ok_or_else(|| format!("this {} has no logs", row.kind().name))?;
        let Some(container) = target.container.clone() else { return Ok(target) };
        // Its task knows the tasks that take turns with it.
        let task = row.parent().and_then(known).and_then(|task| task.log_target(now));
        Ok(task.map_or(target, |task| task.container(container)))
    }

    /// The tasks of all `rows` together.
    ///
    /// # Errors
    /// Where they have nothing in common that could be read.
    pub fn of_all<'a, 'b>(
        rows: impl IntoIterator<Item = &'b Arc<dyn Row>>,
        known: impl Fn(&str) -> Option<&'a dyn Row>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut each: Vec<Self> =
            rows.into_iter().map(|row| Self::of(&**row, &known, now)).collect::<Result<_, _>>()?;
        let marked = each.len();
        // Many events are of one service.
        let mut seen = HashSet::new();
        each.retain(|target| target.among.is_none() || seen.insert(target.among.clone()));
        let count = each.len();
        // By halves: thousands of rows may be marked, and one after another would copy the first of them each time.
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

    /// Both together.
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

#[cfg(test)]
mod tests;
