//! Waiting for data, for commands without a screen: what takes long is named, and what does not come ends the command.

use std::{sync::Arc, time::Duration};

use clap::Args;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Refusal, note, values::timeout};
use crate::{
    aws::{Failure, FailureKind},
    data::{Handle, Phase, Snapshot},
    resource::{Origin, Pace, View, format},
};

/// How long a failure that may pass (no answer, AWS's own fault) is waited out.
const PATIENCE: Duration = Duration::from_millis(3_500);

/// How long after a refusal that passes the same is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a command waits before it says what for, and again when that has changed.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a command waits.
#[derive(Debug, Clone, Copy, Args)]
pub struct WaitArgs {
    /// Give up when nothing has come for this long (10s, 2m)
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = timeout)]
    pub timeout: Duration,
}

/// One wait: measures progress, says what takes long, and knows when to give up.
pub struct Wait {
    what: String,
    timeout: Duration,
    progress: Instant,
    /// The most that has come so far; see [`amount`].
    most: usize,
    say_at: Instant,
    said: String,
}

impl Wait {
    /// A wait for `what`, which ends after `timeout` without progress.
    pub fn new(what: impl Into<String>, timeout: Duration) -> Self {
        let now = Instant::now();
        Self { what: what.into(), timeout, progress: now, most: 0, say_at: now + SILENCE, said: String::new() }
    }

    /// Something has come.
    pub fn advanced(&mut self) {
        self.progress = Instant::now();
    }

    /// Takes in a snapshot: more than there ever was is progress, anything else is not, so that no wait is endless.
    pub fn saw(&mut self, snapshot: &Snapshot) {
        let amount = amount(snapshot);
        if amount > self.most {
            self.most = amount;
            self.advanced();
        }
    }

    /// When to look again: something is to be said then, or the time is over.
    pub fn wake(&self) -> Instant {
        self.say_at.min(self.progress + self.timeout)
    }

    /// Says what is waited for, once it is time to, and why it does not come; gives up when nothing has come for too long.
    ///
    /// # Errors
    /// The reason, once the time is over.
    pub fn check(&mut self, failure: Option<&Failure>) -> Result<(), Refusal> {
        let now = Instant::now();
        if now >= self.progress + self.timeout {
            return Err(self.given_up(failure));
        }
        if now >= self.say_at {
            let why = failure.map(|failure| format!(": {failure}")).unwrap_or_default();
            let text = format!("waiting for {}{why}", self.what);
            if text != self.said {
                note(&text);
                self.said = text;
            }
            self.say_at = now + SILENCE;
        }
        Ok(())
    }

    /// Why it is over.
    fn given_up(&self, failure: Option<&Failure>) -> Refusal {
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

    /// Waits for `future` and says so when it takes long.
    ///
    /// # Errors
    /// When it has not ended in time.
    pub async fn on<T>(mut self, future: impl Future<Output = T>) -> Result<T, Refusal> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                done = &mut future => return Ok(done),
                () = sleep_until(self.wake()) => self.check(None)?,
            }
        }
    }
}

/// How much has come: feeds by how far they are, their rows, and the rows that have settled.
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

