//! Waiting for data in commands without a screen: reports long waits, and gives up after a timeout.

use std::{sync::Arc, time::Duration};

use clap::Args;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Refusal, note, values::timeout};
use crate::{
    aws::{Failure, FailureKind},
    data::{Handle, Phase, Snapshot},
    resource::{Origin, Pace, View, format},
};

/// How long to retry after a transient failure (no answer, server error).
const PATIENCE: Duration = Duration::from_millis(3_500);

/// Delay before a retry.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Interval at which a command reports what it waits for, if that has changed.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// Arguments for waiting.
#[derive(Debug, Clone, Copy, Args)]
pub struct WaitArgs {
    /// Give up after this time without progress (10s, 2m)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = timeout)]
    pub timeout: Duration,
}

/// A wait: measures progress, reports what takes long, and decides when to give up.
pub(super) struct Wait {
    what: String,
    timeout: Duration,
    progress: Instant,
    /// Greatest amount received so far; see [`amount`].
    most: usize,
    report_at: Instant,
    reported: String,
}

impl Wait {
    /// Creates a wait for `what` that ends after `timeout` without progress.
    pub(super) fn new(what: impl Into<String>, timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            what: what.into(),
            timeout,
            progress: now,
            most: 0,
            report_at: now + REPORT_INTERVAL,
            reported: String::new(),
        }
    }

    /// Records progress.
    pub(super) fn advanced(&mut self) {
        self.progress = Instant::now();
    }

    /// Records a snapshot. Only more data than ever before is progress, so that no wait is endless.
    pub(super) fn observe(&mut self, snapshot: &Snapshot) {
        let amount = amount(snapshot);
        if amount > self.most {
            self.most = amount;
            self.advanced();
        }
    }

    /// Time of the next [`Wait::check`]: the next report or the timeout.
    pub(super) fn wake(&self) -> Instant {
        self.report_at.min(self.progress + self.timeout)
    }

    /// Reports what it waits for and why it takes so long, when it is time to.
    ///
    /// # Errors
    /// The reason, after the timeout.
    pub(super) fn check(&mut self, failure: Option<&Failure>) -> Result<(), Refusal> {
        let now = Instant::now();
        if now >= self.progress + self.timeout {
            return Err(self.timeout_refusal(failure));
        }
        if now >= self.report_at {
            let why = failure.map(|failure| format!(": {failure}")).unwrap_or_default();
            let text = format!("waiting for {}{why}", self.what);
            if text != self.reported {
                note(&text);
                self.reported = text;
            }
            self.report_at = now + REPORT_INTERVAL;
        }
        Ok(())
    }

    /// Error after the timeout.
    fn timeout_refusal(&self, failure: Option<&Failure>) -> Refusal {
        let waited = format::duration(i64::try_from(self.timeout.as_secs()).unwrap_or(i64::MAX));
        let longer = "to wait longer, use --timeout";
        match failure {
            Some(failure) => {
                let message = format!("{}; gave up waiting for {} after {waited}", failure.message, self.what);
                Refusal::Aws(Failure { message, ..failure.clone() }.advise(longer))
            }
            None => Refusal::Failed(format!("no {} within {waited}\n{longer}", self.what)),
        }
    }

    /// Waits for `future`, and reports it when that takes long.
    ///
    /// # Errors
    /// When it has not completed in time.
    pub(super) async fn on<T>(mut self, future: impl Future<Output = T>) -> Result<T, Refusal> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                done = &mut future => return Ok(done),
                () = sleep_until(self.wake()) => self.check(None)?,
            }
        }
    }
}

/// Amount of data received: phases of the feeds, rows, and rows that have settled.
fn amount(snapshot: &Snapshot) -> usize {
    let feeds = snapshot.feeds.values().map(|feed| {
        let phase = match feed.phase {
            Phase::Loading => 0,
            Phase::Filling => 1,
            Phase::Ready => 2,
        };
        phase + feed.rows.len() + feed.rows.iter().filter(|entry| entry.row.pace() != Pace::Moving).count()
    });
    feeds.sum()
}

