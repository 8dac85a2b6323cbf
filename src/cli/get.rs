//! `ecsight get`: a table of the console without the console. The same feeds, filters and order; printed once.

use std::{slice::from_ref, sync::Arc};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    GetArgs, Listed, Output, Refusal, ScopeArgs, console, print,
    session::Session,
    wait::{patiently, until},
};
use crate::{
    aws::{Budget, Clients},
    config::Paths,
    data::{Demand, Snapshot, raw},
    kinds::KINDS,
    model::{Settings, Table, filter::Filter, table::Sort},
    nearest::hint,
    resource::{Context, Kind, Origin, Pace, Query, Row, Status, View, cluster, export, revision, service, task},
};

/// Prints the rows that were asked for.
///
/// # Errors
/// Usage, before anything is asked of AWS; AWS's refusal; names that don't exist, after the rest was printed.
pub async fn run(args: GetArgs, scope: &ScopeArgs, settings: &Settings, paths: Option<&Paths>) -> Result<(), Refusal> {
    let now = Timestamp::now();
    let table = table(&args, scope, settings, now)?;
    let budget = Budget::with_share(settings.budget.share);
    let clients = Clients::connect(&console::scope(scope).await?, budget).await?;
    let mut session = Session::open(clients, settings, paths);
    let result = answer(&args, table, &mut session, &Context { now }).await;
    session.close().await;
    result
}

async fn answer(args: &GetArgs, mut table: Table, session: &mut Session, cx: &Context) -> Result<(), Refusal> {
    let Session { clients, handle } = session;
    let (kind, view) = (table.view.kind, table.view.clone());
    let demand = Demand { front: Some(view.clone()), slowdown: 1, ..Demand::default() };
    handle.demand.send_replace(demand.clone());
    let mut snapshot = until(handle, from_ref(&view), |snapshot| snapshot.complete(&view)).await?;

    let rows = rows(&snapshot, &view);
    let (ids, strangers) = choose(&rows, &args.names);
    let refusal = (!strangers.is_empty()).then(|| Refusal::Failed(unknown(kind, &strangers, &rows)));
    if ids.is_empty()
        && let Some(refusal) = refusal
    {
        return Err(refusal);
    }
    // Raw answers are described anyway, unless a filter has to see the rows first.
    if described_on_sight(&view) && (args.output != Output::Json || args.filter.is_some()) {
        handle.demand.send_replace(Demand { visible: ids.clone(), ..demand });
        let described = |snapshot: &Snapshot| {
            let raw = |row: &Arc<dyn Row>| row.pace() == Pace::Moving && ids.iter().any(|id| **id == *row.id());
            !self::rows(snapshot, &view).iter().any(raw)
        };
        snapshot = until(handle, from_ref(&view), described).await?;
    }

    table.arrange(&snapshot, Some(&cluster::KIND), cx, false);
    let chosen: Vec<Arc<dyn Row>> = table
        .rows
        .iter()
        .map(|entry| entry.row.clone())
        .filter(|row| args.names.is_empty() || ids.iter().any(|id| **id == *row.id()))
        .collect();
    let plain = || chosen.iter().map(|row| &**row);
    print(match args.output {
        Output::Table => export::table(&view, false, plain(), cx),
        Output::Wide => export::table(&view, true, plain(), cx),
        Output::Csv => export::csv(&view, plain(), cx),
        Output::Json => json(kind, patiently(async || raw(clients, &view, &chosen).await).await?)?,
    })?;
    refusal.map_or(Ok(()), Err)
}

/// Refuses flags that would do nothing for the kind that was asked for.
fn check(args: &GetArgs, scope: &ScopeArgs) -> Result<(), Refusal> {
    type Narrows = fn(&Kind) -> bool;
    let Listed { kind, .. } = args.listed;
    let narrowing: [(&str, bool, Narrows); 5] = [
        ("--cluster", scope.cluster.is_some(), |kind| kind.in_cluster),
        ("--service", args.service.is_some(), |kind| {
            [&service::KIND, &task::KIND].contains(&root(kind)) || kind.reaches_back()
        }),
        ("--family", args.family.is_some(), |kind| [&task::KIND, &revision::KIND].contains(&root(kind))),
        ("--status", args.status.is_some(), |kind| root(kind) == &task::KIND),
        ("--since", args.since.is_some(), Kind::reaches_back),
    ];
    for (flag, given, narrows) in narrowing {
        if given && !narrows(kind) {
            let others: Vec<_> = KINDS.iter().filter(|kind| narrows(kind)).map(|kind| kind.plural).collect();
            let (plural, others) = (kind.plural, others.join(", "));
            return Err(Refusal::Usage(format!("{flag} says nothing about {plural}; it is for {others}")));
        }
    }
    if args.listed.status.is_some() && args.status.is_some() {
        return Err(Refusal::Usage("--status: the word for what to list says it already".into()));
    }
    if args.since.is_some() && kind == &task::KIND && status(args) == Status::Running {
        return Err(Refusal::Usage("--since says nothing about running tasks; `ecsight get stopped` takes it".into()));
    }
    Ok(())
}

/// Which tasks are meant.
fn status(args: &GetArgs) -> Status {
    args.listed.status.or(args.status.map(Status::from)).unwrap_or_default()
}

/// The fetched kind that rows of `kind` come from.
fn root(kind: &Kind) -> &Kind {
    match kind.origin {
        Origin::Fetched(_) | Origin::Composed(_) => kind,
        Origin::Derived { from, .. } => root(from),
    }
}

/// The table that shows what was asked for, empty yet.
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
        table.filter = Filter::parse(text, kind, now, &settings.zone).map_err(|fault| {
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
    snapshot.feeds_of(view).iter().flat_map(|feed| feed.rows.iter()).map(|entry| entry.row.clone()).collect()
}

/// Whether rows of `view` are known by name only until somebody looks at them.
fn described_on_sight(view: &View) -> bool {
    matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query))
}

/// The ids of the rows that `names` mean, all of them when there are none, and the names that mean nothing.
fn choose<'a>(rows: &[Arc<dyn Row>], names: &'a [String]) -> (Vec<Arc<str>>, Vec<&'a str>) {
    let id = |row: &Arc<dyn Row>| Arc::from(row.id());
    if names.is_empty() {
        return (rows.iter().map(id).collect(), Vec::new());
    }
    let means = |name: &str, row: &Arc<dyn Row>| row.id() == name || row.name() == name;
    let strangers = names.iter().map(String::as_str).filter(|name| !rows.iter().any(|row| means(name, row))).collect();
    let ids = rows.iter().filter(|row| names.iter().any(|name| means(name, row))).map(id).collect();
    (ids, strangers)
}

fn unknown(kind: &Kind, strangers: &[&str], rows: &[Arc<dyn Row>]) -> String {
    let names: Vec<_> = rows.iter().map(|row| row.name()).collect();
    let line = |stranger: &&str| {
        format!("there is no {} `{stranger}`{}", kind.name, hint(stranger, names.iter().map(|name| &**name)))
    };
    strangers.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The answers under the key under which the AWS CLI lists them.
fn json(kind: &Kind, answers: Vec<Value>) -> Result<String, Refusal> {
    let document = Map::from_iter([(kind.json_key.to_owned(), Value::Array(answers))]);
    let text = serde_json::to_string_pretty(&document).map_err(|error| Refusal::Failed(error.to_string()))?;
    Ok(text + "\n")
}
