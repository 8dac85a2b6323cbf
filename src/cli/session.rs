//! A data layer for one command: opened, asked, and closed once what it saw is written down.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::timeout;

use super::console;
use crate::{
    aws::Clients,
    config::Paths,
    data::{self, Done, Handle},
    model::Settings,
};

/// How long what was seen may take to be written down, once all is printed.
const FAREWELL: Duration = Duration::from_secs(1);

pub struct Session {
    pub clients: Clients,
    pub handle: Handle,
}

impl Session {
    pub fn open(clients: Clients, settings: &Settings, paths: Option<&Paths>) -> Self {
        let handle = data::start(clients.clone(), Timestamp::now, console::keep(settings, paths));
        Self { clients, handle }
    }

    /// Tells what a person should know, and lets what was seen be written down.
    pub async fn close(mut self) {
        while let Ok(done) = self.handle.done.try_recv() {
            if let Done::Warning(text) = done {
                let _ = writeln!(io::stderr(), "warning: {text}");
            }
        }
        let _ = timeout(FAREWELL, self.handle.finish()).await;
    }
}
