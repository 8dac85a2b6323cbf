//! A shell on the whole terminal: the console steps aside, and comes back to the same screen.

use std::io;

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{App, Exit, JobOutcome, Turn};
use crate::{
    diagnose::with_session_advice,
    event::{Event, NoticeLevel, ShellRequest},
    journal::JournalEntry,
    resource::{
        format::{duration, seconds_since},
        session_target::SessionTarget,
    },
    session::{exec, terminal::SessionOutcome},
    tty::{Host, Input},
};

impl<H: Host> App<H> {
    /// Opens a shell and waits until it ends; returns the exit if a signal ends the console meanwhile.
    ///
    /// The data layer goes on: the task is watched, and the screen is up to date afterwards.
    pub(super) async fn run_shell(&mut self, request: ShellRequest) -> io::Result<Option<Exit>> {
        let Some(clients) = self.data_link.clients() else {
            self.notify(NoticeLevel::Error, "there is no link to AWS; no shell was opened")?;
            return Ok(None);
        };
        let begun = (self.now)();
        self.journal_session(&request, "sent", String::new(), begun);
        let (ended, exit) = match self.host.lend() {
            Err(error) => (Err(format!("could not set up the terminal: {error}")), None),
            Ok(terminal) => {
                self.handle_events([Event::Entered(Some(Box::new(request.target.clone())))])?;
                let (stop, stopped) = oneshot::channel();
                let ShellRequest { target, command, .. } = request.clone();
                let session = exec::open_shell(clients, &target, &command, (terminal, stopped), begun);
                tokio::pin!(session);
                self.wait_for(session, stop).await?
            }
        };
        self.handle_events([Event::Entered(None)])?;
        // The terminal is set up before anything is drawn on it.
        if exit.is_none() {
            self.host.retake()?;
        }
        self.report_session(&request, ended, begun)?;
        match exit {
            Some(exit) => Ok(Some(exit)),
            None => self.on_resume(),
        }
    }

    /// Waits for `session` while everything but the terminal goes on. When its task has stopped, `stop` gets the cause.
    async fn wait_for(
        &mut self,
        mut session: impl Future<Output = Result<SessionOutcome, String>> + Unpin,
        stop: oneshot::Sender<String>,
    ) -> io::Result<(Result<SessionOutcome, String>, Option<Exit>)> {
        let mut stop = Some(stop);
        loop {
            let turn = tokio::select! {
                biased;
                ended = &mut session => return Ok((ended, None)),
                signal = self.host.signal() => Turn::Input(signal),
                outcome = self.jobs.next() => Turn::Outcome(outcome),
                news = self.forwards.next() => Turn::Forward(news),
                news = self.background.next() => Turn::Background(Box::new(news)),
                events = self.data_link.next() => Turn::Events(events),
            };
            let exit = match turn {
                Turn::Input(Input::Terminate(signal)) => Some(Exit::Signal(signal)),
                Turn::Input(Input::Gone) => Some(Exit::Gone),
                Turn::Input(_) | Turn::Frame => None,
                Turn::Events(events) => {
                    self.journal_ended(&events);
                    self.handle_events(events)?
                }
                Turn::Outcome(JobOutcome::Event(event)) => self.handle_events([*event])?,
                Turn::Forward(news) => {
                    let events = self.on_forward_news(news);
                    self.handle_events(events)?
                }
                Turn::Background(news) => {
                    let event = self.on_background_news(*news);
                    self.handle_events([event])?
                }
                // The terminal belongs to the session: nothing is copied through it.
                Turn::Outcome(JobOutcome::CopyByTerminal(_)) => None,
            };
            if let Some(exit) = exit {
                return Ok((Err("the console ended".to_owned()), Some(exit)));
            }
            if let Some(why) = self.model.why_entered_stopped()
                && let Some(stop) = stop.take()
            {
                // A session that has ended needs no cause.
                let _ = stop.send(why);
            }
        }
    }

    /// Records how the session ended, and says so.
    fn report_session(
        &mut self,
        request: &ShellRequest,
        ended: Result<SessionOutcome, String>,
        begun: Timestamp,
    ) -> io::Result<()> {
        let now = (self.now)();
        let (state, level, says) = match ended {
            Ok(end) => {
                let level = if end.expected { NoticeLevel::Info } else { NoticeLevel::Warn };
                ("ended", level, format!("{} after {}", end.reason, duration(seconds_since(begun, now))))
            }
            Err(reason) => ("refused", NoticeLevel::Error, reason),
        };
        let advised = match level {
            NoticeLevel::Info => says.clone(),
            NoticeLevel::Warn => with_session_advice(&says, &request.target),
            NoticeLevel::Error => {
                let advised = with_session_advice(&says, &request.target);
                let checks = request.target.container().map_or("", |_| " (`:check` lists all checks)");
                format!("{advised}{checks}")
            }
        };
        self.journal_session(request, state, says, now);
        let place = match request.target {
            SessionTarget::Container(_) => "in",
            SessionTarget::Host(_) => "on",
        };
        self.notify(level, format!("shell {place} {}: {advised}", request.target.label()))
    }

    /// Records a session: who, where and how long, never what was typed or run.
    fn journal_session(&self, request: &ShellRequest, state: &'static str, says: String, at: Timestamp) {
        let ShellRequest { identity, target, .. } = request;
        self.write_journal(vec![JournalEntry::of_session(at, (state, says), target, identity)]);
    }
}
