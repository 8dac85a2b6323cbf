//! `ecsight why`: explains what is wrong with a service, a task or an instance, or what a message means.

use std::{
    io::{self, IsTerminal, Read},
    sync::Arc,
};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{
    Refusal, ScopeArgs, WaitArgs, complete, console,
    investigation::Investigation,
    output::{pretty, print, print_coloured, theme},
    session::CliSession,
    subject::NameQuery,
    values::number,
};
use crate::{
    aws::{Clients, ScopeSpec},
    config::Paths,
    diagnose::{self, AwsMessage},
    knowledge::{Class, Verdict},
    model::Settings,
    resource::{Document, Row, Tone, inspect, markdown, secrets::masked_json},
    ui::{self, theme::Glyphs},
};

/// Arguments of `ecsight why`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WhyArgs {
    /// Name, full or partial id, or ARN of a service, a task or a container instance
    #[arg(
        value_name = "NAME",
        required_unless_present_any = ["message", "stop_code", "exit_code"],
        add = complete::services()
    )]
    pub name: Option<String>,
    /// Explain this text: a stopped reason, a container's reason or a service event; `-` reads it from standard input.
    /// Makes no call to AWS
    #[arg(long, value_name = "TEXT", conflicts_with = "name", allow_hyphen_values = true)]
    pub message: Option<String>,
    /// Stop code that came with the message
    #[arg(long, value_name = "CODE", conflicts_with = "name")]
    pub stop_code: Option<String>,
    /// Exit code that came with the message
    #[arg(long, value_name = "NUMBER", conflicts_with = "name", allow_hyphen_values = true, value_parser = number::<i32>("-1 to 255"))]
    pub exit_code: Option<i32>,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub output: ExplanationFormat,
    #[command(flatten)]
    pub wait: WaitArgs,
}

const EXAMPLES: &str = "\
Examples:
  ecsight why checkout --cluster prod
  ecsight why 8a53a2fa -o markdown
  ecsight why --message 'Essential container in task exited' --exit-code 137
  pbpaste | ecsight why --message -

Exit codes:
  0  no problems; with --message: a normal message
  1  problems, or not found; with --message: a warning, a failure, or an unknown message
  2  a mistake in the command line, or a call to AWS failed or timed out";

/// Output format of `why`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplanationFormat {
    /// The explanation of the console
    Text,
    /// Findings and verdicts, for scripts
    Json,
    /// For tickets and chats
    Markdown,
}

/// Prints an explanation, and returns 1 when something is wrong.
///
/// # Errors
/// A name that doesn't exist in AWS: exit code 1. Usage errors and failures of AWS don't mean that something is wrong with the
/// row, so their exit code is 2.
pub(super) async fn run(
    args: WhyArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let answer = match &args.name {
        Some(name) => explain_row(name, &args, scope, settings, paths).await,
        None => explain_message(&args, settings),
    };
    answer.map_err(|refusal| match refusal {
        Refusal::Unknown(_) => refusal,
        refusal => Refusal::Usage(refusal.to_string()),
    })
}

async fn explain_row(
    name: &str,
    args: &WhyArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let wanted = NameQuery::read(name, scope.cluster.as_deref())?;
    let mut session = CliSession::open(connect(&wanted, scope, settings).await?, args.wait, settings, paths);
    let investigation = Investigation::open(&mut session, &wanted, |_| Vec::new()).await;
    session.close().await;
    let investigation = investigation?;
    let (title, document) = (title(&*investigation.row), &investigation.explanation.document);
    match args.output {
        ExplanationFormat::Text => print_coloured(&text(&title, document, settings)),
        ExplanationFormat::Markdown => print(&(markdown::heading(&title, 1) + &markdown::document(document, 2))),
        ExplanationFormat::Json => print(&pretty(&masked_json(&explanation_json(&investigation)))?),
    }?;
    Ok(u8::from(investigation.trouble()))
}

