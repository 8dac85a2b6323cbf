//! The command line: flags, subcommands, error messages and exit codes.
//!
//! Flags take precedence over the environment (`ECSIGHT_*`, which clap reads), the environment over the configuration file.
//! Exit codes are listed in [`EXIT_CODES`].

use std::{ffi::OsString, io, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{
    Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint,
    builder::PossibleValuesParser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use clap_complete::Shell;

use crate::{
    config::Paths,
    demo::{Fault, Scenario, faults},
    logging,
    model::locator::{self, Locator},
    resource::Status,
    ui::theme::THEMES,
};

mod change;
mod complete;
mod console;
mod cp;
mod demo;
mod diff;
mod exec;
mod exec_all;
mod forward;
mod get;
mod info;
mod investigation;
mod journal;
mod logs;
mod man;
mod mfa;
mod names;
mod output;
mod report;
mod run_task;
mod session;
mod subject;
mod values;
mod wait;
mod watch;
mod why;

pub use change::{
    DeployArgs, DeregisterArgs, NamedChange, ProtectArgs, RollbackArgs, ScaleArgs, ServiceChange, TagArgs,
};
pub use cp::CpArgs;
pub use diff::DiffArgs;
pub use exec::ExecArgs;
pub use forward::ForwardArgs;
pub use journal::JournalArgs;
pub use logs::LogsArgs;
pub use report::ReportArgs;
pub use run_task::RunArgs;
pub use watch::WatchArgs;
pub use why::WhyArgs;

use change::Requested;
use output::{note, print};
use values::{Listed, Refresh, endpoint, levels, listed, locator, number, refresh, region, scenarios, since, speed};
use wait::WaitArgs;

/// Exit codes and their meanings.
pub const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "done; for `why`: no problems; for `diff`: no differences"),
    ("1", "not found; a call to AWS failed or timed out; for `why`: problems, or not found; for `diff`: differences"),
    (
        "2",
        "a mistake in the command line or the configuration; for `why` and `diff`: that, or a call to AWS failed or timed out; \
         for `diff`: not found",
    ),
    ("3", "for `watch`, and for changes with `--wait`: not done in time"),
    ("N", "for `run --wait`: the exit code of the task; 124 if it has not ended in time, 125 if it has no exit code"),
    ("101", "a bug; the report is on standard error"),
    ("128+N", "ended by signal N; 129 also when the terminal was closed"),
];

const EXAMPLES: &str = "\
Examples:
  ecsight                               with the credentials the AWS CLI would use
  ecsight --profile prod --cluster web  straight to the services of one cluster
  ecsight 'scope://prod/eu-west-1/web/service/checkout'
                                        a row that a colleague copied with shift-c
  ecsight --command ':stopped /exit>0'  straight to the result of a command
  ecsight get services --cluster web    the same data without a screen
  ecsight get tasks -o json             the JSON of AWS, for jq
  ecsight why checkout --cluster web    its problems and their causes
  ecsight logs checkout --follow        the log of its tasks, as they start and stop
  ecsight demo                          on an embedded AWS, without an account";

/// A terminal console for Amazon ECS: from "something is wrong" to why, in the fewest keys.
#[derive(Debug, Parser)]
#[command(name = "ecsight", version, after_help = EXAMPLES, after_long_help = after_long_help())]
pub struct Cli {
    #[command(flatten)]
    pub scope: ScopeArgs,
    #[command(flatten)]
    pub console: ConsoleArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

fn after_long_help() -> String {
    let codes = EXIT_CODES.iter().map(|(code, meaning)| format!("\n  {code:5}  {meaning}"));
    format!("{EXAMPLES}\n\nExit codes:{}", codes.collect::<String>())
}

/// Scope flags, accepted before and after any subcommand.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArgs {
    /// AWS profile
    #[arg(long, short, global = true, value_name = "NAME", add = complete::profiles())]
    pub profile: Option<String>,
    /// AWS Region
    #[arg(long, short, global = true, value_name = "REGION", value_parser = region, add = complete::regions())]
    pub region: Option<String>,
    /// Use this endpoint URL for every AWS service
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint)]
    pub endpoint_url: Option<String>,
    /// Show only this cluster
    #[arg(long, short, global = true, value_name = "NAME", add = complete::clusters())]
    pub cluster: Option<String>,
    /// Configuration file in place of the default one
    #[arg(long, global = true, value_name = "FILE", env = "ECSIGHT_CONFIG", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Verbosity of the log file
    #[arg(long, global = true, value_name = "LEVEL", env = "ECSIGHT_LOG_LEVEL", default_value = "warn", value_parser = levels())]
    pub log_level: logging::Verbosity,
}

