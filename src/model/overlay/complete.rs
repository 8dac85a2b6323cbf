//! Completion of the last word of a prompt: in `:` a command and its arguments, in `/` a term of a filter.

use super::Overlay;
use crate::{
    aws::regions::REGIONS,
    model::{
        Model, Table,
        action::{self, ACTIONS, Arg},
        alias,
        command::{self, Args},
        filter,
        prompt::{Completion, Suggestion},
        screens::logs::LogView,
        text::safe,
    },
    resource::{Ability, Kind, Query, Status, View, cluster, query::PARTS},
};

/// Suggested times to look back.
const SINCE: &[&str] = &["since=1h", "since=6h", "since=2d", "since=7d"];

impl Model {
    /// Fills in the candidates and the ghost text of a prompt.
    pub(in crate::model) fn complete(&self, overlay: &mut Overlay) {
        if let Overlay::Ports(ports) = overlay {
            let choices = self.port_choices(ports);
            return ports.offer(choices);
        }
        let complete: fn(&Self, &str) -> Completion = match overlay {
            Overlay::Command(_) => Self::complete_command,
            Overlay::Filter(_) | Overlay::Rule(_) => Self::complete_filter,
            _ => return,
        };
        let past = self.past(overlay);
        if let Some(prompt) = overlay.prompt_mut() {
            let completion = prompt.typed().map(|text| complete(self, text)).unwrap_or_default();
            prompt.offer(completion, past);
        }
    }

    /// Opens a prompt with its candidates.
    pub(in crate::model) fn open_prompt(&mut self, mut overlay: Overlay) {
        self.complete(&mut overlay);
        self.overlay = Some(overlay);
    }

    /// Completes a filter of the top screen.
    fn complete_filter(&self, text: &str) -> Completion {
        self.front.complete(text, &self.cx())
    }

    /// Completes a command and its arguments.
    fn complete_command(&self, line: &str) -> Completion {
        let within = |text: &str, completion: Completion| completion.behind(line.len() - text.len());
        let command = line.trim_start().trim_start_matches(':').trim_start();
        if let Some(filter) = command.strip_prefix('/') {
            return within(filter, self.complete_filter(filter));
        }
        let Some((verb, rest)) = command.split_once(char::is_whitespace) else {
            return within(command, Completion::like(0, command, verbs(self)));
        };
        // Arguments of an alias come before typed ones.
        let expanded = alias::expand(&self.settings.aliases, verb).unwrap_or_default();
        let (verb, given) = expanded.split_once(char::is_whitespace).unwrap_or((&expanded, ""));
        if let Some((kind, status)) = self.view_word(verb) {
            return match command::open_filter(rest) {
                Some(filter) => {
                    let args = format!("{given} {rest}");
                    let args = Args::parse(&args).unwrap_or_default();
                    within(filter, self.complete_view(kind, status, &args, filter))
                }
                None => within(rest, last_word(rest, |word| view_arguments(self, kind, status, word))),
            };
        }
        let Some(action) = action::by_word(verb) else { return Completion::default() };
        let completion = match action.arg {
            Arg::LineFilter if !self.front.is::<LogView>() => Completion::default(),
            Arg::Filter | Arg::LineFilter => self.complete_filter(rest),
            arg => last_word(rest, |word| action_arguments(self, arg, word)),
        };
        within(rest, completion)
    }

    /// Completes the filter in the command for a view, with rows that were loaded for that view before.
    fn complete_view(&self, kind: &'static Kind, status: Status, args: &Args<'_>, text: &str) -> Completion {
        let cluster = args.cluster_or(self.cluster.as_ref()).filter(|_| kind.in_cluster);
        let mut table = Table::new(View::new(kind, Query { cluster, status, since: args.since, ..Query::default() }));
        // Rows of another scope are unknown.
        if args.scope.is_none() {
            table.arrange(&self.snapshot, &self.cx(), false);
        }
        filter::complete(text, &table, &self.cx())
    }
}

/// Completes the last word of `text`.
fn last_word(text: &str, choices: impl FnOnce(&str) -> Vec<Suggestion>) -> Completion {
    let before = text.trim_end_matches(|c: char| !c.is_whitespace()).len();
    let word = text.get(before..).unwrap_or_default();
    Completion::like(before, word, choices(word))
}

fn words(words: impl IntoIterator<Item = impl Into<String>>) -> Vec<Suggestion> {
    words.into_iter().map(|word| (word.into(), String::new())).collect()
}

fn verbs(model: &Model) -> Vec<Suggestion> {
    let kinds = model.kinds.iter().map(|kind| (kind.name.to_owned(), kind.about.to_owned()));
    let own = model.settings.aliases.iter().map(|(word, command)| (word.clone(), safe(command).into_owned()));
    let (contexts, kind) = (model.front.contexts(), model.front.kind());
    let actions = ACTIONS
        .iter()
        .filter(|action| action.is_anywhere || action.works_in(contexts, kind))
        .filter_map(|action| Some(((*action.words.first()?).to_owned(), action.about.to_owned())));
    let parts = PARTS.iter().map(|(word, kind, _)| ((*word).to_owned(), format!("{word} {kind}s")));
    kinds.chain(parts).chain(own).chain(actions).collect()
}

/// Completes arguments of a command that opens a view.
fn view_arguments(model: &Model, kind: &Kind, status: Status, word: &str) -> Vec<Suggestion> {
    if word.starts_with('@') {
        return scopes(model, word);
    }
    let back = kind.can(Ability::Archive) && (!kind.can(Ability::Status) || status != Status::Running);
    let back = words(back.then_some(SINCE).into_iter().flatten().copied());
    let clusters = if kind.in_cluster || kind == &cluster::KIND { clusters(model) } else { Vec::new() };
    [clusters, back].concat()
}

/// Completes arguments of a command that runs an action.
fn action_arguments(model: &Model, arg: Arg, word: &str) -> Vec<Suggestion> {
    match arg {
        Arg::Scope => scopes(model, word),
        Arg::Cluster => clusters(model),
        Arg::Profile => words(model.profiles.iter().flatten()),
        Arg::Region => words(REGIONS.iter().copied()),
        Arg::Theme => words(&model.settings.themes),
        Arg::Forward => model
            .settings
            .forwards
            .iter()
            .map(|saved| (saved.name.clone(), safe(&saved.label()).into_owned()))
            .collect(),
        Arg::OneOf(known) => words(known.iter().copied()),
        Arg::Column => {
            let columns = model.front_kind().map(|kind| (kind.columns)()).unwrap_or_default();
            columns.iter().map(|column| (column.name.to_owned(), column.title.to_owned())).collect()
        }
        Arg::Row => {
            let rows = model.table().map(|table| &table.rows[..]).unwrap_or_default();
            words(rows.iter().map(|entry| safe(&entry.row.name()).into_owned()))
        }
        Arg::None | Arg::Filter | Arg::LineFilter | Arg::Locator | Arg::Text(..) => Vec::new(),
    }
}

fn clusters(model: &Model) -> Vec<Suggestion> {
    words(model.snapshot.clusters().iter().map(|name| safe(name)))
}

/// Suggests profiles, and Regions after a profile and a slash.
fn scopes(model: &Model, word: &str) -> Vec<Suggestion> {
    match word.split_once('/') {
        Some((profile, _)) => words(REGIONS.iter().map(|region| format!("{profile}/{region}"))),
        None => words(model.profiles.iter().flatten().map(|profile| format!("@{profile}"))),
    }
}
