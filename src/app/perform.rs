//! Performs the effects of the model.

use std::{io, sync::Arc};

use jiff::tz::TimeZone;

use super::{App, Exit, JobOutcome, clipboard, clipboard::Route, data_link::DataLink, editor::EditRequest};
use crate::{
    aws::{ScopeSpec, error_chain, profiles},
    change::ChangeOrder,
    data::Done,
    event::{Effect, Event, Notice, NoticeLevel},
    files,
    journal::{self, JournalEntry},
    session::forwarder::ForwardControl,
    tty::Host,
};

impl<H: Host> App<H> {
    /// Performs one effect; returns the exit if it ends the console.
    pub(super) fn perform(&mut self, effect: Effect) -> io::Result<Option<Exit>> {
        match effect {
            Effect::Demand(demand) => self.data_link.set_demand(*demand),
            Effect::Request(request) => self.data_link.request(request),
            Effect::SetAccess(access) => self.data_link.set_access(access),
            Effect::OpenShell(request) => self.shell = Some(request),
            Effect::StartForward { id, request } => self.start_forward(id, *request)?,
            Effect::StopForward(id) => self.forwards.control(id).into_iter().for_each(ForwardControl::stop),
            Effect::CheckForward(id) => self.forwards.control(id).into_iter().for_each(ForwardControl::check),
            Effect::CountForwards => self.count_forwards()?,
            Effect::RunCommand { id, order } => self.run_command(id, *order)?,
            Effect::StartCopy { id, order } => self.start_copy(id, *order)?,
            Effect::CancelBackground(id) => self.cancel_background(id),
            Effect::Change(order) => self.send_changes(order)?,
            Effect::Switch(scope) => self.switch(scope),
            Effect::AnswerCode(code) => self.data_link.answer_code(code),
            Effect::Copy(text) => self.copy(text)?,
            Effect::Alert(text) => self.alert(text)?,
            Effect::Save { name, extension, content } => self.save(name, extension, content)?,
            Effect::Remember { list, entry } => self.remember(list, entry),
            Effect::Edit { name, text, line } => self.edit = Some(EditRequest { name, text, line }),
            Effect::ListProfiles => self.list_profiles(),
            Effect::ReadJournal => self.read_journal(),
            Effect::Suspend => {
                if let Err(error) = self.host.request_stop() {
                    self.notify(NoticeLevel::Warn, format!("could not suspend: {error}"))?;
                }
            }
            Effect::Redraw => {
                self.host.clear()?;
                self.dirty = true;
            }
            Effect::Quit => return Ok(Some(Exit::Quit)),
        }
        Ok(None)
    }

    /// Copies `text` to the terminal's clipboard.
    pub(super) fn copy_by_terminal(&mut self, text: &str) -> io::Result<()> {
        let multiplexer = self.terminal.multiplexer;
        match clipboard::osc52(text, multiplexer) {
            Ok(sequence) => {
                self.host.send(&sequence)?;
                // Sent, not copied: a terminal does not say whether it allows this.
                self.notify(NoticeLevel::Info, format!("{} sent to the terminal's clipboard (OSC 52)", summary(text)))
            }
            Err(refusal) => self.notify(NoticeLevel::Warn, refusal),
        }
    }

    fn copy(&mut self, text: String) -> io::Result<()> {
        match self.terminal.clipboard {
            Route::Terminal => self.copy_by_terminal(&text),
            Route::Desktop => {
                let desktop = self.desktop.clone();
                self.jobs.add_blocking(move || {
                    Some(match desktop.copy(text.clone()) {
                        Ok(()) => {
                            notice_outcome(NoticeLevel::Info, format!("{} copied to the clipboard", summary(&text)))
                        }
                        Err(error) => {
                            tracing::info!("could not copy to the desktop's clipboard: {error}");
                            JobOutcome::CopyByTerminal(text)
                        }
                    })
                });
                Ok(())
            }
        }
    }

    fn save(&mut self, name: String, extension: &'static str, content: String) -> io::Result<()> {
        let Some(paths) = &self.paths else {
            return self.notify(NoticeLevel::Error, "could not save: this user has no home folder");
        };
        let folder = paths.saved.clone();
        let at = (self.now)().to_zoned_datetime(TimeZone::system());
        self.jobs.add_blocking(move || {
            Some(match files::save(&folder, &name, extension, &at, &content) {
                Ok(path) => notice_outcome(NoticeLevel::Info, format!("saved {}", path.display())),
                Err(error) => {
                    notice_outcome(NoticeLevel::Error, format!("could not save in {}: {error}", folder.display()))
                }
            })
        });
        Ok(())
    }

