//! One query of CloudWatch Logs Insights: starts it, polls it while it scans, turns its results into lines, and stops
//! it when its reader is gone, because AWS bills the data scanned.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::{
    error::SdkError,
    operation::start_query::StartQueryError,
    types::{QueryStatistics, QueryStatus, ResultField},
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use super::{
    Channels, Line, LogRequest, Read, Role, Scanned, StreamSet, TailMessage, TailPhase, TailStatus, TailUpdate, groups,
};
use crate::aws::{Clients, Failure, FailureKind, operation};

mod plan;
mod rows;
#[cfg(test)]
mod tests;

use plan::QueryPlan;

/// Price of a scanned GB in US dollars, as published for most Regions.
pub const DOLLARS_A_GB: f64 = 0.005;
/// The most results of a query.
pub const MOST: usize = 10_000;

/// Time until results are first polled, and the longest time between polls: they slow down.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_secs(5);
/// How long to wait for all tasks to be known; then the query runs on the groups of those that are.
const RESOLVING: Duration = Duration::from_secs(10);
/// Time until a query that could not be started, or results that could not be read, are tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// The most lines per update.
const BATCH: usize = 2_000;

impl Scanned {
    /// The price in US dollars, as published for most Regions.
    pub fn dollars(&self) -> f64 {
        self.bytes / f64::from(1 << 30) * DOLLARS_A_GB
    }

    /// The price as a text.
    pub fn price(&self) -> String {
        match self.dollars() {
            dollars @ 0.01.. => format!("about ${dollars:.2}"),
            _ => "under $0.01".into(),
        }
    }
}

/// The reader has been dropped.
struct ReaderGone;

/// Runs a query on the groups of the streams. Ends, and stops the query, when the reader is dropped.
pub async fn run(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, channels: Channels) {
    let updates = channels.updates.clone();
    tokio::select! {
        _ = (QueryRun { clients, wanted, now, channels, status: TailStatus::default() }).run() => {}
        () = updates.closed() => {}
    }
}

struct QueryRun {
    clients: Clients,
    wanted: LogRequest,
    now: fn() -> Timestamp,
    channels: Channels,
    status: TailStatus,
}

impl QueryRun {
    async fn run(mut self) -> Result<(), ReaderGone> {
        let Read::Query { text, from, to } = self.wanted.read.clone() else { return Ok(()) };
        self.send_status().await?;
        let set = self.wait_for_streams().await;
        let plan = QueryPlan::new(&set.streams);
        self.status.silent = set.silent;
        self.status.streams = set.streams.len();
        self.status.groups = groups::from_streams(&set.streams).into();
        self.status.phase = TailPhase::History;
        self.send_status().await?;
        for left_out in &plan.left_out {
            self.note(left_out).await?;
        }
        match plan.groups.is_empty() {
            true => self.note("there is no log group to query").await?,
            false => match self.query(&plan, &text, from, to).await? {
                Ok(found) => self.show(&found, &plan, &set.streams, to).await?,
                Err(failure) => {
                    self.status.failure = Some(failure.into());
                    self.status.retry_at = None;
                }
            },
        }
        self.status.phase = TailPhase::Done;
        self.send_status().await?;
        // Everything has been sent: there are no older lines.
        while self.channels.older.recv().await.is_some() {
            self.send(TailUpdate::Older { lines: Vec::new(), end: true }).await?;
        }
        Ok(())
    }

    /// Waits until the set of streams is complete, or for a while.
    async fn wait_for_streams(&mut self) -> StreamSet {
        let set = &mut self.channels.set;
        // After a timeout, or if the sender is gone, the streams known by now have to do.
        let _ = timeout(RESOLVING, set.wait_for(|set| set.complete)).await;
        set.borrow_and_update().clone()
    }

