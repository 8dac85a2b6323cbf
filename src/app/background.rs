//! Copies, and commands in several containers: they run in the background, and end with the console.

use std::{collections::BTreeMap, env, io, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::App;
use crate::{
    aws::Clients,
    copy::{self, CopyProgress, Meter},
    event::{CommandOrder, CommandOutput, CopyOrder, Event},
    journal::JournalEntry,
    resource::{container::ExecTarget, session_target::SessionTarget},
    session::fan_out::{CommandResult, run_in_all},
    tty::Host,
};

/// How much news waits for the loop.
const NEWS: usize = 64;
/// How often the progress is reported.
const REPORT: Duration = Duration::from_secs(1);

/// What happened in the background, for the model and for the journal.
pub(super) struct BackgroundNews {
    event: Event,
    entries: Vec<JournalEntry>,
}

/// What runs in the background.
pub(super) struct Background {
    /// Ends a copy or a command, by its id.
    cancels: BTreeMap<u64, oneshot::Sender<String>>,
    tasks: JoinSet<()>,
    sender: mpsc::Sender<BackgroundNews>,
    news: mpsc::Receiver<BackgroundNews>,
}

impl Background {
    pub(super) fn new() -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        Self { cancels: BTreeMap::new(), tasks: JoinSet::new(), sender, news }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cancels.is_empty()
    }

    /// Waits for the next news. Cancel safe.
    pub(super) async fn next(&mut self) -> BackgroundNews {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    fn cancel(&mut self, id: u64, why: &str) {
        if let Some(cancel) = self.cancels.remove(&id) {
            // One that has ended needs no reason.
            let _ = cancel.send(why.to_owned());
        }
    }

    /// Ends everything, and waits until AWS has ended the sessions. Returns the lines of the journal.
    pub(super) async fn finish(mut self) -> Vec<JournalEntry> {
        let ids: Vec<u64> = self.cancels.keys().copied().collect();
        ids.into_iter().for_each(|id| self.cancel(id, "the console ended"));
        drop(self.sender);
        let mut entries = Vec::new();
        while let Some(news) = self.news.recv().await {
            entries.extend(news.entries);
        }
        entries
    }
}

impl<H: Host> App<H> {
    pub(super) fn start_copy(&mut self, id: u64, mut order: CopyOrder) -> io::Result<()> {
        let Some(clients) = self.data_link.clients() else {
            let ended = Event::CopyEnded(id, Err("there is no link to AWS".to_owned()));
            return self.handle_events([ended]).map(drop);
        };
        if let (Ok(below), Some(home)) = (order.request.local.strip_prefix("~"), env::home_dir()) {
            order.request.local = home.join(below);
        }
        let begun = (self.now)();
        let place = SessionTarget::Container(order.target.clone());
        let says = format!("copy of {}", order.request.label());
        self.write_journal(vec![JournalEntry::of_session(begun, ("sent", says), &place, &order.identity)]);
        let (cancel, cancelled) = oneshot::channel();
        self.background.cancels.insert(id, cancel);
        let sender = self.background.sender.clone();
        self.background.tasks.spawn(run_copy(clients, (id, order), cancelled, sender, self.now));
        Ok(())
    }

    pub(super) fn run_command(&mut self, id: u64, order: CommandOrder) -> io::Result<()> {
        let Some(clients) = self.data_link.clients() else {
            let failure = Some("there is no link to AWS".to_owned());
            let output = CommandOutput { label: order.command, text: String::new(), failure };
            return self.handle_events([Event::CommandEnded(id, vec![output])]).map(drop);
        };
        let (cancel, cancelled) = oneshot::channel();
        self.background.cancels.insert(id, cancel);
        let sender = self.background.sender.clone();
        self.background.tasks.spawn(run_command(clients, (id, order), cancelled, sender, self.now));
        Ok(())
    }

    pub(super) fn cancel_background(&mut self, id: u64) {
        self.background.cancel(id, "cancelled");
    }

    /// Records news in the journal, and returns the event for the model.
    pub(super) fn on_background_news(&mut self, news: BackgroundNews) -> Event {
        if let Event::CopyEnded(id, _) | Event::CommandEnded(id, _) = &news.event {
            self.background.cancels.remove(id);
        }
        self.write_journal(news.entries);
        news.event
    }
}

/// Copies, and reports how far it is and how it ended.
async fn run_copy(
    clients: Clients,
    (id, order): (u64, CopyOrder),
    cancelled: oneshot::Receiver<String>,
    sender: mpsc::Sender<BackgroundNews>,
    now: fn() -> Timestamp,
) {
    let CopyOrder { identity, target, request } = order;
    let progress = CopyProgress::default();
    let (began, mut meter) = (Instant::now(), Meter::default());
    let mut report = interval(REPORT);
    report.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let result = {
        let copying = copy::copy(clients, &target, request, progress.clone(), cancelled, now());
        tokio::pin!(copying);
        loop {
            tokio::select! {
                result = &mut copying => break result,
                _ = report.tick() => {
                    let event = Event::BackgroundProgress(id, meter.text(&progress, began.elapsed()));
                    // A busy loop needs no progress.
                    let _ = sender.try_send(BackgroundNews { event, entries: Vec::new() });
                }
            }
        }
    };
    let (state, result) = match result {
        Ok(copied) => {
            let notes = copied.notes.iter().map(|note| format!("; {note}")).collect::<String>();
            ("ended", Ok(format!("{}{notes}", copied.summary())))
        }
        Err(error) => ("refused", Err(error.reason().to_owned())),
    };
    let says = match &result {
        Ok(says) | Err(says) => says.clone(),
    };
    let entry = JournalEntry::of_session(now(), (state, says), &SessionTarget::Container(target), &identity);
    let _ = sender.send(BackgroundNews { event: Event::CopyEnded(id, result), entries: vec![entry] }).await;
}

/// Runs a command in all its containers, and reports how many have ended.
async fn run_command(
    clients: Clients,
    (id, order): (u64, CommandOrder),
    cancelled: oneshot::Receiver<String>,
    sender: mpsc::Sender<BackgroundNews>,
    now: fn() -> Timestamp,
) {
    let CommandOrder { identity, targets, command } = order;
    let count = targets.len();
    let journal = |target: &ExecTarget, state: &'static str, says: String| {
        JournalEntry::of_session(now(), (state, says), &SessionTarget::Container(target.clone()), &identity)
    };
    let (opened, mut waiting) = mpsc::unbounded_channel();
    let mut outputs: Vec<CommandOutput> = Vec::new();
    let (stop, stopped) = watch::channel(false);
    let args = ["sh".to_owned(), "-c".to_owned(), command];
    let report = |result: CommandResult| {
        let failure = result.failure();
        let state = if result.outcome.is_ok() { "ended" } else { "refused" };
        let entry = journal(&result.target, state, failure.clone().unwrap_or_else(|| "exit code 0".to_owned()));
        let cut = if result.cut > 0 { format!("\n{} more bytes are not shown", result.cut) } else { String::new() };
        let (output, errors) = (String::from_utf8_lossy(&result.output), String::from_utf8_lossy(&result.errors));
        outputs.push(CommandOutput { label: result.target.label(), text: format!("{output}{errors}{cut}"), failure });
        let event = Event::BackgroundProgress(id, format!("{} of {count} done", outputs.len()));
        let _ = opened.send(BackgroundNews { event, entries: vec![entry] });
    };
    let begun = |target: &ExecTarget| {
        let event = Event::BackgroundProgress(id, "running".to_owned());
        let _ = opened.send(BackgroundNews { event, entries: vec![journal(target, "sent", String::new())] });
    };
    {
        let running = run_in_all(&clients, targets, &args, (stopped, None), (begun, now), report);
        // Without its sender, nobody can cancel.
        let cancel = async {
            if cancelled.await.is_ok() {
                stop.send_replace(true);
            }
            std::future::pending::<()>().await;
        };
        tokio::pin!(running, cancel);
        loop {
            tokio::select! {
                () = &mut running => break,
                Some(news) = waiting.recv() => {
                    let _ = sender.send(news).await;
                }
                () = &mut cancel => {}
            }
        }
    }
    while let Ok(news) = waiting.try_recv() {
        let _ = sender.send(news).await;
    }
    let _ = sender.send(BackgroundNews { event: Event::CommandEnded(id, outputs), entries: Vec::new() }).await;
}
