//! `ecsight run`: a task like those of a service, or like another task.

use clap::Args;
use jiff::Timestamp;

use super::{
    Refusal, ScopeArgs,
    change::{self, ChangeArgs, Requested},
    complete, console,
    session::CliSession,
    subject::{NameQuery, may_be_id},
};
use crate::{
    change::{RUN, RunSpec, client_token, parse_count, parse_size, parse_variable, split_words},
    config::Paths,
    model::Settings,
    resource::{Query, TypedRow, View, format::last_part, service},
};

/// Exit code when time was up: that of `timeout`, because a task may well end with 3.
const TIMED_OUT: u8 = 124;

/// Arguments of `ecsight run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// Task definition (web, web:56)
    #[arg(value_name = "DEFINITION")]
    pub definition: String,
    /// Service, or id of a task, whose network, capacity and platform version it gets; by default the service in the
    /// cluster that runs the same family
    #[arg(long, value_name = "NAME", add = complete::services())]
    pub like: Option<String>,
    /// Container that gets the command and the environment; by default the essential one
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Command in place of that of the container, quoted as for a shell
    #[arg(long, value_name = "COMMAND", value_parser = words)]
    pub command: Option<Words>,
    /// Environment variable for the container; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub env: Vec<(String, String)>,
    /// CPU units of the task
    #[arg(long, value_name = "UNITS", value_parser = size)]
    pub cpu: Option<String>,
    /// Memory of the task in MiB
    #[arg(long, value_name = "MIB", value_parser = size)]
    pub memory: Option<String>,
    /// Number of tasks, 1 to 10
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = parse_count)]
    pub count: i32,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// The words of a command.
#[derive(Debug, Clone)]
pub struct Words(Vec<String>);

fn words(line: &str) -> Result<Words, String> {
    split_words(line).map(Words)
}

fn size(text: &str) -> Result<String, String> {
    parse_size(text)?.ok_or_else(|| "expected a whole number such as 512".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  ecsight run web -c staging --like web --command './manage.py migrate' --yes --wait
  ecsight run web:56 -c staging --env DEBUG=1 --memory 2048 --dry-run

Exit codes:
  0    AWS has started the tasks; with --wait: they ended with exit code 0
  1    AWS refused it or did not respond
  2    a mistake in the command line, or the change is not allowed there
  124  with --wait: the tasks have not ended in time
  125  with --wait: a task ended without an exit code
  N    with --wait: the exit code of the container; the greatest of several";

/// Runs tasks, and returns the exit code.
///
/// # Errors
///
/// Usage errors, before anything is sent; unknown names; failures of AWS.
pub(super) async fn run(
    args: &RunArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let spec = console::scope(scope).await?;
    let clients = console::clients(&spec, settings).await?;
    let mut session = CliSession::open(clients, args.change.read, settings, paths);
    let done = run_like(args, scope, &mut session, settings, paths).await;
    session.close().await;
    done
}

async fn run_like(
    args: &RunArgs,
    scope: &ScopeArgs,
    session: &mut CliSession,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let like = match &args.like {
        Some(like) => like.clone(),
        None => service_of_family(args, scope.cluster.as_deref(), session).await?,
    };
    let of: &[&str] = if may_be_id(&like) || like.contains(":task/") { &["task"] } else { &["service"] };
    let wanted = NameQuery::of_kind(&like, scope.cluster.as_deref(), of)?;
    let identity = session.handle.snapshots.borrow().identity.clone();
    #[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
    let token = client_token(&identity, Timestamp::now(), std::process::id().into());
    let spec = RunSpec {
        token,
        definition: Some(args.definition.clone()),
        count: args.count,
        container: args.container.clone(),
        command: args.command.clone().map(|words| words.0).unwrap_or_default(),
        environment: args.env.clone(),
        cpu: args.cpu.clone(),
        memory: args.memory.clone(),
    };
    let arg = spec.to_arg();
    let requested = Requested { kind: &RUN, of, names: &[], to: arg.into(), args: &args.change, timed_out: TIMED_OUT };
    change::make(&requested, &[wanted], session, settings, paths).await
}

/// The only service of the cluster that runs the family.
async fn service_of_family(args: &RunArgs, cluster: Option<&str>, session: &mut CliSession) -> Result<String, Refusal> {
    let cluster = cluster.ok_or_else(|| Refusal::Usage("name the cluster with --cluster".into()))?;
    let family = last_part(&args.definition).split(':').next().unwrap_or_default();
    let snapshot = session.fetch(&[View::new(&service::KIND, Query::cluster(cluster))]).await?;
    let rows = snapshot.feeds.values().flat_map(|feed| feed.rows.iter());
    let mut names: Vec<String> = rows
        .filter_map(|entry| match entry.row.typed() {
            TypedRow::Service(own) if own.revision().split(':').next() == Some(family) => {
                Some(own.service_name.clone())
            }
            _ => None,
        })
        .collect();
    names.sort();
    names.dedup();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(Refusal::Usage(format!("no service in {cluster} runs {family}; name one, or a task, with --like"))),
        several => {
            Err(Refusal::Usage(format!("several services run {family}; add --like {}", several.join(" or --like "))))
        }
    }
}
