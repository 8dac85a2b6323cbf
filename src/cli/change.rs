//! `ecsight restart`, `scale`, `deploy`, `rollback`, `approve`, `stop`, `drain`, `activate`, `deregister`, `tag`: the changes of
//! the console without a screen.

use std::{
    borrow::Cow,
    io::{self, BufRead, IsTerminal},
    slice,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    Command, Refusal, ScopeArgs, complete, console,
    journal::append_to_journal,
    note,
    output::print,
    session::CliSession,
    subject::{NameQuery, NamedRow},
    values::timeout,
    wait::{WaitArgs, settled},
    watch::{self, TIMED_OUT},
};
use crate::{
    aws::{Access, ScopeSpec},
    change::{self, Change, ChangeKind, ChangeOutcome, ChangeTarget, Risk},
    config::Paths,
    data::{Demand, Snapshot, distinct},
    diagnose::Known,
    journal::JournalEntry,
    knowledge::shell_word,
    model::{
        Settings,
        scope::{AccessMode, ConfirmBy, ScopeRule},
    },
    resource::{Query, Relation, Row, Tone, View, command::CommandScope, evidence::Evidence, service},
};

/// Arguments of all changes.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// Allow the change in a read-only scope
    #[arg(long)]
    pub write: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Name of the target, to confirm a change in production or one that can't be undone
    #[arg(long, value_name = "NAME")]
    pub i_mean: Option<String>,
    /// Print the request without sending it
    #[arg(long)]
    pub dry_run: bool,
    /// Wait until the change has settled; exit code 1 if it fails or is rolled back
    #[arg(long)]
    pub wait: bool,
    /// Give up waiting for the change after this time (90s, 15m)
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = timeout)]
    pub within: Duration,
    #[command(flatten)]
    pub read: WaitArgs,
}

/// A change of one service.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServiceChange {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A change of a service's desired count.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ScaleArgs {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    /// How many tasks are to run, or how many more or fewer (4, +1, -2)
    #[arg(value_name = "COUNT", allow_hyphen_values = true, value_parser = count)]
    pub to: String,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A deployment of a revision that is named.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DeployArgs {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    /// Revision to deploy (web:56, 56)
    #[arg(value_name = "REVISION", value_parser = revision)]
    pub to: String,
    #[command(flatten)]
    pub change: ChangeArgs,
}

fn count(text: &str) -> Result<String, String> {
    change::check_count(text).map(|()| text.to_owned())
}

fn revision(text: &str) -> Result<String, String> {
    change::check_revision(text).map(|()| text.to_owned())
}