/// Creates clients for the scope of the row. An ARN overrides the Region.
pub(super) async fn connect(wanted: &NameQuery, scope: &ScopeArgs, settings: &Settings) -> Result<Clients, Refusal> {
    let spec = console::scope(scope).await?;
    let spec = ScopeSpec { region: spec.region.or_else(|| wanted.region.clone()), ..spec };
    console::clients(&spec, settings).await
}

fn explain_message(args: &WhyArgs, settings: &Settings) -> Result<u8, Refusal> {
    let text = match args.message.as_deref() {
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text
        }
        text => text.unwrap_or_default().to_owned(),
    };
    let message = AwsMessage { text: text.trim(), stop_code: args.stop_code.as_deref(), exit_code: args.exit_code };
    if message == AwsMessage::default() {
        return Err(Refusal::Usage("--message: the text is empty".into()));
    }
    let verdict = diagnose::diagnose_message(&message);
    let document = || inspect::verdict(&verdict, inspect::IN_FULL).masked();
    match args.output {
        ExplanationFormat::Text => print_coloured(&printed(&document(), width(), settings)),
        ExplanationFormat::Markdown => print(&markdown::document(&document(), 2)),
        ExplanationFormat::Json => print(&pretty(&masked_json(&json!({
            "subject": { "kind": "message", "name": message.text, "cluster": null, "arn": null },
            "findings": [],
            "verdicts": [verdict],
            "log": null,
            "targets": [],
            "gaps": [],
            "commands": verdict.command.iter().collect::<Vec<_>>(),
        })))?),
    }?;
    Ok(u8::from(verdict.class > Class::Normal || verdict.rule.is_none()))
}

/// Title of a row: `service web in prod`.
pub(super) fn title(row: &dyn Row) -> String {
    let place = row.cluster().map(|cluster| format!(" in {cluster}")).unwrap_or_default();
    format!("{} {}{place}", row.kind().name, row.name())
}

fn text(title: &str, document: &Document, settings: &Settings) -> String {
    let mut head = Document::default();
    head.section(title).text(0, "", Tone::Plain);
    printed(&head, None, settings).trim_end().to_owned() + "\n\n" + &printed(document, width(), settings)
}

/// A document as output: coloured and wrapped on a terminal.
pub(super) fn printed(document: &Document, width: Option<u16>, settings: &Settings) -> String {
    ui::printed(document, width, Glyphs::new(settings.ascii), theme(settings).as_ref())
}

/// Width of the terminal; absent for a pipe, where lines are not wrapped.
pub(super) fn width() -> Option<u16> {
    let terminal = io::stdout().is_terminal();
    terminal.then(|| crossterm::terminal::size().ok()).flatten().map(|(columns, _)| columns)
}

fn explanation_json(investigation: &Investigation) -> Value {
    let row = &*investigation.row;
    let findings = investigation.explanation.findings.iter().map(|finding| {
        json!({
            "problem": finding.problem,
            "since": finding.since,
            "cause": finding.cause,
            "rule": finding.verdict.as_ref().and_then(|verdict| verdict.rule),
        })
    });
    let lines = investigation.evidence.lines.as_ref().map(|excerpt| {
        let lines = excerpt.lines.iter().map(|(at, text)| json!({ "at": at, "text": text }));
        json!({
            "task": excerpt.task_arn,
            "container": excerpt.container,
            "group": excerpt.group,
            "stream": excerpt.stream,
            "lines": lines.collect::<Vec<_>>(),
        })
    });
    let targets = investigation.evidence.targets.iter().map(|target| {
        json!({
            "id": target.id,
            "port": target.port,
            "state": target.state,
            "reason": target.reason,
            "description": target.description,
        })
    });
    let verdicts: Vec<Arc<Verdict>> = investigation.verdicts();
    json!({
        "subject": { "kind": row.kind().name, "name": row.name(), "cluster": row.cluster(), "arn": row.id() },
        "findings": findings.collect::<Vec<_>>(),
        "verdicts": verdicts,
        "log": lines,
        "targets": targets.collect::<Vec<_>>(),
        "gaps": investigation.evidence.gaps,
        "commands": investigation.explanation.commands,
    })
}
