//! The log groups of streams, and the name prefixes of the streams in each.

use super::{Followed, Source};

/// A log group and its streams that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Region of the group; the scope's own Region if absent.
    pub region: Option<String>,
    pub name: String,
    /// Names of the streams, each once, in reading order.
    pub streams: Vec<String>,
    /// Prefixes shared by the streams' names, including those of future tasks: `ecs/app/`. Empty if one name does not
    /// end with its task's id.
    pub prefixes: Vec<String>,
}

impl LogGroup {
    fn add(&mut self, source: &Source) {
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

/// The groups of some streams, each once, in order.
pub fn from_streams(streams: &[Followed]) -> Vec<LogGroup> {
    from_sources(streams.iter().map(|followed| &*followed.source))
}

/// The groups of some sources, each once, in order.
pub fn from_sources<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<LogGroup> {
    let mut groups: Vec<LogGroup> = Vec::new();
    for source in sources {
        let stream = &source.stream;
        let at = groups.iter().position(|group| group.name == stream.group && group.region == stream.region);
        let at = at.unwrap_or_else(|| {
            let (region, name) = (stream.region.clone(), stream.group.clone());
            groups.push(LogGroup { region, name, streams: Vec::new(), prefixes: Vec::new() });
            groups.len() - 1
        });
        groups[at].add(source);
    }
    groups
}

/// The part of the stream's name before the task's id.
fn prefix(source: &Source) -> Option<&str> {
    let task = crate::resource::format::last_part(&source.task_arn);
    source.stream.name.strip_suffix(task).filter(|prefix| !task.is_empty() && prefix.ends_with('/'))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::logs::Stream;

    /// A stream of the container `app` of a task.
    pub(crate) fn followed(region: Option<&str>, group: &str, name: &str, task: &str) -> Followed {
        let stream = Stream { region: region.map(str::to_owned), group: group.into(), name: name.into() };
        let task_arn = format!("arn:aws:ecs:eu-west-1:123456789012:task/prod/{task}").into();
        let source = Source { stream, task_arn, container: "app".into(), service: None, revision: None };
        Followed { source: Arc::new(source), ended: None }
    }

    #[test]
    fn streams_are_grouped_by_group_and_region_with_their_prefixes() {
        let groups = from_streams(&[
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
    fn a_stream_without_a_prefix_clears_the_prefixes_of_its_group() {
        let named = followed(None, "/web", "ecs/app/a1", "a1");
        let by_id = followed(None, "/web", "feedbeef", "b2");
        assert_eq!(from_streams(&[named.clone(), by_id.clone()])[0].prefixes, [""; 0]);
        assert_eq!(from_streams(&[by_id, named])[0].prefixes, [""; 0]);
    }
}
