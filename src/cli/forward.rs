//! `ecsight forward`: connections to a local port go to a container, or through it to another host.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Refusal, ScopeArgs, complete, console,
    exec::{SessionPermission, now},
    journal::append_to_journal,
    note,
    session::CliSession,
    subject::NameQuery,
    wait::WaitArgs,
};
use crate::{
    aws::{Access, ScopeSpec},
    config::Paths,
    forwarding::{ForwardCounts, ForwardEnd, ForwardNews, ForwardPorts, ForwardRequest, ForwardSubject},
    journal::JournalEntry,
    model::Settings,
    nearest,
    resource::{
        Query, TypedRow, View,
        container::ExecTarget,
        format::{counted, duration, seconds_since, size},
        task,
    },
    session::forwarder::Forwarder,
};

/// Help of the words. In a documentation comment, its brackets would be links.
const WORDS: &str = "A running task (full or partial id, or ARN), then [LOCAL:][HOST:]PORT; only the ports with --service or --family; or the name of a `[[forward]]` in the configuration";

/// Arguments of `ecsight forward`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ForwardArgs {
    /// The task and the ports, the ports alone, or a name.
    #[arg(help = WORDS, value_name = "TASK PORTS|NAME", num_args = 1..=2, required = true)]
    pub words: Vec<String>,
    /// Go through a task of this service, and through another one when it is replaced
    #[arg(long, short, value_name = "NAME", add = complete::services(), conflicts_with = "family")]
    pub service: Option<String>,
    /// The same for tasks of a task definition family
    #[arg(long, value_name = "NAME")]
    pub family: Option<String>,
    /// Container to go through, where the task has several
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// Address to listen on; any but a loopback address lets other machines in
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub bind: IpAddr,
    /// Allow the session in a read-only scope
    #[arg(long)]
    pub write: bool,
    /// Do not ask for confirmation in production
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub read: WaitArgs,
}

const EXAMPLES: &str = "\
Examples:
  ecsight forward 8a53a2fa 8080 -c staging --write         127.0.0.1:8080 to port 8080 of the task
  ecsight forward 8a53a2fa 5000:80 -c staging --write      127.0.0.1:5000 to port 80
  ecsight forward --service web db.internal:5432 -c staging --write
                                                           to a database that the task reaches

Exit codes:
  0    ended with ctrl-c
  1    the forward could not start, or has ended otherwise: the reason is on standard error
  2    a mistake in the command line, or sessions are not allowed there";

/// Runs the forward until it ends, and returns the exit code.
///
/// # Errors
///
/// Usage errors, before anything is opened; unknown names; failures of AWS; why the forward has ended.
pub(super) async fn run(
    args: ForwardArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    let wanted = Wanted::read(&args, scope, settings)?;
    let spec = console::scope(scope).await?;
    let spec = ScopeSpec { region: spec.region.or_else(|| wanted.region().map(str::to_owned)), ..spec };
    let clients = console::clients(&spec, settings).await?;
    let mut session = CliSession::open(clients, args.read, settings, paths);
    let done = match wanted.prepare(&args, &mut session, settings).await {
        Ok(request) => carry(&args, request, &session, paths).await,
        Err(refusal) => Err(refusal),
    };
    session.close().await;
    done
}

/// What the words and options ask for.
struct Wanted {
    ports: ForwardPorts,
    through: Through,
    container: Option<String>,
}

enum Through {
    Named(NameQuery),
    /// The tasks of a family, in a cluster.
    Family(String, String),
}

impl Wanted {
    fn read(args: &ForwardArgs, scope: &ScopeArgs, settings: &Settings) -> Result<Self, Refusal> {
        if let ([name], None, None) = (args.words.as_slice(), &args.service, &args.family) {
            return Self::saved(name, args, settings);
        }
        let cluster = scope.cluster.as_deref();
        let (through, ports) = match (args.words.as_slice(), &args.service, &args.family) {
            ([ports], Some(service), _) => (Through::Named(NameQuery::service(service, cluster)?), ports),
            ([ports], _, Some(family)) => {
                let cluster = cluster.ok_or_else(|| Refusal::Usage("--family needs --cluster".to_owned()))?;
                (Through::Family(family.clone(), cluster.to_owned()), ports)
            }
            ([task, ports], None, None) => (Through::Named(NameQuery::of_kind(task, cluster, &["task"])?), ports),
            _ => {
                let option = if args.service.is_some() { "--service" } else { "--family" };
                return Err(Refusal::Usage(format!("name a task or {option}, not both")));
            }
        };
        let container = args.container.clone();
        Ok(Self { ports: ports.parse().map_err(Refusal::Usage)?, through, container })
    }

    /// The forward of the configuration with this name.
    fn saved(name: &str, args: &ForwardArgs, settings: &Settings) -> Result<Self, Refusal> {
        if name.parse::<ForwardPorts>().is_ok() {
            return Err(Refusal::Usage("name a task, --service or --family besides the ports".to_owned()));
        }
        let saved = settings.forwards.iter().find(|saved| saved.name == name).ok_or_else(|| {
            let names = settings.forwards.iter().map(|saved| saved.name.as_str());
            Refusal::Usage(format!("{}; besides a task, name the ports", nearest::unknown("forward", name, names)))
        })?;
        let cluster = saved.cluster.clone();
        let through = match saved.subject() {
            ForwardSubject::Service(name) => Through::Named(NameQuery::service(&name, Some(&cluster))?),
            ForwardSubject::Family(family) => Through::Family(family, cluster),
            ForwardSubject::Task(task) => Through::Named(NameQuery::of_kind(&task, Some(&cluster), &["task"])?),
        };
        Ok(Self {
            ports: saved.ports(),
            through,
            container: args.container.clone().or_else(|| saved.container.clone()),
        })
    }

