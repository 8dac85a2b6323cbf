//! The data layer for one command. Closing it waits until the history is written.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    Refusal, console, note,
    wait::{WaitArgs, until},
};
use crate::{
    aws::Clients,
    config::Paths,
    data::{self, Demand, Done, Handle, Snapshot},
    model::Settings,
    resource::{View, Zone, query::DAY},
};

/// How long to wait for the history to be written after all output.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct CliSession {
    pub clients: Clients,
    pub handle: Handle,
    /// Time to wait without progress.
    pub timeout: Duration,
    /// Time zone of printed times.
    pub zone: Zone,
    /// How far back the history reaches, in seconds.
    pub remembered: u32,
}

impl CliSession {
    pub(super) fn open(clients: Clients, wait: WaitArgs, settings: &Settings, paths: Option<&Paths>) -> Self {
        let history = console::history_config(settings, paths);
        let remembered = history.limits.days.saturating_mul(DAY);
        #[expect(clippy::disallowed_methods, reason = "a command hands the clock on")]
        let handle = data::start(clients.clone(), Timestamp::now, history);
        Self { clients, handle, timeout: wait.timeout, zone: Zone::marked(settings.zone.zone.clone()), remembered }
    }

    /// Fetches the rows of `views`.
    pub(super) async fn fetch(&mut self, views: &[View]) -> Result<Arc<Snapshot>, Refusal> {
        // As companions, since nobody needs what the console would join to them.
        self.handle.demand.send_replace(Demand { companions: views.to_vec(), slowdown: 1, ..Demand::default() });
        let arrived = |snapshot: &Snapshot| views.iter().all(|view| snapshot.arrived(view));
        until(&mut self.handle, self.timeout, views, arrived).await
    }

    /// Prints pending warnings, and waits until the history is written.
    pub(super) async fn close(mut self) {
        while let Ok(done) = self.handle.done.try_recv() {
            if let Done::Warning(text) = done {
                note(&format!("warning: {text}"));
            }
        }
        let _ = timeout(FINISH_TIMEOUT, self.handle.finish()).await;
    }
}
