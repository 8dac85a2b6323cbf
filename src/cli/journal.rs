//! `ecsight journal`: prints changes made with ecsight from this machine.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::{Refusal, note, output::print, values::since};
use crate::{
    change::place,
    config::Paths,
    journal::{self, JournalEntry, JournalLine},
    model::Settings,
    resource::Zone,
    visible::safe_json,
};

/// Arguments of `ecsight journal`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct JournalArgs {
    /// How far to look back (90m, 6h, 2d); everything by default
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<u32>,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: JournalFormat,
}

/// Adds a line to the journal; a failure is a warning, because what the line is about has happened.
pub(super) fn append_to_journal(paths: Option<&Paths>, entry: JournalEntry) {
    if let Some(Err(error)) = paths.map(|paths| journal::append(&paths.state, &[entry])) {
        note(&format!("warning: the journal could not be written: {error}"));
    }
}

/// Output format of `journal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JournalFormat {
    /// A line for each entry
    Text,
    /// The lines of the file, with the request
    Json,
}

const EXAMPLES: &str = "\
Examples:
  ecsight journal --since 24h
  ecsight journal -o json | jq 'select(.name == \"checkout\")'";

/// Prints the journal, oldest entry first.
///
/// # Errors
/// When the file is there and can't be read.
pub(super) fn run(args: &JournalArgs, settings: &Settings, paths: Option<&Paths>) -> Result<(), Refusal> {
    let paths = paths.ok_or_else(|| Refusal::Failed("there is no home folder, so there is no journal".into()))?;
    let lines = journal::read(&paths.state)
        .map_err(|error| Refusal::Failed(format!("{}: {error}", paths.state.join(journal::FILE).display())))?;
    #[expect(clippy::disallowed_methods, reason = "a command begins here")]
    let now = Timestamp::now();
    let late = |at: Timestamp| {
        args.since.is_none_or(|seconds| now.as_second().saturating_sub(at.as_second()) <= i64::from(seconds))
    };
    let zone = Zone::marked(settings.zone.zone.clone());
    if lines.is_empty() {
        note(&format!(
            "nothing was changed yet; changes are recorded in {}",
            paths.state.join(journal::FILE).display()
        ));
    }
    let mut text = String::new();
    for (line, json) in lines.iter().filter(|(line, _)| late(line.at)) {
        match args.output {
            JournalFormat::Text => text += &format!("{}\n", entry(line, &zone)),
            JournalFormat::Json => text += &(safe_json(json.clone()) + "\n"),
        }
    }
    print(&text)
}

/// `2026-01-31 14:05:00Z  accepted  scale service web in prod, by arn:…: 4 tasks desired now`; a line for a change that
/// is sent has its request.
fn entry(line: &JournalLine, zone: &Zone) -> String {
    let JournalLine { state, change, kind, name, cluster, .. } = line;
    let by = line.caller.as_ref().or(line.profile.as_ref()).map(|who| format!(", by {who}")).unwrap_or_default();
    let says = line.details().map(|details| format!(": {details}")).unwrap_or_default();
    let target = place(kind, name, cluster);
    format!("{}  {state:<8}  {change} {target}{by}{says}", zone.clock(line.at))
}
