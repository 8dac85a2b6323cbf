//! The forwards of the console: they run in the background, and end with it.

use std::{collections::BTreeMap, io, net::Ipv4Addr};

use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinSet};

use super::App;
use crate::{
    event::Event,
    forwarding::{ForwardCounts, ForwardEnd, ForwardNews, ForwardRequest},
    journal::JournalEntry,
    resource::{container::ExecTarget, format::seconds_since},
    session::{
        forward::ForwardCounters,
        forwarder::{ForwardControl, Forwarder},
    },
    tty::Host,
};

/// How much news waits for the loop.
const NEWS: usize = 256;

/// Forwards that have not ended.
pub(super) struct RunningForwards {
    running: BTreeMap<u64, RunningForward>,
    /// Passes the news of each on.
    tasks: JoinSet<()>,
    sender: mpsc::Sender<(u64, ForwardNews)>,
    news: mpsc::Receiver<(u64, ForwardNews)>,
}

struct RunningForward {
    request: ForwardRequest,
    began: Timestamp,
    /// The container of the latest session.
    entered: Option<ExecTarget>,
    counters: ForwardCounters,
    control: ForwardControl,
}

impl RunningForwards {
    pub(super) fn new() -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        Self { running: BTreeMap::new(), tasks: JoinSet::new(), sender, news }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    fn start(&mut self, id: u64, request: ForwardRequest, mut forwarder: Forwarder, began: Timestamp) {
        let (counters, control) = (forwarder.counters.clone(), forwarder.control());
        self.running.insert(id, RunningForward { request, began, entered: None, counters, control });
        let sender = self.sender.clone();
        self.tasks.spawn(async move {
            while let Some(news) = forwarder.news.recv().await {
                // The screen shows counters instead.
                if !matches!(news, ForwardNews::Connection(_)) && sender.send((id, news)).await.is_err() {
                    return;
                }
            }
        });
    }

    pub(super) fn control(&self, id: u64) -> Option<&ForwardControl> {
        self.running.get(&id).map(|running| &running.control)
    }

    fn counts(&self) -> Vec<(u64, ForwardCounts)> {
        self.running.iter().map(|(id, running)| (*id, running.counters.counts())).collect()
    }

    /// Waits for the next news. Cancel safe.
    pub(super) async fn next(&mut self) -> (u64, ForwardNews) {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// The line of the journal for news, if there is one.
    fn journal_entry(&mut self, id: u64, news: &ForwardNews, at: Timestamp) -> Option<JournalEntry> {
        match news {
            ForwardNews::Opening(target) => {
                let running = self.running.get_mut(&id)?;
                running.entered = Some(target.clone());
                let sent = ("sent", String::new());
                Some(JournalEntry::of_forward(at, sent, &running.request, running.entered.as_ref()))
            }
            ForwardNews::Ended(end) => {
                let RunningForward { request, began, entered, .. } = self.running.remove(&id)?;
                let state = end.for_journal(seconds_since(began, at), entered.is_some());
                Some(JournalEntry::of_forward(at, state, &request, entered.as_ref()))
            }
            _ => None,
        }
    }

    /// Ends all, and waits until AWS has ended their sessions. Returns the lines of the journal.
    pub(super) async fn finish(mut self, now: fn() -> Timestamp) -> Vec<JournalEntry> {
        self.running.values().for_each(|running| running.control.stop());
        let mut entries = Vec::new();
        while !self.running.is_empty() {
            let (id, news) = self.next().await;
            entries.extend(self.journal_entry(id, &news, now()));
        }
        entries
    }
}

impl<H: Host> App<H> {
    pub(super) fn start_forward(&mut self, id: u64, request: ForwardRequest) -> io::Result<()> {
        let began = (self.now)();
        match self.data_link.clients() {
            Some(clients) => {
                let forwarder = Forwarder::start(&clients, request.clone(), Ipv4Addr::LOCALHOST.into(), self.now);
                self.forwards.start(id, request, forwarder, began);
                Ok(())
            }
            None => {
                let end = ForwardEnd::failed("there is no link to AWS");
                self.handle_events([Event::Forward(id, ForwardNews::Ended(end))]).map(drop)
            }
        }
    }

    pub(super) fn count_forwards(&mut self) -> io::Result<()> {
        let counts = self.forwards.counts();
        self.handle_events([Event::ForwardCounts(counts)]).map(drop)
    }

    /// Records news in the journal, and makes it events of the model.
    pub(super) fn on_forward_news(&mut self, (id, news): (u64, ForwardNews)) -> [Event; 2] {
        // The last counts are those at the end.
        let counts = Event::ForwardCounts(self.forwards.counts());
        let entry = self.forwards.journal_entry(id, &news, (self.now)());
        self.write_journal(entry.into_iter().collect());
        [counts, Event::Forward(id, news)]
    }
}
