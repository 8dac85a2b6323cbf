//! Aliases: command words from the configuration.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    RowFilter,
    action::{self, ACTIONS, Arg, KnownArguments},
    command::{Args, view_word},
    unbound,
};
use crate::{
    grammar::{Fault, typing::comparison},
    logs, nearest,
    resource::{Kind, query::PARTS},
};

/// Commands by alias.
pub type Aliases = BTreeMap<String, String>;

/// Replaces an alias at the beginning of `line` by its command, repeatedly.
///
/// # Errors
///
/// If the aliases form a loop.
pub fn expand(aliases: &Aliases, line: &str) -> Result<String, String> {
    let mut line = line.to_owned();
    let mut path: Vec<String> = Vec::new();
    loop {
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
        let Some(command) = aliases.get(verb) else { return Ok(line) };
        let again = path.iter().any(|seen| seen == verb);
        path.push(verb.to_owned());
        if again {
            return Err(format!("the aliases form a loop: {}", path.join(" → ")));
        }
        line = format!("{} {rest}", bare(command)).trim_end().into();
    }
}

/// The mistake in each alias that is not a valid command, by alias.
pub fn mistakes(aliases: &Aliases, known: &KnownArguments<'_>) -> Vec<(String, String)> {
    let fault = |alias: &String| Some((alias.clone(), check(alias, aliases, known).err()?));
    aliases.keys().filter_map(fault).collect()
}

fn check(alias: &str, aliases: &Aliases, known: &KnownArguments<'_>) -> Result<(), String> {
    if alias.is_empty() || alias.contains(char::is_whitespace) || alias.starts_with([':', '/']) {
        return Err(format!("`{alias}` can't be typed as a command; an alias is one word"));
    }
    if built_in(known.kinds).iter().any(|word| word.eq_ignore_ascii_case(alias)) {
        return Err(format!("`{alias}` is a command already; choose another word"));
    }
    let line = expand(aliases, alias)?;
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
    let rest = rest.trim();
    if verb.is_empty() {
        return Err("the command is missing".into());
    }
    if let Some(filter) = line.strip_prefix('/') {
        return check_any_filter(filter, known.kinds);
    }
    if let Some((kind, status)) = view_word(known.kinds, verb) {
        let args = Args::parse(rest)?;
        args.suit(kind, status)?;
        args.scope.map_or(Ok(()), |scope| action::check_scope(scope, known.profiles))?;
        return args.filter.map_or(Ok(()), |filter| action::check_filter(filter, kind));
    }
    let Some(action) = action::by_word(verb) else {
        let others = aliases.keys().map(String::as_str).filter(|other| *other != alias);
        return Err(unknown(verb, &others.chain(built_in(known.kinds)).collect::<Vec<_>>()));
    };
    action.takes(verb, rest, known)?;
    match action.arg {
        Arg::Filter => check_any_filter(rest, known.kinds),
        Arg::Column if !rest.is_empty() => check_any_column(rest, known.kinds),
        _ => Ok(()),
    }
}

/// Refuses a filter that is valid neither for rows of any kind nor for log lines: the view is not known yet.
fn check_any_filter(text: &str, kinds: &[&'static Kind]) -> Result<(), String> {
    let rows = kinds.iter().map(|kind| RowFilter::parse(text, kind, Timestamp::UNIX_EPOCH, &TimeZone::UTC).err());
    let faults: Option<Vec<Fault>> = rows.chain([logs::filter::LineFilter::parse(text).err()]).collect();
    // The fault that occurs latest is the most helpful.
    let Some(fault) = faults.unwrap_or_default().into_iter().rev().max_by_key(|fault| fault.at) else { return Ok(()) };
    let term: String = text.chars().skip(fault.at).collect();
    let unknown = comparison(&term).filter(|_| fault.reason.starts_with("unknown column"));
    let reason = unknown.and_then(|(name, ..)| check_any_column(name, kinds).err());
    Err(Fault::new(fault.at, reason.unwrap_or(fault.reason)).in_filter())
}

/// Refuses a column name that no kind has.
fn check_any_column(name: &str, kinds: &[&'static Kind]) -> Result<(), String> {
    if kinds.iter().any(|kind| kind.column(name).is_some()) {
        return Ok(());
    }
    let columns: BTreeSet<&str> = kinds.iter().flat_map(|kind| (kind.columns)()).map(|column| column.name).collect();
    Err(nearest::unknown("column", name, columns.iter().copied()))
}

/// The message for an unknown command word; `known` are the valid ones.
pub(super) fn unknown(verb: &str, known: &[&str]) -> String {
    match unbound::foreign_word(verb) {
        Some(say) => format!("no `:{verb}` here: {say}"),
        None => nearest::unknown("command", verb, known.iter().copied()),
    }
}

/// All command words except aliases: views and actions.
pub(super) fn built_in<'a>(kinds: &[&'static Kind]) -> Vec<&'a str> {
    let views = kinds.iter().flat_map(|kind| kind.names()).chain(PARTS.iter().map(|(word, ..)| *word));
    views.chain(ACTIONS.iter().flat_map(|action| action.words.iter().copied())).collect()
}

