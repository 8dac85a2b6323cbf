//! Responses to one-time requests.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Poller;
use crate::{
    aws::{Clients, Failure, FailureKind},
    data::{Done, Request, collect_evidence, evidence, fetch_diff, fetch_raw, fetch_registerable},
    diagnose::{Known, has_unlisted_failures},
    resource::{Origin, Relation, Row, View, task},
};

impl Poller {
    /// Starts to handle a request. A console that is gone needs no response.
    pub(super) fn handle_request(&mut self, request: Request) {
        let (clients, answers) = (self.clients.clone(), self.answers.clone());
        match request {
            Request::Raw { kind, query, id } => {
                let row = self.row(&id);
                tokio::spawn(async move {
                    let result = raw_row(&clients, View::new(kind, query), row, &id).await;
                    let _ = answers.send(Done::Raw { id, result }).await;
                });
            }
            Request::Diff { question } => {
                tokio::spawn(async move {
                    let result = fetch_diff(&clients, &question).await.map(Arc::new);
                    let _ = answers.send(Done::Diff { question, result }).await;
                });
            }
            Request::Registerable { name } => {
                tokio::spawn(async move {
                    let result = fetch_registerable(&clients, &name).await;
                    let _ = answers.send(Done::Registerable { name, result }).await;
                });
            }
            Request::Older { tail } => self.tails.request_older(tail),
            Request::ChangeEvidence { kind, targets } => {
                let (rows, now) = (self.store.rows(), (self.now)());
                tokio::spawn(async move {
                    let known = Known::of(rows.iter().map(|row| &**row), now);
                    let Some(collect) = kind.evidence else { return };
                    let evidence = Arc::new(collect(&clients, &targets, &known).await);
                    let _ = answers.send(Done::ChangeEvidence { kind, targets, evidence }).await;
                });
            }
            Request::Evidence { id } => {
                let (row, rows, now) = (self.row(&id), self.store.rows(), (self.now)());
                self.reread_stopped(row.as_deref(), &rows, now);
                tokio::spawn(async move {
                    let known = Known::of(rows.iter().map(|row| &**row), now);
                    let evidence = match row {
                        Some(row) => collect_evidence(&clients, &*row, &known).await,
                        None => evidence::unknown_subject(&id),
                    };
                    let _ = answers.send(Done::Evidence { id, evidence: Arc::new(evidence) }).await;
                });
            }
        }
    }

    /// Lists the stopped tasks of a cluster now, where the service that `row` is, or is about, counts failures that are not
    /// listed yet: the list is polled slowly, and an explanation is about them.
    fn reread_stopped(&mut self, row: Option<&dyn Row>, rows: &[Arc<dyn Row>], now: Timestamp) {
        let Some(view) = row.and_then(|row| row.related(Relation::Events)) else { return };
        let Some((cluster, name)) = view.query.cluster.zip(view.query.service) else { return };
        let known = Known::of(rows.iter().map(|row| &**row), now);
        let behind = known.service(&cluster, &name).is_some_and(|service| has_unlisted_failures(service, &known));
        if let Some(feed) = self.feeds.get_mut(&task::stopped_view(&cluster)).filter(|_| behind) {
            feed.reread("", true, Instant::now());
        }
    }

    fn row(&self, id: &str) -> Option<Arc<dyn Row>> {
        self.store.get(id).map(|entry| entry.row.clone()).or_else(|| self.derived_row(id))
    }

    /// The row with this id in a derived feed.
    fn derived_row(&self, id: &str) -> Option<Arc<dyn Row>> {
        let feeds = self.published.feeds.iter().filter(|(key, _)| !matches!(key.kind.origin, Origin::Fetched(_)));
        let mut entries = feeds.flat_map(|(_, feed)| feed.rows.iter());
        entries.find(|entry| entry.row.id() == id).map(|entry| entry.row.clone())
    }
}

async fn raw_row(
    clients: &Clients,
    view: View,
    row: Option<Arc<dyn Row>>,
    id: &str,
) -> Result<serde_json::Value, Failure> {
    let gone = || Failure::local("Describe", FailureKind::NotFound, format!("{id} is not known any more"));
    let row = row.ok_or_else(gone)?;
    fetch_raw(clients, &view, std::slice::from_ref(&row)).await.map(|mut found| found.pop().unwrap_or_default())
}
