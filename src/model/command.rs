//! The `:` grammar: which view, which action, which scope.
//!
//! ```text
//! command := verb { arg }
//! arg     := cluster | "since=" time | "/" filter | "-f" text | "@" profile [ "/" region ] | "@/" region
//! ```
//!
//! A verb is a kind by any of its names, the word of an action, or an alias of the configuration. A filter
//! goes on to the end of the line, or to an `@`.

use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Model,
    action::{self, Arg, Call, KnownArguments},
    alias,
    filter::RowFilter,
    settings,
};
use crate::{
    aws::ScopeSpec,
    grammar::Fault,
    resource::{Ability, Kind, Query, Status, View, cluster, query::PARTS},
};

/// The words after the verb of a view.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Args<'a> {
    pub(super) cluster: Option<&'a str>,
    pub(super) filter: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
    /// Seconds.
    pub(super) since: Option<u32>,
}

impl<'a> Args<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
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
                (None, Some(_)) => return Err(format!("`{word}` is one word too many; a filter begins with /")),
            }
        }
        Ok(args)
    }

    /// The cluster that is meant, where `current` is meant when none is named; absent: all of them.
    pub(super) fn cluster_or(&self, current: Option<&Arc<str>>) -> Option<Arc<str>> {
        match (self.cluster, self.scope) {
            (Some("all" | "*"), _) => None,
            (Some(name), _) => Some(name.into()),
            // The clusters of another scope are others.
            (None, Some(_)) => None,
            (None, None) => current.cloned(),
        }
    }

    /// Refuses what a view of `kind` does not take.
    ///
    /// # Errors
    /// Which argument, and why.
    pub(super) fn suit(&self, kind: &Kind, status: Status) -> Result<(), String> {
        if self.since.is_some() && !kind.can(Ability::Archive) {
            return Err(format!("since= does not apply to {}", kind.plural));
        }
        if self.since.is_some() && kind.can(Ability::Status) && status == Status::Running {
            return Err("since= does not apply to running tasks; :stopped takes it".into());
        }
        // `:cluster prod` is the cluster prod, not the list of clusters.
        if self.cluster.is_some() && !kind.in_cluster && kind != &cluster::KIND {
            return Err(format!("{} are in no cluster; a filter begins with /", kind.plural));
        }
        Ok(())
    }
}

/// The filter with which the arguments of a view end, while it may still be typed.
pub(super) fn open_filter(args: &str) -> Option<&str> {
    let begins = |at: &usize| args[..*at].is_empty() || args[..*at].ends_with(char::is_whitespace);
    let first = |sign: &str| args.match_indices(sign).map(|(at, _)| at).find(begins);
    let (slash, fuzzy) = (first("/"), first("-f "));
    let filter = match (slash, fuzzy) {
        (Some(slash), fuzzy) if fuzzy.is_none_or(|fuzzy| slash < fuzzy) => args.get(slash + 1..),
        (_, fuzzy) => fuzzy.and_then(|at| args.get(at..)),
    };
    filter.filter(|filter| !filter.contains(" @"))
}

