//! The log that is read: which streams belong to it, as tasks come and go, and the task that reads them.

use tokio::sync::mpsc;

use crate::{
    aws::Clients,
    logs::{News, Wanted},
};

/// The one tail there is at a time.
pub(super) struct Tails {
    clients: Clients,
    news: mpsc::Sender<News>,
    wanted: Option<Wanted>,
}

impl Tails {
    pub(super) fn new(clients: Clients, news: mpsc::Sender<News>) -> Self {
        Self { clients, news, wanted: None }
    }

    /// Takes note of what is read now.
    pub(super) fn demanded(&mut self, wanted: Option<&Wanted>) {
        self.wanted = wanted.cloned();
    }
}
