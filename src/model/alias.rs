//! Aliases: words of the configuration that stand for commands.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    action::{self, ACTIONS},
    command::{self, Args},
    unbound,
};
use crate::{
    nearest,
    resource::{Kind, query::PARTS},
};

/// Commands by alias.
pub type Aliases = BTreeMap<String, String>;

/// The command `line`, where an alias in front is replaced by its command until there is none.
///
/// # Errors
/// When the aliases form a loop.
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

/// What is wrong with each alias that no command can be made of, by alias.
pub fn mistakes(aliases: &Aliases, kinds: &[&'static Kind]) -> Vec<(String, String)> {
    let fault = |alias: &String| Some((alias.clone(), check(alias, aliases, kinds).err()?));
    aliases.keys().filter_map(fault).collect()
}

fn check(alias: &str, aliases: &Aliases, kinds: &[&'static Kind]) -> Result<(), String> {
    if alias.is_empty() || alias.contains(char::is_whitespace) || alias.starts_with([':', '/']) {
        return Err(format!("`{alias}` can't be typed as a command; an alias is one word"));
    }
    if built_in(kinds).iter().any(|word| word.eq_ignore_ascii_case(alias)) {
        return Err(format!("`{alias}` is a command already; choose another word"));
    }
    let line = expand(aliases, alias)?;
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
    if verb.is_empty() {
        return Err("the command is missing".into());
    }
    // Which rows are filtered is known only where it is typed.
    if verb.starts_with('/') {
        return Ok(());
    }
    if let Some((kind, status)) = command::view_word(kinds, verb) {
        let args = Args::parse(rest)?;
        args.suit(kind, status)?;
        // The time does not matter to whether a filter can be read.
        let read = |text| command::read_filter(text, kind, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        return args.filter.map(read).transpose().map(drop);
    }
    match action::by_word(verb) {
        Some(action) => action.takes(verb, rest.trim()),
        None => {
            let others = aliases.keys().map(String::as_str).filter(|other| *other != alias);
            Err(unknown(verb, &others.chain(built_in(kinds)).collect::<Vec<_>>()))
        }
    }
}

/// What is said of a command word that is none of `known`.
pub(super) fn unknown(verb: &str, known: &[&str]) -> String {
    match unbound::foreign_word(verb) {
        Some(say) => format!("no `:{verb}` here: {say}"),
        None => nearest::unknown("command", verb, known.iter().copied()),
    }
}

/// Every command word that is no alias: views and actions.
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
        assert_eq!(mistakes(&aliases(pairs), KINDS).len(), pairs.len());
    }

    #[rstest]
    #[case("oom", "tsks /exit=137", "unknown command `tsks`; did you mean tasks")]
    #[case("oo", "oom", "unknown command `oom`; one of trouble")]
    #[case("x", "stopped /exti=1", "filter, character 1: unknown column `exti`; did you mean exit")]
    #[case("x", "services /is:stopped", "filter, character 4: unknown state `stopped`")]
    #[case("x", "tasks prod staging", "`staging` is one word too many")]
    #[case("x", "clusters since=1h", "since= does not apply to clusters")]
    #[case("x", "readonly now", "`:readonly` takes no argument")]
    #[case("x", "deploy", "no `:deploy` here: what k9s calls a deployment is a service here")]
    #[case("x", " : ", "the command is missing")]
    #[case("tasks", "services", "`tasks` is a command already")]
    #[case("SVC", "services", "`SVC` is a command already")]
    #[case("stopped", "tasks", "`stopped` is a command already")]
    #[case("q", "services", "`q` is a command already")]
    #[case("two words", "services", "`two words` can't be typed")]
    fn an_alias_that_stands_for_no_command_is_a_mistake(
        #[case] alias: &str,
        #[case] command: &str,
        #[case] expected: &str,
    ) {
        let found = mistakes(&aliases(&[(alias, command)]), KINDS);
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
    fn an_alias_that_stands_for_a_command_is_none(#[case] command: &str) {
        // A word that only k9s has is free.
        assert_eq!(mistakes(&aliases(&[("x", command), ("sec", "revisions")]), KINDS), []);
    }
}