/// Flags of the console.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console")]
pub struct ConsoleArgs {
    /// Run a `:` command at start-up, such as ':tasks'
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<String>,
    /// Open the row of a locator, as shift-c copies it; `ecsight LOCATOR` does the same
    #[arg(long, value_name = "LOCATOR", value_parser = locator, conflicts_with = "command")]
    pub open: Option<Locator>,
    /// Filter the first table
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Colour theme
    #[arg(long, value_name = "NAME", env = "ECSIGHT_THEME", value_parser = PossibleValuesParser::new(THEMES.iter().map(|(name, _)| *name)))]
    pub theme: Option<String>,
    /// Refresh interval (5s, 2m), or `auto` for the default of each kind
    #[arg(long, value_name = "INTERVAL", env = "ECSIGHT_REFRESH", value_parser = refresh)]
    pub refresh: Option<Refresh>,
    /// Refuse all changes
    #[arg(long, conflicts_with = "write")]
    pub read_only: bool,
    /// Allow changes, whatever the configuration says
    #[arg(long)]
    pub write: bool,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print a table of the console once
    Get(GetArgs),
    /// Explain what is wrong with a service, a task or an instance, or what a message means
    Why(WhyArgs),
    /// Print or follow the logs of services and tasks
    Logs(LogsArgs),
    /// Write an incident summary of a service, in Markdown
    Report(ReportArgs),
    /// Compare two task definition revisions, or what a service runs with what it ran before
    Diff(DiffArgs),
    /// Follow the rollout of a service until it ends
    Watch(WatchArgs),
    /// Force a new deployment of a service
    Restart(ServiceChange),
    /// Set how many tasks of a service run: 4, +1, -2
    Scale(ScaleArgs),
    /// Deploy a revision of a service's task definition
    Deploy(DeployArgs),
    /// Roll a service back
    Rollback(RollbackArgs),
    /// Continue a rollout that waits for approval
    Approve(ServiceChange),
    /// Enable ECS Exec for the tasks that a service starts from now on
    EnableExec(ServiceChange),
    /// Protect tasks from scaling in and deployments
    Protect(ProtectArgs),
    /// Remove the protection of tasks
    Unprotect(NamedChange),
    /// Run a task like those of a service
    Run(RunArgs),
    /// Stop tasks
    Stop(NamedChange),
    /// Drain container instances
    Drain(NamedChange),
    /// Activate drained container instances again
    Activate(NamedChange),
    /// Deregister task definition revisions
    Deregister(DeregisterArgs),
    /// Set or remove tags
    Tag(TagArgs),
    /// Open a shell, or run a command, in a container
    Exec(ExecArgs),
    /// Forward a local port to a container, or through it to another host
    Forward(ForwardArgs),
    /// Copy files and folders out of a container or into it
    Cp(CpArgs),
    /// Print the changes made with ecsight
    Journal(JournalArgs),
    /// Open the console on an embedded AWS with simulated incidents
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions {
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page, in roff
    Man,
    /// Print version, paths and the AWS identity in use
    Info(WaitArgs),
}

/// Arguments of `ecsight get`.
#[derive(Debug, Args)]
#[command(after_help = GET_EXAMPLES)]
pub struct GetArgs {
    /// Kind of rows to list
    #[arg(value_name = "KIND", value_parser = listed())]
    pub listed: Listed,
    /// Names or ARNs to list; all when none is given
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only rows of this service
    #[arg(long, short, value_name = "NAME", add = complete::services())]
    pub service: Option<String>,
    /// Only rows of this task definition family
    #[arg(long, value_name = "NAME")]
    pub family: Option<String>,
    /// Tasks, or containers of tasks, with this status instead of running ones
    #[arg(long, value_name = "STATUS")]
    pub status: Option<StatusArg>,
    /// How far to look back (90m, 6h, 2d), including archived rows; for stopped tasks, events and the like
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<u32>,
    /// Only rows that pass this filter, in the grammar of the console's `/`
    #[arg(long, short, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Sort by a column; `-COLUMN` for descending
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true, add = complete::columns())]
    pub sort: Option<String>,
    /// Output format
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub output: Output,
    #[command(flatten)]
    pub wait: WaitArgs,
}

