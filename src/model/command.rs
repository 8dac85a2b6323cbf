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

use super::{
    Model,
    action::{self, Arg, Call, KnownArguments},
    alias,
    filter::RowFilter,
};
use crate::{
    aws::ScopeSpec,
    data::distinct,
    nearest::hint,
    resource::{Kind, Query, Relation, Row, Status, View, cluster, service},
};

mod args;

pub(super) use args::{Args, open_filter, read_filter, view_word};

impl Model {
    /// Runs a command line, with or without its colon.
    ///
    /// # Errors
    ///
    /// A message for the user, with suggestions for an unknown word.
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
        // In a log, `:filter` adds an include filter.
        let verb = if verb == "filter" { self.front.filter_word() } else { verb };
        let Some(action) = action::by_word(verb) else {
            return Err(alias::unknown(verb, &self.verbs()));
        };
        action.takes(verb, rest, &self.known())?;
        // A named row may be of another kind than those on screen.
        let names = matches!(action.arg, Arg::Row) && !rest.is_empty();
        if !names && !action.is_anywhere && !action.works_in(self.front.contexts(), self.front.kind()) {
            return Err(format!("`:{verb}` does nothing here; it is for {}", action.whereabouts()));
        }
        let nth = action.words.iter().position(|word| word.eq_ignore_ascii_case(verb)).unwrap_or_default();
        (action.run)(self, Call { arg: rest, nth })
    }

    /// The valid values of arguments.
    pub(super) fn known(&self) -> KnownArguments<'_> {
        let themes = self.settings.themes.iter().map(String::as_str).collect();
        KnownArguments { kinds: self.kinds, themes, profiles: self.profiles.as_deref() }
    }

    /// All words that can begin a command.
    pub(super) fn verbs(&self) -> Vec<&str> {
        self.settings.aliases.keys().map(String::as_str).chain(alias::built_in(self.kinds)).collect()
    }

    /// The kind with this name, plural or alias.
    pub(super) fn kind(&self, word: &str) -> Option<&'static Kind> {
        self.kinds.iter().copied().find(|kind| kind.names().any(|name| name.eq_ignore_ascii_case(word)))
    }

    /// The view for `word`: a kind, or a part of one.
    pub(super) fn view_word(&self, word: &str) -> Option<(&'static Kind, Status)> {
        view_word(self.kinds, word)
    }

    pub(super) fn show_kind(&mut self, kind: &'static Kind, status: Status, args: &Args<'_>) -> Result<(), String> {
        args.suit(kind, status)?;
        if kind.by_service() {
            return self.show_by_service(kind, args);
        }
        if let Some(cluster) = args.cluster
            && kind == &cluster::KIND
        {
            return self.choose_cluster(Some(self.known_cluster(cluster)?));
        }
        // Everything is parsed before anything is changed.
        let filter = args.filter.map(|text| self.read_filter(text, kind)).transpose()?;
        let scope = args.scope.map(|text| self.read_scope(text)).transpose()?;
        let cluster = args.cluster_or(self.cluster.as_ref());
        // The clusters of another scope are not known yet.
        if let (Some(_), Some(name), None) = (args.cluster, &cluster, &scope) {
            self.known_cluster(name)?;
        }
        if scope.is_some_and(|scope| self.switch(scope)) {
            // Show the requested view at once; mistakes elsewhere can wait.
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

    /// Shows a kind that AWS lists for one service only: the named service (with or without its cluster), or that of
    /// the row.
    fn show_by_service(&mut self, kind: &'static Kind, args: &Args<'_>) -> Result<(), String> {
        let filter = args.filter.map(|text| self.read_filter(text, kind)).transpose()?;
        let query = match (args.cluster, args.cluster.and_then(|name| name.split_once('/'))) {
            (_, Some((cluster, service))) => Query::service(cluster, service),
            (Some(name), None) => {
                let rows = distinct(self.snapshot.feeds.values());
                let services = rows.into_iter().filter(|row| row.kind() == &service::KIND);
                let here =
                    |row: &&Arc<dyn Row>| self.cluster.as_deref().is_none_or(|cluster| row.cluster() == Some(cluster));
                let services: Vec<&Arc<dyn Row>> = services.filter(here).collect();
                let found = services.iter().find(|row| row.name() == name);
                let cluster = found.and_then(|row| row.cluster());
                let names: Vec<_> = services.iter().map(|row| row.name()).collect();
                let near = || hint(name, names.iter().map(|name| &**name));
                Query::service(cluster.ok_or_else(|| format!("no service `{name}` is loaded{}", near()))?, name)
            }
            (None, None) => {
                let row = self.front.subject().ok().map(|subject| subject.row);
                let of = row.and_then(|row| row.related(Relation::Events)).map(|view| view.query);
                of.filter(|query| query.service.is_some()).ok_or_else(|| {
                    format!("{} are listed by service: select one, or `:{} CLUSTER/SERVICE`", kind.plural, kind.plural)
                })?
            }
        };
        self.show(View::new(kind, query));
        if let Some(filter) = filter {
            self.set_filter(filter);
        }
        Ok(())
    }

    /// The cluster called `name`; any name is accepted while no cluster is known.
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

    /// The scope `profile/region`, `profile` or `/region`; parts that are absent stay as they are.
    pub(super) fn read_scope(&self, text: &str) -> Result<ScopeSpec, String> {
        action::check_scope(text, self.profiles.as_deref())?;
        let (profile, region) = text.split_once('/').unwrap_or((text, ""));
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        // A profile has its own Region, unless the command names one.
        let kept = self.scope.region.clone().filter(|_| profile.is_empty());
        Ok(ScopeSpec {
            profile: named(profile).or_else(|| self.scope.profile.clone()),
            region: named(region).or(kept),
            ..self.scope.clone()
        })
    }
}
