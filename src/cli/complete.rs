//! Shell completion: candidates for values, found without network calls.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};
use clap_complete::{
    ArgValueCandidates, CompletionCandidate,
    env::{CompleteEnv, Shells},
};

use super::{Cli, Refusal, console};
use crate::{
    aws::{profiles, regions::REGIONS},
    config::Paths,
    demo::faults,
    history::{self, KnownNames},
    kinds::{KINDS, kind},
};

/// Environment variable with which a shell's script requests candidates.
const VARIABLE: &str = "ECSIGHT_COMPLETE";

/// Prints candidates and ends the program, if a shell requested them.
pub(super) fn answer() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

/// Completion script for `shell`.
///
/// # Errors
/// When the shell is not supported.
pub(super) fn script(shell: clap_complete::Shell) -> Result<Vec<u8>, Refusal> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string());
    let completer = completer.ok_or_else(|| Refusal::Failed(format!("there is no completion for {shell}")))?;
    completer.write_registration(VARIABLE, "ecsight", "ecsight", "ecsight", &mut script)?;
    Ok(script)
}

fn candidates<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Vec<CompletionCandidate> {
    words.into_iter().map(|word| CompletionCandidate::new(word.into())).collect()
}

pub(super) fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let names = runtime.map(|runtime| runtime.block_on(profiles::names()).unwrap_or_default());
        candidates(names.unwrap_or_default())
    })
}

pub(super) fn regions() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(REGIONS.iter().copied()))
}

/// Names of clusters and services from earlier runs, and the favourites.
fn known() -> KnownNames {
    let paths = Paths::for_user();
    let scope = Cli::try_parse_from(["ecsight"]).map(|cli| cli.scope).ok();
    let settings = scope.and_then(|scope| console::settings(&scope, paths.as_ref()).ok()).unwrap_or_default();
    let file = console::history_config(&settings, paths.as_ref()).file;
    let mut known = file.map(|file| history::read_names(&file)).unwrap_or_default();
    known.clusters.extend(settings.favourites);
    known
}

pub(super) fn clusters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(known().clusters))
}

pub(super) fn services() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(known().services))
}

/// Columns of the kind in the command line, or else of all kinds.
pub(super) fn columns() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let named = std::env::args().skip_while(|word| word != "get").skip(1).find_map(|word| kind(&word));
        let kinds: Vec<_> = named.map_or_else(|| KINDS.to_vec(), |kind| vec![kind]);
        let names: BTreeSet<&str> = kinds.iter().flat_map(|kind| (kind.columns)()).map(|column| column.name).collect();
        candidates(names)
    })
}

pub(super) fn faults() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        faults::kinds().map(|kind| CompletionCandidate::new(kind.name).help(Some(kind.help.into()))).collect()
    })
}

/// Candidates for the last of `words`, for tests.
#[cfg(test)]
fn offered(words: &[&str]) -> Vec<String> {
    let mut command = Cli::command();
    let args: Vec<_> = words.iter().map(Into::into).collect();
    let last = args.len() - 1;
    let found = clap_complete::engine::complete(&mut command, args, last, None).expect("candidates");
    found.into_iter().map(|candidate| candidate.get_value().to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["ecsight", "--region", "eu-w"], &["eu-west-1", "eu-west-2", "eu-west-3"])]
    #[case(&["ecsight", "get", "serv"], &["services"])]
    #[case(&["ecsight", "demo", "--fault", "throt"], &["throttle"])]
    #[case(&["ecsight", "demo", "--scenario", "fl"], &["fleet"])]
    #[case(&["ecsight", "get", "services", "--filter", ""], &[])]
    #[case(&["ecsight", "logs", "checkout", "--container", ""], &[])]
    fn values_are_offered_and_file_names_are_not(#[case] words: &[&str], #[case] expected: &[&str]) {
        assert_eq!(offered(words), expected);
    }

    #[test]
    fn columns_are_offered_for_sorting() {
        let offered = offered(&["ecsight", "get", "services", "--sort", "run"]);
        assert!(offered.contains(&"running".to_owned()), "{offered:?}");
    }
}