/// `services in prod, tasks of web in prod`.
fn named(views: &[View]) -> String {
    let mut names: Vec<String> = Vec::new();
    for View { kind, query } in views {
        let of = query.service.as_ref().map(|service| format!(" of {service}")).unwrap_or_default();
        let place = query.cluster.as_ref().map(|cluster| format!(" in {cluster}")).unwrap_or_default();
        let name = format!("{}{of}{place}", kind.plural);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Asks, and asks again: a throttle is sat out until the time is over; what else may pass is given less of it.
///
/// # Errors
/// The failure that was not worth waiting for.
pub async fn patiently<T>(mut wait: Wait, mut ask: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Refusal> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut asked = std::pin::pin!(ask());
        let answer = loop {
            tokio::select! {
                answer = &mut asked => break answer,
                () = sleep_until(wait.wake()) => wait.check(None)?,
            }
        };
        let failure = match answer {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if !passes(&failure) || (failure.kind != FailureKind::Throttled && Instant::now() >= deadline) {
            return Err(failure.into());
        }
        wait.check(Some(&failure))?;
        sleep(AGAIN).await;
    }
}

/// Waits until `enough` has come. A throttle is sat out until nothing has come for `timeout`; what may pass is given some
/// time; anything else that stands between us and one of `views` is the end.
///
/// # Errors
/// The failure that was not worth waiting for.
pub async fn until(
    handle: &mut Handle,
    timeout: Duration,
    views: &[View],
    enough: impl Fn(&Snapshot) -> bool,
) -> Result<Arc<Snapshot>, Refusal> {
    let mut wait = Wait::new(named(views), timeout);
    let mut deadline: Option<Instant> = None;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        if enough(&snapshot) {
            return Ok(snapshot);
        }
        wait.saw(&snapshot);
        let obstacles = || views.iter().filter_map(|view| snapshot.blocking_failure(view));
        let hard = obstacles().filter(|failure| failure.kind != FailureKind::Throttled).min_by_key(|f| may_pass(f));
        deadline = match hard {
            None => None,
            Some(failure) if !may_pass(failure) => return Err(Failure::clone(failure).into()),
            Some(_) => deadline.or_else(|| Some(Instant::now() + PATIENCE)),
        };
        if let Some(failure) = hard.filter(|_| deadline.is_some_and(|deadline| deadline <= Instant::now())) {
            return Err(Failure::clone(failure).into());
        }
        let known = hard.or_else(|| obstacles().next()).or_else(|| snapshot.failures().next());
        wait.check(known.map(|failure| &**failure))?;
        news(handle, wait.wake().min(deadline.unwrap_or_else(|| wait.wake()))).await?;
    }
}

/// Waits until each of `views` has come, or has failed in a way that waiting would not mend; says which have failed, and
/// why. The first has to come.
///
/// # Errors
/// The failure of the first.
pub async fn settled(
    handle: &mut Handle,
    timeout: Duration,
    views: &[View],
) -> Result<(Arc<Snapshot>, Vec<(View, String)>), Refusal> {
    let mut wait = Wait::new(named(views), timeout);
    let mut deadline: Option<Instant> = None;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        wait.saw(&snapshot);
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        let (mut failed, mut awaited, mut passing) = (Vec::new(), Vec::new(), false);
        for view in views.iter().filter(|view| !come(&snapshot, view)) {
            let obstacle = snapshot.blocking_failure(view);
            match obstacle.filter(|failure| failure.kind != FailureKind::Throttled) {
                None => awaited.push((view, obstacle)),
                Some(failure) if may_pass(failure) && !late => passing = true,
                Some(failure) if *view == views[0] => return Err(Failure::clone(failure).into()),
                Some(failure) => failed.push((view.clone(), failure.briefly())),
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
            let why = |failure: Option<&Arc<Failure>>| failure.map_or_else(|| "no answer".into(), |f| f.briefly());
            failed.extend(awaited.into_iter().map(|(view, obstacle)| (view.clone(), why(obstacle))));
            return Ok((snapshot, failed));
        }
        deadline = if awaited.is_empty() { deadline.or_else(|| Some(Instant::now() + PATIENCE)) } else { None };
        news(handle, wait.wake().min(deadline.unwrap_or_else(|| wait.wake()))).await?;
    }
}

/// Whether `view` is all there; of rows that are described on sight, those in sight are meant, which are all of them.
fn come(snapshot: &Snapshot, view: &View) -> bool {
    let on_sight = matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query));
    let mut rows = snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter());
    snapshot.arrived(view) && (!on_sight || rows.all(|entry| entry.row.pace() != Pace::Moving))
}

/// Waits for another snapshot, at most until `deadline`.
async fn news(handle: &mut Handle, deadline: Instant) -> Result<(), Refusal> {
    tokio::select! {
        changed = handle.snapshots.changed() => {
            changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))
        }
        () = sleep_until(deadline) => Ok(()),
    }
}

/// Whether waiting may be all it takes.
pub fn passes(failure: &Failure) -> bool {
    failure.kind == FailureKind::Throttled || may_pass(failure)
}

fn may_pass(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Offline | FailureKind::Server | FailureKind::Garbled) || failure.is_clock_skew()
}
