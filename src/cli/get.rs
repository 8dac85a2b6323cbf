//! `ecsight get`: prints a table once, with the feeds, filters and sorting of the console.

use std::{
    io::{self, IsTerminal},
    slice::from_ref,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    GetArgs, Listed, Output, Refusal, ScopeArgs, console,
    output::{pretty, print, print_own},
    session::CliSession,
    subject::{NameQuery, may_be_id, near_id, refers_to, unknown_part},
    wait::{Wait, retry, until},
};
use crate::{
    aws::FailureKind,
    config::Paths,
    data::{Demand, Snapshot, distinct, fetch_raw},
    kinds::KINDS,
    model::{Settings, Table, filter::RowFilter, screens::table::Sort},
    nearest::hint,
    resource::{
        Ability, Context, Kind, Origin, Pace, Query, Row, Status, View,
        export::{self, Csv},
        format::last_part,
        revision, service, task,
    },
    visible::safe_json,
};

/// Prints the requested rows.
///
/// # Errors
/// Usage errors, before any call to AWS; failures of AWS; names that don't exist, after the other rows are printed.
pub(super) async fn run(
    args: GetArgs,
    scope: &ScopeArgs,
    settings: &Settings,
    paths: Option<&Paths>,
) -> Result<(), Refusal> {
    #[expect(clippy::disallowed_methods, reason = "a command begins here")]
    let now = Timestamp::now();
    let table = table(&args, scope, settings, now)?;
    let clients = console::clients(&console::scope(scope).await?, settings).await?;
    let mut session = CliSession::open(clients, args.wait, settings, paths);
    let cx = Context { now, zone: session.zone.clone() };
    let result = answer(&args, table, &mut session, &cx).await;
    session.close().await;
    result
}

async fn answer(args: &GetArgs, mut table: Table, session: &mut CliSession, cx: &Context) -> Result<(), Refusal> {
    if let Some(service) = table.view.query.service.clone() {
        table.view.query = with_cluster(session, &service, table.view.query).await?;
    }
    let (kind, view) = (table.view.kind, table.view.clone());
    let zone = session.zone.clone();
    let demand = Demand { foreground: Some(view.clone()), slowdown: 1, zone, ..Demand::default() };
    session.handle.demand.send_replace(demand.clone());
    let waited =
        until(&mut session.handle, session.timeout, from_ref(&view), |snapshot| snapshot.complete(&view)).await;
    let mut snapshot = match waited {
        Err(Refusal::Aws(failure)) if failure.kind == FailureKind::NotFound => {
            return Err(unknown_part(session, &view.query).await.unwrap_or(failure.into()));
        }
        waited => waited?,
    };

    let rows = rows(&snapshot, &view);
    // A composed kind reports a missing source as a row; for other kinds a name that does not exist gives no rows.
    if (rows.is_empty() || matches!(kind.origin, Origin::Composed(_)))
        && let Some(refusal) = unknown_part(session, &view.query).await
    {
        return Err(refusal);
    }
    let CliSession { clients, handle, timeout, .. } = session;
    let (ids, unknown_names) = choose(&rows, &args.names);
    let refusal = (!unknown_names.is_empty()).then(|| Refusal::Unknown(unknown(kind, &unknown_names, &rows)));
    if ids.is_empty()
        && let Some(refusal) = refusal
    {
        return Err(refusal);
    }
    // Raw output fetches its own answers, so rows need describing only for a filter.
    if described_when_visible(&view) && (!args.output.raw() || args.filter.is_some()) {
        handle.demand.send_replace(Demand { visible: ids.clone(), ..demand });
        let described = |snapshot: &Snapshot| {
            let raw = |row: &Arc<dyn Row>| row.pace() == Pace::Moving && ids.iter().any(|id| **id == *row.id());
            !self::rows(snapshot, &view).iter().any(raw)
        };
        snapshot = until(handle, *timeout, from_ref(&view), described).await?;
    }

    table.arrange(&snapshot, cx, false);
    let chosen: Vec<Arc<dyn Row>> = table
        .rows
        .iter()
        .map(|entry| entry.row.clone())
        .filter(|row| args.names.is_empty() || ids.iter().any(|id| **id == *row.id()))
        .collect();
    let plain = || chosen.iter().map(|row| &**row);
    // Cells are cut on a terminal only, not in a pipe.
    let cut = io::stdout().is_terminal();
    let answers = async || {
        let wait = Wait::new(format!("the answers of AWS for {}", kind.plural), *timeout);
        retry(wait, async || fetch_raw(clients, &view, &chosen).await).await
    };
    if args.output == Output::CsvExcel {
        print_own(export::MARK)?;
    }
    print(&match args.output {
        Output::Table => export::table(&view, false, cut, plain(), cx),
        Output::Wide => export::table(&view, true, false, plain(), cx),
        Output::Csv => export::csv(&view, Csv::Plain, plain(), cx),
        Output::CsvExcel => export::csv(&view, Csv::Excel, plain(), cx),
        Output::Json => pretty(&Map::from_iter([(kind.json_key.to_owned(), Value::Array(answers().await?))]))?,
        Output::Ndjson => answers().await?.iter().map(|answer| safe_json(answer.to_string()) + "\n").collect(),
    })?;
    refusal.map_or(Ok(()), Err)
}