/// A command without its colon.
pub(super) fn bare(command: &str) -> &str {
    command.trim().trim_start_matches(':').trim_start()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kinds::KINDS;

    fn aliases(pairs: &[(&str, &str)]) -> Aliases {
        pairs.iter().map(|(word, command)| ((*word).into(), (*command).into())).collect()
    }

    fn known(profiles: Option<&[String]>) -> KnownArguments<'_> {
        KnownArguments { kinds: KINDS, themes: vec!["terminal", "midnight"], profiles }
    }

    #[rstest]
    #[case("x", "x")]
    #[case("oom", "stopped /exit=137")]
    #[case("o prod", "stopped /exit=137 prod")]
    #[case("k prod", "stopped prod")]
    #[case("tasks oom", "tasks oom")]
    #[case("only", "/is:fault")]
    fn aliases_are_followed_to_their_command(#[case] line: &str, #[case] expected: &str) {
        let pairs =
            [("oom", ": stopped /exit=137 "), ("o", "oom"), ("k", ":s"), ("s", "stopped"), ("only", "/is:fault")];
        assert_eq!(expand(&aliases(&pairs), line).as_deref(), Ok(expected));
    }

    #[rstest]
    #[case(&[("a", "a")], "a", "a → a")]
    #[case(&[("a", ":b x"), ("b", "a")], "a", "a → b → a")]
    #[case(&[("a", "b"), ("b", "c"), ("c", "b")], "a 1", "a → b → c → b")]
    fn a_loop_of_aliases_is_refused(#[case] pairs: &[(&str, &str)], #[case] line: &str, #[case] path: &str) {
        assert_eq!(expand(&aliases(pairs), line), Err(format!("the aliases form a loop: {path}")));
        assert_eq!(mistakes(&aliases(pairs), &known(None)).len(), pairs.len());
    }

    #[rstest]
    #[case("oom", "tsks /exit=137", "unknown command `tsks`; did you mean tasks")]
    #[case("oo", "oom", "unknown command `oom`; one of trouble")]
    #[case("x", "stopped /exti=1", "filter, character 1: unknown column `exti`; did you mean exit")]
    #[case("x", "services /is:stopped", "filter, character 4: unknown state `stopped`")]
    #[case("x", "tasks prod staging", "unexpected `staging`")]
    #[case("x", "clusters since=1h", "since= does not apply to clusters")]
    #[case("x", "readonly now", "`:readonly` takes no argument")]
    #[case("x", "deployments.apps", "no `:deployments.apps` here: use :services")]
    #[case("x", " : ", "the command is missing")]
    #[case("x", "include levl>=warn", "filter, character 1: unknown field `levl`; did you mean level")]
    #[case("x", "exclude !\"health", "filter, character 2: the quote is not closed")]
    #[case("x", "highlight level>=loud", "filter, character 8: unknown level `loud`")]
    #[case("x", "/exti=1", "filter, character 1: unknown column `exti`; did you mean exit?")]
    #[case("x", "/exit=137 resaon=x", "filter, character 10: unknown column `resaon`; did you mean reason")]
    #[case("x", "/stopped>25:99", "filter, character 9: invalid time `25:99`")]
    #[case("x", "filter is:fautl", "filter, character 4: unknown state `fautl`; did you mean fault")]
    #[case("x", "services @opss", "unknown profile `opss`; did you mean ops?")]
    #[case("x", "services @ops/eu-wset-1", "unknown Region `eu-wset-1`; did you mean eu-west-1")]
    #[case("x", "ctx @/eu-wset-1", "unknown Region `eu-wset-1`; did you mean eu-west-1")]
    #[case("x", "scope opss", "unknown profile `opss`; did you mean ops?")]
    #[case("x", "profile opss", "unknown profile `opss`; did you mean ops?")]
    #[case("x", "region eu-wset-1", "unknown Region `eu-wset-1`; did you mean eu-west-1")]
    #[case("x", "theme midnigth", "unknown theme `midnigth`; did you mean midnight?")]
    #[case("x", "sort colour", "unknown column `colour`; ")]
    #[case("x", "header ful", "unknown argument `ful`; did you mean full?")]
    #[case("x", "save docx", "unknown argument `docx`; one of csv, json, ndjson, text, view")]
    #[case("x", "refresh soon", "invalid interval `soon`; try 5s, 2m or auto")]
    #[case("x", "write forever", "invalid time `forever`; expected up to 8h")]
    #[case("x", "around many", "invalid number of lines `many`; expected 1 to 100, or off")]
    #[case("x", "at 25:99", "invalid time `25:99`")]
    #[case("x", "open x", "invalid locator `x`; expected scope://")]
    #[case("x", "open scope://-/-/prod/tsk/a", "unknown kind `tsk`; did you mean task")]
    #[case("x", "open scope://-/-/prod/task/a?exti=1", "filter, character 1: unknown column `exti`")]
    #[case("tasks", "services", "`tasks` is a command already")]
    #[case("SVC", "services", "`SVC` is a command already")]
    #[case("stopped", "tasks", "`stopped` is a command already")]
    #[case("q", "services", "`q` is a command already")]
    #[case("two words", "services", "`two words` can't be typed")]
    fn an_alias_without_a_valid_command_is_a_mistake(
        #[case] alias: &str,
        #[case] command: &str,
        #[case] expected: &str,
    ) {
        let profiles = ["dev", "ops"].map(String::from);
        let found = mistakes(&aliases(&[(alias, command)]), &known(Some(&profiles)));
        let [(key, what)] = &found[..] else { panic!("{found:?}") };
        assert!(key == alias && what.starts_with(expected), "{what}");
        let (_, offered) = what.split_once("did you mean").unwrap_or_default();
        let mut offered = offered.split([' ', '?']);
        assert!(offered.all(|word| word.is_empty() || ![alias, bare(command)].contains(&word)), "{what}");
    }

    #[rstest]
    #[case("stopped payments since=2d /exit=137 age<2h @ops/eu-west-1")]
    #[case(":services /is:fault")]
    #[case("cluster prod")]
    #[case("/is:fault")]
    #[case("profile staging")]
    #[case("sec")]
    #[case("include level>=warn")]
    #[case("exclude !health")]
    #[case("include")]
    #[case("/level>=warn")]
    #[case("/exit=137 age<2h")]
    #[case("/status=failing")]
    #[case("filter rollout:failed")]
    #[case("services @whatever/eu-west-1")]
    #[case("ctx @whatever")]
    #[case("sort exit")]
    #[case("theme midnight")]
    #[case("header off")]
    #[case("refresh 5s")]
    #[case("refresh off")]
    #[case("write 1h")]
    #[case("around off")]
    #[case("at 2026-01-31 14:05")]
    #[case("at -2h..-1h")]
    #[case("open scope://dev/eu-west-1/prod/task/a?exit=1")]
    #[case("query fields @message")]
    #[case("describe web api")]
    fn an_alias_with_a_valid_command_is_accepted(#[case] command: &str) {
        // A word that only k9s has may be an alias.
        assert_eq!(mistakes(&aliases(&[("x", command), ("sec", "revisions")]), &known(None)), []);
    }
}
