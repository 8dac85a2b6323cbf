//! Changes: sent at once, reported when they end; then the rows they affect are read again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
    time::{Instant, timeout},
};

use super::Poller;
use crate::{
    aws::{Clients, Failure, FailureKind, Identity},
    change::{self, Change, ChangeKind, ChangeOrder, ChangeOutcome, ChangeReport},
    data::Done,
    data::feed::earliest,
};

/// When the affected rows are read again, in addition to their polling interval: ECS shows an effect after a moment.
const REREAD_AFTER: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// How long the console waits for responses before it exits.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// Changes in flight, and rows to read again after a change.
#[derive(Default)]
pub(super) struct Changes {
    calls: JoinSet<Result<String, Failure>>,
    sent: HashMap<Id, Sent>,
    rereads: Vec<(Instant, Arc<dyn Change>)>,
}

/// A change in flight.
struct Sent {
    order: u64,
    kind: &'static ChangeKind,
    change: Arc<dyn Change>,
}

impl Sent {
    fn report(self, result: Result<String, Failure>) -> ChangeReport {
        let Self { order, kind, change } = self;
        ChangeReport { order, kind, change, outcome: ChangeOutcome::from_result(result) }
    }
}

fn no_answer() -> Failure {
    Failure::local("", FailureKind::Offline, "no answer came")
}

/// Fails if the credentials no longer belong to the account that an order was confirmed for. Requests contain cluster
/// names, and another account may have clusters with the same names.
async fn check_account(clients: Clients, confirmed: Arc<Identity>) -> Result<(), Failure> {
    // If STS never answered, the account is known from ARNs alone.
    if confirmed.arn.is_none() {
        return Ok(());
    }
    let current = clients.caller_identity().await.map_err(|failure| Failure {
        // Whatever the failure of this call, the change was not sent.
        kind: FailureKind::Invalid,
        message: format!("nothing was sent: {}", failure.message),
        ..failure
    })?;
    match (current.account, confirmed.account.as_deref()) {
        (Some(current), Some(confirmed)) if current != confirmed => {
            Err(Failure::of_another_account("", &current, confirmed).advise("nothing was sent"))
        }
        _ => Ok(()),
    }
}

impl Changes {
    /// Waits for the next change that ends; `None` while none is in flight.
    pub(super) async fn next(&mut self) -> Option<ChangeReport> {
        let (id, result) = match self.calls.join_next_with_id().await? {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(no_answer())),
        };
        self.sent.remove(&id).map(|sent| sent.report(result))
    }
}

impl Poller {
    /// Sends every change of an order.
    pub(super) fn send_changes(&mut self, order: ChangeOrder) {
        // The scope may have been switched since the order was confirmed.
        let elsewhere = order.identity.as_ref() != &self.identity;
        let check = check_account(self.clients.clone(), order.identity).boxed().shared();
        for change in order.changes {
            let (clients, sending, check) = (self.clients.clone(), change.clone(), check.clone());
            let call = self.changes.calls.spawn(async move {
                if elsewhere {
                    return Err(Failure::local("", FailureKind::Invalid, "the scope has changed; nothing was sent"));
                }
                check.await?;
                change::send(&*sending, clients).await
            });
            self.changes.sent.insert(call.id(), Sent { order: order.id, kind: order.kind, change });
        }
    }

    /// Reports a change that has ended, and reads the affected rows again now and several times soon.
    pub(super) async fn apply_change(&mut self, report: ChangeReport) {
        let now = Instant::now();
        self.reread(&*report.change, now);
        self.changes.rereads.extend(REREAD_AFTER.map(|after| (now + after, report.change.clone())));
        // The user who confirmed it is waiting for this.
        let _ = self.answers.send(Done::Change(report)).await;
    }

    /// Reads rows again that are due; returns when the next are.
    pub(super) fn reread_changed(&mut self, now: Instant) -> Option<Instant> {
        let (due, later) = std::mem::take(&mut self.changes.rereads).into_iter().partition(|(at, _)| *at <= now);
        self.changes.rereads = later;
        let due: Vec<(Instant, Arc<dyn Change>)> = due;
        for (_, change) in due {
            self.reread(&*change, now);
        }
        self.changes.rereads.iter().fold(None, |next, (at, _)| earliest(next, Some(*at)))
    }

    /// Makes the row of `change` and the lists it affects due, if they are on screen.
    fn reread(&mut self, change: &dyn Change, now: Instant) {
        let (lists, arn) = (change.touches(), &change.target().arn);
        for (key, feed) in &mut self.feeds {
            if feed.priority.is_some_and(|priority| priority.shown) {
                feed.reread(arn, lists.contains(key), now);
            }
        }
    }

    /// Waits for changes in flight and returns their reports; those without a response in time are reported as unknown.
    pub(super) async fn finish_changes(&mut self, ordered: &mut mpsc::UnboundedReceiver<ChangeOrder>) {
        while let Ok(order) = ordered.try_recv() {
            self.send_changes(order);
        }
        let (changes, answers) = (&mut self.changes, &self.answers);
        let all = async {
            while let Some(report) = changes.next().await {
                let _ = answers.send(Done::Change(report)).await;
            }
        };
        if timeout(FINISH_WITHIN, all).await.is_err() {
            for (_, sent) in std::mem::take(&mut self.changes.sent) {
                let _ = self.answers.send(Done::Change(sent.report(Err(no_answer())))).await;
            }
        }
    }
}