    fn region(&self) -> Option<&str> {
        match &self.through {
            Through::Named(query) => query.region.as_deref(),
            Through::Family(..) => None,
        }
    }

    /// Looks names up, and checks what may be done there.
    async fn prepare(
        self,
        args: &ForwardArgs,
        session: &mut CliSession,
        settings: &Settings,
    ) -> Result<ForwardRequest, Refusal> {
        let (cluster, subject) = match self.through {
            Through::Family(family, cluster) => {
                let query = Query { cluster: Some(cluster.as_str().into()), ..Query::family(&*family) };
                session.fetch(&[View::new(&task::KIND, query)]).await?;
                (cluster, ForwardSubject::Family(family))
            }
            Through::Named(query) => {
                let row = query.find(session).await?.row;
                match row.typed() {
                    TypedRow::Task(task) => (task.cluster_name.clone(), ForwardSubject::Task(task.task_arn.clone())),
                    TypedRow::Service(service) => {
                        (service.cluster_name.clone(), ForwardSubject::Service(service.service_name.clone()))
                    }
                    _ => return Err(Refusal::Usage(format!("{} has no tasks", row.name()))),
                }
            }
        };
        let snapshot = session.handle.snapshots.borrow().clone();
        let permission = SessionPermission { write: args.write, yes: args.yes };
        permission.require(&format!("a session in {subject}"), &cluster, settings, &snapshot)?;
        Ok(ForwardRequest {
            identity: Arc::new(snapshot.identity.clone()),
            access: Access::Write,
            cluster,
            subject,
            container: self.container,
            ports: self.ports,
        })
    }
}

/// Carries connections until an interrupt or a failure.
async fn carry(
    args: &ForwardArgs,
    request: ForwardRequest,
    session: &CliSession,
    paths: Option<&Paths>,
) -> Result<u8, Refusal> {
    if !args.bind.is_loopback() {
        note(&format!("warning: {} is not a loopback address: others on the network can connect", args.bind));
    }
    let record = |state: (&'static str, String), container: Option<&ExecTarget>| {
        let entry = JournalEntry::of_forward(now(), state, &request, container);
        append_to_journal(paths, entry);
    };
    let began = now();
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hangups = signal(SignalKind::hangup())?;
    let mut forwarder = Forwarder::start(&session.clients, request.clone(), args.bind, now);
    let mut entered = None;
    let mut code = 0;
    let end = loop {
        let news = tokio::select! {
            news = forwarder.news.recv() => news,
            _ = interrupts.recv() => break None,
            _ = terminations.recv() => {
                code = 128 + 15;
                break None;
            }
            _ = hangups.recv() => {
                code = 128 + 1;
                break None;
            }
        };
        match news {
            Some(ForwardNews::Ended(end)) => break Some(end),
            None => break Some(ForwardEnd::failed("the forward has ended; the log may say why")),
            Some(news) => {
                if let ForwardNews::Opening(target) = &news {
                    record(("sent", String::new()), Some(target));
                    entered = Some(target.clone());
                }
                if let Some(text) = progress(&news, &request.ports) {
                    note(&text);
                }
            }
        }
    };
    let counters = forwarder.counters.clone();
    let end = match end {
        Some(end) => end,
        None => forwarder.finish().await.unwrap_or_else(ForwardEnd::by_user),
    };
    let took = seconds_since(began, now());
    record(end.for_journal(took, entered.is_some()), entered.as_ref());
    note(&summary(counters.counts(), took));
    match end.is_failure {
        true => Err(Refusal::Failed(end.reason)),
        false => Ok(code),
    }
}

/// A line about news, for standard error.
fn progress(news: &ForwardNews, ports: &ForwardPorts) -> Option<String> {
    Some(match news {
        ForwardNews::Listening(address) => format!("listening on {address}"),
        ForwardNews::Opening(target) => format!("opening a session in {}", target.label()),
        ForwardNews::Ready(target) => format!("connections go to {} through {}", ports.remote(), target.label()),
        ForwardNews::Connection(number) => format!("connection {number}"),
        ForwardNews::Reconnecting(why) => format!("reconnecting: {why}"),
        ForwardNews::Idle(why) => format!("{why}; the next connection opens another session"),
        ForwardNews::Problem(why) => format!("warning: {why}"),
        ForwardNews::Ended(_) => return None,
    })
}

/// What was carried: `ended after 5m: 3 connections, 1.2 MB sent, 14 MB received`.
fn summary(counts: ForwardCounts, seconds: i64) -> String {
    let refused = if counts.refused > 0 { format!(" ({} refused)", counts.refused) } else { String::new() };
    format!(
        "ended after {}: {}{refused}, {} sent, {} received",
        duration(seconds),
        counted(counts.connections, "connection"),
        size(counts.sent as f64),
        size(counts.received as f64)
    )
}
