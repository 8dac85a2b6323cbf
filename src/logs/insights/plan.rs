//! The groups that a query runs on: those of one Region, and no more than AWS accepts.

use crate::logs::{Followed, LogGroup, groups};

/// The most groups per query.
const MOST_GROUPS: usize = 50;

/// What a query runs on.
#[derive(Debug, Default, PartialEq)]
pub(super) struct QueryPlan {
    pub region: Option<String>,
    pub groups: Vec<String>,
    /// Sentences that name the groups it leaves out.
    pub left_out: Vec<String>,
}

impl QueryPlan {
    /// The groups of the Region with the most streams.
    pub(super) fn new(streams: &[Followed]) -> Self {
        let all = groups::from_streams(streams);
        let weight = |region: &Option<String>| {
            all.iter().filter(|group| group.region == *region).map(|group| group.streams.len()).sum::<usize>()
        };
        // On a tie the first Region wins: its tasks come first.
        let Some(region) = all.iter().rev().map(|group| &group.region).max_by_key(|region| weight(region)).cloned()
        else {
            return Self::default();
        };
        let (mut here, elsewhere): (Vec<LogGroup>, Vec<LogGroup>) =
            all.into_iter().partition(|group| group.region == region);
        let mut left_out = Vec::new();
        if let Some(first) = elsewhere.first() {
            let other = first.region.as_deref().unwrap_or("the scope's own Region");
            let more = if elsewhere.len() > 1 { format!(" and {} more", elsewhere.len() - 1) } else { String::new() };
            left_out
                .push(format!("one query runs in one Region: the group {} in {other}{more} is left out", first.name));
        }
        if here.len() > MOST_GROUPS {
            let spare = here.len() - MOST_GROUPS;
            left_out.push(format!("one query takes {MOST_GROUPS} log groups: {spare} more are left out"));
            here.truncate(MOST_GROUPS);
        }
        Self { region, groups: here.into_iter().map(|group| group.name).collect(), left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::groups::tests::followed;

    #[test]
    fn the_region_with_the_most_streams_is_queried_and_the_others_are_named() {
        let plan = QueryPlan::new(&[
            followed(Some("us-east-1"), "/edge", "ecs/app/a1", "a1"),
            followed(None, "/web", "ecs/app/b2", "b2"),
            followed(None, "/web", "ecs/app/c3", "c3"),
            followed(None, "/jobs", "ecs/app/d4", "d4"),
        ]);
        assert_eq!((plan.region, plan.groups), (None, vec!["/web".to_owned(), "/jobs".into()]));
        assert_eq!(plan.left_out, ["one query runs in one Region: the group /edge in us-east-1 is left out"]);
    }

    #[test]
    fn no_more_groups_than_aws_takes() {
        let streams: Vec<Followed> =
            (0..52).map(|at| followed(None, &format!("/{at}"), &format!("ecs/app/{at}"), &at.to_string())).collect();
        let plan = QueryPlan::new(&streams);
        assert_eq!(plan.groups.len(), 50);
        assert_eq!(plan.left_out, ["one query takes 50 log groups: 2 more are left out"]);
        assert_eq!(QueryPlan::new(&[]), QueryPlan::default());
    }
}
