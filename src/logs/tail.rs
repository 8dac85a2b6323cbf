//! The tail: what was written before, then what comes.

use jiff::Timestamp;

use super::{Ends, Wanted};
use crate::aws::Clients;

/// Reads until nobody listens any more.
pub(super) async fn run(_clients: Clients, _wanted: Wanted, _now: fn() -> Timestamp, ends: Ends) {
    ends.news.closed().await;
}
