//! Finding the rule for a message or a code.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::{
    ReasonField, Rule, events, exec_agent, exit_codes, failures, placement, preparation, pull, rollouts, runtime,
    sessions, situations, stop_codes, stopped, targets, text::normalise,
};

/// Tables for stopped reasons and similar fields, in order of precedence. Each rule says to which fields it applies.
const REASONS: &[&[Rule]] = &[
    stopped::RULES,
    pull::RULES,
    preparation::RULES,
    placement::RULES,
    runtime::RULES,
    exec_agent::RULES,
    sessions::RULES,
    failures::RULES,
];

/// Compiled patterns of a table, searched in one pass.
struct Patterns {
    set: RegexSet,
    /// Rule of each pattern, by index.
    rules: Vec<&'static Rule>,
}

impl Patterns {
    /// Compiles one set per table. A single set for all would be slower and need more memory, because patterns with gaps
    /// multiply each other's states.
    fn compile_all(tables: &[&'static [Rule]]) -> Vec<Self> {
        tables.iter().map(|table| Self::compile(table)).collect()
    }

    fn compile(table: &'static [Rule]) -> Self {
        let (patterns, rules): (Vec<_>, _) =
            table.iter().flat_map(|rule| rule.patterns.iter().map(move |pattern| (*pattern, rule))).unzip();
        // Bytes without Unicode tables: far smaller, and faster to compile.
        let set = RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).build();
        Self { set: set.unwrap_or_default(), rules }
    }
}

/// Finds the first rule, in the order of the tables, that is `eligible` and matches `text`.
fn first(tables: &[Patterns], text: &str, eligible: impl Fn(&Rule) -> bool) -> Option<&'static Rule> {
    let text = normalise(text);
    tables.iter().filter(|table| table.rules.iter().any(|rule| eligible(rule))).find_map(|table| {
        let found = table.set.matches(text.as_bytes());
        found.into_iter().filter_map(|at| table.rules.get(at).copied()).find(|rule| eligible(rule))
    })
}

static OF_REASON: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::compile_all(REASONS));
static OF_EVENT: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::compile_all(events::TABLES));
static OF_ROLLOUT: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::compile_all(&[rollouts::RULES]));

/// Compiles all patterns ahead of the first use, because that takes a moment.
pub fn warm() {
    for patterns in [&OF_REASON, &OF_EVENT, &OF_ROLLOUT] {
        LazyLock::force(patterns);
    }
}

/// Whether all patterns have been compiled.
pub fn warmed() -> bool {
    [&OF_REASON, &OF_EVENT, &OF_ROLLOUT].into_iter().all(|patterns| LazyLock::get(patterns).is_some())
}

/// Rule for the reason of a task, container, attachment, managed agent, failure or session.
pub fn of_reason(place: ReasonField, text: &str) -> Option<&'static Rule> {
    first(&OF_REASON, text, |rule| rule.places.contains(&place))
}

/// Rule for a service event.
pub fn of_event(text: &str) -> Option<&'static Rule> {
    first(&OF_EVENT, text, |_| true)
}

/// Rule for the reason of a rollout state or of a service deployment's status.
pub fn of_rollout(text: &str) -> Option<&'static Rule> {
    first(&OF_ROLLOUT, text, |_| true)
}

/// Rule for an exit code; absent for codes that each application defines itself.
pub fn of_exit(code: Option<i32>) -> Option<&'static Rule> {
    let listed = exit_codes::RULES.iter().find(|(known, _)| *known == code).map(|(_, rule)| rule);
    listed.or_else(|| code.filter(|code| (129..=165).contains(code)).map(|_| &exit_codes::SIGNAL))
}

/// Rule for a stop code; the empty text stands for a missing one.
pub fn of_stop_code(code: &str) -> Option<&'static Rule> {
    look_up(stop_codes::RULES, code)
}

/// Rule for the reason code of a target's health.
pub fn of_target(reason_code: &str) -> Option<&'static Rule> {
    look_up(targets::RULES, reason_code)
}

fn look_up(table: &'static [(&str, Rule)], code: &str) -> Option<&'static Rule> {
    table.iter().find(|(known, _)| *known == code.trim()).map(|(_, rule)| rule)
}

/// All rules for messages and codes.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let coded = [stop_codes::RULES, targets::RULES].into_iter().flatten().map(|(_, rule)| rule);
    let exits = exit_codes::RULES.iter().map(|(_, rule)| rule).chain([&exit_codes::SIGNAL]);
    let matched = REASONS.iter().chain(events::TABLES).chain([&rollouts::RULES]).copied().flatten();
    coded.chain(exits).chain(matched)
}

/// Rule or situation with this id.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    rules().chain(situations::ALL.iter().copied()).find(|rule| rule.id == id)
}