const GET_EXAMPLES: &str = "\
Examples:
  ecsight get clusters
  ecsight get services --cluster payments --filter 'is:fault' -o wide
  ecsight get stopped --cluster payments --service api --since 24h
  ecsight get services api worker --cluster payments -o json | jq '.services[].deployments'";

/// Output format of `get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned columns
    Table,
    /// Aligned columns, including the wide ones
    Wide,
    /// The response of AWS, as the AWS CLI prints it
    Json,
    /// The same, one object per line
    Ndjson,
    /// All columns, quoted as in RFC 4180
    Csv,
    /// The same for Excel: with a byte order mark and CRLF line ends
    CsvExcel,
}

impl Output {
    /// Whether it prints the unchanged answer of AWS.
    fn raw(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson)
    }
}

/// Status of the tasks to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArg {
    Running,
    Stopped,
    All,
}

impl From<StatusArg> for Status {
    fn from(arg: StatusArg) -> Self {
        match arg {
            StatusArg::Running => Self::Running,
            StatusArg::Stopped => Self::Stopped,
            StatusArg::All => Self::All,
        }
    }
}

/// Arguments of `ecsight demo`.
#[derive(Debug, Args)]
#[command(after_help = fault_help())]
pub struct DemoArgs {
    /// Serve the embedded AWS to any client on a loopback address, without a console
    #[arg(long, value_name = "ADDR:PORT")]
    pub serve: Option<SocketAddr>,
    /// Scenario to simulate
    #[arg(long, value_name = "NAME", default_value = Scenario::default().name(), value_parser = scenarios())]
    pub scenario: Scenario,
    /// Random seed; equal seeds give equal simulations
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = number::<u64>("0 on"))]
    pub seed: u64,
    /// Speed of the simulation relative to real time
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Fault to inject from the first request on; may be given several times
    #[arg(long, value_name = "SPEC", add = complete::faults())]
    pub fault: Vec<Fault>,
    #[command(flatten)]
    pub console: ConsoleArgs,
}

fn fault_help() -> String {
    let width = faults::kinds().map(|kind| kind.usage.len()).max().unwrap_or(0);
    let lines = faults::kinds().map(|kind| format!("\n  {:width$}  {}", kind.usage, kind.help));
    format!("Faults (append #TIMES to limit how often one occurs):{}", lines.collect::<String>())
}

/// Error that ends the program, with its message for standard error.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A mistake in the command line or the configuration: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// A name that does not exist in AWS: exit code 1.
    #[error("{0}")]
    Unknown(String),
    /// A failed call to AWS: exit code 1.
    #[error("{}", with_advice(.0))]
    Aws(crate::aws::Failure),
    /// Any other failure: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    fn code(&self) -> u8 {
        match self {
            Self::Unknown(_) | Self::Aws(_) | Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        }
    }
}