/// A rollback, to the last good revision unless one is named.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RollbackArgs {
    /// Name or ARN of the service
    #[arg(value_name = "SERVICE", add = complete::services())]
    pub service: String,
    /// Revision to go back to (web:56, 56); by default the one that a running rollout replaces, or the last good one
    #[arg(value_name = "REVISION", value_parser = revision)]
    pub to: Option<String>,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A change of tasks or container instances.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct NamedChange {
    /// Full or partial ids, or ARNs
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A protection of tasks.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProtectArgs {
    /// Full or partial ids, or ARNs, of tasks
    #[arg(value_name = "TASK", required = true)]
    pub names: Vec<String>,
    /// How long: 1m to 48h
    #[arg(long = "for", value_name = "TIME", default_value = "2h")]
    pub time: String,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A deregistration.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DeregisterArgs {
    /// Revisions (web:56), or their ARNs
    #[arg(value_name = "REVISION", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// A change of tags.
#[derive(Debug, Args)]
#[command(after_help = TAG_EXAMPLES)]
pub struct TagArgs {
    /// A service, task or instance; a revision as web:56, a cluster as cluster/prod; or an ARN
    #[arg(value_name = "RESOURCE")]
    pub resource: String,
    /// Tags to set
    #[arg(value_name = "KEY=VALUE", required_unless_present = "remove")]
    pub tags: Vec<String>,
    /// Remove the tag with this key; can be repeated
    #[arg(long, value_name = "KEY", conflicts_with = "tags")]
    pub remove: Vec<String>,
    #[command(flatten)]
    pub change: ChangeArgs,
}

impl TagArgs {
    /// The argument of the change, quoted.
    fn words(&self) -> String {
        let words = if self.remove.is_empty() { &self.tags } else { &self.remove };
        words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }
}

const TAG_EXAMPLES: &str = "\
Examples:
  ecsight tag checkout -c staging team=shop env=staging --yes
  ecsight tag web:56 --remove team --write --yes
  ecsight tag cluster/prod cost-centre=1234 --dry-run";

const EXAMPLES: &str = "\
Examples:
  ecsight restart checkout -c staging --dry-run
  ecsight scale checkout +2 -c staging --yes
  ecsight rollback checkout -c prod --write --i-mean checkout --yes --wait
  ecsight stop 8a53a2fa -c staging --yes

Exit codes:
  0  AWS has accepted the change; with --wait: it has settled
  1  AWS refused it or did not respond, or it failed or was rolled back
  2  a mistake in the command line, or the change is not allowed there
  3  with --wait: it has not settled in time";

/// A change according to the command line.
pub(super) struct Requested<'a> {
    pub kind: &'static ChangeKind,
    /// The kind of the names.
    pub of: &'static [&'static str],
    pub names: &'a [String],
    /// The new value: a count, a revision, tags.
    pub to: Cow<'a, str>,
    pub args: &'a ChangeArgs,
    /// Exit code if it has not settled in time.
    pub timed_out: u8,
}

impl<'a> Requested<'a> {
    /// The change of a command; absent for other commands.
    pub(super) fn read(command: &'a Command) -> Option<Self> {
        Some(match command {
            Command::Restart(of) => Self::of_service(&change::RESTART, &of.service, "", &of.change),
            Command::Approve(of) => Self::of_service(&change::APPROVE, &of.service, "", &of.change),
            Command::Scale(of) => Self::of_service(&change::SCALE, &of.service, &of.to, &of.change),
            Command::Deploy(of) => Self::of_service(&change::DEPLOY, &of.service, &of.to, &of.change),
            Command::Rollback(of) => {
                Self::of_service(&change::ROLLBACK, &of.service, of.to.as_deref().unwrap_or_default(), &of.change)
            }
            Command::EnableExec(of) => Self::of_service(&change::ENABLE_EXEC, &of.service, "", &of.change),
            Command::Protect(tasks) => {
                let ProtectArgs { names, time, change: args } = tasks;
                Self { kind: &change::PROTECT, of: &["task"], names, to: time.into(), args, timed_out: TIMED_OUT }
            }
            Command::Unprotect(named) => Self::of_named(&change::UNPROTECT, &["task"], named),
            Command::Stop(named) => Self::of_named(&change::STOP_TASK, &["task"], named),
            Command::Drain(named) => Self::of_named(&change::DRAIN, &["instance"], named),
            Command::Activate(named) => Self::of_named(&change::ACTIVATE, &["instance"], named),
            Command::Deregister(of) => {
                let DeregisterArgs { names, change: args } = of;
                let (kind, of): (_, &[&str]) = (&change::DEREGISTER, &["revision"]);
                Self { kind, of, names, to: "".into(), args, timed_out: TIMED_OUT }
            }
            Command::Tag(of) => Self {
                kind: if of.remove.is_empty() { &change::TAG } else { &change::UNTAG },
                of: &["service", "task", "instance", "revision", "cluster"],
                names: slice::from_ref(&of.resource),
                to: of.words().into(),
                args: &of.change,
                timed_out: TIMED_OUT,
            },
            _ => return None,
        })
    }

    fn of_service(kind: &'static ChangeKind, service: &'a String, to: &'a str, args: &'a ChangeArgs) -> Self {
        Self { kind, of: &["service"], names: slice::from_ref(service), to: to.into(), args, timed_out: TIMED_OUT }
    }

    fn of_named(kind: &'static ChangeKind, of: &'static [&'static str], named: &'a NamedChange) -> Self {
        Self { kind, of, names: &named.names, to: "".into(), args: &named.change, timed_out: TIMED_OUT }
    }
}

/// Makes a change, and returns the exit code.
///
/// # Errors
///
/// Usage errors, before anything is sent; unknown names; failures of AWS.
pub(super) async fn run(
    requested: Requested<'_>,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let Requested { names, args, .. } = requested;
    let read = |name| NameQuery::of_kind(name, scope.cluster.as_deref(), requested.of);
    let wanted = names.iter().map(|name| read(name)).collect::<Result<Vec<_>, _>>()?;
    let spec = console::scope(scope).await?;
    let region = wanted.iter().find_map(|wanted| wanted.region.clone());
    let spec = ScopeSpec { region: spec.region.or(region), ..spec };
    let clients = console::clients(&spec, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let done = make(&requested, &wanted, &mut session, settings, paths).await;
    session.close().await;
    done
}

/// Makes the change for the rows that the names refer to.
pub(super) async fn make(
    requested: &Requested<'_>,
    wanted: &[NameQuery],
    session: &mut CliSession,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let Requested { kind, ref to, args, .. } = *requested;
    let mut found = Vec::new();
    for wanted in wanted {
        found.push(wanted.find(session).await?);
    }
    let snapshot = read(kind, &found, session).await?;
    let mut changes = changes(kind, to, &found, &snapshot, None)?;
    if let Some(collect) = kind.evidence {
        let targets: Vec<ChangeTarget> = changes.iter().map(|change| change.target().clone()).collect();
        let rows = distinct(snapshot.feeds.values());
        let evidence = collect(&session.clients, &targets, &known(&rows, None)).await;
        changes = self::changes(kind, to, &found, &snapshot, Some(&evidence))?;
    }
    let scope = CommandScope::from_identity(&snapshot.identity);
    for change in &changes {
        print(&plan(kind, &**change, &scope))?;
    }
    if args.dry_run {
        return Ok(0);
    }
    for change in &changes {
        let cluster = &change.target().cluster;
        let mode = settings.scope_state(&snapshot.identity, Some(cluster)).mode;
        let rule = settings.scope_rule(&snapshot.identity, cluster);
        ScopeRule::require_allowed(rule, kind, changes.len()).map_err(Refusal::Usage)?;
        require_confirmed(&**change, mode, rule, args)?;
    }
    if !args.yes {
        confirm(changes.len())?;
    }
    let accepted = send(kind, &changes, session, &snapshot, paths).await;
    // The worst of all targets.
    let sent = u8::from(accepted.len() < changes.len());
    if !args.wait || accepted.is_empty() {
        return Ok(sent);
    }
    let code = watch::until_settled(&accepted, session, args.within).await?;
    Ok(code.unwrap_or(requested.timed_out).max(sent))
}

/// Reads the rows that the changes depend on.
async fn read(
    kind: &'static ChangeKind,
    found: &[NamedRow],
    session: &mut CliSession,
) -> Result<Arc<Snapshot>, Refusal> {
    let own = found.iter().map(|named| named.view.clone());
    let more = found.iter().flat_map(|named| {
        let row = &named.row;
        let rollouts = row.related(Relation::Rollouts).filter(|_| kind.starts_rollout);
        let owner = row.related(Relation::Owner).filter(|view| view.query.service.is_some());
        row.consults().into_iter().chain(rollouts).chain(owner)
    });
    // Who runs a revision is known from all services.
    let services = (kind == &change::DEREGISTER).then(|| View::new(&service::KIND, Query::default()));
    let mut views: Vec<View> = Vec::new();
    for view in own.chain(more).chain(services) {
        if !views.contains(&view) {
            views.push(view);
        }
    }
    session.handle.demand.send_replace(Demand { companions: views.clone(), slowdown: 1, ..Demand::default() });
    let (snapshot, failed) = settled(&mut session.handle, session.timeout, &views).await?;
    for (view, why) in failed {
        note(&format!("warning: {} could not be read: {why}", view.kind.plural));
    }
    Ok(snapshot)
}

/// The changes of these rows.
fn changes(
    kind: &ChangeKind,
    to: &str,
    found: &[NamedRow],
    snapshot: &Snapshot,
    evidence: Option<&Evidence>,
) -> Result<Vec<Arc<dyn Change>>, Refusal> {
    let rows = distinct(snapshot.feeds.values());
    let more = evidence.map(|evidence| evidence.rows_beyond(rows.iter().map(|row| &***row))).unwrap_or_default();
    let rows: Vec<&Arc<dyn Row>> = more.iter().chain(rows).collect();
    let known = known(&rows, evidence);
    let mut changes: Vec<Arc<dyn Change>> = Vec::new();
    for named in found {
        let row = snapshot.row(named.row.id()).unwrap_or(&named.row);
        let change = (kind.make)(&**row, to, &known).map_err(Refusal::Failed)?;
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    Ok(changes)
}

fn known<'a>(rows: &[&'a Arc<dyn Row>], evidence: Option<&'a Evidence>) -> Known<'a> {
    #[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
    let now = Timestamp::now();
    let mut known = Known::of(rows.iter().map(|row| &***row), now);
    known.evidence = evidence;
    known
}

/// The consequences of a change, and the AWS CLI command for it.
fn plan(kind: &ChangeKind, change: &dyn Change, scope: &CommandScope) -> String {
    let target = change.target();
    let mut text = format!("{}: {}\n", kind.title, target.label());
    for consequence in change.consequences() {
        text += &format!("  {consequence}\n");
    }
    text + &format!("  {}\n", scope.apply(&change.command()))
}

/// Refuses a change that the options on the command line don't allow.
fn require_confirmed(
    change: &dyn Change,
    mode: AccessMode,
    rule: Option<&ScopeRule>,
    args: &ChangeArgs,
) -> Result<(), Refusal> {
    let ChangeTarget { name, cluster, .. } = change.target();
    let env = rule.map_or("", |rule| rule.env.as_str());
    if mode == AccessMode::ReadOnly && !args.write {
        let place = if cluster.is_empty() { name } else { cluster };
        let place = if env.is_empty() { place.clone() } else { format!("{place} ({env})") };
        return Err(Refusal::Usage(format!("{place} is read-only; nothing was sent. To make the change, add --write")));
    }
    // Without a screen, production requires more than `--yes`.
    let production = rule.is_some_and(|rule| rule.tone == Tone::Bad && rule.confirm != Some(ConfirmBy::Button));
    let needed = production || ScopeRule::risk_of(rule, change.risk()) == Risk::Destructive;
    if needed && args.i_mean.as_deref() != Some(name.as_str()) {
        let why = match change.risk() {
            Risk::Destructive => "this can't be undone".to_owned(),
            _ => format!("{cluster} is {env}"),
        };
        return Err(Refusal::Usage(format!("{why}; nothing was sent. To make the change, add --i-mean {name}")));
    }
    Ok(())
}

/// Asks for confirmation on the terminal.
fn confirm(count: usize) -> Result<(), Refusal> {
    let what = if count == 1 { "this change".to_owned() } else { format!("these {count} changes") };
    let without = "To make the change without being asked, add --yes";
    require_answer(&format!("Make {what}? Type yes:"), "nothing was sent", without)
}

/// Asks a question on the terminal; anything but `yes` is an error that says what was not done, and without a terminal
/// how to do it.
pub(super) fn require_answer(question: &str, refused: &str, without: &str) -> Result<(), Refusal> {
    if !io::stdin().is_terminal() {
        return Err(Refusal::Usage(format!("{refused}. {without}")));
    }
    note(question);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(Refusal::Failed(refused.to_owned())),
    }
}

/// Sends the changes one by one, with a line in the journal before and after each; returns those that were accepted.
async fn send(
    kind: &'static ChangeKind,
    changes: &[Arc<dyn Change>],
    session: &CliSession,
    snapshot: &Snapshot,
    paths: Option<&Paths>,
) -> Vec<Arc<dyn Change>> {
    session.clients.access().set(Access::Write);
    let record = |change: &dyn Change, outcome: Option<&ChangeOutcome>| {
        #[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
        let entry = JournalEntry::new(Timestamp::now(), kind, change, &snapshot.identity, outcome);
        append_to_journal(paths, entry);
    };
    let mut accepted = Vec::new();
    for change in changes {
        record(&**change, None);
        let outcome = ChangeOutcome::from_result(change::send(&**change, session.clients.clone()).await);
        record(&**change, Some(&outcome));
        let target = change.target();
        let whom = format!("{} {} {}", kind.name, target.kind, target.name);
        match &outcome {
            ChangeOutcome::Accepted(says) => note(&format!("{whom}: accepted: {says}")),
            ChangeOutcome::Refused(failure) => note(&format!("{whom}: {}", super::with_advice(failure))),
            ChangeOutcome::Unknown(failure) => {
                note(&format!("{whom}: it may have succeeded: {failure}; check before you try again"));
            }
        }
        accepted.extend(matches!(outcome, ChangeOutcome::Accepted(_)).then(|| change.clone()));
    }
    if changes.len() > 1 {
        note(&format!("{} of {} accepted", accepted.len(), changes.len()));
    }
    accepted
}
