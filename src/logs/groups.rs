//! The log groups that streams are in, and what the streams of each have in common.

use super::{Followed, Source};

/// A log group, and the streams in it that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Where it is; the scope's own Region where none is named.
    pub region: Option<String>,
    pub name: String,
    /// The streams' names, each once, in the order in which they are read.
    pub streams: Vec<String>,
    /// What the names of all streams begin with, those of tasks to come included: `ecs/app/`. Empty where one stream's
    /// name does not end with its task.
    pub prefixes: Vec<String>,
}

impl LogGroup {
    fn take(&mut self, source: &Source) {
        let name = &source.stream.name;
        if self.streams.contains(name) {
            return;
        }
        match (prefix(source), self.prefixes.is_empty() && !self.streams.is_empty()) {
            (Some(prefix), false) if self.prefixes.iter().any(|known| known == prefix) => {}
            (Some(prefix), false) => self.prefixes.push(prefix.to_owned()),
            (None, _) | (_, true) => self.prefixes.clear(),
        }
        self.streams.push(name.clone());
    }
}

/// The groups of streams that are read, each once, in their order.
pub fn of(streams: &[Followed]) -> Vec<LogGroup> {
    of_sources(streams.iter().map(|followed| &*followed.source))
}

/// The groups of sources, each once, in their order.
pub fn of_sources<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<LogGroup> {
    let mut groups: Vec<LogGroup> = Vec::new();
    for source in sources {
        let stream = &source.stream;
        let at = groups.iter().position(|group| group.name == stream.group && group.region == stream.region);
        let at = at.unwrap_or_else(|| {
            let (region, name) = (stream.region.clone(), stream.group.clone());
            groups.push(LogGroup { region, name, streams: Vec::new(), prefixes: Vec::new() });
            groups.len() - 1
        });
        groups[at].take(source);
    }
    groups
}

/// What the stream's name has before its task's id.
fn prefix(source: &Source) -> Option<&str> {
    let task = crate::resource::format::last_part(&source.task_arn);
    source.stream.name.strip_suffix(task).filter(|prefix| !task.is_empty() && prefix.ends_with('/'))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::logs::Stream;

    /// A stream that is read, of the container `app` of a task.
    pub fn followed(region: Option<&str>, group: &str, name: &str, task: &str) -> Followed {
        let stream = Stream { region: region.map(str::to_owned), group: group.into(), name: name.into() };
        let task_arn = format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{task}").into();
        let source = Source { stream, task_arn, container: "app".into(), service: None, revision: None };
        Followed { source: Arc::new(source), ended: None }
    }

    #[test]
    fn streams_come_together_by_group_and_region_with_what_they_begin_with() {
        let groups = of(&[
            followed(None, "/web", "ecs/app/a1", "a1"),
            followed(None, "/web", "ecs/proxy/a1", "a1"),
            followed(None, "/web", "ecs/app/b2", "b2"),
            followed(Some("us-east-1"), "/web", "ecs/app/a1", "a1"),
        ]);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].streams, ["ecs/app/a1", "ecs/proxy/a1", "ecs/app/b2"]);
        assert_eq!(groups[0].prefixes, ["ecs/app/", "ecs/proxy/"]);
    }

    #[test]
    fn one_stream_called_otherwise_leaves_no_prefix_that_covers_all() {
        let named = followed(None, "/web", "ecs/app/a1", "a1");
        let by_id = followed(None, "/web", "feedbeef", "b2");
        assert_eq!(of(&[named.clone(), by_id.clone()])[0].prefixes, [""; 0]);
        assert_eq!(of(&[by_id, named])[0].prefixes, [""; 0]);
    }
}
