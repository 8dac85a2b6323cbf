//! A data layer for one command: opened, asked, and closed once what it saw is written down.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::{console, note, wait::WaitArgs};
use crate::{
    aws::Clients,
    config::Paths,
    data::{self, Done, Handle},
    model::Settings,
    resource::Zone,
};

/// How long what was seen may take to be written down, once all is printed.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

pub struct CliSession {
    pub clients: Clients,
    pub handle: Handle,
    /// How long to wait without progress.
    pub timeout: Duration,
    /// The zone of the times that are printed.
    pub zone: Zone,
}

impl CliSession {
    pub fn open(clients: Clients, wait: WaitArgs, settings: &Settings, paths: Option<&Paths>) -> Self {
        let handle = data::start(clients.clone(), Timestamp::now, console::history_config(settings, paths));
        Self { clients, handle, timeout: wait.timeout, zone: Zone::marked(settings.zone.zone.clone()) }
    }

    /// Tells what a person should know, and lets what was seen be written down.
    pub async fn close(mut self) {
        while let Ok(done) = self.handle.done.try_recv() {
            if let Done::Warning(text) = done {
                note(&format!("warning: {text}"));
            }
        }
        let _ = timeout(FINISH_TIMEOUT, self.handle.finish()).await;
    }
}
