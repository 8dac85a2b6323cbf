//! One query of CloudWatch Logs Insights: started, watched while it scans, its results as lines; and stopped when
//! nobody wants it any more, because AWS bills what it scans.

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

/// What AWS bills for a GB that a query scans, in US dollars, as published for most Regions.
pub const DOLLARS_A_GB: f64 = 0.005;
/// Results that a query gives at most.
pub const MOST: usize = 10_000;

/// Results are asked for so soon, and less and less often, down to this.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_secs(5);
/// How long the tasks may take to be known before the groups of those that are must do.
const RESOLVING: Duration = Duration::from_secs(10);
/// A query that could not be started, or whose results could not be had, is tried again after so long.
const AGAIN: Duration = Duration::from_secs(5);
/// Lines told at once.
const BATCH: usize = 2_000;

impl Scanned {
    /// What it costs, in US dollars, as published for most Regions.
    pub fn dollars(&self) -> f64 {
        self.bytes / f64::from(1 << 30) * DOLLARS_A_GB
    }

    /// The same in words.
    pub fn price(&self) -> String {
        match self.dollars() {
            dollars @ 0.01.. => format!("about ${dollars:.2}"),
            _ => "under $0.01".into(),
        }
    }
}

/// Nobody listens any more.
struct ReaderGone;

/// Runs the query that is wanted over the groups of the set. Ends when nobody listens; the query ends with it.
pub async fn run(clients: Clients, wanted: LogRequest, now: fn() -> Timestamp, ends: Channels) {
    let news = ends.news.clone();
    tokio::select! {
        _ = (QueryRun { clients, wanted, now, ends, status: TailStatus::default() }).run() => {}
        () = news.closed() => {}
    }
}

struct QueryRun {
    clients: Clients,
    wanted: LogRequest,
    now: fn() -> Timestamp,
    ends: Channels,
    status: TailStatus,
}

impl QueryRun {
    async fn run(mut self) -> Result<(), ReaderGone> {
        let Read::Query { text, from, to } = self.wanted.read.clone() else { return Ok(()) };
        self.tell_status().await?;
        let set = self.settled().await;
        let plan = QueryPlan::of(&set.streams);
        self.status.quiet = set.silent;
        self.status.streams = set.streams.len();
        self.status.groups = groups::of(&set.streams).into();
        self.status.phase = TailPhase::History;
        self.tell_status().await?;
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
        self.tell_status().await?;
        // All of it is told: there is nothing older.
        while self.ends.older.recv().await.is_some() {
            self.tell(TailUpdate::Older { lines: Vec::new(), end: true }).await?;
        }
        Ok(())
    }

    /// The set, once it is complete, or as far as it is known after a while.
    async fn settled(&mut self) -> StreamSet {
        let set = &mut self.ends.set;
        // Both a set that is late and one that can't change any more leave what is known by now.
        let _ = timeout(RESOLVING, set.wait_for(|set| set.complete)).await;
        set.borrow_and_update().clone()
    }

    /// Starts the query and waits for it.
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
                Err(failure) if passes(&failure) => self.wait(failure).await?,
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
        let mut place = None;
        let sent = async {
            let sent = request.send().await;
            place = sent.as_ref().err().and_then(fault_at);
            sent
        };
        let answer = self.clients.call(operation::START_QUERY, sent).await;
        let answer = answer.map_err(|failure| told(failure, place, text))?;
        let nameless = || Failure::local(operation::START_QUERY.name, FailureKind::Garbled, "AWS named no query");
        answer.query_id.ok_or_else(nameless)
    }

    /// Asks for the results until they are complete.
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
                Err(failure) if passes(&failure) || failure.kind == FailureKind::Offline => {
                    self.wait(failure).await?;
                    continue;
                }
                Err(failure) => return Ok(Err(failure)),
            };
            self.status.failure = None;
            self.status.retry_at = None;
            self.status.scanned = answer.statistics.as_ref().map(scanned);
            self.tell_status().await?;
            running.over = !matches!(
                answer.status,
                None | Some(QueryStatus::Running | QueryStatus::Scheduled | QueryStatus::UnknownValue)
            );
            match answer.status {
                Some(QueryStatus::Complete) => return Ok(Ok(answer.results.unwrap_or_default())),
                Some(status) if running.over => return Ok(Err(ended(&status))),
                _ => {}
            }
        }
    }

    /// Says what is in the way, and waits.
    async fn wait(&mut self, failure: Failure) -> Result<(), ReaderGone> {
        self.status.failure = Some(failure.into());
        self.status.retry_at = (self.now)().checked_add(SignedDuration::try_from(AGAIN).unwrap_or_default()).ok();
        self.tell_status().await?;
        sleep(AGAIN).await;
        Ok(())
    }

    /// Tells the results, and then what they cost.
    async fn show(
        &mut self,
        found: &[Vec<ResultField>],
        plan: &QueryPlan,
        streams: &[super::Followed],
        to: Timestamp,
    ) -> Result<(), ReaderGone> {
        let mut lines = rows::lines(found, &rows::KnownSources::of(streams, plan), to);
        let end = lines.last().map_or(to, |line| line.at);
        while !lines.is_empty() {
            let rest = lines.split_off(lines.len().min(BATCH));
            self.tell(TailUpdate::Lines(std::mem::replace(&mut lines, rest))).await?;
        }
        let summary = rows::summary(found.len(), self.status.scanned.unwrap_or_default());
        self.tell(TailUpdate::Lines(vec![note(end, &summary)])).await
    }

    async fn note(&self, text: &str) -> Result<(), ReaderGone> {
        self.tell(TailUpdate::Lines(vec![note((self.now)(), text)])).await
    }

    async fn tell_status(&self) -> Result<(), ReaderGone> {
        self.tell(TailUpdate::Status(self.status.clone().into())).await
    }

    async fn tell(&self, told: TailUpdate) -> Result<(), ReaderGone> {
        self.ends.news.send(TailMessage { tail: self.wanted.id, update: told }).await.map_err(|_| ReaderGone)
    }
}

/// The results, or what the query failed with.
type QueryResult = Result<Vec<Vec<ResultField>>, Failure>;

/// A query that AWS works on: stopped when this is dropped before it is over.
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
            // Nobody is left to be told of a failure: the query then ends by itself.
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

/// Whether it is worth trying again.
fn passes(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Throttled | FailureKind::Server)
        || failure.code.as_deref() == Some("LimitExceededException")
}

/// Where a query can't be read, in characters.
fn fault_at(error: &SdkError<StartQueryError>) -> Option<usize> {
    let StartQueryError::MalformedQueryException(malformed) = error.as_service_error()? else { return None };
    usize::try_from(malformed.query_compile_error()?.location()?.start_char_offset()?).ok()
}

/// A failure to start, with the place in the query, or with what helps.
fn told(failure: Failure, place: Option<usize>, text: &str) -> Failure {
    let code = failure.code.clone();
    let failure = match place {
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

/// What a query that gave no results ended with.
fn ended(status: &QueryStatus) -> Failure {
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
