//! Fetching rows from AWS: a list call for ids, a batched describe call for details.

use std::sync::Arc;

use aws_sdk_ecs::types::Failure as SdkFailure;
use futures::future::BoxFuture;

use super::{Query, Resource, Row, format::last_part};
use crate::aws::{Clients, Failure, FailureKind, Operation};

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    pub ids: Vec<Arc<str>>,
    /// Rows of these ids, where the list call also describes them.
    pub rows: Vec<Arc<dyn Row>>,
    pub next: Option<String>,
    /// API operation that answered; empty where none was called.
    pub operation: &'static str,
}

/// Result of a describe call.
#[derive(Debug, Default)]
pub struct Batch {
    pub rows: Vec<Arc<dyn Row>>,
    /// API operation that answered.
    pub operation: &'static str,
    /// Ids that AWS no longer knows (`failures[]` with reason MISSING).
    pub missing: Vec<Arc<str>>,
    /// Why AWS left out other ids (`failures[]` with another reason).
    pub refused: Option<Failure>,
}

/// Polling intervals of a feed, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Cadence {
    /// Interval between two full lists; longer for long lists.
    pub list: u32,
    /// Interval between two describes of a visible calm row.
    pub visible: u32,
    /// Interval between two describes of a moving row.
    pub moving: u32,
    /// Period in which every row is described once; longer for many rows.
    pub sweep: u32,
}

/// The list and describe calls of a fetched kind.
pub trait Fetch: Send + Sync {
    /// Greatest number of ids in a describe call; 0 when there is no such call and [`Fetch::stub`] makes the rows.
    fn batch(&self) -> usize;
    fn cadence(&self) -> Cadence;
    /// Whether only rows on screen are described, because each row costs a call.
    fn visible_only(&self, _query: &Query) -> bool {
        false
    }
    /// Whether AWS lists the rows for one service only.
    fn by_service(&self) -> bool {
        false
    }
    /// Whether rows stay when a later list leaves them out. AWS forgets stopped tasks after an hour; the console does not.
    fn keeps_gone(&self, _query: &Query) -> bool {
        false
    }
    /// Fetches one page of ids, or of rows where the list call describes them. Always asks for full pages.
    fn list<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        token: Option<String>,
    ) -> BoxFuture<'a, Result<Page, Failure>>;
    /// Describes `ids`, at most [`Fetch::batch`] of them.
    fn describe<'a>(
        &'a self,
        aws: &'a Clients,
        query: &'a Query,
        ids: Vec<Arc<str>>,
    ) -> BoxFuture<'a, Result<Batch, Failure>>;
    /// Placeholder row with the id alone, shown until the row is described.
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

    /// Creates a page from a list call that also describes. Items without a name are left out.
    ///
    /// # Errors
    /// When the answer has no list of items.
    pub(super) fn from_rows<S, R: Resource>(
        operation: Operation,
        items: Option<Vec<S>>,
        row: impl Fn(S) -> Option<R>,
        next: Option<String>,
    ) -> Result<Self, Failure> {
        let rows = Batch::new(operation, items, row, None)?.rows;
        let ids = rows.iter().map(|row| row.id().to_owned()).collect();
        Ok(Self { rows, ..Self::new(operation, Some(ids), next)? })
    }

    /// Creates a page with one known id, which needs no call.
    pub(super) fn single(id: &Arc<str>) -> Self {
        Self { ids: vec![id.clone()], ..Self::default() }
    }
}

/// The list in an answer. AWS sends it even when it is empty; an answer without it did not come from AWS.
///
/// # Errors
/// When it is absent.
pub(super) fn present<T>(operation: Operation, part: Option<T>) -> Result<T, Failure> {
    part.ok_or_else(|| Failure::garbled(operation.name, "the answer does not hold what was asked for"))
}

impl Batch {
    /// Creates rows from an answer's items. Items without a name are left out.
    ///
    /// # Errors
    /// When the answer has no list of items.
    pub(super) fn new<S, R: Resource>(
        operation: Operation,
        items: Option<Vec<S>>,
        row: impl Fn(S) -> Option<R>,
        failures: Option<Vec<SdkFailure>>,
    ) -> Result<Self, Failure> {
        let rows = present(operation, items)?.into_iter().filter_map(row);
        let rows = rows.map(|row| Arc::new(row) as Arc<dyn Row>).collect();
        // A missing row has been deleted: not an error.
        let gone = |failure: &SdkFailure| failure.reason.as_deref() == Some("MISSING");
        let (missing, refused): (Vec<_>, Vec<_>) = failures.unwrap_or_default().into_iter().partition(gone);
        let missing = missing.into_iter().filter_map(|failure| failure.arn.map(Arc::from)).collect();
        Ok(Self { rows, missing, refused: refusal(operation, &refused), operation: operation.name })
    }
}

/// Failure for the ids AWS refused to describe: `web and 3 more left out: ACCESS_DENIED, not authorized`.
fn refusal(operation: Operation, refused: &[SdkFailure]) -> Option<Failure> {
    let (first, others) = refused.split_first()?;
    let name = first.arn.as_deref().map_or("some", last_part);
    let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
    let reasons: Vec<&str> = [&first.reason, &first.detail].into_iter().filter_map(Option::as_deref).collect();
    let why = if reasons.is_empty() { "AWS gives no reason".to_owned() } else { reasons.join(", ") };
    let denied = first.reason.as_deref() == Some("ACCESS_DENIED");
    let kind = if denied { FailureKind::Denied } else { FailureKind::Invalid };
    Some(Failure::local(operation.name, kind, format!("{name}{more} left out: {why}")))
}

/// Converts a part of a query to the type of the SDK.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::operation, resource::family::Family};

    fn batch(failures: &[(&str, Option<&str>)]) -> Batch {
        let failure = |(name, reason): &(&str, Option<&str>)| {
            let arn = format!("arn:aws:ecs:eu-west-1:1:service/prod/{name}");
            let detail = reason.filter(|reason| *reason != "MISSING").map(|_| "not authorized".to_owned());
            SdkFailure::builder().arn(arn).set_reason(reason.map(str::to_owned)).set_detail(detail).build()
        };
        let failures = Some(failures.iter().map(failure).collect());
        Batch::new(operation::DESCRIBE_SERVICES, Some(Vec::<Family>::new()), Some, failures).unwrap()
    }

    #[test]
    fn missing_ids_are_gone_and_refused_ids_become_a_failure() {
        let gone = batch(&[("old", Some("MISSING"))]);
        assert_eq!((&*gone.missing[0], gone.refused), ("arn:aws:ecs:eu-west-1:1:service/prod/old", None));
        let denied = [("web", Some("ACCESS_DENIED")), ("old", Some("MISSING")), ("api", Some("ACCESS_DENIED"))];
        let refused = batch(&denied).refused.unwrap();
        let expected = "DescribeServices: web and 1 more left out: ACCESS_DENIED, not authorized";
        assert_eq!((refused.kind, refused.to_string().as_str()), (FailureKind::Denied, expected));
        let refused = batch(&[("web", None)]).refused.unwrap();
        let expected = "DescribeServices: web left out: AWS gives no reason";
        assert_eq!((refused.kind, refused.to_string().as_str()), (FailureKind::Invalid, expected));
        assert!(batch(&[]).refused.is_none());
    }
}