/// Adds the cluster of the service to the query: the one given by name, or the only one with such a service.
async fn with_cluster(session: &mut CliSession, service: &str, query: Query) -> Result<Query, Refusal> {
    let wanted = NameQuery::service(service, query.cluster.as_deref())?;
    let cluster = match &wanted.cluster {
        Some(cluster) => Some(cluster.clone()),
        None => wanted.find(session).await?.row.cluster().map(Arc::from),
    };
    Ok(Query { cluster, service: Some(wanted.name.into()), ..query })
}

/// Refuses flags that have no effect on the requested kind.
fn check(args: &GetArgs, scope: &ScopeArgs) -> Result<(), Refusal> {
    type Narrows = fn(&Kind) -> bool;
    let Listed { kind, .. } = args.listed;
    let narrowing: [(&str, bool, Narrows); 5] = [
        ("--cluster", scope.cluster.is_some(), |kind| kind.in_cluster),
        ("--service", args.service.is_some(), |kind| {
            [&service::KIND, &task::KIND].contains(&root(kind)) || kind.can(Ability::Archive) || kind.by_service()
        }),
        ("--family", args.family.is_some(), |kind| [&task::KIND, &revision::KIND].contains(&root(kind))),
        ("--status", args.status.is_some(), |kind| root(kind) == &task::KIND),
        ("--since", args.since.is_some(), |kind| kind.can(Ability::Archive)),
    ];
    for (flag, given, narrows) in narrowing {
        if given && !narrows(kind) {
            let others: Vec<_> = KINDS.iter().filter(|kind| narrows(kind)).map(|kind| kind.plural).collect();
            let (plural, others) = (kind.plural, others.join(", "));
            return Err(Refusal::Usage(format!("`{flag}` does not apply to {plural}; it applies to {others}")));
        }
    }
    if kind.by_service() && args.service.is_none() {
        return Err(Refusal::Usage(format!("{} are listed by service; add --service NAME", kind.plural)));
    }
    if args.listed.status.is_some() && args.status.is_some() {
        return Err(Refusal::Usage("--status: `stopped` already selects a status".into()));
    }
    if args.since.is_some() && kind == &task::KIND && status(args) == Status::Running {
        return Err(Refusal::Usage(
            "`--since` does not apply to running tasks; it applies to `ecsight get stopped`".into(),
        ));
    }
    Ok(())
}

/// Status of the requested tasks.
fn status(args: &GetArgs) -> Status {
    args.listed.status.or(args.status.map(Status::from)).unwrap_or_default()
}

/// Fetched kind that rows of `kind` are derived from.
fn root(kind: &Kind) -> &Kind {
    match kind.origin {
        Origin::Fetched(_) | Origin::Composed(_) => kind,
        Origin::Derived { from, .. } => root(from),
    }
}

/// Creates the requested table, still without rows.
fn table(args: &GetArgs, scope: &ScopeArgs, settings: &Settings, now: Timestamp) -> Result<Table, Refusal> {
    check(args, scope)?;
    let query = Query {
        cluster: scope.cluster.as_deref().map(Into::into),
        service: args.service.as_deref().map(Into::into),
        family: args.family.as_deref().map(Into::into),
        status: status(args),
        since: args.since,
        ..Query::default()
    };
    let kind = args.listed.kind;
    let mut table = Table::new(View::new(kind, query));
    table.wide = args.output != Output::Table;
    if let Some(text) = &args.filter {
        table.filter = RowFilter::parse(text, kind, now, &settings.zone.zone).map_err(|fault| {
            Refusal::Usage(format!("--filter '{text}', at character {}: {}", fault.at + 1, fault.reason))
        })?;
    }
    if let Some(word) = &args.sort {
        let (name, descending) = word.strip_prefix('-').map_or((word.as_str(), false), |name| (name, true));
        let column = kind.column(name).ok_or_else(|| {
            let columns = (kind.columns)();
            let hint = hint(name, columns.iter().map(|column| column.name));
            Refusal::Usage(format!("--sort: {} have no column `{name}`{hint}", kind.plural))
        })?;
        table.sort = Sort { column, descending };
    }
    Ok(table)
}

fn rows(snapshot: &Snapshot, view: &View) -> Vec<Arc<dyn Row>> {
    distinct(snapshot.feeds_of(view)).into_iter().cloned().collect()
}

/// Whether rows of `view` are described only while on screen.
fn described_when_visible(view: &View) -> bool {
    matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query))
}

/// Ids of the rows called `names` (all rows when there are no names), and the names without a row.
fn choose<'a>(rows: &[Arc<dyn Row>], names: &'a [String]) -> (Vec<Arc<str>>, Vec<&'a str>) {
    let id = |row: &Arc<dyn Row>| Arc::from(row.id());
    if names.is_empty() {
        return (rows.iter().map(id).collect(), Vec::new());
    }
    let refers_to = |name: &str, row: &Arc<dyn Row>| refers_to(name, &**row);
    let unknown_names =
        names.iter().map(String::as_str).filter(|name| !rows.iter().any(|row| refers_to(name, row))).collect();
    let ids = rows.iter().filter(|row| names.iter().any(|name| refers_to(name, row))).map(id).collect();
    (ids, unknown_names)
}

fn unknown(kind: &Kind, unknown_names: &[&str], rows: &[Arc<dyn Row>]) -> String {
    let names: Vec<_> = rows.iter().map(|row| row.name()).collect();
    let line = |name: &&str| {
        let near = match may_be_id(name) {
            true => near_id(name, rows.iter().map(|row| last_part(row.id()))),
            false => hint(name, names.iter().map(|name| &**name)),
        };
        format!("unknown {} `{name}`{near}", kind.name)
    };
    unknown_names.iter().map(line).collect::<Vec<_>>().join("\n")
}