    fn remember(&self, list: &'static str, entry: String) {
        let Some(paths) = &self.paths else { return };
        let folder = paths.state.clone();
        self.jobs.add_blocking(move || {
            if let Err(error) = files::append_to_list(&folder, list, &entry) {
                tracing::warn!("could not append to {list} in {}: {error}", folder.display());
            }
            None
        });
    }

    /// Sends changes and records them in the journal.
    fn send_changes(&mut self, order: ChangeOrder) -> io::Result<()> {
        let entries = self.journal.sent(&order, (self.now)());
        self.write_journal(entries);
        let refused = self.data_link.change(order);
        self.journal_ended(&refused);
        self.handle_events(refused).map(drop)
    }

    /// Records the outcome of changes in the journal.
    pub(super) fn journal_ended(&mut self, events: &[Event]) {
        let at = (self.now)();
        let reports = events.iter().filter_map(|event| match event {
            Event::Done(Done::Change(report)) => Some(report),
            _ => None,
        });
        let entries: Vec<JournalEntry> = reports.filter_map(|report| self.journal.ended(report, at)).collect();
        self.write_journal(entries);
    }

    pub(super) fn write_journal(&self, entries: Vec<JournalEntry>) {
        let Some(folder) = self.paths.as_ref().map(|paths| paths.state.clone()).filter(|_| !entries.is_empty()) else {
            return;
        };
        self.jobs.add_blocking(move || match journal::append(&folder, &entries) {
            Ok(()) => None,
            Err(error) => Some(notice_outcome(
                NoticeLevel::Error,
                format!("could not write the journal in {}: {error}", folder.display()),
            )),
        });
    }

    /// Ends the data layer of the old scope and connects to another; the screen stays.
    fn switch(&mut self, scope: ScopeSpec) {
        self.data_link =
            DataLink::open(&self.connect, scope, self.data_link.demand().clone(), self.history.clone(), self.now);
    }

    pub(super) fn list_profiles(&self) {
        self.jobs.add(async {
            Some(match profiles::names().await {
                Ok(names) => JobOutcome::Event(Box::new(Event::Profiles(names))),
                Err(error) => notice_outcome(
                    NoticeLevel::Error,
                    format!("could not list profiles: {}", error_chain::text(&error)),
                ),
            })
        });
    }

    fn read_journal(&self) {
        let folder = self.paths.as_ref().map(|paths| paths.state.clone());
        self.jobs.add_blocking(move || {
            let lines = folder.map_or_else(|| Ok(Vec::new()), |folder| journal::read(&folder));
            let newest_first = |lines: Vec<_>| Arc::new(lines.into_iter().rev().map(|(line, _)| line).collect());
            Some(JobOutcome::Event(Box::new(Event::Journal(
                lines.map(newest_first).map_err(|error| error.to_string()),
            ))))
        });
    }

    pub(super) fn notify(&mut self, level: NoticeLevel, text: impl Into<String>) -> io::Result<()> {
        // A notice never has an effect that ends the console.
        self.handle_events([notice(level, text.into())]).map(drop)
    }
}

pub(super) fn notice_outcome(level: NoticeLevel, text: String) -> JobOutcome {
    JobOutcome::Event(Box::new(notice(level, text)))
}

fn notice(level: NoticeLevel, text: String) -> Event {
    Event::Notice(Notice { level, text })
}

/// The copied text, shortened for a message.
fn summary(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.lines().count() {
        0 | 1 if text.chars().count() <= SHOWN => text.to_owned(),
        0 | 1 => text.chars().take(SHOWN - 1).chain(['…']).collect(),
        lines => format!("{lines} lines"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_shows_one_line_or_the_number_of_lines() {
        assert_eq!(summary("payments"), "payments");
        assert_eq!(summary("a\nb\nc\n"), "3 lines");
        assert_eq!(summary(&"ä".repeat(61)).chars().count(), 60);
        assert_eq!(summary(""), "");
    }
}
