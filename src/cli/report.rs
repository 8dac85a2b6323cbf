//! `ecsight report`: an incident summary of a service as Markdown, for tickets.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use super::{
    Refusal, ScopeArgs, WaitArgs, complete,
    investigation::Investigation,
    print,
    session::CliSession,
    subject::NameQuery,
    values::since,
    why::{connect, title},
};
use crate::{
    config::Paths,
    diagnose::{
        failures::{self, Failures},
        timeline::{self, EntryKind, TimelineEntry},
    },
    knowledge::{Certainty, Verdict},
    model::Settings,
    resource::{
        Query, Row, Tone, View,
        format::{duration, short_id},
        markdown::{heading, item, table, verbatim},
        secrets::masked,
        service::Service,
    },
};

/// Greatest number of timeline lines; the newest are kept.
const LINES: usize = 40;

/// Arguments of `ecsight report`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    /// How far to look back (90m, 6h, 2d); beyond an hour, only what ecsight has recorded is known
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = since)]
    pub since: u32,
    #[command(flatten)]
    pub wait: WaitArgs,
}

const EXAMPLES: &str = "\
Examples:
  ecsight report checkout --cluster prod > incident.md
  ecsight report checkout --since 2d";

/// Prints the report.
///
/// # Errors
/// Usage errors; failures of AWS.
pub(super) async fn run(
    args: ReportArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<(), Refusal> {
    let wanted = NameQuery::service(&args.service, scope.cluster.as_deref())?;
    let mut session = CliSession::open(connect(&wanted, scope, settings).await?, args.wait, settings, paths);
    let views =
        |row: &dyn Row| vec![history(row, &failures::KIND, args.since), history(row, &timeline::KIND, args.since)];
    let investigation = Investigation::open(&mut session, &wanted, views).await;
    session.close().await;
    print(&masked(&report(&investigation?, args.since)))
}

/// View of a composed kind for a service.
fn history(row: &dyn Row, kind: &'static crate::resource::Kind, since: u32) -> View {
    let query = Query::service(row.cluster().unwrap_or_default(), &*row.name());
    View::new(kind, Query { since: Some(since), ..query })
}

fn report(investigation: &Investigation, since: u32) -> String {
    let parts = [
        head(investigation, since),
        state(investigation),
        findings(investigation),
        verdicts(investigation),
        groups(investigation, since),
        entries(investigation, since),
        last_lines(investigation),
        gaps(investigation),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn head(investigation: &Investigation, since: u32) -> String {
    let identity = &investigation.snapshot.identity;
    let account = identity.account.as_ref().map(|account| format!("account {account}"));
    let place: Vec<String> = account.into_iter().chain(identity.region.clone()).collect();
    let back = duration(since.into());
    heading(&format!("Incident report: {}", title(&*investigation.row)), 1)
        + &format!("{}; written {}; looks back {back}\n", place.join(", "), investigation.zone.clock(investigation.now))
}

fn state(investigation: &Investigation) -> String {
    let Some(service) = investigation.row.any().downcast_ref::<Service>() else { return String::new() };
    let mut text = heading("State", 2);
    text += &item(0, &format!("{}: {}", service.health().word(), service.counts()));
    for deployment in &service.deployments {
        let since =
            deployment.created_at.map(|at| format!(", since {}", investigation.zone.clock(at))).unwrap_or_default();
        let reason = deployment.rollout_state_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        text += &item(0, &format!("{}{since}{reason}", deployment.counts()));
    }
    text
}

fn findings(investigation: &Investigation) -> String {
    let mut text = heading("Findings", 2);
    for finding in &investigation.explanation.findings {
        let since =
            finding.since.map(|since| format!(", since {}", investigation.zone.clock(since))).unwrap_or_default();
        text += &item(0, &format!("{}: {}{since}", finding.problem.word(), finding.cause));
    }
    if investigation.explanation.findings.is_empty() {
        text += &item(0, "ecsight found no problems");
    }
    text
}

fn verdicts(investigation: &Investigation) -> String {
    let verdicts = investigation.verdicts();
    if verdicts.is_empty() {
        return String::new();
    }
    heading("Why", 2) + &verdicts.iter().map(|verdict| verdict_section(verdict)).collect::<Vec<_>>().join("\n")
}

fn verdict_section(verdict: &Verdict) -> String {
    let certainty = match verdict.certainty {
        Certainty::Likely => " (likely)",
        Certainty::Certain | Certainty::Unknown => "",
    };
    let mut text = heading(&format!("{}{certainty}", verdict.line()), 3);
    text += &item(0, &verdict.cause);
    for quote in &verdict.evidence {
        text += &item(1, &format!("{}: {}", quote.field, quote.text));
    }
    for (index, next) in verdict.next.iter().enumerate() {
        text += &item(usize::from(index > 0), &if index == 0 { format!("next: {next}") } else { next.clone() });
    }
    if let Some(page) = &verdict.page {
        text += &item(0, page);
    }
    if let Some(command) = &verdict.command {
        text += &format!("\n{}", verbatim([command.as_str()]));
    }
    text
}

/// Fetched rows of a view, as `R`.
fn rows_of<'a, R: 'static>(investigation: &'a Investigation, view: &View) -> Vec<&'a R> {
    let rows = investigation.snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter());
    rows.filter_map(|entry| entry.row.any().downcast_ref::<R>()).collect()
}

fn groups(investigation: &Investigation, since: u32) -> String {
    let mut groups = rows_of::<Failures>(investigation, &history(&*investigation.row, &failures::KIND, since));
    groups.sort_by_key(|group| std::cmp::Reverse(group.last));
    if groups.is_empty() {
        return String::new();
    }
    let rows = groups.into_iter().map(|group| {
        let codes: Vec<String> = group.exit_codes.iter().map(ToString::to_string).collect();
        [
            group.count.to_string(),
            group.title().into_owned(),
            group.container.clone(),
            group.revision.clone(),
            codes.join(", "),
            investigation.zone.clock(group.first),
            investigation.zone.clock(group.last),
        ]
    });
    let head = ["count", "cause", "container", "task definition", "exit codes", "first", "last"];
    heading(&format!("Failures of the last {}", duration(since.into())), 2) + &table(head, rows)
}

/// One line of the timeline: equal entries in a row are counted.
struct TimelineLine<'a> {
    first: Timestamp,
    last: Timestamp,
    times: usize,
    entry: &'a TimelineEntry,
}

fn entries(investigation: &Investigation, since: u32) -> String {
    let mut entries = rows_of::<TimelineEntry>(investigation, &history(&*investigation.row, &timeline::KIND, since));
    let from = investigation.now - jiff::SignedDuration::from_secs(since.into());
    entries.retain(|entry| entry.at >= from && is_noteworthy(entry));
    entries.sort_by_key(|entry| (entry.at, entry.step));
    let mut lines: Vec<TimelineLine<'_>> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if is_repeat(line.entry, entry) => (line.last, line.times) = (entry.at, line.times + 1),
            _ => lines.push(TimelineLine { first: entry.at, last: entry.at, times: 1, entry }),
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let left_out = lines.len().saturating_sub(LINES);
    let rows = lines.into_iter().skip(left_out).map(|TimelineLine { first, last, times, entry }| {
        let detail = entry.verdict.as_ref().map_or_else(|| entry.detail.clone(), |verdict| verdict.line());
        match times {
            1 => [investigation.zone.clock(first), format!("{} {}", entry.subject(), entry.what), detail],
            _ => {
                let until = investigation.zone.second(last);
                [
                    format!("{} to {until}", investigation.zone.clock(first)),
                    format!("{} {times} times", entry.what),
                    detail,
                ]
            }
        }
    });
    let text = heading("Timeline", 2) + &table(["time", "what", "detail"], rows);
    if left_out == 0 { text } else { text + &format!("\n{left_out} earlier lines are left out.\n") }
}

/// Whether an entry belongs in a summary: events of deployments and problems, but not everyday scheduling.
fn is_noteworthy(entry: &TimelineEntry) -> bool {
    match entry.step {
        EntryKind::Begun | EntryKind::RollingBack | EntryKind::Waiting | EntryKind::Completed | EntryKind::Failed => {
            true
        }
        EntryKind::Event | EntryKind::Stopped => entry.tone >= Tone::Warn,
        EntryKind::Created
        | EntryKind::Pulling
        | EntryKind::Pulled
        | EntryKind::Running
        | EntryKind::Stopping
        | EntryKind::Settled => false,
    }
}

fn is_repeat(one: &TimelineEntry, other: &TimelineEntry) -> bool {
    let cause = |entry: &TimelineEntry| entry.verdict.as_ref().map(|verdict: &Arc<Verdict>| verdict.line());
    let same = one.verdict.is_some() || one.detail == other.detail;
    one.step == other.step && one.what == other.what && cause(one) == cause(other) && same
}

fn last_lines(investigation: &Investigation) -> String {
    let Some(excerpt) = &investigation.evidence.lines else { return String::new() };
    let title = format!("Last log lines of {} (task {})", excerpt.container, short_id(&excerpt.task_arn));
    let lines: Vec<String> = excerpt
        .lines
        .iter()
        .map(|(at, text)| format!("{} {}", investigation.zone.second(*at), text.trim_end()))
        .collect();
    heading(&title, 2) + &verbatim(lines.iter().map(String::as_str))
}

fn gaps(investigation: &Investigation) -> String {
    if investigation.evidence.gaps.is_empty() {
        return String::new();
    }
    heading("Not checked", 2) + &investigation.evidence.gaps.iter().map(|gap| item(0, gap)).collect::<String>()
}