/// Message of a failure, with advice on a line of its own.
fn with_advice(failure: &crate::aws::Failure) -> String {
    let advice = failure.advice.iter().map(|advice| format!("\n{advice}"));
    format!("{failure}{}", advice.collect::<String>())
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<crate::aws::Failure> for Refusal {
    fn from(failure: crate::aws::Failure) -> Self {
        Self::Aws(failure)
    }
}

/// Parses the arguments, the first of which is the program's name.
///
/// # Errors
/// Errors of clap, which include `--help` and `--version`, and flags of the console before another subcommand.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    use clap::{FromArgMatches, parser::ValueSource};

    let mut command = Cli::command();
    let args: Vec<OsString> = with_open(args);
    let matches = command.try_get_matches_from_mut(&args).map_err(|error| name_variable(error, &command, &args))?;
    if let Some((subcommand, _)) = matches.subcommand() {
        let flags = ConsoleArgs::augment_args(clap::Command::new("console"));
        let misplaced = flags
            .get_arguments()
            .find(|flag| matches.value_source(flag.get_id().as_str()) == Some(ValueSource::CommandLine));
        if let Some(flag) = misplaced {
            let flag = flag.get_long().unwrap_or_default();
            let place = match subcommand {
                "demo" => format!("put it after the subcommand: ecsight demo --{flag}"),
                other => format!("it applies to the console, not to `{other}`"),
            };
            return Err(command.error(ErrorKind::ArgumentConflict, format!("--{flag}: {place}")));
        }
    }
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Names the environment variable in the error where the value came from one instead of a flag.
fn name_variable(mut error: clap::Error, command: &clap::Command, args: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg).cloned() else { return error };
    let argument = command.get_arguments().find(|arg| arg.to_string() == named);
    let Some((arg, variable)) = argument.and_then(|arg| Some((arg, arg.get_env()?.to_string_lossy().into_owned())))
    else {
        return error;
    };
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    if !args.iter().any(|word| word.to_string_lossy().starts_with(&flag)) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

/// Inserts the flag `--open` before a locator without one.
fn with_open(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut whole: Vec<OsString> = Vec::new();
    for arg in args {
        let is_locator = arg.to_str().is_some_and(|text| text.starts_with(locator::SCHEME));
        if is_locator && whole.last().is_none_or(|last| last != "--open") {
            whole.push("--open".into());
        }
        whole.push(arg);
    }
    whole
}

/// Runs the program with the arguments of this process, and returns its exit code.
pub fn main() -> ExitCode {
    complete::answer();
    let cli = match parse(std::env::args_os()) {
        Ok(cli) => cli,
        // Help and version are "errors", too; clap knows their exit code and stream.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(refusal) => {
            note(&format!("error: {refusal}"));
            ExitCode::from(refusal.code())
        }
    }
}

/// Runs a command, and returns the exit code.
fn run(cli: Cli) -> Result<u8, Refusal> {
    let Cli { mut scope, console, command } = cli;
    // Flags take precedence over the scope in a locator.
    if let Some(locator) = &console.open {
        scope.profile = scope.profile.or_else(|| locator.profile.clone());
        scope.region = scope.region.or_else(|| locator.region.clone());
    }
    match command {
        Some(Command::Completions { shell }) => {
            return output::print_own(complete::script(shell)?).map(|()| 0);
        }
        Some(Command::Man) => return output::print_own(man::page()?).map(|()| 0),
        _ => {}
    }

    let paths = Paths::for_user();
    let settings = console::settings(&scope, paths.as_ref())?;
    console::log(&scope, paths.as_ref());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(async {
        match command {
            Some(Command::Get(args)) => get::run(args, &scope, &settings, paths.as_ref()).await.map(|()| 0),
            Some(Command::Why(args)) => why::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Logs(args)) => logs::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Report(args)) => report::run(args, &scope, &settings, paths.as_ref()).await.map(|()| 0),
            Some(Command::Diff(args)) => diff::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Exec(args)) if args.all => exec_all::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Exec(args)) => exec::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Forward(args)) => forward::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Cp(args)) => cp::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Journal(args)) => journal::run(&args, &settings, paths.as_ref()).map(|()| 0),
            Some(Command::Watch(args)) => watch::run(args, &scope, &settings, paths.as_ref()).await,
            Some(Command::Run(ref args)) => run_task::run(args, &scope, &settings, paths.as_ref()).await,
            Some(ref command) if let Some(requested) = Requested::read(command) => {
                change::run(requested, &scope, &settings, paths.as_ref()).await
            }
            Some(Command::Info(wait)) => info::run(wait, &scope, &settings, paths.as_ref()).await.map(|()| 0),
            Some(Command::Demo(args)) => demo::run(args, &scope, settings, paths).await,
            _ => {
                let connect = console::connect(&settings);
                let spec = console::scope(&scope).await?;
                console::open(settings, connect, spec, scope.cluster.as_deref(), &console, paths).await
            }
        }
    });
    // Calls in flight must not delay the shell prompt.
    runtime.shutdown_background();
    code
}
