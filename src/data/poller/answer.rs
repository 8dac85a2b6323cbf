//! What the data task answers when it is asked something once.

use std::sync::Arc;

use super::Poller;
use crate::{
    aws::{Clients, Failure, Trouble},
    data::{Done, Request, evidence, raw},
    diagnose::Known,
    resource::{Origin, Row, View},
};

impl Poller {
    /// Begins to answer; a console that has gone away in the meantime needs no answer.
    pub(super) fn request(&mut self, request: Request) {
        let (clients, answers) = (self.clients.clone(), self.answers.clone());
        match request {
            Request::Raw { kind, query, id } => {
                let row = self.row(&id);
                tokio::spawn(async move {
                    let result = one_raw(&clients, View::new(kind, query), row, &id).await;
                    let _ = answers.send(Done::Raw { id, result }).await;
                });
            }
            Request::Older { tail } => self.tails.older(tail),
            Request::Evidence { id } => {
                let (row, rows, now) = (self.row(&id), self.store.rows(), (self.now)());
                tokio::spawn(async move {
                    let known = Known::of(rows.iter().map(|row| &**row), now);
                    let evidence = match row {
                        Some(row) => evidence(&clients, &*row, &known).await,
                        None => evidence::unknown(&id),
                    };
                    let _ = answers.send(Done::Evidence { id, evidence: Arc::new(evidence) }).await;
                });
            }
        }
    }

    fn row(&self, id: &str) -> Option<Arc<dyn Row>> {
        self.store.get(id).map(|entry| entry.row.clone()).or_else(|| self.derived(id))
    }

    /// A row that was derived from another.
    fn derived(&self, id: &str) -> Option<Arc<dyn Row>> {
        let feeds = self.told.feeds.iter().filter(|(key, _)| !matches!(key.kind.origin, Origin::Fetched(_)));
        let mut entries = feeds.flat_map(|(_, feed)| feed.rows.iter());
        entries.find(|entry| entry.row.id() == id).map(|entry| entry.row.clone())
    }
}

async fn one_raw(
    clients: &Clients,
    view: View,
    row: Option<Arc<dyn Row>>,
    id: &str,
) -> Result<serde_json::Value, Failure> {
    let gone = || Failure::local("Describe", Trouble::NotFound, format!("{id} is not known any more"));
    let row = row.ok_or_else(gone)?;
    raw(clients, &view, std::slice::from_ref(&row)).await.map(|mut found| found.pop().unwrap_or_default())
}