/// Names views: `services in prod, tasks of web in prod`.
fn view_names(views: &[View]) -> String {
    let mut names: Vec<String> = Vec::new();
    for View { kind, query } in views {
        let owner = query.service.as_ref().map(|service| format!(" of {service}")).unwrap_or_default();
        let place = query.cluster.as_ref().map(|cluster| format!(" in {cluster}")).unwrap_or_default();
        let name = format!("{}{owner}{place}", kind.plural);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Calls `call` and retries it: throttling until the timeout, other transient failures for a shorter time.
///
/// # Errors
/// The failure that ended the retries.
pub(super) async fn retry<T>(mut wait: Wait, mut call: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Refusal> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut pending = std::pin::pin!(call());
        let answer = loop {
            tokio::select! {
                answer = &mut pending => break answer,
                () = sleep_until(wait.wake()) => wait.check(None)?,
            }
        };
        let failure = match answer {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if !is_transient(&failure) || (failure.kind != FailureKind::Throttled && Instant::now() >= deadline) {
            return Err(failure.into());
        }
        wait.check(Some(&failure))?;
        sleep(RETRY_DELAY).await;
    }
}

/// Waits until `enough` accepts a snapshot. Throttling is waited out until `timeout` without progress, another transient failure
/// for a shorter time; any other failure of one of `views` ends the wait.
///
/// # Errors
/// The failure that ended the wait.
pub(super) async fn until(
    handle: &mut Handle,
    timeout: Duration,
    views: &[View],
    enough: impl Fn(&Snapshot) -> bool,
) -> Result<Arc<Snapshot>, Refusal> {
    let mut wait = Wait::new(view_names(views), timeout);
    let mut deadline: Option<Instant> = None;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        if enough(&snapshot) {
            return Ok(snapshot);
        }
        wait.observe(&snapshot);
        let obstacles = || views.iter().filter_map(|view| snapshot.blocking_failure(view));
        let hard =
            obstacles().filter(|failure| failure.kind != FailureKind::Throttled).min_by_key(|f| is_transient_error(f));
        deadline = match hard {
            None => None,
            Some(failure) if !is_transient_error(failure) => return Err(Failure::clone(failure).into()),
            Some(_) => deadline.or_else(|| Some(Instant::now() + PATIENCE)),
        };
        if let Some(failure) = hard.filter(|_| deadline.is_some_and(|deadline| deadline <= Instant::now())) {
            return Err(Failure::clone(failure).into());
        }
        let known = hard.or_else(|| obstacles().next()).or_else(|| snapshot.failures().next());
        wait.check(known.map(|failure| &**failure))?;
        next_snapshot(handle, wait.wake().min(deadline.unwrap_or_else(|| wait.wake()))).await?;
    }
}

/// Waits until each of `views` has been fetched or has failed permanently, and returns the failed ones with their reasons. The
/// first view must succeed.
///
/// # Errors
/// The failure of the first.
pub(super) async fn settled(
    handle: &mut Handle,
    timeout: Duration,
    views: &[View],
) -> Result<(Arc<Snapshot>, Vec<(View, String)>), Refusal> {
    let mut wait = Wait::new(view_names(views), timeout);
    let mut deadline: Option<Instant> = None;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        wait.observe(&snapshot);
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        let (mut failed, mut awaited, mut passing) = (Vec::new(), Vec::new(), false);
        for view in views.iter().filter(|view| !is_fetched(&snapshot, view)) {
            let obstacle = snapshot.blocking_failure(view);
            match obstacle.filter(|failure| failure.kind != FailureKind::Throttled) {
                None => awaited.push((view, obstacle)),
                Some(failure) if is_transient_error(failure) && !late => passing = true,
                Some(failure) if *view == views[0] => return Err(Failure::clone(failure).into()),
                Some(failure) => failed.push((view.clone(), failure.short_reason())),
            }
        }
        if awaited.is_empty() && !passing {
            return Ok((snapshot, failed));
        }
        let obstacle = awaited.iter().find_map(|(_, obstacle)| obstacle.map(|failure| &**failure));
        if let Err(refusal) = wait.check(obstacle) {
            if awaited.iter().any(|(view, _)| **view == views[0]) {
                return Err(refusal);
            }
            let why = |failure: Option<&Arc<Failure>>| failure.map_or_else(|| "no answer".into(), |f| f.short_reason());
            failed.extend(awaited.into_iter().map(|(view, obstacle)| (view.clone(), why(obstacle))));
            return Ok((snapshot, failed));
        }
        deadline = if awaited.is_empty() { deadline.or_else(|| Some(Instant::now() + PATIENCE)) } else { None };
        next_snapshot(handle, wait.wake().min(deadline.unwrap_or_else(|| wait.wake()))).await?;
    }
}

/// Whether `view` has been fetched, including descriptions of rows that are described only while on screen.
fn is_fetched(snapshot: &Snapshot, view: &View) -> bool {
    let when_visible = matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query));
    let mut rows = snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter());
    snapshot.arrived(view) && (!when_visible || rows.all(|entry| entry.row.pace() != Pace::Moving))
}

/// Waits for the next snapshot, at most until `deadline`.
async fn next_snapshot(handle: &mut Handle, deadline: Instant) -> Result<(), Refusal> {
    tokio::select! {
        changed = handle.snapshots.changed() => {
            changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))
        }
        () = sleep_until(deadline) => Ok(()),
    }
}

/// Whether a failure is transient, so that waiting may help.
pub(super) fn is_transient(failure: &Failure) -> bool {
    failure.kind == FailureKind::Throttled || is_transient_error(failure)
}

fn is_transient_error(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Offline | FailureKind::Server | FailureKind::Garbled) || failure.is_clock_skew()
}