/// The view that `word` names: one of `kinds`, or a part of one.
pub(super) fn view_word(kinds: &[&'static Kind], word: &str) -> Option<(&'static Kind, Status)> {
    let part = PARTS.iter().find(|(part, ..)| part.eq_ignore_ascii_case(word));
    let (word, status) = part.map_or((word, Status::default()), |(_, kind, status)| (*kind, *status));
    let known = |kind: &&&'static Kind| kind.names().any(|name| name.eq_ignore_ascii_case(word));
    Some((*kinds.iter().find(known)?, status))
}

/// The filter that `text` is for rows of `kind`.
///
/// # Errors
/// Where it can't be read, and why.
pub(super) fn read_filter(text: &str, kind: &Kind, now: Timestamp, zone: &TimeZone) -> Result<RowFilter, String> {
    RowFilter::parse(text, kind, now, zone).map_err(|fault| mistake(&fault))
}

/// What is said of a filter that can't be read, where no prompt shows the place.
pub(super) fn mistake(fault: &Fault) -> String {
    format!("filter, character {}: {}", fault.at + 1, fault.reason)
}

impl Model {
    /// Runs a command line, with or without its colon.
    ///
    /// # Errors
    /// A sentence for the person, with the nearest words where one is unknown.
    pub(super) fn run(&mut self, line: &str) -> Result<(), String> {
        let line = alias::expand(&self.settings.aliases, alias::bare(line).trim_end())?;
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let rest = rest.trim();
        if verb.is_empty() {
            return Ok(());
        }
        if let Some(filter) = line.strip_prefix('/') {
            return self.run(&format!("filter {filter}"));
        }
        if let Some((kind, status)) = self.view_word(verb) {
            return self.show_kind(kind, status, &Args::parse(rest)?);
        }
        // Where lines are filtered, an include is what a filter is.
        let verb = if verb == "filter" { self.front.filter_word() } else { verb };
        let Some(action) = action::by_word(verb) else {
            return Err(alias::unknown(verb, &self.verbs()));
        };
        action.takes(verb, rest, &self.known())?;
        // A row that is named may be of another kind than those that are seen.
        let names = matches!(action.arg, Arg::Row) && !rest.is_empty();
        if !names && !action.works_in(self.front.contexts(), self.front.kind()) {
            return Err(format!("`:{verb}` does nothing here; it is for {}", action.whereabouts()));
        }
        (action.run)(self, Call { arg: rest, nth: 0 })
    }

    /// What the arguments of commands are checked against.
    pub(super) fn known(&self) -> KnownArguments<'_> {
        let themes = self.settings.themes.iter().map(String::as_str).collect();
        KnownArguments { kinds: self.kinds, themes, profiles: self.profiles.as_deref() }
    }

    /// Everything that can begin a command.
    pub(super) fn verbs(&self) -> Vec<&str> {
        self.settings.aliases.keys().map(String::as_str).chain(alias::built_in(self.kinds)).collect()
    }

    /// The kind with this name, plural or alias.
    pub(super) fn kind(&self, word: &str) -> Option<&'static Kind> {
        self.kinds.iter().copied().find(|kind| kind.names().any(|name| name.eq_ignore_ascii_case(word)))
    }

    /// The view that `word` names: a kind, or a part of one.
    pub(super) fn view_word(&self, word: &str) -> Option<(&'static Kind, Status)> {
        view_word(self.kinds, word)
    }

    pub(super) fn show_kind(&mut self, kind: &'static Kind, status: Status, args: &Args<'_>) -> Result<(), String> {
        args.suit(kind, status)?;
        if let Some(cluster) = args.cluster
            && kind == &cluster::KIND
        {
            return self.choose_cluster(Some(self.known_cluster(cluster)?));
        }
        // Everything is read before anything is changed.
        let filter = args.filter.map(|text| self.read_filter(text, kind)).transpose()?;
        let scope = args.scope.map(|text| self.read_scope(text)).transpose()?;
        let cluster = args.cluster_or(self.cluster.as_ref());
        // The clusters of another scope aren't known yet.
        if let (Some(_), Some(name), None) = (args.cluster, &cluster, &scope) {
            self.known_cluster(name)?;
        }
        if scope.is_some_and(|scope| self.switch(scope)) {
            // What was asked for is seen at once; what is wrong elsewhere can wait.
            self.go_to_root();
        }
        self.cluster.clone_from(&cluster);
        let cluster = cluster.filter(|_| kind.in_cluster);
        let query = Query { cluster, status, since: args.since, ..Query::default() };
        self.show(View::new(kind, query));
        if let Some(filter) = filter {
            self.set_filter(filter);
        }
        Ok(())
    }

    /// The cluster called `name`; while none is known yet, any name is taken at its word.
    pub(super) fn known_cluster(&self, name: &str) -> Result<Arc<str>, String> {
        let known = self.snapshot.clusters();
        match known.iter().find(|cluster| &***cluster == name) {
            Some(cluster) => Ok(cluster.clone()),
            None => self.unknown_cluster(name).map_or_else(|| Ok(name.into()), Err),
        }
    }

    pub(super) fn read_filter(&self, text: &str, kind: &Kind) -> Result<RowFilter, String> {
        read_filter(text, kind, self.now, &self.settings.zone.zone)
    }

    /// The scope `profile/region`, `profile` or `/region`; what it doesn't name stays as it is.
    pub(super) fn read_scope(&self, text: &str) -> Result<ScopeSpec, String> {
        action::check_scope(text, self.profiles.as_deref())?;
        let (profile, region) = text.split_once('/').unwrap_or((text, ""));
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        // A profile brings its own Region, unless one is named.
        let kept = self.scope.region.clone().filter(|_| profile.is_empty());
        Ok(ScopeSpec {
            profile: named(profile).or_else(|| self.scope.profile.clone()),
            region: named(region).or(kept),
            ..self.scope.clone()
        })
    }
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
    #[case("since=soon", Err("`soon` is no length of time; write 90m, 6h or 2d"))]
    #[case("since=20y", Err("`20y` is no length of time; write 90m, 6h or 2d"))]
    #[case("since=9999d", Err("`9999d` is out of range; it goes from 1s to 3650d"))]
    fn how_far_to_look_back_is_read(#[case] text: &str, #[case] since: Result<Option<u32>, &str>) {
        assert_eq!(Args::parse(text).map(|args| args.since), since.map_err(str::to_owned));
    }

    #[test]
    fn a_word_too_many_is_told() {
        assert!(Args::parse("prod staging").unwrap_err().contains("`staging`"));
    }
}
