//! What a Live Tail session covers: log groups of one Region, narrowed to streams where AWS allows it.

use crate::logs::{Followed, LogGroup, groups};

/// The most groups per session, and the most stream names or prefixes.
const MOST_GROUPS: usize = 10;
const MOST_STREAMS: usize = 100;

/// What a session covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub region: Option<String>,
    /// The groups' ARNs.
    pub groups: Vec<String>,
    pub streams: Streams,
}

/// Which streams of its groups a session covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Streams {
    All,
    Named(Vec<String>),
    /// Streams whose names start with one of these, including those of future tasks.
    WithPrefix(Vec<String>),
}

impl Address {
    /// What a session must cover for these streams, and if `growing` for those of future tasks too.
    ///
    /// # Errors
    /// A sentence that says why no single session can.
    pub(super) fn for_streams(streams: &[Followed], growing: bool) -> Result<Self, String> {
        let groups = groups::from_streams(streams);
        let region = groups.first().ok_or("there is no log stream yet")?.region.clone();
        if groups.iter().any(|group| group.region != region) {
            return Err("one session covers one Region, and these log groups are in several".into());
        }
        if groups.len() > MOST_GROUPS {
            return Err(format!("one session covers {MOST_GROUPS} log groups, and these are {}", groups.len()));
        }
        // Only a session for a single group can be narrowed.
        let narrowed = match &groups[..] {
            [group] => narrowed(group, growing),
            _ => Streams::All,
        };
        let task = &streams[0].source.task_arn;
        let arns = groups.iter().map(|group| arn(task, group)).collect::<Option<Vec<String>>>();
        Ok(Self { region, groups: arns.ok_or("the task's account is not known")?, streams: narrowed })
    }
}

fn narrowed(group: &LogGroup, growing: bool) -> Streams {
    let prefixes =
        (1..=MOST_STREAMS).contains(&group.prefixes.len()).then(|| Streams::WithPrefix(group.prefixes.clone()));
    let names = (group.streams.len() <= MOST_STREAMS).then(|| Streams::Named(group.streams.clone()));
    let (first, second) = if growing { (prefixes, names) } else { (names, prefixes) };
    first.or(second).unwrap_or(Streams::All)
}

/// The ARN of a group, in the account and partition of a task that writes to it.
fn arn(task: &str, group: &LogGroup) -> Option<String> {
    let mut parts = task.split(':').skip(1);
    let (partition, _, region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let region = group.region.as_deref().unwrap_or(region);
    Some(format!("arn:{partition}:logs:{region}:{account}:log-group:{}", group.name))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::logs::groups::tests::followed;

    fn web(tasks: std::ops::Range<usize>) -> Vec<Followed> {
        tasks.map(|task| followed(None, "/web", &format!("ecs/app/{task}"), &task.to_string())).collect()
    }

    #[test]
    fn a_group_is_identified_by_its_arn_in_the_region_of_the_stream() {
        let address = Address::for_streams(&[followed(Some("us-east-1"), "/web", "ecs/app/a1", "a1")], false).unwrap();
        assert_eq!(address.groups, ["arn:aws:logs:us-east-1:123456789012:log-group:/web"]);
        let address = Address::for_streams(&web(0..1), false).unwrap();
        assert_eq!(address.groups, ["arn:aws:logs:eu-west-1:123456789012:log-group:/web"]);
    }

    #[rstest]
    #[case::tasks_to_come(2, true, Streams::WithPrefix(vec!["ecs/app/".into()]))]
    #[case::these_only(2, false, Streams::Named(vec!["ecs/app/0".into(), "ecs/app/1".into()]))]
    #[case::more_than_can_be_named(101, false, Streams::WithPrefix(vec!["ecs/app/".into()]))]
    fn a_session_names_its_streams_or_their_prefixes(
        #[case] tasks: usize,
        #[case] growing: bool,
        #[case] expected: Streams,
    ) {
        assert_eq!(Address::for_streams(&web(0..tasks), growing).unwrap().streams, expected);
    }

    #[test]
    fn streams_that_no_session_covers_are_refused_with_a_reason() {
        let far = followed(Some("us-east-1"), "/edge", "ecs/app/a1", "a1");
        let several = [web(0..1), vec![far]].concat();
        assert!(Address::for_streams(&several, true).unwrap_err().contains("several"));
        let many: Vec<Followed> = (0..11).map(|at| followed(None, &format!("/{at}"), "ecs/app/a1", "a1")).collect();
        assert_eq!(
            Address::for_streams(&many, true).unwrap_err(),
            "one session covers 10 log groups, and these are 11"
        );
        assert_eq!(Address::for_streams(&many[..2], true).unwrap().streams, Streams::All);
        assert_eq!(Address::for_streams(&[], true).unwrap_err(), "there is no log stream yet");
    }
}
