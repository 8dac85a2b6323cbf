//! Recorded requests, for tests that check what a client sends.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use axum::body::Bytes;

use crate::demo::{
    quota,
    wire::{Call, Service},
};

/// The most requests kept, and the most bytes of their bodies in total.
const KEPT: usize = 4096;
const KEPT_BYTES: usize = 1 << 20;

/// One request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub service: Service,
    /// For example `DescribeTasks`.
    pub operation: String,
    /// When it arrived: time since the endpoint's start, on tokio's clock.
    pub at: Duration,
    /// The body, as sent.
    pub input: Bytes,
    /// The HTTP status of its answer; `None` while it is under way, and if its connection was cut.
    pub status: Option<u16>,
}

/// The newest requests, and counts of all.
#[derive(Debug, Default)]
pub(super) struct Record {
    newest: VecDeque<Recorded>,
    bytes: usize,
    /// Number of requests no longer kept.
    dropped: u64,
    counts: HashMap<&'static str, u64>,
}

impl Record {
    /// Records a request; returns its number, counted from 0.
    pub(super) fn record_arrival(&mut self, call: &Call, at: Duration, input: Bytes) -> u64 {
        if let Some(known) = quota::operations().find(|known| *known == call.operation) {
            *self.counts.entry(known).or_default() += 1;
        }
        let number = self.dropped + self.newest.len() as u64;
        self.bytes += input.len();
        self.newest.push_back(Recorded {
            service: call.service,
            operation: call.operation.clone(),
            at,
            input,
            status: None,
        });
        while self.newest.len() > KEPT || (self.bytes > KEPT_BYTES && self.newest.len() > 1) {
            let Some(oldest) = self.newest.pop_front() else { break };
            self.bytes -= oldest.input.len();
            self.dropped += 1;
        }
        number
    }

    /// Records the status of an answer, if the request is still kept.
    pub(super) fn record_answer(&mut self, number: u64, status: u16) {
        let index = number.checked_sub(self.dropped).and_then(|index| usize::try_from(index).ok());
        if let Some(recorded) = index.and_then(|index| self.newest.get_mut(index)) {
            recorded.status = Some(status);
        }
    }

    /// The requests kept, oldest first.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Recorded> {
        self.newest.iter()
    }

    /// The number of requests for an operation known to AWS.
    pub(super) fn count(&self, operation: &str) -> u64 {
        self.counts.get(operation).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_request(record: &mut Record, operation: &str, bytes: usize) -> u64 {
        let call = Call { service: Service::Ecs, operation: operation.into() };
        record.record_arrival(&call, Duration::ZERO, Bytes::from(vec![b' '; bytes]))
    }

    #[test]
    fn an_answer_is_recorded_while_its_request_is_kept() {
        let mut record = Record::default();
        let first = record_request(&mut record, "ListTasks", 0);
        let last = (0..KEPT).map(|_| record_request(&mut record, "ListTasks", 0)).last().unwrap();
        record.record_answer(first, 200);
        record.record_answer(last, 400);
        let statuses: Vec<_> = record.requests().filter_map(|request| request.status).collect();
        assert_eq!((record.requests().count(), statuses), (KEPT, vec![400]));
        assert_eq!(record.count("ListTasks"), KEPT as u64 + 1);
    }

    #[test]
    fn large_bodies_evict_older_requests() {
        let mut record = Record::default();
        for _ in 0..10 {
            record_request(&mut record, "DescribeTasks", KEPT_BYTES / 4);
        }
        assert_eq!(record.requests().count(), 4);
        record_request(&mut record, "DescribeTasks", KEPT_BYTES * 2);
        assert_eq!(record.requests().count(), 1, "the newest is always there");
    }

    #[test]
    fn unknown_operations_are_kept_but_not_counted() {
        let mut record = Record::default();
        record_request(&mut record, "Frobnicate", 0);
        assert_eq!((record.count("Frobnicate"), record.requests().count()), (0, 1));
    }
}
