//! From a text or a code to the rule that knows it.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::{
    ReasonField, Rule, events, exec_agent, exits, failures, placement, pull, rollouts, running, situations, start,
    start_up, stop_codes, targets, text::normalise,
};

/// What recognises stopped reasons and their like: in this order, each table where its rows say they apply.
const REASONS: &[&[Rule]] =
    &[running::RULES, pull::RULES, start_up::RULES, placement::RULES, start::RULES, exec_agent::RULES, failures::RULES];

/// All patterns of a table, searched for at once.
struct Patterns {
    set: RegexSet,
    /// The rule of each pattern.
    rules: Vec<&'static Rule>,
}

impl Patterns {
    /// One set a table: patterns with gaps multiply each other's states, so that all in one would be slower to ask and
    /// need more memory than each by itself.
    fn each(tables: &[&'static [Rule]]) -> Vec<Self> {
        tables.iter().map(|table| Self::of(table)).collect()
    }

    fn of(table: &'static [Rule]) -> Self {
        let (patterns, rules): (Vec<_>, _) =
            table.iter().flat_map(|rule| rule.patterns.iter().map(move |pattern| (*pattern, rule))).unzip();
        // Bytes, without the tables of Unicode: far smaller, and sooner built.
        let set = RegexSetBuilder::new(patterns).case_insensitive(true).unicode(false).build();
        Self { set: set.unwrap_or_default(), rules }
    }
}

/// The first rule in the order of the tables that knows `text` and may be asked.
fn first(tables: &[Patterns], text: &str, asked: impl Fn(&Rule) -> bool) -> Option<&'static Rule> {
    let text = normalise(text);
    tables.iter().filter(|table| table.rules.iter().any(|rule| asked(rule))).find_map(|table| {
        let found = table.set.matches(text.as_bytes());
        found.into_iter().filter_map(|at| table.rules.get(at).copied()).find(|rule| asked(rule))
    })
}

static OF_REASON: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::each(REASONS));
static OF_EVENT: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::each(events::TABLES));
static OF_ROLLOUT: LazyLock<Vec<Patterns>> = LazyLock::new(|| Patterns::each(&[rollouts::RULES]));

/// Builds what recognises texts. It takes a moment: what is slow to be wanted should not be slow to be there.
pub fn warm() {
    for patterns in [&OF_REASON, &OF_EVENT, &OF_ROLLOUT] {
        LazyLock::force(patterns);
    }
}

/// Whether a text can be recognised at once.
pub fn warmed() -> bool {
    [&OF_REASON, &OF_EVENT, &OF_ROLLOUT].into_iter().all(|patterns| LazyLock::get(patterns).is_some())
}

/// What knows a reason: a task's, a container's, an attachment's, a managed agent's, a failure's.
pub fn of_reason(place: ReasonField, text: &str) -> Option<&'static Rule> {
    first(&OF_REASON, text, |rule| rule.places.contains(&place))
}

/// What knows a service event.
pub fn of_event(text: &str) -> Option<&'static Rule> {
    first(&OF_EVENT, text, |_| true)
}

/// What knows the reason of a roll-out's state, or of a service deployment's status.
pub fn of_rollout(text: &str) -> Option<&'static Rule> {
    first(&OF_ROLLOUT, text, |_| true)
}

/// What knows an exit code; none for those that every application may give a meaning of its own.
pub fn of_exit(code: Option<i32>) -> Option<&'static Rule> {
    let listed = exits::RULES.iter().find(|(known, _)| *known == code).map(|(_, rule)| rule);
    listed.or_else(|| code.filter(|code| (129..=165).contains(code)).map(|_| &exits::SIGNAL))
}

/// What knows a stop code; an empty text is the absent one.
pub fn of_stop_code(code: &str) -> Option<&'static Rule> {
    look_up(stop_codes::RULES, code)
}

/// What knows the reason code of a target's health.
pub fn of_target(reason_code: &str) -> Option<&'static Rule> {
    look_up(targets::RULES, reason_code)
}

fn look_up(table: &'static [(&str, Rule)], code: &str) -> Option<&'static Rule> {
    table.iter().find(|(known, _)| *known == code.trim()).map(|(_, rule)| rule)
}

/// Every rule that knows a text or a code.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let coded = [stop_codes::RULES, targets::RULES].into_iter().flatten().map(|(_, rule)| rule);
    let exits = exits::RULES.iter().map(|(_, rule)| rule).chain([&exits::SIGNAL]);
    let matched = REASONS.iter().chain(events::TABLES).chain([&rollouts::RULES]).copied().flatten();
    coded.chain(exits).chain(matched)
}

/// The rule, or the situation, that is called `id`.
pub fn by_id(id: &str) -> Option<&'static Rule> {
    rules().chain(situations::ALL.iter().copied()).find(|rule| rule.id == id)
}
