//! How rows come from AWS: a list call for ids, a batched describe for details.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Query, Resource, Row};
use crate::aws::{Clients, Failure, Operation};

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    pub ids: Vec<Arc<str>>,
    /// The rows behind them, where the list describes them as well.
    pub rows: Vec<Arc<dyn Row>>,
    pub next: Option<String>,
    /// The API operation that answered; empty where none was called.
    pub operation: &'static str,
}

/// What a describe call brought.
#[derive(Debug, Default)]
pub struct Batch {
    pub rows: Vec<Arc<dyn Row>>,
    /// The API operation that answered.
    pub operation: &'static str,
    /// Ids that AWS no longer knows (`failures[]` with reason MISSING).
    pub missing: Vec<Arc<str>>,
}

/// How often, at most, a feed asks.
#[derive(Debug, Clone, Copy)]
pub struct Cadence {
    /// Seconds between two full lists; stretched for long ones.
    pub list: u32,
    /// Seconds between two looks at a visible calm row, and at a moving one.
    pub visible: u32,
    pub moving: u32,
    /// Seconds in which every row is looked at once; stretched for many rows.
    pub sweep: u32,
}

/// The two calls behind a fetched kind.
pub trait Fetch: Send + Sync {
    /// Ids a describe call takes; 0 when the list is all there is and [`Fetch::stub`] makes the rows.
    fn batch(&self) -> usize;
    fn cadence(&self) -> Cadence;
    /// Describe only what is on screen (one call a row would be needed for the rest).
    fn visible_only(&self, _query: &Query) -> bool {
        false
    }
    /// Rows that a later list leaves out stay: AWS forgets stopped tasks after an hour, the console does not.
    fn keeps_gone(&self, _query: &Query) -> bool {
        false
    }
    /// One page of ids, or of rows where AWS describes them at once; full pages are asked for.
    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>>;
    /// The rows behind `ids`, of which there are at most [`Fetch::batch`].
    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>>;
    /// A row made of its id alone, shown until it is described.
    fn stub(&self, _id: &str) -> Option<Arc<dyn Row>> {
        None
    }
}

impl Page {
    /// # Errors
    /// When the answer has no list of ids.
    pub(super) fn new(operation: Operation, ids: Option<Vec<String>>, next: Option<String>) -> Result<Self, Failure> {
        let ids = present(operation, ids)?.into_iter().map(Arc::from).collect();
        // An empty token would start the list over.
        let next = next.filter(|token| !token.is_empty());
        Ok(Self { ids, next, operation: operation.name, ..Self::default() })
    }

    /// A page of a list that describes what it lists; items without so much as a name are left out.
    ///
    /// # Errors
    /// When the answer has no list of items.
    pub(super) fn of_rows<S, R: Resource>(
        operation: Operation,
        items: Option<Vec<S>>,
        row: impl Fn(S) -> Option<R>,
        next: Option<String>,
    ) -> Result<Self, Failure> {
        let rows = Batch::new(operation, items, row, Vec::new())?.rows;
        let ids = rows.iter().map(|row| row.id().to_owned()).collect();
        Ok(Self { rows, ..Self::new(operation, Some(ids), next)? })
    }

    /// A list that needs no call: the one row that was asked for.
    pub(super) fn one(id: &Arc<str>) -> Self {
        Self { ids: vec![id.clone()], ..Self::default() }
    }
}

/// What an answer is about. AWS sends it even when it is empty: an answer without it is not one of AWS's.
///
/// # Errors
/// When it is absent.
pub(super) fn present<T>(operation: Operation, part: Option<T>) -> Result<T, Failure> {
    part.ok_or_else(|| Failure::garbled(operation.name, "the answer does not hold what was asked for"))
}

impl Batch {
    /// Rows out of an answer's items; those without so much as a name are left out.
    ///
    /// # Errors
    /// When the answer has no list of items.
    pub(super) fn new<S, R: Resource>(
        operation: Operation,
        items: Option<Vec<S>>,
        row: impl Fn(S) -> Option<R>,
        missing: Vec<Arc<str>>,
    ) -> Result<Self, Failure> {
        let rows = present(operation, items)?.into_iter().filter_map(row);
        let rows = rows.map(|row| Arc::new(row) as Arc<dyn Row>).collect();
        Ok(Self { rows, missing, operation: operation.name })
    }
}

/// The ids of `failures[]` that AWS calls MISSING: gone, which is no error.
pub(super) fn gone(failures: Option<Vec<aws_sdk_ecs::types::Failure>>) -> Vec<Arc<str>> {
    let missing = failures.unwrap_or_default().into_iter().filter(|f| f.reason.as_deref() == Some("MISSING"));
    missing.filter_map(|failure| failure.arn.map(Arc::from)).collect()
}

/// A part of a query as the SDK takes it.
pub(super) fn owned(part: &Option<Arc<str>>) -> Option<String> {
    part.as_deref().map(str::to_owned)
}

pub(super) fn strings(ids: &[Arc<str>]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

pub(super) fn tags(tags: Option<Vec<aws_sdk_ecs::types::Tag>>) -> Vec<(String, String)> {
    let pair = |tag: aws_sdk_ecs::types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.unwrap_or_default().into_iter().filter_map(pair).collect()
}
