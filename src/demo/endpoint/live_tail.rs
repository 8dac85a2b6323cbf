//! A Live Tail session: an answer that continues.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use futures::{Stream, stream};
use tokio::time::Instant;

use super::{Cut, Endpoint};
use crate::demo::{
    faults::Interruption,
    logs::{self, Tail},
};

/// How often a session sends an update, even an empty one.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// The frames that follow the body of a response with this extension.
#[derive(Debug, Clone)]
pub struct Session {
    endpoint: Endpoint,
    tail: Tail,
    due: Instant,
    ended: bool,
    /// Counts this session among the open ones.
    _counted: Arc<()>,
}

impl Session {
    pub(super) fn new(endpoint: Endpoint, tail: Tail, counted: Arc<()>) -> Self {
        Self { endpoint, tail, due: Instant::now() + HEARTBEAT, ended: false, _counted: counted }
    }

    /// The next frame, when it is due; `None` after the last.
    ///
    /// # Errors
    /// [`Cut`] if the connection is to be closed within the stream.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        while !self.ended {
            tokio::time::sleep_until(self.due).await;
            // A client that reads slowly gets fewer frames, not several at once.
            self.due = (self.due + HEARTBEAT).max(Instant::now());
            let state = &mut *self.endpoint.state();
            state.world.advance_to(self.endpoint.account.world_time());
            let region = self.tail.region().to_owned();
            let here = state.world.logs_in(&region);
            self.ended = true;
            if self.tail.is_over(here.now_ms) {
                return Ok(Some(logs::timed_out()));
            }
            match state.faults.interrupt() {
                Some(Interruption::Cut) => return Err(Cut),
                Some(Interruption::TimedOut) => return Ok(Some(logs::timed_out())),
                Some(Interruption::Broken) => return Ok(Some(logs::broken())),
                Some(Interruption::Silent) => self.ended = false,
                None => {
                    self.ended = false;
                    return Ok(Some(self.tail.update(here)));
                }
            }
        }
        Ok(None)
    }

    /// All remaining frames.
    pub fn frames(self) -> impl Stream<Item = Result<Bytes, Cut>> + Send + Sync + 'static {
        stream::try_unfold(self, |mut session| async move { Ok(session.next().await?.map(|frame| (frame, session))) })
    }
}