    /// Starts the query and waits for its results.
    async fn query(
        &mut self,
        plan: &QueryPlan,
        text: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<QueryResult, ReaderGone> {
        let query = loop {
            match self.start(plan, text, from, to).await {
                Ok(query) => break query,
                Err(failure) if is_transient(&failure) => self.wait(failure).await?,
                Err(failure) => return Ok(Err(failure)),
            }
        };
        let running = RunningQuery { clients: self.clients.clone(), region: plan.region.clone(), query, over: false };
        self.results(plan, running).await
    }

    async fn start(&mut self, plan: &QueryPlan, text: &str, from: Timestamp, to: Timestamp) -> Result<String, Failure> {
        self.status.calls += 1;
        let request = self
            .clients
            .logs(plan.region.as_deref())
            .start_query()
            .set_log_group_names(Some(plan.groups.clone()))
            .query_string(text)
            .start_time(from.as_second())
            .end_time(to.as_second())
            .limit(MOST as i32);
        let mut position = None;
        let sent = async {
            let sent = request.send().await;
            position = sent.as_ref().err().and_then(fault_at);
            sent
        };
        let answer = self.clients.call(operation::START_QUERY, sent).await;
        let answer = answer.map_err(|failure| explain_start_failure(failure, position, text))?;
        let nameless = || Failure::local(operation::START_QUERY.name, FailureKind::Garbled, "AWS named no query");
        answer.query_id.ok_or_else(nameless)
    }

    /// Polls the results until they are complete.
    async fn results(&mut self, plan: &QueryPlan, mut running: RunningQuery) -> Result<QueryResult, ReaderGone> {
        let client = self.clients.logs(plan.region.as_deref());
        let least = Duration::from_secs_f64(1.0 / self.wanted.pace.0.max(0.01));
        let mut look = FIRST_LOOK;
        loop {
            sleep(look.max(least)).await;
            look = (look * 3 / 2).min(LAST_LOOK);
            self.status.calls += 1;
            let request = client.get_query_results().query_id(&running.query).send();
            let answer = match self.clients.call(operation::GET_QUERY_RESULTS, request).await {
                Ok(answer) => answer,
                Err(failure) if is_transient(&failure) || failure.kind == FailureKind::Offline => {
                    self.wait(failure).await?;
                    continue;
                }
                Err(failure) => return Ok(Err(failure)),
            };
            self.status.failure = None;
            self.status.retry_at = None;
            self.status.scanned = answer.statistics.as_ref().map(scanned);
            self.send_status().await?;
            running.over = !matches!(
                answer.status,
                None | Some(QueryStatus::Running | QueryStatus::Scheduled | QueryStatus::UnknownValue)
            );
            match answer.status {
                Some(QueryStatus::Complete) => return Ok(Ok(answer.results.unwrap_or_default())),
                Some(status) if running.over => return Ok(Err(failure_of(&status))),
                _ => {}
            }
        }
    }

    /// Reports a failure and waits before the next try.
    async fn wait(&mut self, failure: Failure) -> Result<(), ReaderGone> {
        self.status.failure = Some(failure.into());
        self.status.retry_at = (self.now)().checked_add(SignedDuration::try_from(AGAIN).unwrap_or_default()).ok();
        self.send_status().await?;
        sleep(AGAIN).await;
        Ok(())
    }

    /// Sends the results, and then what they cost.
    async fn show(
        &mut self,
        found: &[Vec<ResultField>],
        plan: &QueryPlan,
        streams: &[super::Followed],
        to: Timestamp,
    ) -> Result<(), ReaderGone> {
        let mut lines = rows::lines(found, &rows::KnownSources::new(streams, plan), to);
        let end = lines.last().map_or(to, |line| line.at);
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(BATCH));
            self.send(TailUpdate::Lines(std::mem::replace(&mut lines, rest))).await?;
        }
        let summary = rows::summary(found.len(), self.status.scanned.unwrap_or_default());
        self.send(TailUpdate::Lines(vec![note(end, &summary)])).await
    }

    async fn note(&self, text: &str) -> Result<(), ReaderGone> {
        self.send(TailUpdate::Lines(vec![note((self.now)(), text)])).await
    }

    async fn send_status(&self) -> Result<(), ReaderGone> {
        self.send(TailUpdate::Status(self.status.clone().into())).await
    }

    async fn send(&self, update: TailUpdate) -> Result<(), ReaderGone> {
        self.channels.updates.send(TailMessage { tail: self.wanted.id, update }).await.map_err(|_| ReaderGone)
    }
}

/// The results, or why the query failed.
type QueryResult = Result<Vec<Vec<ResultField>>, Failure>;

/// A query running in AWS; dropping it before it is over stops the query.
struct RunningQuery {
    clients: Clients,
    region: Option<String>,
    query: String,
    over: bool,
}

impl Drop for RunningQuery {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.over {
            return;
        }
        let (clients, query) = (self.clients.clone(), std::mem::take(&mut self.query));
        let client = clients.logs(self.region.as_deref());
        runtime.spawn(async move {
            let request = client.stop_query().query_id(query).send();
            // A failure can be ignored: the query then ends by itself.
            let _ = clients.call(operation::STOP_QUERY, request).await;
        });
    }
}

fn note(at: Timestamp, text: &str) -> Line {
    Line { source: None, at, role: Role::Note, level: None, late: false, task: None, text: text.into() }
}

fn scanned(statistics: &QueryStatistics) -> Scanned {
    Scanned {
        bytes: statistics.bytes_scanned,
        records: statistics.records_scanned,
        matched: statistics.records_matched,
    }
}

/// Returns whether the call is worth trying again.
fn is_transient(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Throttled | FailureKind::Server)
        || failure.code.as_deref() == Some("LimitExceededException")
}

/// The position of a syntax error in the query, in characters.
fn fault_at(error: &SdkError<StartQueryError>) -> Option<usize> {
    let StartQueryError::MalformedQueryException(malformed) = error.as_service_error()? else { return None };
    usize::try_from(malformed.query_compile_error()?.location()?.start_char_offset()?).ok()
}

/// Adds to a failed start the position in the query, or advice.
fn explain_start_failure(failure: Failure, position: Option<usize>, text: &str) -> Failure {
    let code = failure.code.clone();
    let failure = match position {
        Some(at) => {
            let here: String = text.chars().skip(at).take(16).collect();
            Failure { message: format!("at character {}, \"{here}\": {}", at + 1, failure.message), ..failure }
        }
        None => failure,
    };
    match code.as_deref() {
        Some("MalformedQueryException") => failure.advise("`:query` opens it again"),
        Some("LimitExceededException") => failure.advise("too many queries run at once in this account"),
        Some("ResourceNotFoundException") => failure.advise("a log group is made when its first task writes"),
        Some("InvalidOperationException") => failure.advise("its log group is of a class that offers no such query"),
        _ => failure,
    }
}

/// Why a query ended without results.
fn failure_of(status: &QueryStatus) -> Failure {
    let why = match status {
        QueryStatus::Cancelled => "somebody cancelled it",
        QueryStatus::Timeout => "it took longer than the 60 minutes that AWS gives it",
        _ => "AWS could not run it",
    };
    let failure = Failure::local(operation::GET_QUERY_RESULTS.name, FailureKind::Invalid, why);
    match status {
        QueryStatus::Timeout => failure.advise("ask for a shorter time"),
        _ => failure,
    }
}
