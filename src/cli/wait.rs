//! Waiting for data, for commands without a screen.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use super::Refusal;
use crate::{
    aws::{Failure, Trouble},
    data::{Handle, Snapshot},
    resource::{Origin, Pace, View},
};

/// How long a failure that may pass (no answer, AWS's own fault) is waited out.
const PATIENCE: Duration = Duration::from_millis(3_500);

/// How long after a refusal that passes the same is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks, and asks again: a throttle is sat out; what else may pass is given some time.
///
/// # Errors
/// The failure that was not worth waiting for.
pub async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, Refusal> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let failure = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let passes = failure.trouble == Trouble::Throttled || (may_pass(&failure) && Instant::now() < deadline);
        if !passes {
            return Err(failure.into());
        }
        sleep(AGAIN).await;
    }
}

/// Waits until `enough` has come. A throttle is sat out; what may pass is given some time; anything else that stands
/// between us and one of `views` is the end.
///
/// # Errors
/// The failure that was not worth waiting for.
pub async fn until(
    handle: &mut Handle,
    views: &[View],
    enough: impl Fn(&Snapshot) -> bool,
) -> Result<Arc<Snapshot>, Refusal> {
    let mut deadline: Option<Instant> = None;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        if enough(&snapshot) {
            return Ok(snapshot);
        }
        let obstacles = views.iter().filter_map(|view| snapshot.obstacle(view));
        let obstacle = obstacles.filter(|failure| failure.trouble != Trouble::Throttled).min_by_key(|f| may_pass(f));
        deadline = match obstacle {
            None => None,
            Some(failure) if !may_pass(failure) => return Err(Failure::clone(failure).into()),
            Some(_) => deadline.or_else(|| Some(Instant::now() + PATIENCE)),
        };
        if !news(handle, deadline).await?
            && let Some(failure) = obstacle
        {
            return Err(Failure::clone(failure).into());
        }
    }
}

/// Waits until each of `views` has come, or has failed in a way that waiting would not mend; says which have failed.
///
/// # Errors
/// When there is nobody left to wait for.
pub async fn settled(
    handle: &mut Handle,
    views: &[View],
) -> Result<(Arc<Snapshot>, Vec<(View, Arc<Failure>)>), Refusal> {
    let mut deadline: Option<Instant> = None;
    let mut late = false;
    loop {
        let snapshot = handle.snapshots.borrow_and_update().clone();
        let open: Vec<&View> = views.iter().filter(|view| !come(&snapshot, view)).collect();
        let (mut failed, mut awaited, mut passing) = (Vec::new(), false, false);
        for view in open {
            match snapshot.obstacle(view).filter(|failure| failure.trouble != Trouble::Throttled) {
                None => awaited = true,
                Some(failure) if may_pass(failure) && !late => passing = true,
                Some(failure) => failed.push((view.clone(), failure.clone())),
            }
        }
        if !awaited && !passing {
            return Ok((snapshot, failed));
        }
        deadline = if awaited { None } else { deadline.or_else(|| Some(Instant::now() + PATIENCE)) };
        late |= !news(handle, deadline).await?;
    }
}

/// Whether `view` is all there; of rows that are described on sight, those in sight are meant, which are all of them.
fn come(snapshot: &Snapshot, view: &View) -> bool {
    let on_sight = matches!(view.kind.origin, Origin::Fetched(fetch) if fetch.visible_only(&view.query));
    let mut rows = snapshot.feeds_of(view).into_iter().flat_map(|feed| feed.rows.iter());
    snapshot.arrived(view) && (!on_sight || rows.all(|entry| entry.row.pace() != Pace::Moving))
}

/// Waits for another snapshot; false when there was none before `deadline`.
async fn news(handle: &mut Handle, deadline: Option<Instant>) -> Result<bool, Refusal> {
    let late = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        changed = handle.snapshots.changed() => {
            changed.map_err(|_| Refusal::Failed("the data task has ended; the log may say why".into()))?;
            Ok(true)
        }
        () = late => Ok(false),
    }
}

fn may_pass(failure: &Failure) -> bool {
    matches!(failure.trouble, Trouble::Offline | Trouble::Server | Trouble::Garbled)
}
