//! The arguments of a view's command.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    model::{filter::RowFilter, settings},
    resource::{Ability, Kind, Status, cluster, query::PARTS},
};

/// The arguments of a view's command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::model) struct Args<'a> {
    pub(in crate::model) cluster: Option<&'a str>,
    pub(in crate::model) filter: Option<&'a str>,
    pub(in crate::model) scope: Option<&'a str>,
    /// Seconds.
    pub(in crate::model) since: Option<u32>,
}

impl<'a> Args<'a> {
    pub(in crate::model) fn parse(text: &'a str) -> Result<Self, String> {
        let mut args = Self::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(filter) = rest.strip_prefix('/').or_else(|| rest.starts_with("-f ").then_some(rest)) {
                let end = filter.find(" @").unwrap_or(filter.len());
                args.filter = Some(filter[..end].trim());
                rest = filter[end..].trim_start();
                continue;
            }
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = after.trim_start();
            if let Some(time) = word.strip_prefix("since=") {
                args.since = Some(settings::since(time)?);
                continue;
            }
            match (word.strip_prefix('@'), args.cluster) {
                (Some(scope), _) => args.scope = Some(scope),
                (None, None) => args.cluster = Some(word),
                (None, Some(_)) => return Err(format!("unexpected `{word}`; a filter begins with /")),
            }
        }
        Ok(args)
    }

    /// The named cluster, or else the `current` one; absent for all clusters.
    pub(in crate::model) fn cluster_or(&self, current: Option<&Arc<str>>) -> Option<Arc<str>> {
        match (self.cluster, self.scope) {
            (Some("all" | "*"), _) => None,
            (Some(name), _) => Some(name.into()),
            // Another scope has other clusters.
            (None, Some(_)) => None,
            (None, None) => current.cloned(),
        }
    }

    /// Refuses arguments that a view of `kind` does not take.
    ///
    /// # Errors
    ///
    /// Which argument, and why.
    pub(in crate::model) fn suit(&self, kind: &Kind, status: Status) -> Result<(), String> {
        if self.since.is_some() && !kind.can(Ability::Archive) {
            return Err(format!("since= does not apply to {}", kind.plural));
        }
        if self.since.is_some() && kind.can(Ability::Status) && status == Status::Running {
            return Err("since= does not apply to running tasks; :stopped takes it".into());
        }
        // `:cluster prod` is the cluster prod, not the list of clusters.
        if self.cluster.is_some() && !kind.in_cluster && kind != &cluster::KIND {
            return Err(format!("{} do not belong to a cluster; a filter begins with /", kind.plural));
        }
        Ok(())
    }
}

/// The filter at the end of a view's arguments, which may be incomplete.
pub(in crate::model) fn open_filter(args: &str) -> Option<&str> {
    let begins = |at: &usize| args[..*at].is_empty() || args[..*at].ends_with(char::is_whitespace);
    let first = |sign: &str| args.match_indices(sign).map(|(at, _)| at).find(begins);
    let (slash, fuzzy) = (first("/"), first("-f "));
    let filter = match (slash, fuzzy) {
        (Some(slash), fuzzy) if fuzzy.is_none_or(|fuzzy| slash < fuzzy) => args.get(slash + 1..),
        (_, fuzzy) => fuzzy.and_then(|at| args.get(at..)),
    };
    filter.filter(|filter| !filter.contains(" @"))
}

/// The view for `word`: one of `kinds`, or a part of one.
pub(in crate::model) fn view_word(kinds: &[&'static Kind], word: &str) -> Option<(&'static Kind, Status)> {
    let part = PARTS.iter().find(|(part, ..)| part.eq_ignore_ascii_case(word));
    let (word, status) = part.map_or((word, Status::default()), |(_, kind, status)| (*kind, *status));
    let known = |kind: &&&'static Kind| kind.names().any(|name| name.eq_ignore_ascii_case(word));
    Some((*kinds.iter().find(known)?, status))
}

/// Parses `text` as a filter for rows of `kind`.
///
/// # Errors
///
/// What is invalid, and where.
pub(in crate::model) fn read_filter(
    text: &str,
    kind: &Kind,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<RowFilter, String> {
    RowFilter::parse(text, kind, now, zone).map_err(|fault| fault.in_filter())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", None, None, None)]
    #[case("prod", Some("prod"), None, None)]
    #[case("prod /exit=1 age<5m @ops/eu-west-1", Some("prod"), Some("exit=1 age<5m"), Some("ops/eu-west-1"))]
    #[case("@ops prod", Some("prod"), None, Some("ops"))]
    #[case("/a b", None, Some("a b"), None)]
    #[case("-f pay", None, Some("-f pay"), None)]
    #[case("@/eu-west-1", None, None, Some("/eu-west-1"))]
    fn arguments_come_in_any_order(
        #[case] text: &str,
        #[case] cluster: Option<&str>,
        #[case] filter: Option<&str>,
        #[case] scope: Option<&str>,
    ) {
        assert_eq!(Args::parse(text), Ok(Args { cluster, filter, scope, since: None }));
    }

    #[rstest]
    #[case("since=6h", Ok(Some(6 * 3_600)))]
    #[case("prod since=1d12h /exit=1", Ok(Some(36 * 3_600)))]
    #[case("since=soon", Err("invalid duration `soon`; try 90m, 6h or 2d"))]
    #[case("since=20y", Err("invalid duration `20y`; try 90m, 6h or 2d"))]
    #[case("since=9999d", Err("`9999d` is out of range; expected 1s to 3650d"))]
    fn since_is_parsed_as_seconds(#[case] text: &str, #[case] since: Result<Option<u32>, &str>) {
        assert_eq!(Args::parse(text).map(|args| args.since), since.map_err(str::to_owned));
    }

    #[test]
    fn an_unexpected_word_is_reported() {
        assert!(Args::parse("prod staging").unwrap_err().contains("`staging`"));
    }
}
